/* fuzz-model-config.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-model-private.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (JsonObject) config = refract_json_parse_object ((const char *) data, size, NULL);
  g_autoptr (GError) error = NULL;
  RefractModelInfo info = { 0 };

  if (config == NULL)
    return 0;
  if (refract_model_read_config (config, "input", &info, &error))
    {
      g_assert_cmpuint (info.n_kv_layers, <=, info.n_layers);
      g_assert_cmpuint (info.n_window_layers, <=, info.n_kv_layers);
      g_assert_true (info.n_kv_layers == 0 || info.k_elements_per_token > 0);
    }
  else
    {
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
  return 0;
}
