/* refract-python.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * refract_python_find:
 * @python: (nullable): a program ("python3", "/usr/bin/python3.12"), or the folder of a virtual
 *   environment; %NULL: REFRACT_PYTHON, else VIRTUAL_ENV, else python3 on PATH
 *
 * Nothing is run, and links are not followed: the interpreter of a virtual environment stays one.
 *
 * Returns: (transfer full): absolute path of the interpreter; or %NULL with
 *   REFRACT_ERROR_ENGINE_MISSING that says where was looked
 */
char *refract_python_find (const char *python, GError **error);

/**
 * refract_python_find_package:
 * @interpreter: as refract_python_find() gives it
 * @package: a distribution's name, "mlx-lm"; case, dashes, underscores and dots do not matter
 *
 * Looks for the package's metadata in the folders that the interpreter searches. Nothing is run or
 * imported.
 *
 * Returns: (transfer full) (nullable): its version; %NULL when it is not installed
 */
char *refract_python_find_package (const char *interpreter, const char *package);

G_END_DECLS
