/* test-fetch.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* The wizard's download, from a server in the same process. */

#include "config.h"

#include <string.h>

#include <glib/gstdio.h>
#include <libsoup/soup.h>

#include "app-fixture.h"
#include "app-shot.h"
#include "core/refract-data.h"
#include "core/refract-fetch.h"
#include "preferences/refract-preferences-dialog.h"
#include "wizard/refract-fetch-row.h"

#define WAIT 30
#define BODY_BYTES 200000
#define FIRST_BYTES 120000

typedef struct
{
  SoupServer *server;
  gboolean cut;  /* sends FIRST_BYTES and then nothing more */
  guint n_asked; /* requests */
  char *range;   /* of the last one */
  char *body;    /* BODY_BYTES */
  RefractPlan *plan;
  RefractFetchRow *row;
  GtkWindow *window;
} Fixture;

static void
handler (SoupServer *server,
         SoupServerMessage *message,
         const char *path,
         GHashTable *query,
         gpointer user_data)
{
  Fixture *self = user_data;
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  SoupMessageBody *body = soup_server_message_get_response_body (message);
  goffset start = 0;
  g_autofree char *content_range = NULL;

  self->n_asked++;
  g_free (self->range);
  self->range = g_strdup (
      soup_message_headers_get_one (soup_server_message_get_request_headers (message), "Range"));
  if (self->range != NULL)
    start = atoi (self->range + strlen ("bytes="));
  content_range = g_strdup_printf ("bytes %d-%d/%d", (int) start, BODY_BYTES - 1, BODY_BYTES);
  if (start > 0)
    soup_message_headers_replace (headers, "Content-Range", content_range);
  soup_server_message_set_status (message, start > 0 ? SOUP_STATUS_PARTIAL_CONTENT : SOUP_STATUS_OK,
                                  NULL);
  soup_message_headers_set_content_length (headers, BODY_BYTES - start);
  soup_message_body_append (body, SOUP_MEMORY_STATIC, self->body + start,
                            (self->cut ? FIRST_BYTES : BODY_BYTES) - start);
  if (!self->cut)
    soup_message_body_complete (body);
}

/* (transfer full): in the cache */
static char *
part_path (void)
{
  return g_build_filename (refract_fetch_get_folder (), "wikitext-2-raw-v1.zip.part", NULL);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  GSettings *settings = refract_application_get_settings (app_fixture);
  g_autofree char *corpus = refract_data_dup_path ("demo/corpus.txt");
  g_autofree char *part = part_path ();
  g_autofree char *url = NULL;
  g_autoptr (GError) error = NULL;
  g_autoslist (GUri) uris = NULL;
  GtkWidget *list;

  g_unlink (part);
  self->body = g_malloc (BODY_BYTES);
  memset (self->body, 'x', BODY_BYTES);
  self->server = soup_server_new (NULL, NULL);
  soup_server_add_handler (self->server, NULL, handler, self, NULL);
  soup_server_listen_local (self->server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error);
  g_assert_no_error (error);
  uris = soup_server_get_uris (self->server);
  url = g_uri_to_string (uris->data);
  g_settings_set_string (settings, "wikitext-url", url);
  g_settings_set_string (settings, "prompts-url", url);

  self->plan = refract_plan_new ();
  g_object_set (self->plan, "corpus", corpus, "prompts", "/own/prompts.jsonl", NULL);
  self->row = g_object_new (REFRACT_TYPE_FETCH_ROW, NULL);
  refract_fetch_row_set_plan (self->row, self->plan);
  list = gtk_list_box_new ();
  gtk_widget_add_css_class (list, "boxed-list");
  gtk_list_box_append (GTK_LIST_BOX (list), GTK_WIDGET (self->row));
  self->window = app_shot_present (list, &APP_SHOT_NARROW);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  GSettings *settings = refract_application_get_settings (app_fixture);

  g_settings_reset (settings, "wikitext-url");
  g_settings_reset (settings, "prompts-url");
  gtk_window_destroy (self->window);
  g_clear_object (&self->plan);
  soup_server_disconnect (self->server);
  g_clear_object (&self->server);
  g_free (self->range);
  g_free (self->body);
}

static gpointer
child (Fixture *self, const char *name)
{
  return gtk_widget_get_template_child (GTK_WIDGET (self->row), REFRACT_TYPE_FETCH_ROW, name);
}

static const char *
get_status (Fixture *self)
{
  return gtk_label_get_label (child (self, "status_label"));
}

static gboolean
has_ended (gpointer row)
{
  return !refract_fetch_row_is_running (row);
}

static gboolean
is_half_way (gpointer data)
{
  double fraction = gtk_progress_bar_get_fraction (child (data, "progress_bar"));

  return fraction > 0.5 && fraction < 0.7;
}

/* Stopped in the middle, then gone on with; what came is another text, which is said. */
static void
test_stop_and_go_on (Fixture *self, gconstpointer data)
{
  g_autofree char *part = part_path ();
  g_autofree char *wanted = NULL;
  GStatBuf info;

  g_assert_cmpstr (get_status (self), ==, "Not on this machine.");
  g_assert_cmpstr (gtk_button_get_label (child (self, "button")), ==, "_Download…");
  self->cut = TRUE;
  refract_fetch_row_start (self->row, FALSE);
  app_fixture_wait (is_half_way, self, WAIT);
  g_assert_true (g_str_has_prefix (get_status (self), "Downloading WikiText-2, 120"));
  app_shot_write (GTK_WIDGET (self->row), "fetch-running");
  g_assert_cmpstr (gtk_button_get_label (child (self, "button")), ==, "_Stop");
  g_signal_emit_by_name (child (self, "button"), "clicked");
  app_fixture_wait (has_ended, self->row, WAIT);
  g_assert_true (g_str_has_prefix (get_status (self), "Stopped."));
  g_assert_cmpint (g_stat (part, &info), ==, 0);
  g_assert_cmpint (info.st_size, ==, FIRST_BYTES);

  self->cut = FALSE;
  refract_fetch_row_start (self->row, FALSE);
  app_fixture_wait (has_ended, self->row, WAIT);
  wanted = g_strdup_printf ("bytes=%d-", FIRST_BYTES);
  g_assert_cmpstr (self->range, ==, wanted);
  g_assert_nonnull (strstr (get_status (self), "not what was wanted"));
  g_assert_cmpint (g_stat (part, &info), !=, 0);
  g_assert_cmpstr (gtk_button_get_label (child (self, "button")), ==, "_Download…");
  app_shot_write (GTK_WIDGET (self->row), "fetch-refused");
}

static GtkWidget *
get_dialog (Fixture *self)
{
  AdwDialog *dialog
      = ADW_IS_WINDOW (self->window)
            ? adw_window_get_visible_dialog (ADW_WINDOW (self->window))
            : adw_application_window_get_visible_dialog (ADW_APPLICATION_WINDOW (self->window));

  return dialog != NULL ? GTK_WIDGET (dialog) : NULL;
}

static GtkWidget *
find_button (GtkWidget *widget, const char *label)
{
  if (GTK_IS_BUTTON (widget) && g_strcmp0 (gtk_button_get_label (GTK_BUTTON (widget)), label) == 0)
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_button (child, label);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static gboolean
was_asked (gpointer data)
{
  return ((Fixture *) data)->n_asked == 1;
}

/* Never without asking: what, from where, how large, where to. */
static void
test_asks (Fixture *self, gconstpointer data)
{
  AdwAlertDialog *dialog;
  const char *body;

  g_signal_emit_by_name (child (self, "button"), "clicked");
  app_shot_settle (GTK_WIDGET (self->window));
  dialog = ADW_ALERT_DIALOG (get_dialog (self));
  g_assert_nonnull (dialog);
  body = adw_alert_dialog_get_body (dialog);
  g_assert_nonnull (strstr (body, "WikiText-2"));
  g_assert_nonnull (strstr (body, "http://127.0.0.1"));
  g_assert_nonnull (strstr (body, "5 MB"));
  g_assert_nonnull (strstr (body, refract_fetch_get_folder ()));
  app_shot_write (GTK_WIDGET (self->window), "fetch-asks");
  g_assert_cmpuint (self->n_asked, ==, 0);
  adw_dialog_force_close (ADW_DIALOG (dialog));
  app_shot_settle (GTK_WIDGET (self->window));
  g_assert_cmpuint (self->n_asked, ==, 0);
  g_assert_false (refract_fetch_row_is_running (self->row));

  g_signal_emit_by_name (child (self, "button"), "clicked");
  app_shot_settle (GTK_WIDGET (self->window));
  dialog = ADW_ALERT_DIALOG (get_dialog (self));
  g_signal_emit_by_name (find_button (GTK_WIDGET (dialog), "_Download"), "clicked");
  app_fixture_wait (was_asked, self, WAIT);
  app_fixture_wait (has_ended, self->row, WAIT);
}

static void
write_text (const char *name)
{
  g_autofree char *path = g_build_filename (refract_fetch_get_folder (), name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (refract_fetch_get_folder (), 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, "text", -1, NULL));
}

static void
remove_text (const char *name)
{
  g_autofree char *path = g_build_filename (refract_fetch_get_folder (), name, NULL);

  g_unlink (path);
}

/* What is there already is not fetched; a person's own texts are replaced only when asked for. */
static void
test_use (Fixture *self, gconstpointer data)
{
  g_autofree char *test = g_build_filename (refract_fetch_get_folder (), "wiki.test.raw", NULL);

  write_text (REFRACT_WIKITEXT_TEST);
  write_text (REFRACT_WIKITEXT_TRAIN);
  write_text (REFRACT_OWN_PROMPTS);
  refract_fetch_row_start (self->row, FALSE);
  app_fixture_wait (has_ended, self->row, WAIT);
  g_assert_cmpuint (self->n_asked, ==, 0);
  g_assert_cmpstr (refract_plan_get_string (self->plan, "corpus"), ==, test);
  g_assert_cmpstr (refract_plan_get_string (self->plan, "prompts"), ==, "/own/prompts.jsonl");
  g_assert_cmpstr (get_status (self), ==, "They are on this machine.");
  g_assert_cmpstr (gtk_button_get_label (child (self, "button")), ==, "_Use Them");
  g_signal_emit_by_name (child (self, "button"), "clicked");
  g_assert_cmpstr (refract_plan_get_string (self->plan, "prompts"), !=, "/own/prompts.jsonl");
  g_assert_cmpstr (get_status (self), ==, "They are on this machine, and used.");
  g_assert_false (gtk_widget_get_visible (child (self, "button")));
  remove_text (REFRACT_WIKITEXT_TEST);
  remove_text (REFRACT_WIKITEXT_TRAIN);
  remove_text (REFRACT_OWN_PROMPTS);
}

/* Nothing answers there. */
static void
test_no_server (Fixture *self, gconstpointer data)
{
  soup_server_disconnect (self->server);
  refract_fetch_row_start (self->row, TRUE);
  app_fixture_wait (has_ended, self->row, WAIT);
  g_assert_nonnull (strstr (get_status (self), "http://127.0.0.1"));
}

/* The page is gone before the download is. */
static void
test_left (Fixture *self, gconstpointer data)
{
  gpointer row = self->row;

  self->cut = TRUE;
  refract_fetch_row_start (self->row, FALSE);
  app_fixture_wait (is_half_way, self, WAIT);
  g_object_add_weak_pointer (row, &row);
  refract_fetch_row_stop (self->row);
  gtk_window_destroy (self->window);
  for (guint i = 0; i < 10000 && row != NULL; i++)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  g_assert_null (row);
  self->window = GTK_WINDOW (gtk_window_new ());
}

/* The addresses of the preferences are what is asked. */
static void
test_preferences (Fixture *self, gconstpointer data)
{
  GSettings *settings = refract_application_get_settings (app_fixture);
  GtkWidget *dialog = GTK_WIDGET (refract_preferences_dialog_new (settings));
  GtkWindow *window = app_shot_present (dialog, &APP_SHOT_WIDE);
  GtkEditable *row = GTK_EDITABLE (
      gtk_widget_get_template_child (dialog, G_OBJECT_TYPE (dialog), "wikitext_url_row"));

  gtk_editable_set_text (row, "no address");
  refract_fetch_row_start (self->row, FALSE);
  app_fixture_wait (has_ended, self->row, WAIT);
  g_assert_nonnull (strstr (get_status (self), "“no address” is not an address"));
  gtk_window_destroy (window);
}

static void
add (const char *path, void (*test) (Fixture *self, gconstpointer data))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  /* What GTK calls its test backend cannot announce (4.24): it would crash. */
  g_setenv ("GTK_A11Y", "none", TRUE);
  app_fixture_init (&argc, &argv);
  add ("/fetch/stop-and-go-on", test_stop_and_go_on);
  add ("/fetch/asks", test_asks);
  add ("/fetch/use", test_use);
  add ("/fetch/no-server", test_no_server);
  add ("/fetch/left", test_left);
  add ("/fetch/preferences", test_preferences);
  return app_fixture_run ();
}
