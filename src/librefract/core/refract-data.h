/* refract-data.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * refract_data_dup_path:
 * @name: path below the data folder, e.g. `prompts/v1.jsonl` or `demo/model.gguf`
 *
 * Where a file that comes with the program lies: below REFRACT_DATA_DIR when that is set (the
 * source tree counts: there `demo` is in `data`), else where it was installed.
 *
 * Returns: (transfer full): a path; the file may be missing
 */
char *refract_data_dup_path (const char *name);

G_END_DECLS
