/* refract-server-selftest.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "backends/refract-selftest.h"
#include "backends/refract-server-selftest.h"
#include "backends/refract-server-types.h"
#include "backends/refract-session-server.h"

static void
check_version (GPtrArray *checks, const RefractServerEngine *engine)
{
  const RefractServerKind *kind = engine->kind;
  const char *title = refract_server_kind_get_title (kind);
  const char *where = engine->python != NULL ? engine->python : "the server";

  if (!refract_server_version_at_least (engine->version, kind->oldest[0], kind->oldest[1]))
    refract_selftest_add (checks, title, REFRACT_CHECK_FAILED, N_ ("Install a newer one."),
                          "%s %s, %s: older than %u.%u, which Refract needs.", title,
                          engine->version, where, kind->oldest[0], kind->oldest[1]);
  else if (!g_str_has_prefix (engine->version, kind->tested))
    refract_selftest_add (checks, title, REFRACT_CHECK_WARNING,
                          N_ ("Look at the checks with a model before you trust scores."),
                          "%s %s, %s. Refract was tested with %s.", title, engine->version, where,
                          kind->tested);
  else
    refract_selftest_add (checks, title, REFRACT_CHECK_PASSED, NULL, "%s %s, %s", title,
                          engine->version, where);
}

static void
check_device (GPtrArray *checks, const RefractServerEngine *engine)
{
  const char *lack = refract_server_type_get_lack (engine->kind->id, "fp8_e4m3");

  if (engine->python == NULL)
    return;
  if (refract_server_engine_is_without_gpu (engine))
    refract_selftest_add (
        checks, N_ ("Device"), REFRACT_CHECK_FAILED,
        N_ ("Install the build for CPUs (its version ends in +cpu), or use a machine "
            "with a GPU."),
        "This build computes on GPUs, and there is none here.");
  else if (engine->on_cpu && lack != NULL)
    refract_selftest_add (checks, N_ ("Device"), REFRACT_CHECK_WARNING,
                          N_ ("Use a processor that has it, or a GPU, to measure fp8."),
                          "It computes on the processor, which lacks %s: no fp8 KV cache.", lack);
  else
    refract_selftest_add (checks, N_ ("Device"), REFRACT_CHECK_PASSED, NULL, "%s",
                          engine->on_cpu ? "It computes on the processor."
                                         : "It computes on a GPU.");
}

static void
check_features (GPtrArray *checks, const RefractServerEngine *engine)
{
  g_autofree char *types = g_strjoinv (", ", engine->info->kv_types);
  g_autoptr (GError) error = NULL;

  refract_selftest_add (checks, N_ ("KV cache types"), REFRACT_CHECK_PASSED, NULL, "%s", types);
  if (!refract_server_engine_check (engine, NULL, NULL, &error))
    refract_selftest_add_error (checks, N_ ("Engine flags"), REFRACT_CHECK_FAILED, error);
}

static void
check_evidence (GPtrArray *checks, const RefractKvInUse *kv)
{
  static const char *const words[] = { "Nothing is known of the KV cache in use.",
                                       "The server repeats its flag, which proves nothing.",
                                       "What was allocated was read back." };

  refract_selftest_add (
      checks, N_ ("KV cache in use"),
      kv->evidence == REFRACT_EVIDENCE_PROVED ? REFRACT_CHECK_PASSED : REFRACT_CHECK_WARNING,
      kv->evidence == REFRACT_EVIDENCE_PROVED
          ? NULL
          : "Let Refract start the server itself, or trust its flag.",
      "%s (K %s / V %s)", words[kv->evidence], kv->type_k != NULL ? kv->type_k : "?",
      kv->type_v != NULL ? kv->type_v : "?");
}

static void
check_scores (GPtrArray *checks, RefractSession *session, GCancellable *cancellable)
{
  RefractServer *server = refract_session_server_get_server (REFRACT_SESSION_SERVER (session));
  g_autoptr (GError) error = NULL;

  if (refract_server_probe_scores (server, cancellable, &error))
    refract_selftest_add (checks, N_ ("Log-probabilities"), REFRACT_CHECK_PASSED, NULL,
                          "Those of a prompt can be had, for the KLD axis.");
  else
    refract_selftest_add_error (checks, N_ ("Log-probabilities"), REFRACT_CHECK_FAILED, error);
}

static void
check_quantized (GPtrArray *checks,
                 RefractBackend *backend,
                 RefractModel *model,
                 GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractSession) session
      = refract_selftest_open (backend, model, "kv=fp8_e4m3", cancellable, &error);

  if (session == NULL)
    refract_selftest_add_error (checks, N_ ("kv=fp8_e4m3"), REFRACT_CHECK_WARNING, error);
  else
    refract_selftest_add (checks, N_ ("kv=fp8_e4m3"), REFRACT_CHECK_PASSED, NULL,
                          "The server starts.");
}

static void
check_model (GPtrArray *checks,
             RefractBackend *backend,
             const RefractServerEngine *engine,
             RefractModel *model,
             GCancellable *cancellable)
{
  const char *reference = engine->options->reference_kv;
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractSession) session = refract_selftest_open (
      backend, model, reference != NULL ? reference : "kv=auto", cancellable, &error);

  if (session == NULL)
    {
      refract_selftest_add_error (checks, N_ ("Model"), REFRACT_CHECK_FAILED, error);
      return;
    }
  refract_selftest_add (checks, N_ ("Model"), REFRACT_CHECK_PASSED, NULL, "%s loads in %.1f s.",
                        refract_model_get_info (model)->name,
                        refract_session_get_load_seconds (session));
  refract_selftest_decode (checks, session, cancellable);
  check_evidence (checks, refract_session_get_kv_in_use (session));
  check_scores (checks, session, cancellable);
  refract_session_close (session);
  if (!refract_server_engine_is_attached (engine))
    check_quantized (checks, backend, model, cancellable);
}

GPtrArray *
refract_server_selftest (RefractBackend *backend,
                         RefractServerEngine *engine,
                         const GError *error,
                         RefractModel *model,
                         GCancellable *cancellable)
{
  GPtrArray *checks = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_check_free);

  if (engine == NULL)
    {
      refract_selftest_add_error (
          checks, refract_backend_kind_get_title (refract_backend_get_kind (backend)),
          REFRACT_CHECK_FAILED, error);
      return checks;
    }
  check_version (checks, engine);
  check_device (checks, engine);
  check_features (checks, engine);
  if (model != NULL)
    check_model (checks, backend, engine, model, cancellable);
  return checks;
}
