/* refract-mlx-selftest.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "backends/refract-mlx-selftest.h"
#include "backends/refract-selftest.h"
#include "core/refract-error.h"
#include "engine/refract-python.h"

#define TITLE_PYTHON "Python"
#define TITLE_MLX "MLX"
#define TITLE_KV "Quantized KV cache"

/* What is installed, told by files; what they are worth shows when they are run. */
static gboolean
check_packages (GPtrArray *checks, const RefractBackendOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *python = refract_python_find (options->python, &error);

  if (python == NULL)
    {
      refract_selftest_add_error (checks, TITLE_PYTHON, REFRACT_CHECK_FAILED, error);
      return FALSE;
    }
  refract_selftest_add (checks, TITLE_PYTHON, REFRACT_CHECK_PASSED, NULL, "%s", python);
  return TRUE;
}

static gboolean
check_engine (GPtrArray *checks, RefractBackend *backend, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  const RefractEngineInfo *info = refract_backend_detect (backend, cancellable, &error);

  if (info == NULL)
    {
      refract_selftest_add_error (checks, TITLE_MLX, REFRACT_CHECK_FAILED, error);
      return FALSE;
    }
  refract_selftest_add (checks, TITLE_MLX, REFRACT_CHECK_PASSED, NULL, "mlx %s", info->version);
  if (info->devices[0] != NULL)
    refract_selftest_add (checks, N_ ("Device"), REFRACT_CHECK_PASSED, NULL, "%s",
                          info->devices[0]);
  else
    refract_selftest_add (checks, N_ ("Device"), REFRACT_CHECK_PASSED, NULL,
                          "The processor, in 32 bits: MLX is made for Apple's GPUs and is slow "
                          "here, but its results hold.");
  return TRUE;
}

/* The largest group that divides the heads. */
static void
check_quantized (GPtrArray *checks,
                 RefractBackend *backend,
                 RefractModel *model,
                 GCancellable *cancellable)
{
  static const char *const texts[] = { "bits=8,group=64", "bits=8,group=32" };
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractSession) session = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (texts) && session == NULL; i++)
    if (i == 0 || g_error_matches (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG))
      {
        g_clear_error (&error);
        session = refract_selftest_open (backend, model, texts[i], cancellable, &error);
      }
  if (session == NULL)
    refract_selftest_add_error (checks, TITLE_KV, REFRACT_CHECK_FAILED, error);
  else
    {
      const RefractKvInUse *kv = refract_session_get_kv_in_use (session);
      gboolean whole = kv->n_layers_quantized == kv->n_layers;

      refract_selftest_add (checks, TITLE_KV, whole ? REFRACT_CHECK_PASSED : REFRACT_CHECK_WARNING,
                            whole ? NULL : "Read scores as those of the mixture.",
                            "%u of %u layers quantized: K %s / V %s.", kv->n_layers_quantized,
                            kv->n_layers, kv->type_k, kv->type_v);
    }
}

static void
check_model (GPtrArray *checks,
             RefractBackend *backend,
             RefractModel *model,
             GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractSession) session
      = refract_selftest_open (backend, model, "bits=16", cancellable, &error);

  if (session == NULL)
    {
      refract_selftest_add_error (checks, N_ ("Model"), REFRACT_CHECK_FAILED, error);
      return;
    }
  refract_selftest_add (checks, N_ ("Model"), REFRACT_CHECK_PASSED, NULL, "%s loads in %.1f s, %s.",
                        refract_model_get_info (model)->name,
                        refract_session_get_load_seconds (session),
                        refract_session_get_kv_in_use (session)->type_k);
  refract_selftest_decode (checks, session, cancellable);
  refract_session_close (session);
  check_quantized (checks, backend, model, cancellable);
}

GPtrArray *
refract_mlx_selftest (RefractBackend *backend,
                      const RefractBackendOptions *options,
                      RefractModel *model,
                      GCancellable *cancellable)
{
  GPtrArray *checks = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_check_free);

  if (check_packages (checks, options) && check_engine (checks, backend, cancellable)
      && model != NULL)
    check_model (checks, backend, model, cancellable);
  return checks;
}
