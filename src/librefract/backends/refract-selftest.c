/* refract-selftest.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <stdarg.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "backends/refract-selftest.h"

#define N_CELLS 512
#define N_TOKENS 8
#define PROMPT "The quick brown fox jumps over the lazy dog."

void
refract_selftest_add (GPtrArray *checks,
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

void
refract_selftest_add_error (GPtrArray *checks,
                            const char *title,
                            RefractCheckStatus status,
                            const GError *error)
{
  const char *end = NULL, *at;

  for (at = strstr (error->message, ". "); at != NULL; at = strstr (at + 2, ". "))
    end = at;
  if (end == NULL)
    refract_selftest_add (checks, title, status, N_ ("See the message."), "%s", error->message);
  else
    refract_selftest_add (checks, title, status, end + 2, "%.*s", (int) (end + 1 - error->message),
                          error->message);
}

RefractSession *
refract_selftest_open (RefractBackend *backend,
                       RefractModel *model,
                       const char *kv_text,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (kv_text, error);
  RefractSessionNeeds needs = { 1, N_CELLS };

  return kv != NULL ? refract_backend_open (backend, model, kv, &needs, cancellable, error) : NULL;
}

void
refract_selftest_decode (GPtrArray *checks, RefractSession *session, GCancellable *cancellable)
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
      refract_selftest_add_error (checks, N_ ("Tokens and chat template"), REFRACT_CHECK_FAILED,
                                  error);
      return;
    }
  if (refract_session_has_thinking_template (session))
    refract_selftest_add (
        checks, N_ ("Tokens and chat template"), REFRACT_CHECK_WARNING,
        N_ ("Read scores of chat prompts as scores of its thoughts."),
        "The chat template opens a thinking block although thinking is switched off.");
  else
    refract_selftest_add (checks, N_ ("Tokens and chat template"), REFRACT_CHECK_PASSED, NULL,
                          "A sentence has %u tokens, as a chat message %u.", ids->len, chat->len);

  g_ptr_array_add (requests, refract_request_new ("selftest", ids, N_TOKENS));
  first = refract_session_generate (session, requests, NULL, NULL, cancellable, &error);
  if (first != NULL)
    second = refract_session_generate (session, requests, NULL, NULL, cancellable, &error);
  if (second == NULL)
    {
      refract_selftest_add_error (checks, N_ ("Greedy decode"), REFRACT_CHECK_FAILED, error);
      return;
    }
  a = g_ptr_array_index (first, 0);
  b = g_ptr_array_index (second, 0);
  if (refract_generation_same_ids (a, b))
    refract_selftest_add (checks, N_ ("Greedy decode"), REFRACT_CHECK_PASSED, NULL,
                          "%u tokens, twice the same.", a->ids->len);
  else
    refract_selftest_add (
        checks, N_ ("Greedy decode"), REFRACT_CHECK_WARNING,
        N_ ("Measure the noise floor (--measure-floor) and read scores beside it."),
        "The same prompt gave different tokens the second time.");
}
