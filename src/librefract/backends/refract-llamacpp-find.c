/* refract-llamacpp-find.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "backends/refract-llamacpp-engine.h"
#include "core/refract-error.h"
#include "engine/refract-process.h"

#define PROBE_LIMIT (20 * G_TIME_SPAN_SECOND) /* a GPU build may look for devices first */
#define MAX_PROBE_BYTES (1u << 20)
#define MAX_SHOWN 200

static const char *const program_names[] = { "llama-server", "llama-perplexity" };
static const char *const packages[] = { "llama.cpp-tools", "llama.cpp-tools-extra" };
static const char *const needs[] = { "", ", which the KLD axis needs" };

/* ---- Where the programs are ---- */

static char *
find_in_folder (const char *folder, const char *name)
{
  static const char *const below[] = { ".", "bin", "build/bin" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (below); i++)
    {
      g_autofree char *path = i == 0 ? g_build_filename (folder, name, NULL)
                                     : g_build_filename (folder, below[i], name, NULL);

      /* a link of another root (/run/host) may lead nowhere in ours */
      if (g_file_test (path, G_FILE_TEST_IS_REGULAR)
          || (!g_file_test (path, G_FILE_TEST_EXISTS)
              && g_file_test (path, G_FILE_TEST_IS_SYMLINK)))
        return g_steal_pointer (&path);
    }
  return NULL;
}

/* (nullable): the folder that was named, and what named it */
static char *
dup_named_folder (const RefractBackendOptions *options, const char **source)
{
  static const char *const variables[] = { "REFRACT_LLAMA_CPP_DIR", "LLAMA_CPP_BIN_DIR" };
  const char *folder = options->engine_dir;
  guint i;

  *source = "the engine folder";
  for (i = 0; (folder == NULL || *folder == '\0') && i < G_N_ELEMENTS (variables); i++)
    {
      folder = g_getenv (variables[i]);
      *source = variables[i];
    }
  if (folder == NULL || *folder == '\0')
    return NULL;
  if (g_file_test (folder, G_FILE_TEST_IS_REGULAR))
    return g_path_get_dirname (folder);
  return g_strdup (folder);
}

static void
locate_program (RefractLlamacppProgram *program, guint id, const char *folder, const char *source)
{
  const char *name = program_names[id];

  program->path = folder != NULL ? find_in_folder (folder, name) : g_find_program_in_path (name);
  if (program->path == NULL && folder != NULL)
    g_set_error (&program->error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING,
                 "There is no %s in “%s” (%s)%s. Name the folder that holds llama.cpp's programs.",
                 name, folder, source, needs[id]);
  else if (program->path == NULL)
    g_set_error (&program->error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING,
                 "%s was not found%s. Install llama.cpp (on Debian and Ubuntu the package %s), or "
                 "name its folder with --engine-dir or REFRACT_LLAMA_CPP_DIR.",
                 name, needs[id], packages[id]);
  else if (g_file_test (program->path, G_FILE_TEST_EXISTS)
           && !g_file_test (program->path, G_FILE_TEST_IS_EXECUTABLE))
    g_set_error (&program->error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING,
                 "“%s” is not executable. Make it so with chmod +x, or choose another folder.",
                 program->path);
}

/* ---- What they say of themselves ---- */

typedef struct
{
  GMutex mutex;
  GString *text;
} Capture;

static void
capture_line (const char *line, gboolean is_stderr, gpointer user_data)
{
  Capture *capture = user_data;

  g_mutex_lock (&capture->mutex);
  if (capture->text->len < MAX_PROBE_BYTES)
    g_string_append_printf (capture->text, "%s\n", line);
  g_mutex_unlock (&capture->mutex);
}

static void
set_library_error (const char *path, const char *text, GError **error)
{
  const char *at = strstr (text, "error while loading shared libraries: ");
  const char *symbol = strstr (text, "symbol lookup error");
  g_autofree char *library = NULL;

  if (at != NULL)
    {
      at += strlen ("error while loading shared libraries: ");
      library = g_strndup (at, strcspn (at, ":\n"));
      g_set_error (
          error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING,
          "“%s” cannot start because the shared library %s is missing. Install what it was "
          "built with, or put the folder of that library into LD_LIBRARY_PATH.",
          path, library);
    }
  else if (symbol != NULL)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING,
                 "“%s” does not fit the libraries that it finds (%.*s): they are of another build "
                 "of llama.cpp. Check LD_LIBRARY_PATH.",
                 path, (int) MIN (strcspn (symbol, "\n"), MAX_SHOWN), symbol);
}

/* Runs `PROGRAM ARGUMENT` and returns all that it printed. Its exit status says little: some builds
 * return 1 after --version. */
static char *
ask_program (RefractLlamacppEngine *self,
             const char *path,
             const char *argument,
             GCancellable *cancellable,
             GError **error)
{
  const char *const argv[] = { path, argument, NULL };
  Capture capture = { .text = g_string_new (NULL) };
  g_autoptr (RefractProcess) process = NULL;
  g_autoptr (GError) failure = NULL;
  g_autofree char *text = NULL;
  gboolean ended = FALSE;

  g_mutex_init (&capture.mutex);
  process
      = refract_engine_launch_spawn (self->launch, argv, NULL, capture_line, &capture, &failure);
  if (process != NULL)
    {
      ended = refract_process_wait_for (process, PROBE_LIMIT, cancellable);
      refract_process_stop (process);
    }
  g_clear_object (&process);
  g_mutex_clear (&capture.mutex);
  text = g_string_free (capture.text, FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (failure == NULL)
    set_library_error (path, text, &failure);
  if (failure == NULL && !ended)
    g_set_error (&failure, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "“%s %s” did not end within %d seconds. It hangs, or it is not llama.cpp's %s.",
                 path, argument, (int) (PROBE_LIMIT / G_TIME_SPAN_SECOND), path);
  if (failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
  return g_steal_pointer (&text);
}

/* What each program must have, in words that say what a build without it cannot do. */
static void
check_features (RefractLlamacppProgram *program, guint id, const char *text, const char *version)
{
  RefractLlamacppHelp *help = program->help;
  const char *host = refract_llamacpp_help_describe (help, "--host");
  const char *missing = NULL;

  if (!refract_llamacpp_help_has (help, "--model")
      || !refract_llamacpp_help_has (help, "--cache-type-k")
      || (id == REFRACT_LLAMACPP_SERVER && host == NULL)
      || (id == REFRACT_LLAMACPP_PERPLEXITY
          && !refract_llamacpp_help_has (help, "--kl-divergence")))
    {
      g_autofree char *start = g_strndup (text, MIN (strcspn (text, "\n"), MAX_SHOWN));

      g_set_error (&program->error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING,
                   "“%s” does not answer --help as llama.cpp's %s does (it says “%s”). Choose the "
                   "folder of a llama.cpp build.",
                   program->path, program_names[id], start);
      return;
    }

  if (id == REFRACT_LLAMACPP_SERVER && strstr (host, ".sock") == NULL)
    missing = "listen on a UNIX socket";
  else if (!refract_llamacpp_help_has (help, "--flash-attn"))
    missing = "use flash attention";
  else if (id == REFRACT_LLAMACPP_PERPLEXITY
           && !refract_llamacpp_help_has (help, "--kl-divergence-base"))
    missing = "save log-probabilities";
  if (missing != NULL)
    g_set_error (&program->error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING,
                 "“%s” (%s) is too old: it cannot %s. The oldest llama.cpp that works is %s.",
                 program->path, version, missing, REFRACT_LLAMACPP_OLDEST);
}

/* Both programs are of one build: the server, which comes first, says which. */
static gboolean
probe_program (RefractLlamacppEngine *self, guint id, GCancellable *cancellable, GError **error)
{
  RefractLlamacppProgram *program = &self->programs[id];
  g_autofree char *help = NULL, *version = NULL;

  if (program->error != NULL)
    return TRUE;
  help = ask_program (self, program->path, "--help", cancellable, &program->error);
  if (help != NULL && self->info->version == NULL)
    version = ask_program (self, program->path, "--version", cancellable, &program->error);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (program->error != NULL)
    return TRUE;

  program->help = refract_llamacpp_help_parse (help);
  if (version != NULL)
    refract_llamacpp_parse_version (version, &self->info->version, &self->info->build);
  check_features (program, id, help,
                  self->info->version != NULL ? self->info->version : "unknown version");
  return TRUE;
}

static gboolean
list_devices (RefractLlamacppEngine *self, GCancellable *cancellable, GError **error)
{
  RefractLlamacppProgram *server = &self->programs[REFRACT_LLAMACPP_SERVER];
  g_autofree char *text = NULL;

  if (server->error == NULL && refract_llamacpp_help_has (server->help, "--list-devices"))
    text = ask_program (self, server->path, "--list-devices", cancellable, NULL);
  self->info->devices = refract_llamacpp_parse_devices (text != NULL ? text : "");
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

RefractLlamacppEngine *
refract_llamacpp_engine_find (const RefractBackendOptions *options,
                              GCancellable *cancellable,
                              GError **error)
{
  g_autoptr (RefractLlamacppEngine) self = g_new0 (RefractLlamacppEngine, 1);
  RefractLlamacppProgram *server = &self->programs[REFRACT_LLAMACPP_SERVER];
  const char *source = NULL;
  g_autofree char *folder = dup_named_folder (options, &source);
  guint i;

  self->options = refract_backend_options_copy (options);
  self->info = g_new0 (RefractEngineInfo, 1);
  self->info->name = g_strdup ("llama.cpp");
  for (i = 0; i < REFRACT_LLAMACPP_N_PROGRAMS; i++)
    locate_program (&self->programs[i], i, folder, source);

  self->launch = refract_engine_launch_new (server->path, (const char *const *) options->launcher,
                                            REFRACT_FLATPAK_INFO);

  for (i = 0; i < REFRACT_LLAMACPP_N_PROGRAMS; i++)
    if (!probe_program (self, i, cancellable, error))
      return NULL;
  if (!list_devices (self, cancellable, error))
    return NULL;

  self->info->program = g_strdup (server->path);
  self->info->has_logits = self->programs[REFRACT_LLAMACPP_PERPLEXITY].error == NULL;
  if (self->info->version == NULL)
    self->info->version = g_strdup ("unknown version");
  if (self->info->build == NULL)
    self->info->build = g_strdup ("");
  self->info->kv_types = server->help != NULL ? refract_llamacpp_help_dup_kv_types (server->help)
                                              : g_new0 (char *, 1);
  return g_steal_pointer (&self);
}

void
refract_llamacpp_engine_free (RefractLlamacppEngine *self)
{
  guint i;

  if (self == NULL)
    return;
  for (i = 0; i < REFRACT_LLAMACPP_N_PROGRAMS; i++)
    {
      g_free (self->programs[i].path);
      refract_llamacpp_help_free (self->programs[i].help);
      g_clear_error (&self->programs[i].error);
    }
  refract_engine_launch_free (self->launch);
  refract_engine_info_free (self->info);
  refract_backend_options_free (self->options);
  g_free (self);
}

gboolean
refract_llamacpp_engine_check (RefractLlamacppEngine *self,
                               RefractLlamacppProgramId id,
                               GError **error)
{
  const GError *own = self->programs[id].error;

  if (own != NULL)
    g_propagate_error (error, g_error_copy (own));
  return own == NULL;
}
