/* refract-server-log.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "backends/refract-server-log.h"

#define MAX_CAUSE 600 /* bytes */

struct _RefractServerLog
{
  GRegex *exception;
  GRegex *no_library;
  GRegex *kv_pool;
  GRegex *kv_size;
  GRegex *dtype;

  GMutex mutex;         /* protects what follows */
  char *first_error;    /* the first exception in a line that is marked as an error */
  char *last_exception; /* the last one in any line */
  char *usage;          /* what the command line's parser refused */
  char *library;        /* the first one that could not be loaded: an error, or the cause of one */
  gboolean out_of_memory;
  RefractServerFacts facts;
};

static GRegex *
compile (const char *pattern)
{
  return g_regex_new (pattern, G_REGEX_OPTIMIZE, 0, NULL);
}

RefractServerLog *
refract_server_log_new (void)
{
  RefractServerLog *self = g_new0 (RefractServerLog, 1);

  self->exception
      = compile ("(?:^|[\\s\\]])((?:[A-Za-z_]\\w*\\.)*[A-Z]\\w*(?:Error|Exception)): +(\\S.*)$");
  self->no_library = compile ("(\\blib[-\\w.+]+\\.so[\\w.]*): cannot open shared object file");
  self->kv_pool = compile ("KV Cache is allocated\\. dtype: (?:torch\\.)?(\\w+), #tokens: (\\d+)");
  self->kv_size = compile ("\\b([CG]PU) KV cache size: ([\\d,]+) tokens");
  self->dtype = compile ("\\bdtype=torch\\.(\\w+)");
  g_mutex_init (&self->mutex);
  return self;
}

void
refract_server_log_free (RefractServerLog *self)
{
  if (self == NULL)
    return;
  g_regex_unref (self->exception);
  g_regex_unref (self->no_library);
  g_regex_unref (self->kv_pool);
  g_regex_unref (self->kv_size);
  g_regex_unref (self->dtype);
  g_mutex_clear (&self->mutex);
  g_free (self->first_error);
  g_free (self->last_exception);
  g_free (self->usage);
  g_free (self->library);
  refract_server_facts_clear (&self->facts);
  g_free (self);
}

/* A whole number that may have commas between its digits. */
static guint64
parse_count (const char *text)
{
  guint64 value = 0;

  for (; *text != '\0'; text++)
    if (g_ascii_isdigit (*text) && value < G_MAXUINT32)
      value = value * 10 + (guint64) g_ascii_digit_value (*text);
  return value;
}

/* What a process says whose child has failed: true, and no cause. */
static gboolean
points_elsewhere (const char *message)
{
  static const char *const phrases[]
      = { "Engine core initialization failed", "See root cause above", "Initialization failed",
          "WorkerProc initialization failed",  "scheduler died",       "EngineDeadError" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (phrases); i++)
    if (strstr (message, phrases[i]) != NULL)
      return TRUE;
  return FALSE;
}

static gboolean
is_about_memory (const char *line)
{
  static const char *const phrases[] = { "out of memory",
                                         "OutOfMemoryError",
                                         "OOM",
                                         "No available memory for the cache blocks",
                                         "Available memory on node",
                                         "is larger than the available KV cache memory",
                                         "Cannot allocate memory",
                                         "Not enough memory",
                                         "MemoryError",
                                         "less than desired" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (phrases); i++)
    if (strstr (line, phrases[i]) != NULL)
      return TRUE;
  return FALSE;
}

static void
take_failure (RefractServerLog *self, const char *line)
{
  g_autoptr (GMatchInfo) match = NULL, no_library = NULL;
  g_autofree char *name = NULL, *message = NULL, *whole = NULL;
  const char *usage = strstr (line, ": error: ");

  if (self->library == NULL && g_regex_match (self->no_library, line, 0, &no_library))
    self->library = g_match_info_fetch (no_library, 1);
  if (usage != NULL && self->usage == NULL)
    self->usage = g_strndup (usage + strlen (": error: "), MAX_CAUSE);
  if (!g_regex_match (self->exception, line, 0, &match))
    return;
  name = g_match_info_fetch (match, 1);
  message = g_match_info_fetch (match, 2);
  whole = g_strdup_printf ("%s: %s", name, message);
  if (points_elsewhere (whole))
    return;
  if (strlen (whole) > MAX_CAUSE)
    whole[MAX_CAUSE] = '\0';
  self->out_of_memory = self->out_of_memory || is_about_memory (whole);
  if (self->first_error == NULL && strstr (line, "ERROR") != NULL)
    self->first_error = g_utf8_make_valid (whole, -1);
  g_free (self->last_exception);
  self->last_exception = g_utf8_make_valid (whole, -1);
}

static void
take_facts (RefractServerLog *self, const char *line)
{
  g_autoptr (GMatchInfo) pool = NULL, size = NULL, dtype = NULL;
  RefractServerFacts *facts = &self->facts;

  if (g_regex_match (self->kv_pool, line, 0, &pool))
    {
      g_autofree char *tokens = g_match_info_fetch (pool, 2);

      g_free (facts->kv_dtype);
      facts->kv_dtype = g_match_info_fetch (pool, 1);
      facts->n_tokens = parse_count (tokens);
    }
  else if (g_regex_match (self->kv_size, line, 0, &size))
    {
      g_autofree char *place = g_match_info_fetch (size, 1), *tokens = g_match_info_fetch (size, 2);

      facts->on_cpu = *place == 'C';
      facts->n_tokens = parse_count (tokens);
    }
  else if (facts->dtype == NULL && g_regex_match (self->dtype, line, 0, &dtype))
    facts->dtype = g_match_info_fetch (dtype, 1);
}

void
refract_server_log_take_line (const char *line, gboolean is_stderr, gpointer user_data)
{
  RefractServerLog *self = user_data;

  g_mutex_lock (&self->mutex);
  take_failure (self, line);
  take_facts (self, line);
  g_mutex_unlock (&self->mutex);
}

void
refract_server_log_get_facts (RefractServerLog *self, RefractServerFacts *facts)
{
  g_mutex_lock (&self->mutex);
  *facts = self->facts;
  facts->dtype = g_strdup (self->facts.dtype);
  facts->kv_dtype = g_strdup (self->facts.kv_dtype);
  g_mutex_unlock (&self->mutex);
}

void
refract_server_facts_clear (RefractServerFacts *facts)
{
  g_clear_pointer (&facts->dtype, g_free);
  g_clear_pointer (&facts->kv_dtype, g_free);
}

char *
refract_server_log_dup_cause (RefractServerLog *self)
{
  const char *found;
  char *cause;

  g_mutex_lock (&self->mutex);
  found = self->usage != NULL         ? self->usage
          : self->first_error != NULL ? self->first_error
                                      : self->last_exception;
  if (found == NULL || self->usage != NULL || self->library == NULL
      || strstr (found, self->library) != NULL)
    cause = g_strdup (found);
  else
    cause = g_strdup_printf ("%s (the library %s is missing on this system)", found, self->library);
  g_mutex_unlock (&self->mutex);
  return cause;
}

gboolean
refract_server_log_is_out_of_memory (RefractServerLog *self)
{
  gboolean out_of_memory;

  g_mutex_lock (&self->mutex);
  out_of_memory = self->out_of_memory;
  g_mutex_unlock (&self->mutex);
  return out_of_memory;
}
