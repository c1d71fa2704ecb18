/* refract-leaderboard-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <glib/gi18n.h>

#include "compare/refract-table-view.h"
#include "core/refract-json.h"
#include "core/refract-text.h"
#include "core/refract-translate.h"
#include "leaderboard/refract-leaderboard-page.h"
#include "refract-export.h"
#include "refract-page-bar.h"
#include "report/refract-report-widgets.h"

/* Of tables on the page; exports have all. */
#define MAX_TABLES 50

struct _RefractLeaderboardPage
{
  AdwNavigationPage parent_instance;

  AdwWindowTitle *window_title;
  GtkWidget *export_button;
  GtkWidget *filter_button;
  GtkCheckButton *candidates;
  GtkCheckButton *comparable;
  GtkCheckButton *low_confidence;
  GtkDropDown *versions;
  GtkStack *states;
  AdwStatusPage *failure;
  GtkLabel *disclaimer;
  GtkBox *tables;
  AdwPreferencesGroup *notes;
  GPtrArray *note_rows; /* in @notes */

  GPtrArray *reports; /* not changed once read: threads share it */
  guint n_unreadable;
  RefractLeaderboard *leaderboard;
  GCancellable *cancellable;
  guint generation; /* of what is chosen; a ranking of an older one is dropped */
  guint fill_source;
  guint next_table;
};

G_DEFINE_FINAL_TYPE (RefractLeaderboardPage, refract_leaderboard_page, ADW_TYPE_NAVIGATION_PAGE)

/* --- What is shown --- */

static void
clear_tables (RefractLeaderboardPage *self)
{
  GtkWidget *child;

  g_clear_handle_id (&self->fill_source, g_source_remove);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->tables))) != NULL)
    gtk_box_remove (self->tables, child);
  for (guint i = 0; i < self->note_rows->len; i++)
    adw_preferences_group_remove (self->notes, self->note_rows->pdata[i]);
  g_ptr_array_set_size (self->note_rows, 0);
}

static void
add_note (RefractLeaderboardPage *self, const char *text)
{
  g_autofree char *translated = refract_translate (text);
  GtkWidget *row = refract_plain_row_new (translated, NULL);

  g_ptr_array_add (self->note_rows, row);
  adw_preferences_group_add (self->notes, row);
}

/* One table at a time: all at once would be felt. */
static gboolean
fill_cb (gpointer user_data)
{
  RefractLeaderboardPage *self = user_data;
  guint n = MIN (self->leaderboard->tables->len, MAX_TABLES);

  if (self->next_table < n)
    {
      gtk_box_append (self->tables, refract_table_view_new (
                                        self->leaderboard->tables->pdata[self->next_table++]));
      return G_SOURCE_CONTINUE;
    }
  if (self->leaderboard->controls != NULL)
    gtk_box_append (self->tables, refract_table_view_new (self->leaderboard->controls));
  self->fill_source = 0;
  return G_SOURCE_REMOVE;
}

static void
show_notes (RefractLeaderboardPage *self)
{
  guint n_hidden = self->leaderboard->tables->len > MAX_TABLES
                       ? self->leaderboard->tables->len - MAX_TABLES
                       : 0;

  for (guint i = 0; i < self->leaderboard->notes->len; i++)
    add_note (self, self->leaderboard->notes->pdata[i]);
  if (self->n_unreadable > 0)
    {
      g_autofree char *text = g_strdup_printf (
          ngettext ("%u file is no report that can be read.",
                    "%u files are no reports that can be read.", self->n_unreadable),
          self->n_unreadable);

      add_note (self, text);
    }
  if (n_hidden > 0)
    {
      g_autofree char *text
          = g_strdup_printf (ngettext ("%u more table is in what you export.",
                                       "%u more tables are in what you export.", n_hidden),
                             n_hidden);

      add_note (self, text);
    }
  gtk_widget_set_visible (GTK_WIDGET (self->notes), self->note_rows->len > 0);
}

/* @leaderboard: (transfer full) */
static void
show_leaderboard (RefractLeaderboardPage *self, RefractLeaderboard *leaderboard)
{
  gboolean has_rows = leaderboard->tables->len > 0 || leaderboard->controls != NULL;

  clear_tables (self);
  g_clear_pointer (&self->leaderboard, refract_leaderboard_free);
  self->leaderboard = leaderboard;
  self->next_table = 0;
  show_notes (self);
  gtk_stack_set_visible_child_name (self->states, has_rows ? "tables" : "empty");
  gtk_widget_set_sensitive (self->export_button, has_rows);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "leaderboard.export", has_rows);
  self->fill_source = g_idle_add (fill_cb, self);
}

static void
explain (RefractLeaderboardPage *self)
{
  g_autofree char *disclaimer = refract_translate (refract_leaderboard_disclaimer);
  AdwDialog *dialog = adw_alert_dialog_new (_ ("What It Does Not Measure"), disclaimer);

  adw_alert_dialog_add_response (ADW_ALERT_DIALOG (dialog), "close", _ ("_Close"));
  adw_dialog_present (dialog, GTK_WIDGET (self));
}

/* --- Ranking --- */

typedef struct
{
  GPtrArray *reports;
  RefractLeaderboardOptions options;
  char *version;
  guint generation;
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;

  g_ptr_array_unref (request->reports);
  g_free (request->version);
  g_free (request);
}

static void
rank_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const Request *request = task_data;

  g_task_return_pointer (task, refract_leaderboard_new (request->reports, &request->options),
                         (GDestroyNotify) refract_leaderboard_free);
}

static void
ranked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RefractLeaderboardPage *self = REFRACT_LEADERBOARD_PAGE (source);
  const Request *request = g_task_get_task_data (G_TASK (result));
  g_autoptr (RefractLeaderboard) leaderboard = g_task_propagate_pointer (G_TASK (result), NULL);

  if (leaderboard != NULL && request->generation == self->generation)
    show_leaderboard (self, g_steal_pointer (&leaderboard));
}

static void
changed (RefractLeaderboardPage *self)
{
  g_autoptr (GTask) task = NULL;
  guint version = gtk_drop_down_get_selected (self->versions);
  Request *request;

  if (self->reports == NULL)
    return;
  task = g_task_new (self, self->cancellable, ranked, NULL);
  request = g_new0 (Request, 1);
  request->reports = g_ptr_array_ref (self->reports);
  request->generation = ++self->generation;
  if (version > 0)
    request->version = g_strdup (
        gtk_string_object_get_string (gtk_drop_down_get_selected_item (self->versions)));
  request->options = (RefractLeaderboardOptions) {
    .kind = gtk_check_button_get_active (self->candidates) ? REFRACT_LEADERBOARD_CANDIDATES
                                                           : REFRACT_LEADERBOARD_MODELS,
    .version = request->version,
    .comparable = gtk_check_button_get_active (self->comparable),
    .low_confidence = gtk_check_button_get_active (self->low_confidence),
  };
  g_task_set_source_tag (task, changed);
  g_task_set_task_data (task, request, request_free);
  g_task_run_in_thread (task, rank_thread);
}

/* --- Reading --- */

typedef struct
{
  GPtrArray *reports;
  guint n_unreadable;
  GPtrArray *versions; /* sorted */
} Library;

static void
library_free (gpointer data)
{
  Library *library = data;

  g_ptr_array_unref (library->reports);
  g_ptr_array_unref (library->versions);
  g_free (library);
}

/* (transfer full): "0.3.1" and the like, each once, newest first */
static GPtrArray *
list_versions (GPtrArray *reports)
{
  GPtrArray *versions = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < reports->len; i++)
    {
      const char *version = refract_json_get_string (refract_report_get_root (reports->pdata[i]),
                                                     "framework_version", "");

      if (*version != '\0' && strlen (version) <= 20
          && !g_ptr_array_find_with_equal_func (versions, version, g_str_equal, NULL))
        g_ptr_array_add (versions, g_strdup (version));
    }
  g_ptr_array_sort (versions, refract_text_compare);
  return versions;
}

static void
load_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  g_autoptr (GPtrArray) reports = NULL;
  g_autoptr (GPtrArray) unreadable = NULL;
  GError *error = NULL;
  Library *library;

  reports = refract_leaderboard_load_folder (task_data, &unreadable, cancellable, &error);
  if (reports == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  library = g_new0 (Library, 1);
  library->n_unreadable = unreadable->len;
  library->versions = list_versions (reports);
  library->reports = g_steal_pointer (&reports);
  g_task_return_pointer (task, library, library_free);
}

static void
show_failure (RefractLeaderboardPage *self, const GError *error)
{
  gboolean cancelled = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_autofree char *message = cancelled ? NULL : refract_translate (error->message);
  /* A status page's description is markup. */
  g_autofree char *escaped = cancelled ? NULL : g_markup_escape_text (message, -1);

  adw_status_page_set_title (self->failure,
                             cancelled ? _ ("Cancelled") : _ ("The Reports Cannot Be Read"));
  adw_status_page_set_description (self->failure, escaped);
  gtk_stack_set_visible_child_name (self->states, "failure");
}

static void
loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RefractLeaderboardPage *self = REFRACT_LEADERBOARD_PAGE (source);
  g_autoptr (GError) error = NULL;
  Library *library = g_task_propagate_pointer (G_TASK (result), &error);
  g_autofree char *subtitle = NULL;

  if (self->cancellable == NULL) /* the page is gone */
    {
      g_clear_pointer (&library, library_free);
      return;
    }
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "leaderboard.cancel", FALSE);
  if (library == NULL)
    {
      show_failure (self, error);
      return;
    }
  self->reports = g_ptr_array_ref (library->reports);
  self->n_unreadable = library->n_unreadable;
  for (guint i = 0; i < library->versions->len; i++)
    gtk_string_list_append (GTK_STRING_LIST (gtk_drop_down_get_model (self->versions)),
                            library->versions->pdata[i]);
  subtitle = g_strdup_printf (ngettext ("%u Report", "%u Reports", self->reports->len),
                              self->reports->len);
  adw_window_title_set_subtitle (self->window_title, subtitle);
  library_free (library);
  changed (self);
}

static void
cancel_activated (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  g_cancellable_cancel (REFRACT_LEADERBOARD_PAGE (widget)->cancellable);
}

/* --- Export --- */

static const struct
{
  const char *suffix;
  char *(*write) (const RefractLeaderboard *leaderboard);
} writers[] = {
  { "html", refract_leaderboard_to_html },
  { "md", refract_leaderboard_to_markdown },
  { "csv", refract_leaderboard_to_csv },
};

static gboolean
write_text (gpointer data, const char *path, GCancellable *cancellable, GError **error)
{
  return refract_export_write (path, data, error);
}

static void
export_activated (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  RefractLeaderboardPage *self = REFRACT_LEADERBOARD_PAGE (widget);
  const char *suffix = g_variant_get_string (parameter, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (writers); i++)
    if (g_str_equal (suffix, writers[i].suffix))
      {
        g_autofree char *name = g_strdup_printf ("%s.%s", _ ("Leaderboard"), suffix);

        refract_export_ask (widget, _ ("Export Leaderboard"), name, write_text,
                            writers[i].write (self->leaderboard), g_free);
      }
}

/* --- The object --- */

static void
refract_leaderboard_page_dispose (GObject *object)
{
  RefractLeaderboardPage *self = REFRACT_LEADERBOARD_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->fill_source, g_source_remove);
  g_clear_pointer (&self->leaderboard, refract_leaderboard_free);
  g_clear_pointer (&self->reports, g_ptr_array_unref);
  g_clear_pointer (&self->note_rows, g_ptr_array_unref);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_LEADERBOARD_PAGE);

  G_OBJECT_CLASS (refract_leaderboard_page_parent_class)->dispose (object);
}

#define CHILD(name)                                                                                \
  gtk_widget_class_bind_template_child (widget_class, RefractLeaderboardPage, name)

static void
refract_leaderboard_page_class_init (RefractLeaderboardPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = refract_leaderboard_page_dispose;

  gtk_widget_class_install_action (widget_class, "leaderboard.export", "s", export_activated);
  gtk_widget_class_install_action (widget_class, "leaderboard.cancel", NULL, cancel_activated);
  g_type_ensure (REFRACT_TYPE_PAGE_BAR);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               RESOURCE_PATH "/ui/leaderboard-page.ui");
  CHILD (window_title);
  CHILD (export_button);
  CHILD (filter_button);
  CHILD (candidates);
  CHILD (comparable);
  CHILD (low_confidence);
  CHILD (versions);
  CHILD (states);
  CHILD (failure);
  CHILD (disclaimer);
  CHILD (tables);
  CHILD (notes);
  gtk_widget_class_bind_template_callback (widget_class, changed);
  gtk_widget_class_bind_template_callback (widget_class, explain);
}

static void
refract_leaderboard_page_init (RefractLeaderboardPage *self)
{
  g_autofree char *disclaimer = refract_translate (refract_leaderboard_disclaimer);

  gtk_widget_init_template (GTK_WIDGET (self));
  self->cancellable = g_cancellable_new ();
  self->note_rows = g_ptr_array_new ();
  gtk_label_set_label (self->disclaimer, disclaimer);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "leaderboard.export", FALSE);
}

RefractLeaderboardPage *
refract_leaderboard_page_new (const char *folder)
{
  RefractLeaderboardPage *self = g_object_new (REFRACT_TYPE_LEADERBOARD_PAGE, NULL);
  g_autoptr (GTask) task = g_task_new (self, self->cancellable, loaded, NULL);

  g_task_set_source_tag (task, refract_leaderboard_page_new);
  g_task_set_task_data (task, g_strdup (folder), g_free);
  g_task_run_in_thread (task, load_thread);
  return self;
}
