/* fake-llama.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Stands in for llama-server and llama-perplexity, by the name that it is linked to: tests have it
 * say and do what real ones do when they are broken. The folder of the link holds `help` and
 * `version`, what to print; `mode`, how to behave; and gets `arguments` and `environment`, what it
 * was given. */

#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <json-glib/json-glib.h>

static char *folder;
static char *mode;

static gboolean
is_mode (const char *name)
{
  return g_str_equal (mode, name);
}

static char *
read_text (const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return g_strdup ("");
  return g_strchomp (text);
}

static void
write_lines (const char *name, char **lines)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *text = g_strjoinv ("\n", lines);

  g_file_set_contents (path, text, -1, NULL);
}

static const char *
argument_of (char **argv, const char *flag)
{
  guint i;

  for (i = 1; argv[i] != NULL && argv[i + 1] != NULL; i++)
    if (g_str_equal (argv[i], flag))
      return argv[i + 1];
  return "";
}

static void
stand_still (void)
{
  for (;;)
    sleep (1000);
}

/* ---- Starting ---- */

static void
start_badly (void)
{
  if (is_mode ("exit"))
    {
      fputs ("what a pity\n", stderr);
      exit (1);
    }
  if (is_mode ("out-of-memory"))
    {
      fputs ("E ggml_aligned_malloc: insufficient memory (attempted to allocate 9 MB)\n", stderr);
      exit (1);
    }
  if (is_mode ("killed"))
    raise (SIGKILL);
  if (is_mode ("model"))
    {
      fputs ("E llama_model_load: error loading model: unknown model architecture: 'x'\n", stderr);
      exit (1);
    }
  if (is_mode ("hang"))
    {
      fputs ("I srv    load_model: loading model\n", stderr);
      stand_still ();
    }
}

static void
print_cache (char **argv)
{
  const char *type_k = argument_of (argv, "--cache-type-k");

  if (is_mode ("no-kv-line"))
    return;
  if (is_mode ("other-type"))
    type_k = "q8_0";
  fprintf (stderr,
           "I llama_kv_cache: size =    1.00 MiB (   512 cells,   2 layers,  1/1 seqs), K (%s):    "
           "0.50 MiB, V (%s):    0.50 MiB\n",
           type_k, argument_of (argv, "--cache-type-v"));
}

/* ---- llama-server ---- */

static void
reply (GOutputStream *out, const char *status, const char *body, gsize length)
{
  g_autofree char *head = g_strdup_printf ("HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                                           "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n",
                                           status, length);

  g_output_stream_write_all (out, head, strlen (head), NULL, NULL, NULL);
  g_output_stream_write_all (out, body, strlen (body), NULL, NULL, NULL);
}

static void
reply_ok (GOutputStream *out, const char *body)
{
  reply (out, "200 OK", body, strlen (body));
}

/* A token per byte; the text of the BOS is its token, as with parse_special. */
static void
tokenize (GOutputStream *out, JsonObject *body)
{
  const char *content = json_object_get_string_member (body, "content");
  g_autoptr (GString) text = g_string_new ("{\"tokens\":[");

  if (json_object_get_boolean_member (body, "add_special"))
    g_string_append (text, "1,");
  if (g_str_equal (content, "</s>"))
    {
      g_string_append (text, "2,");
      content += 4;
    }
  if (g_str_has_prefix (content, "<s>"))
    {
      g_string_append (text, "1,");
      content += 3;
    }
  for (; *content != '\0'; content++)
    g_string_append_printf (text, "%u,", (guint) (guchar) *content);
  if (text->str[text->len - 1] == ',')
    g_string_truncate (text, text->len - 1);
  g_string_append (text, "]}");
  reply_ok (out, is_mode ("no-tokens") ? "{}" : text->str);
}

static void
complete_badly (GOutputStream *out)
{
  if (is_mode ("completion-garbage"))
    reply_ok (out, "<html>");
  else if (is_mode ("completion-half"))
    reply (out, "200 OK", "{\"index\":", 1000);
  else if (is_mode ("completion-refused"))
    reply (out, "400 Bad Request", "{\"error\":{\"message\":\"no context left\"}}", 39);
  else if (is_mode ("completion-dies"))
    {
      fputs ("GGML_ASSERT(false) failed\n", stderr);
      abort ();
    }
  else if (is_mode ("completion-hangs"))
    stand_still ();
}

static void
complete (GOutputStream *out, JsonObject *body)
{
  JsonArray *prompts = json_object_get_array_member (body, "prompt");
  gint64 n_predict = json_object_get_int_member (body, "n_predict");
  g_autoptr (GString) text = g_string_new ("[");
  guint i, k;

  for (i = 0; i < json_array_get_length (prompts); i++)
    {
      JsonArray *ids = json_array_get_array_element (prompts, i);
      gint64 last = json_array_get_int_element (ids, json_array_get_length (ids) - 1);
      gboolean ends = is_mode ("eos-left-out");

      g_string_append_printf (text, "%s{\"index\":%u,\"content\":\"x\",\"tokens\":[",
                              i > 0 ? "," : "", i);
      for (k = 0; k + (ends ? 1 : 0) < n_predict; k++)
        g_string_append_printf (text, "%s%" G_GINT64_FORMAT, k > 0 ? "," : "", last);
      g_string_append_printf (
          text,
          "],\"stop_type\":\"%s\",\"truncated\":%s,\"tokens_predicted\":%" G_GINT64_FORMAT
          ",\"timings\":{\"prompt_ms\":2,\"predicted_ms\":3}}",
          ends ? "eos" : "limit", is_mode ("completion-truncated") ? "true" : "false", n_predict);
    }
  g_string_append_c (text, ']');
  reply_ok (out, text->str);
}

static void
answer (GOutputStream *out, const char *path, JsonObject *body)
{
  if (g_str_equal (path, "/health"))
    reply_ok (out, is_mode ("health-garbage") ? "Hello!" : "{\"status\":\"ok\"}");
  else if (g_str_equal (path, "/props"))
    reply_ok (out, "{\"eos_token\":\"</s>\"}");
  else if (g_str_equal (path, "/slots"))
    reply_ok (out, "[{\"id\":0,\"is_processing\":true,\"next_token\":[{\"n_decoded\":1}]}]");
  else if (g_str_equal (path, "/tokenize"))
    tokenize (out, body);
  else if (g_str_equal (path, "/detokenize"))
    reply_ok (out, "{\"content\":\"text\"}");
  else if (g_str_equal (path, "/apply-template"))
    reply_ok (out, is_mode ("thinks") ? "{\"prompt\":\"<s>Hi<think>\"}" : "{\"prompt\":\"<s>Hi\"}");
  else if (g_str_equal (path, "/completion") && g_str_has_prefix (mode, "completion-"))
    complete_badly (out);
  if (g_str_equal (path, "/completion")
      && (!g_str_has_prefix (mode, "completion-") || is_mode ("completion-truncated")))
    complete (out, body);
}

static void
handle (GSocketConnection *connection)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autoptr (GDataInputStream) in
      = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *first = NULL, *body = NULL;
  g_auto (GStrv) words = NULL;
  gsize length = 0;

  g_data_input_stream_set_newline_type (in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  first = g_data_input_stream_read_line (in, NULL, NULL, NULL);
  if (first == NULL)
    return;
  for (;;)
    {
      g_autofree char *line = g_data_input_stream_read_line (in, NULL, NULL, NULL);

      if (line == NULL || *line == '\0')
        break;
      if (g_ascii_strncasecmp (line, "Content-Length:", 15) == 0)
        length = (gsize) g_ascii_strtoull (line + 15, NULL, 10);
    }
  body = g_malloc0 (length + 1);
  g_input_stream_read_all (G_INPUT_STREAM (in), body, length, NULL, NULL, NULL);
  json_parser_load_from_data (parser, length > 0 ? body : "{}", -1, NULL);
  words = g_strsplit (first, " ", 3);
  answer (out, words[1], json_node_get_object (json_parser_get_root (parser)));
}

static void
handle_in_thread (GThreadedSocketService *service,
                  GSocketConnection *connection,
                  GObject *source,
                  gpointer data)
{
  handle (connection);
}

static int
be_server (char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GSocketService) service = g_threaded_socket_service_new (8);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (argument_of (argv, "--host"));

  print_cache (argv);
  g_signal_connect (service, "run", G_CALLBACK (handle_in_thread), NULL);
  if (!g_socket_listener_add_address (G_SOCKET_LISTENER (service), address, G_SOCKET_TYPE_STREAM,
                                      G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, NULL))
    return 1;
  g_main_loop_run (loop);
  return 0;
}

/* ---- llama-perplexity ---- */

static int
be_perplexity (char **argv)
{
  const char *path = argument_of (argv, "--kl-divergence-base");
  FILE *out;

  if (is_mode ("never-opens"))
    return 0;
  if (is_mode ("opens-late"))
    g_usleep (300000);
  out = fopen (path, "wb");
  if (out == NULL)
    return 1;
  print_cache (argv);
  if (is_mode ("too-short"))
    {
      fputs ("you need at least 1024 tokens to evaluate perplexity with a context of 512\n"
             "the data file you provided tokenizes to only 7 tokens\n",
             stderr);
      return 0;
    }
  fprintf (stderr, "calculating perplexity over %s chunks, n_ctx=512, batch_size=2048, n_seq=4\n",
           is_mode ("few-chunks") ? "1" : argument_of (argv, "--chunks"));
  fputs ("some ", out);
  fflush (out);
  if (is_mode ("dies"))
    abort ();
  if (is_mode ("stalls"))
    stand_still ();
  fputs ("bytes", out);
  fclose (out);
  fputs ("llama_perf_context_print:       total time =    1234.50 ms / 16385 tokens\n", stderr);
  return 0;
}

int
main (int argc, char **argv)
{
  g_autofree char *name = g_path_get_basename (argv[0]);
  g_auto (GStrv) environment = g_get_environ ();
  g_autofree char *text = NULL;

  folder = g_path_get_dirname (argv[0]);
  mode = read_text ("mode");
  if (argc == 2 && is_mode ("library"))
    {
      fputs (
          "llama-server: error while loading shared libraries: libllama.so.0: cannot open shared "
          "object file: No such file or directory\n",
          stderr);
      return 127;
    }
  if (argc == 2 && is_mode ("hang-on-help"))
    stand_still ();
  if (argc == 2)
    {
      text = read_text (g_str_equal (argv[1], "--version")        ? "version"
                        : g_str_equal (argv[1], "--list-devices") ? "devices"
                        : g_str_equal (name, "llama-server")      ? "help"
                                                                  : "perplexity-help");
      puts (text);
      return 0;
    }
  write_lines ("arguments", argv);
  write_lines ("environment", environment);
  start_badly ();
  return g_str_equal (name, "llama-server") ? be_server (argv) : be_perplexity (argv);
}
