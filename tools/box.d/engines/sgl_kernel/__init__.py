"""Stands in for SGLang's kernels where there is no GPU: everything imports, and raises when it is called."""
import importlib.abc
import importlib.machinery
import sys
import types

__version__ = "0.4.10"


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)

    def missing(*arguments, **options):
        raise NotImplementedError(f"sgl_kernel.{name} needs a GPU")

    return missing


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        # SGLang makes do without this one only if it cannot be imported.
        if name.startswith(__name__ + ".") and name != __name__ + ".scalar_type":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        module = types.ModuleType(spec.name)
        module.__path__ = []
        module.__getattr__ = __getattr__
        return module

    def exec_module(self, module):
        pass


sys.meta_path.append(Finder())
