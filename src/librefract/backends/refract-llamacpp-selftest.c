/* refract-llamacpp-selftest.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <stdarg.h>
#include <string.h>

#include "backends/refract-llamacpp-selftest.h"
#include "core/refract-error.h"

#define N_CELLS 512
#define N_TOKENS 8
#define PROMPT "The quick brown fox jumps over the lazy dog."

static void G_GNUC_PRINTF (5, 6) add_check (GPtrArray *checks,
                                            const char *title,
                                            RefractCheckStatus status,
                                            const char *remedy,
                                            const char *format,
                                            ...)
{
  g_autofree char *detail = NULL;
  va_list arguments;

  va_start (arguments, format);
  detail = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_ptr_array_add (checks, refract_check_new (title, status, detail, remedy));
}

/* An error's last sentence says what to do: it is the remedy, the rest is the detail. */
static void
add_error (GPtrArray *checks, const char *title, RefractCheckStatus status, const GError *error)
{
  const char *end = NULL, *at;

  for (at = strstr (error->message, ". "); at != NULL; at = strstr (at + 2, ". "))
    end = at;
  if (end == NULL)
    add_check (checks, title, status, "See the message.", "%s", error->message);
  else
    add_check (checks, title, status, end + 2, "%.*s", (int) (end + 1 - error->message),
               error->message);
}

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
        add_error (checks, titles[i], severity[i], program->error);
      else if (i == REFRACT_LLAMACPP_SERVER)
        add_check (checks, titles[i], REFRACT_CHECK_PASSED, NULL, "%s, %s", program->path,
                   engine->info->version);
      else
        add_check (checks, titles[i], REFRACT_CHECK_PASSED, NULL, "%s, for the KLD axis",
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

  add_check (checks, "KV cache types", REFRACT_CHECK_PASSED, NULL, "%s", types);
  if (refract_llamacpp_help_has (help, "--kv-unified"))
    add_check (checks, "Slots", REFRACT_CHECK_PASSED, NULL,
               "Prompts can be decoded side by side, each in a KV cache of its own.");
  else
    add_check (checks, "Slots", REFRACT_CHECK_WARNING, "A newer llama.cpp is faster.",
               "This build has no --kv-unified: prompts are decoded one at a time.");
  if (engine->info->devices[0] != NULL)
    add_check (checks, "GPU devices", REFRACT_CHECK_PASSED, NULL, "%s", devices);
  else
    add_check (checks, "GPU devices", REFRACT_CHECK_PASSED, NULL,
               "None: this build computes on the processor.");
  if (refract_llamacpp_engine_check_flags (engine, NULL, &error))
    add_check (checks, "Engine flags", REFRACT_CHECK_PASSED, NULL, "%s",
               engine->options->engine_flags != NULL && engine->options->engine_flags[0] != NULL
                   ? "All known to this build."
                   : "None set.");
  else
    add_error (checks, "Engine flags", REFRACT_CHECK_FAILED, error);
}

static RefractSession *
open_session (RefractBackend *backend,
              RefractModel *model,
              const char *kv_text,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (kv_text, error);
  RefractSessionNeeds needs = { 1, N_CELLS };

  return kv != NULL ? refract_backend_open (backend, model, kv, &needs, cancellable, error) : NULL;
}

static void
check_decode (GPtrArray *checks, RefractSession *session, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) ids = NULL, chat = NULL;
  g_autoptr (GPtrArray) requests
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_request_free);
  g_autoptr (GPtrArray) first = NULL, second = NULL;
  const RefractGeneration *a, *b;

  ids = refract_session_tokenize (session, PROMPT, TRUE, FALSE, cancellable, &error);
  if (ids != NULL)
    chat = refract_session_tokenize_chat (session, NULL, PROMPT, cancellable, &error);
  if (chat == NULL)
    {
      add_error (checks, "Tokens and chat template", REFRACT_CHECK_FAILED, error);
      return;
    }
  if (refract_session_has_thinking_template (session))
    add_check (checks, "Tokens and chat template", REFRACT_CHECK_WARNING,
               "Read scores of chat prompts as scores of its thoughts.",
               "The chat template opens a thinking block although thinking is switched off.");
  else
    add_check (checks, "Tokens and chat template", REFRACT_CHECK_PASSED, NULL,
               "A sentence has %u tokens, as a chat message %u.", ids->len, chat->len);

  g_ptr_array_add (requests, refract_request_new ("selftest", ids, N_TOKENS));
  first = refract_session_generate (session, requests, NULL, NULL, cancellable, &error);
  if (first != NULL)
    second = refract_session_generate (session, requests, NULL, NULL, cancellable, &error);
  if (second == NULL)
    {
      add_error (checks, "Greedy decode", REFRACT_CHECK_FAILED, error);
      return;
    }
  a = g_ptr_array_index (first, 0);
  b = g_ptr_array_index (second, 0);
  if (refract_generation_same_ids (a, b))
    add_check (checks, "Greedy decode", REFRACT_CHECK_PASSED, NULL, "%u tokens, twice the same.",
               a->ids->len);
  else
    add_check (checks, "Greedy decode", REFRACT_CHECK_WARNING,
               "Measure the noise floor (--measure-floor) and read scores beside it.",
               "The same prompt gave different tokens the second time.");
}

static void
check_kv (GPtrArray *checks, const RefractKvInUse *kv)
{
  if (kv->evidence == REFRACT_EVIDENCE_PROVED)
    add_check (checks, "KV cache in use", REFRACT_CHECK_PASSED, NULL,
               "The log says K %s / V %s, %.2f MiB for %" G_GUINT64_FORMAT " cells.", kv->type_k,
               kv->type_v, kv->buffer_mib, kv->n_cells);
  else
    add_check (checks, "KV cache in use", REFRACT_CHECK_WARNING,
               "Use a build that prints its KV cache.",
               "The log does not say which KV cache was allocated: no setting can be proved.");
}

static void
check_rotation (GPtrArray *checks, const RefractKvInUse *kv)
{
  static const char *const words[] = { "unknown", "off", "on" };

  add_check (checks, "KV rotation", REFRACT_CHECK_PASSED, NULL,
             "With quantized types this build's rotation is %s for K and %s for V.",
             words[CLAMP (kv->rotation_k, -1, 1) + 1], words[CLAMP (kv->rotation_v, -1, 1) + 1]);
}

static void
check_model (GPtrArray *checks,
             RefractBackend *backend,
             RefractModel *model,
             GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractSession) session
      = open_session (backend, model, "ctk=f16,ctv=f16", cancellable, &error);
  g_autoptr (RefractSession) quantized = NULL;

  if (session == NULL)
    {
      add_error (checks, "Model", REFRACT_CHECK_FAILED, error);
      return;
    }
  add_check (checks, "Model", REFRACT_CHECK_PASSED, NULL, "%s loads in %.1f s.",
             refract_model_get_info (model)->name, refract_session_get_load_seconds (session));
  check_decode (checks, session, cancellable);
  check_kv (checks, refract_session_get_kv_in_use (session));
  refract_session_close (session);

  quantized = open_session (backend, model, "ctk=q8_0,ctv=q8_0", cancellable, &error);
  if (quantized != NULL)
    check_rotation (checks, refract_session_get_kv_in_use (quantized));
  else
    add_error (checks, "KV rotation", REFRACT_CHECK_WARNING, error);
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
