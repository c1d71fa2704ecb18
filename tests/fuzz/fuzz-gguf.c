/* fuzz-gguf.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "core/refract-error.h"
#include "core/refract-model-private.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) geometry_error = NULL;
  g_autoptr (RefractGguf) gguf = refract_gguf_new_from_data (data, size, "input", &error);
  RefractModelInfo info = { 0 };
  const char *architecture;

  g_assert_true ((gguf == NULL) == (error != NULL));
  if (gguf == NULL)
    {
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  architecture = refract_gguf_get_string (gguf, "general.architecture");
  if (architecture == NULL)
    return 0;
  if (refract_model_read_geometry (gguf, architecture, "input", &info, &geometry_error))
    {
      g_assert_cmpuint (info.n_kv_layers, <=, info.n_layers);
      g_assert_cmpuint (info.n_window_layers, <=, info.n_kv_layers);
    }
  return 0;
}
