#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refract's hands inside MLX: refract_mlx_worker.py SOCKET [MODEL [allow-model-code]]

Connects to the UNIX socket SOCKET, reads one request per line (a JSON object with "id" and "op") and answers each with
any number of lines that have "part" and one that has "ok". Log-probabilities go through a second connection to the
same socket. What libraries print goes to the log and cannot break the exchange. The connection's end is ours.

The KV cache is per request: one load serves every configuration of a run.
"""
import importlib.metadata
import inspect
import json
import os
import platform
import socket
import struct
import sys
import time

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", TOKENIZERS_PARALLELISM="false")

PROTOCOL = 1
STEP = 512  # prompt tokens computed at once: bounds the memory of a long prompt
ROW_BYTES = 16 << 20  # log-probabilities sent at once
LOWEST = -1e30  # a logit that stands for minus infinity


class Failure(Exception):
    """What the other side turns into words: a kind, and facts for the sentence."""

    def __init__(self, kind, message, **facts):
        super().__init__(message)
        self.kind = kind
        self.facts = facts


def describe_failure(error):
    text = f"{type(error).__name__}: {error}"[:2000]
    if isinstance(error, Failure):
        return {"kind": error.kind, "message": str(error), **error.facts}
    lower = text.lower()
    if isinstance(error, MemoryError) or any(word in lower for word in (
            "unable to allocate", "attempting to allocate", "insufficient memory", "out of memory")):
        return {"kind": "memory", "message": text}
    if "attention sinks" in lower:
        return {"kind": "kv", "message": "its attention has sinks, which MLX cannot compute with a quantized KV cache"}
    return {"kind": "engine", "message": text}


# --- KV caches -------------------------------------------------------------------------------------------------------

def make_cache_classes():
    """Classes that need mlx_lm, which takes a second to import."""
    import mlx.core as mx
    from mlx_lm.models.cache import KVCache, QuantizedKVCache

    class EmptyQuantizedKVCache(QuantizedKVCache):
        """mlx-lm's cache, quantized from the first token on. Its own first allocation has the wrong width where a head
        does not fill whole words (3, 5 and 6 bits at some head sizes); the library's own quantizer knows the right
        one. Counts what it was given to store: a cache that was converted later has stored nothing."""
        stored = 0

        def update_and_fetch(self, keys, values):
            if self.keys is None:
                rows = (keys.shape[2] + self.step - 1) // self.step * self.step
                self.keys, self.values = (
                    list(mx.quantize(mx.zeros((*x.shape[:2], rows, x.shape[3]), dtype=x.dtype),
                                     group_size=self.group_size, bits=self.bits)) for x in (keys, values))
            self.stored += keys.shape[2]
            return super().update_and_fetch(keys, values)

    class SimulatedKVCache(KVCache):
        """K and V each through a quantizer of its own, stored unquantized: what different bits for K and V would do,
        which mlx-lm has no cache for."""

        def __init__(self, k_bits, v_bits, group):
            super().__init__()
            self.sides, self.group, self.stored = (k_bits, v_bits), group, 0

        def update_and_fetch(self, keys, values):
            self.stored += keys.shape[2]
            return super().update_and_fetch(*(
                x if bits >= 16 else mx.dequantize(*mx.quantize(x, group_size=self.group, bits=bits),
                                                   group_size=self.group, bits=bits).astype(x.dtype)
                for x, bits in zip((keys, values), self.sides)))

    return KVCache, EmptyQuantizedKVCache, SimulatedKVCache


def make_cache(model, classes, kv):
    """The model's own caches; those that grow with the context become what `kv` asks for while they are empty."""
    from mlx_lm.models.cache import make_prompt_cache

    plain, quantized, simulated = classes
    caches = make_prompt_cache(model)
    if "bits" in kv:
        return [quantized(group_size=kv["group"], bits=kv["bits"]) if type(c) is plain else c for c in caches]
    if "k_bits" in kv:
        return [simulated(kv["k_bits"], kv["v_bits"], kv["group"]) if type(c) is plain else c for c in caches]
    return caches


def read_back(caches, classes, n_tokens):
    """What was allocated, after a forward pass of `n_tokens`. Bytes and cells are those of the caches that grow with
    the context."""
    plain, _, simulated = classes
    result = {"layers": len(caches), "quantized": 0, "bytes": 0, "cells": 0, "dtype": "", "others": []}
    for cache in caches:
        is_simulated = isinstance(cache, simulated)
        is_quantized = hasattr(cache, "bits") and hasattr(cache, "group_size")
        if is_quantized and getattr(cache, "stored", 0) >= n_tokens:
            result["quantized"] += 1
            result.update(bits=cache.bits, group=cache.group_size)
        elif is_simulated and cache.stored >= n_tokens:
            result["quantized"] += 1
            result.update(k_bits=cache.sides[0], v_bits=cache.sides[1], group=cache.group)
        elif type(cache).__name__ not in result["others"]:
            result["others"].append(type(cache).__name__)
        if cache.__class__ is plain or is_simulated or is_quantized:
            keys = cache.keys[1] if is_quantized else cache.keys
            result["bytes"] += cache.nbytes
            result["cells"] = keys.shape[2]
            result["dtype"] = str(keys.dtype).rpartition(".")[2]
    return result


# --- Requests --------------------------------------------------------------------------------------------------------

class Worker:
    def __init__(self, path, folder, allow_code):
        self.path, self.folder, self.allow_code = path, folder, allow_code
        self.model = self.tokenizer = self.corpus = None
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)

    # The exchange

    def send(self, message):
        self.socket.sendall(json.dumps(message, allow_nan=False).encode() + b"\n")

    def part(self, **members):
        self.send({"id": self.id, "part": True, **members})

    def answer(self, line):
        self.id = None
        try:
            request = json.loads(line)
            self.id = request["id"]
            reply = getattr(self, "do_" + request["op"])(request) or {}
        except ConnectionError:
            raise
        except Exception as error:
            reply = {"error": describe_failure(error)}
        self.send({"id": self.id, "ok": "error" not in reply, **reply})

    def run(self):
        with self.socket.makefile("rb") as lines:
            for line in lines:
                self.answer(line)

    # What is installed

    def do_hello(self, request):
        try:
            import mlx.core as mx
        except ModuleNotFoundError as error:
            raise Failure("missing", str(error), name="mlx") from error
        except ImportError as error:
            raise Failure("broken", str(error), name="mlx") from error
        versions = {}
        for name in ("mlx", "mlx-lm", "transformers"):
            try:
                versions[name.replace("-", "_")] = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError as error:
                if name == "mlx-lm":
                    raise Failure("missing", str(error), name=name) from error
        try:
            mx.eval(mx.ones(8) + 1)
        except Exception as error:
            raise Failure("device", str(error)) from error
        device = mx.default_device()
        info = mx.device_info() if hasattr(mx, "device_info") else {}
        return {"protocol": PROTOCOL, "python": platform.python_version(), **versions,
                "device": "cpu" if device.type == mx.DeviceType.cpu else "gpu",
                "device_name": str(info.get("device_name", "")), "memory": info.get("memory_size")}

    def check_folder(self):
        """Before a library sees the folder: one that does not exist would be looked for on a server, and one that
        brings code would have it run."""
        try:
            with open(os.path.join(self.folder, "config.json"), encoding="utf-8") as file:
                config = json.load(file)
        except (OSError, ValueError) as error:
            raise Failure("model", f"its config.json cannot be read ({error})") from error
        if not isinstance(config, dict):
            raise Failure("model", "its config.json is no object")
        if config.get("model_file") is not None and not self.allow_code:
            raise Failure("code", str(config["model_file"])[:200])

    def do_load(self, request):
        self.check_folder()
        started = time.monotonic()
        import mlx.core as mx
        import mlx_lm
        try:
            from mlx_lm.generate import generate_step
            self.classes = make_cache_classes()
        except ImportError as error:
            raise Failure("old", str(error)) from error
        options = {"tokenizer_config": {"trust_remote_code": self.allow_code}}
        if "trust_remote_code" in inspect.signature(mlx_lm.load).parameters:
            options["trust_remote_code"] = self.allow_code
        try:
            self.model, self.tokenizer = mlx_lm.load(self.folder, **options)[:2]
        except Exception as error:
            if "trust_remote_code" in str(error):
                raise Failure("code", "its tokenizer") from error
            if describe_failure(error)["kind"] == "memory":
                raise
            raise Failure("model", f"{type(error).__name__}: {error}"[:500]) from error
        self.mx, self.generate_step = mx, generate_step

        probe = self.model(mx.array([[0]]), cache=make_cache(self.model, self.classes, {}))
        stored = str(probe.dtype).rpartition(".")[2]
        # On a processor, MLX multiplies quantized matrices of 16-bit floats a hundred times slower than of 32-bit ones.
        if mx.default_device().type == mx.DeviceType.cpu:
            self.model.set_dtype(mx.float32)
            probe = self.model(mx.array([[0]]), cache=make_cache(self.model, self.classes, {}))
        mx.eval(probe)
        self.n_vocab = probe.shape[-1]
        self.eos = set(self.tokenizer.eos_token_ids)
        self.bos = self.tokenizer.bos_token_id
        return {"n_vocab": self.n_vocab, "dtype": str(probe.dtype).rpartition(".")[2], "stored_dtype": stored,
                "seconds": time.monotonic() - started}

    # Text

    def encode(self, text, special, parse):
        """With `special` and `parse` it is a rendered template, which may begin with the BOS token already."""
        bos = self.tokenizer.bos_token
        if special and parse and bos is not None and text.startswith(bos):
            special = False
        return self.tokenizer.encode(text, add_special_tokens=special, split_special_tokens=not parse)

    def do_tokenize(self, request):
        return {"ids": self.encode(request["text"], request["special"], request["parse"])}

    def do_detokenize(self, request):
        return {"text": self.tokenizer.decode(self.check_ids(request["ids"]))}

    def do_template(self, request):
        messages = [{"role": role, "content": request[role]} for role in ("system", "user") if role in request]
        if not self.tokenizer.has_chat_template:
            raise Failure("template", "this model has none")
        try:
            return {"text": self.tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False,
                                                               enable_thinking=False)}
        except Exception as error:
            raise Failure("template", f"{type(error).__name__}: {error}"[:500]) from error

    def check_ids(self, ids):
        """An id beyond the vocabulary is no error to MLX: it answers with what is not a number."""
        for token in ids:
            if type(token) is not int or not 0 <= token < self.n_vocab:
                raise Failure("request", f"token {token} is not in the vocabulary of {self.n_vocab}")
        return ids

    # The model

    def generate(self, index, prompt, limit, caches):
        def prefilled(done, total):
            self.part(prompt=index, prefilled=done)

        ids, stop, started, first = [], "limit", time.monotonic(), None
        for token, _ in self.generate_step(self.mx.array(prompt), self.model, max_tokens=limit, prompt_cache=caches,
                                           prefill_step_size=STEP, prompt_progress_callback=prefilled):
            first = first or time.monotonic()
            ids.append(int(token))
            self.part(prompt=index, tokens=len(ids))
            if ids[-1] in self.eos:
                stop = "eos"
                break
        ended = time.monotonic()
        text = self.tokenizer.decode(ids[:-1] if stop == "eos" else ids)
        self.part(prompt=index, ids=ids, stop=stop, text=text, prompt_ms=1000 * (first - started),
                  predicted_ms=1000 * (ended - first))

    def do_generate(self, request):
        kept = None
        for prompt in request["prompts"]:
            if not self.check_ids(prompt):
                raise Failure("request", "a prompt has no tokens")
        for index, (prompt, limit) in enumerate(zip(request["prompts"], request["n"])):
            caches = make_cache(self.model, self.classes, request["kv"])
            self.generate(index, prompt, limit, caches)
            found = read_back(caches, self.classes, len(prompt))
            if kept is None or found["quantized"] < kept["quantized"] or (
                    found["quantized"] == kept["quantized"] and found["cells"] > kept["cells"]):
                kept = found
            del caches
            self.mx.clear_cache()
        return {"kv": kept}

    def corpus_ids(self, text, needed):
        if self.corpus is None or self.corpus[0] != text:
            self.corpus = text, self.encode(text, True, False)
        ids = self.corpus[1]
        return self.check_ids(ids[:needed]), len(ids)

    def send_rows(self, stream, logits):
        """Logits as they are, in 32 bits: whoever reads them normalizes, in double."""
        step = max(1, ROW_BYTES // (4 * self.n_vocab))
        for first in range(0, logits.shape[0], step):
            # a vocabulary that is filled up has tokens that can never come; the reader wants numbers
            rows = self.mx.maximum(logits[first:first + step].astype(self.mx.float32), LOWEST)
            self.mx.eval(rows)
            stream.sendall(memoryview(rows).cast("B"))

    def score_chunk(self, stream, ids, caches):
        """Positions n_ctx/2 … n_ctx − 2, each of which predicts the next token."""
        first, end = len(ids) // 2, len(ids) - 1
        for start in range(0, end, STEP):
            stop = min(start + STEP, end)
            logits = self.model(self.mx.array(ids[start:stop])[None], cache=caches)
            if stop > first:
                self.send_rows(stream, logits[0, max(first - start, 0):])
            else:
                self.mx.eval([cache.state for cache in caches])
            self.part(prefilled=stop)

    def do_logits(self, request):
        n_ctx, n_chunks, kept = request["n_ctx"], request["n_chunks"], None
        ids, n_tokens = self.corpus_ids(request["text"], n_ctx * n_chunks)
        if len(ids) < n_ctx * n_chunks:
            return {"short": n_tokens}
        has_bos = self.bos is not None and self.encode("a", True, False)[:1] == [self.bos]
        started = time.monotonic()
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(self.path)
            try:
                stream.sendall(b"_lp_f32_" + struct.pack(f"<4I{len(ids)}i", n_ctx, self.n_vocab, n_chunks, 0, *ids))
                for index in range(n_chunks):
                    chunk = ids[index * n_ctx:(index + 1) * n_ctx]
                    if has_bos:
                        chunk[0] = self.bos
                    caches = make_cache(self.model, self.classes, request["kv"])
                    self.score_chunk(stream, chunk, caches)
                    found = read_back(caches, self.classes, n_ctx - 1)
                    if kept is None or found["quantized"] < kept["quantized"]:
                        kept = found
                    del caches
                    self.mx.clear_cache()
            except ConnectionError as error:
                raise Failure("stopped", "nobody reads the log-probabilities any more") from error
        return {"kv": kept, "seconds": time.monotonic() - started}

    # Memory

    def do_peak(self, request):
        """The largest resident memory since this was last asked."""
        peak = 0
        try:
            with open("/proc/self/status", encoding="ascii") as file:
                peak = next(int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM:"))
            with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
                file.write("5")
        except (OSError, StopIteration):  # no Linux: the peak since the start is what there is
            import resource
            peak = peak or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        if self.model is not None:
            peak = max(peak, self.mx.get_peak_memory())
            self.mx.reset_peak_memory()
        return {"bytes": peak}


def main():
    try:
        Worker(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None, "allow-model-code" in sys.argv[3:]).run()
    except ConnectionError:
        pass  # who asked is gone


if __name__ == "__main__":
    main()
