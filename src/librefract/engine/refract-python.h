/* refract-python.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * refract_python_find:
 * @named: (nullable): an interpreter, or the folder of a virtual environment; %NULL or "" looks at
 *   REFRACT_PYTHON, then VIRTUAL_ENV, then for python3 in PATH
 *
 * Finds the interpreter that engines made of Python run in. Runs nothing.
 *
 * Returns: (transfer full): its path, links not followed (an environment is known by them); or
 *   %NULL with %REFRACT_ERROR_ENGINE_MISSING
 */
char *refract_python_find (const char *named, GError **error);

/**
 * refract_python_dup_package_version:
 * @python: as found by refract_python_find()
 * @package: a distribution's name, for instance "mlx-lm"
 *
 * Looks at what is installed, without running anything: the environment's own packages and, outside
 * of one, those of the system and of the user.
 *
 * Returns: (transfer full) (nullable): %NULL when it is not there
 */
char *refract_python_dup_package_version (const char *python, const char *package);

G_END_DECLS
