/* refract-llamacpp-log.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "backends/refract-backend.h"
#include "backends/refract-llamacpp-log.h"

#define MAX_CACHES 64 /* a log cannot make the joined type names grow without end */

struct _RefractLlamacppLog
{
  GRegex *sizes;
  GRegex *cells;
  GRegex *kv_size;
  GRegex *rotation;

  GMutex mutex; /* protects what follows */
  RefractKvInUse *kv;
  guint n_caches;
  guint64 pending_cells;
  gboolean out_of_memory;
  char *model_error;
  RefractPerplexityFacts perplexity;
};

static GRegex *
compile (const char *pattern)
{
  return g_regex_new (pattern, 0, 0, NULL);
}

RefractLlamacppLog *
refract_llamacpp_log_new (void)
{
  RefractLlamacppLog *self = g_new0 (RefractLlamacppLog, 1);

  g_mutex_init (&self->mutex);
  self->kv = refract_kv_in_use_new ();
  self->sizes = compile ("size\\s*=\\s*([0-9.]+) MiB.*K \\(([^)]+)\\):\\s*[0-9.]+ MiB, "
                         "V \\(([^)]+)\\):\\s*[0-9.]+ MiB");
  /* "512 cells,   3 layers,  4/4 seqs": cells are per stream, the second number counts streams */
  self->cells = compile ("\\(\\s*([0-9]+) cells,.*?([0-9]+)(?:/\\s*([0-9]+))? seqs\\)");
  self->kv_size = compile ("kv_size = ([0-9]+)");
  self->rotation = compile ("(?:n_rot|attn_rot)_([kv])\\s*=\\s*([0-9]+)");
  return self;
}

void
refract_llamacpp_log_free (RefractLlamacppLog *self)
{
  if (self == NULL)
    return;
  g_regex_unref (self->sizes);
  g_regex_unref (self->cells);
  g_regex_unref (self->kv_size);
  g_regex_unref (self->rotation);
  refract_kv_in_use_free (self->kv);
  g_free (self->model_error);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static guint64
match_number (GMatchInfo *match, int group)
{
  g_autofree char *text = g_match_info_fetch (match, group);

  return text != NULL && *text != '\0' ? g_ascii_strtoull (text, NULL, 10) : 0;
}

static void
join_type (char **known, const char *type)
{
  char *joined;

  if (*known == NULL || g_str_equal (*known, type))
    {
      g_free (*known);
      *known = g_strdup (type);
      return;
    }
  joined = g_strconcat (*known, "+", type, NULL);
  g_free (*known);
  *known = joined;
}

static void
take_cache (RefractLlamacppLog *self, const char *line)
{
  g_autoptr (GMatchInfo) sizes = NULL, cells = NULL;
  g_autofree char *mib = NULL, *type_k = NULL, *type_v = NULL;
  guint64 n_cells = self->pending_cells;

  /* recurrent states, and caches of no layer that some models print beside their real ones */
  if (strstr (line, "recurrent") != NULL || strstr (line, " 0 layers,") != NULL)
    return;
  if (self->n_caches >= MAX_CACHES || !g_regex_match (self->sizes, line, 0, &sizes))
    return;
  mib = g_match_info_fetch (sizes, 1);
  type_k = g_match_info_fetch (sizes, 2);
  type_v = g_match_info_fetch (sizes, 3);
  if (g_regex_match (self->cells, line, 0, &cells))
    n_cells = match_number (cells, 1) * MAX (match_number (cells, 3), 1);

  self->kv->evidence = REFRACT_EVIDENCE_PROVED;
  join_type (&self->kv->type_k, type_k);
  join_type (&self->kv->type_v, type_v);
  self->kv->buffer_mib = MAX (self->kv->buffer_mib, 0) + g_ascii_strtod (mib, NULL);
  self->kv->n_cells = MAX (self->kv->n_cells, n_cells);
  self->n_caches++;
}

static void
take_rotation (RefractLlamacppLog *self, const char *line)
{
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *side = NULL;
  int *rotation, rotated;

  if (strstr (line, "attention rotation force disabled") != NULL)
    {
      self->kv->rotation_k = self->kv->rotation_v = 0;
      return;
    }
  if (!g_regex_match (self->rotation, line, 0, &match))
    return;
  side = g_match_info_fetch (match, 1);
  rotation = side[0] == 'k' ? &self->kv->rotation_k : &self->kv->rotation_v;
  rotated = match_number (match, 2) > 0;
  *rotation = MAX (*rotation, rotated);
}

static gboolean
says_out_of_memory (const char *line)
{
  static const char *const signs[] = {
    "insufficient memory", "failed to allocate", "unable to allocate",     "out of memory",
    "outofdevicememory",   "outofhostmemory",    "cudamalloc failed",      "hipmalloc failed",
    "bad_alloc",           "not enough memory",  "cannot allocate memory",
  };
  g_autofree char *lower = g_ascii_strdown (line, -1);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (signs); i++)
    if (strstr (lower, signs[i]) != NULL)
      return TRUE;
  return FALSE;
}

static void
take_number_after (const char *line, const char *words, guint *number)
{
  const char *at = strstr (line, words);

  if (at != NULL)
    *number = (guint) MIN (g_ascii_strtoull (at + strlen (words), NULL, 10), G_MAXUINT);
}

static void
take_perplexity (RefractLlamacppLog *self, const char *line)
{
  RefractPerplexityFacts *facts = &self->perplexity;
  const char *total;

  take_number_after (line, "you need at least ", &facts->n_tokens_needed);
  take_number_after (line, "tokenizes to only ", &facts->n_tokens);
  if (strstr (line, "calculating perplexity over ") != NULL)
    {
      take_number_after (line, "calculating perplexity over ", &facts->n_chunks);
      facts->started = g_get_monotonic_time ();
    }
  total = strstr (line, "total time =");
  if (total != NULL)
    facts->total_ms = g_ascii_strtod (total + strlen ("total time ="), NULL);
}

void
refract_llamacpp_log_take_line (const char *line, gboolean is_stderr, gpointer user_data)
{
  RefractLlamacppLog *self = user_data;
  g_autoptr (GMatchInfo) kv_size = NULL;
  const char *model_error;

  g_mutex_lock (&self->mutex);
  if (g_regex_match (self->kv_size, line, 0, &kv_size))
    self->pending_cells = match_number (kv_size, 1);
  take_cache (self, line);
  take_rotation (self, line);
  take_perplexity (self, line);
  self->out_of_memory = self->out_of_memory || says_out_of_memory (line);
  model_error = strstr (line, "error loading model: ");
  if (model_error != NULL && self->model_error == NULL)
    self->model_error = g_strdup (model_error + strlen ("error loading model: "));
  g_mutex_unlock (&self->mutex);
}

RefractKvInUse *
refract_llamacpp_log_dup_kv_in_use (RefractLlamacppLog *self)
{
  RefractKvInUse *copy;

  g_mutex_lock (&self->mutex);
  copy = refract_kv_in_use_copy (self->kv);
  g_mutex_unlock (&self->mutex);
  return copy;
}

gboolean
refract_llamacpp_log_is_out_of_memory (RefractLlamacppLog *self)
{
  gboolean out_of_memory;

  g_mutex_lock (&self->mutex);
  out_of_memory = self->out_of_memory;
  g_mutex_unlock (&self->mutex);
  return out_of_memory;
}

char *
refract_llamacpp_log_dup_model_error (RefractLlamacppLog *self)
{
  char *text;

  g_mutex_lock (&self->mutex);
  text = g_strdup (self->model_error);
  g_mutex_unlock (&self->mutex);
  return text;
}

void
refract_llamacpp_log_get_perplexity (RefractLlamacppLog *self, RefractPerplexityFacts *facts)
{
  g_mutex_lock (&self->mutex);
  *facts = self->perplexity;
  g_mutex_unlock (&self->mutex);
}
