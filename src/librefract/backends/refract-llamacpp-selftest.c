/* refract-llamacpp-selftest.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <glib/gi18n-lib.h>

#include "backends/refract-llamacpp-selftest.h"
#include "backends/refract-selftest.h"
#include "core/refract-error.h"

static void
check_programs (GPtrArray *checks, RefractLlamacppEngine *engine)
{
  static const char *const titles[] = { "llama-server", "llama-perplexity" };
  static const RefractCheckStatus severity[] = { REFRACT_CHECK_FAILED, REFRACT_CHECK_WARNING };
  guint i;

  for (i = 0; i < REFRACT_LLAMACPP_N_PROGRAMS; i++)
    {
      const RefractLlamacppProgram *program = &engine->programs[i];

      if (program->error != NULL)
        refract_selftest_add_error (checks, titles[i], severity[i], program->error);
      else if (i == REFRACT_LLAMACPP_SERVER)
        refract_selftest_add (checks, titles[i], REFRACT_CHECK_PASSED, NULL, "%s, %s",
                              program->path, engine->info->version);
      else
        refract_selftest_add (checks, titles[i], REFRACT_CHECK_PASSED, NULL, "%s, for the KLD axis",
                              program->path);
    }
}

static void
check_features (GPtrArray *checks, RefractLlamacppEngine *engine)
{
  RefractLlamacppHelp *help = engine->programs[REFRACT_LLAMACPP_SERVER].help;
  g_autofree char *types = g_strjoinv (", ", engine->info->kv_types);
  g_autofree char *devices = g_strjoinv ("; ", engine->info->devices);
  g_autoptr (GError) error = NULL;

  refract_selftest_add (checks, N_ ("KV cache types"), REFRACT_CHECK_PASSED, NULL, "%s", types);
  if (refract_llamacpp_help_has (help, "--kv-unified"))
    refract_selftest_add (checks, N_ ("Slots"), REFRACT_CHECK_PASSED, NULL,
                          "Prompts can be decoded side by side, each in a KV cache of its own.");
  else
    refract_selftest_add (checks, N_ ("Slots"), REFRACT_CHECK_WARNING,
                          N_ ("A newer llama.cpp is faster."),
                          "This build has no --kv-unified: prompts are decoded one at a time.");
  if (engine->info->devices[0] != NULL)
    refract_selftest_add (checks, N_ ("GPU devices"), REFRACT_CHECK_PASSED, NULL, "%s", devices);
  else
    refract_selftest_add (checks, N_ ("GPU devices"), REFRACT_CHECK_PASSED, NULL,
                          "None: this build computes on the processor.");
  if (refract_llamacpp_engine_check_flags (engine, NULL, &error))
    refract_selftest_add (checks, N_ ("Engine flags"), REFRACT_CHECK_PASSED, NULL, "%s",
                          engine->options->engine_flags != NULL
                                  && engine->options->engine_flags[0] != NULL
                              ? N_ ("All known to this build.")
                              : N_ ("None set."));
  else
    refract_selftest_add_error (checks, N_ ("Engine flags"), REFRACT_CHECK_FAILED, error);
}

static void
check_kv (GPtrArray *checks, const RefractKvInUse *kv)
{
  if (kv->evidence == REFRACT_EVIDENCE_PROVED)
    refract_selftest_add (checks, N_ ("KV cache in use"), REFRACT_CHECK_PASSED, NULL,
                          "The log says K %s / V %s, %.2f MiB for %" PRIu64 " cells.", kv->type_k,
                          kv->type_v, kv->buffer_mib, kv->n_cells);
  else
    refract_selftest_add (
        checks, N_ ("KV cache in use"), REFRACT_CHECK_WARNING,
        N_ ("Use a build that prints its KV cache."),
        "The log does not say which KV cache was allocated: no setting can be proved.");
}

static void
check_rotation (GPtrArray *checks, const RefractKvInUse *kv)
{
  static const char *const words[] = { N_ ("unknown"), N_ ("off"), N_ ("on") };

  refract_selftest_add (checks, N_ ("KV rotation"), REFRACT_CHECK_PASSED, NULL,
                        "With quantized types this build's rotation is %s for K and %s for V.",
                        words[CLAMP (kv->rotation_k, -1, 1) + 1],
                        words[CLAMP (kv->rotation_v, -1, 1) + 1]);
}

static void
check_model (GPtrArray *checks,
             RefractBackend *backend,
             RefractModel *model,
             GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractSession) session
      = refract_selftest_open (backend, model, "ctk=f16,ctv=f16", cancellable, &error);
  g_autoptr (RefractSession) quantized = NULL;

  if (session == NULL)
    {
      refract_selftest_add_error (checks, N_ ("Model"), REFRACT_CHECK_FAILED, error);
      return;
    }
  refract_selftest_add (checks, N_ ("Model"), REFRACT_CHECK_PASSED, NULL, "%s loads in %.1f s.",
                        refract_model_get_info (model)->name,
                        refract_session_get_load_seconds (session));
  refract_selftest_decode (checks, session, cancellable);
  check_kv (checks, refract_session_get_kv_in_use (session));
  refract_session_close (session);

  quantized = refract_selftest_open (backend, model, "ctk=q8_0,ctv=q8_0", cancellable, &error);
  if (quantized != NULL)
    check_rotation (checks, refract_session_get_kv_in_use (quantized));
  else
    refract_selftest_add_error (checks, N_ ("KV rotation"), REFRACT_CHECK_WARNING, error);
}

GPtrArray *
refract_llamacpp_selftest (RefractBackend *backend,
                           RefractLlamacppEngine *engine,
                           RefractModel *model,
                           GCancellable *cancellable)
{
  GPtrArray *checks = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_check_free);

  check_programs (checks, engine);
  if (engine->programs[REFRACT_LLAMACPP_SERVER].error != NULL)
    return checks;
  check_features (checks, engine);
  if (model != NULL)
    check_model (checks, backend, model, cancellable);
  return checks;
}
