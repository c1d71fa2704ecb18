/* test-report-export.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Every entry of the report's menu that saves something writes its file. */

#include "config.h"

#include <glib/gstdio.h>

#include "../data-fixture.h"
#include "app-fixture.h"
#include "app-shot.h"
#include "core/refract-json.h"
#include "report/refract-report-export.h"
#include "report/refract-report-page.h"
#include "widget-fixture.h"

#define WAIT 120 /* seconds: the bundle has the engine test itself */

/* How a file of each form begins. */
static const struct
{
  const char *form;
  const char *beginning;
} forms[] = {
  { "json", "{\n" },   { "html", "<!DOCTYPE html>" },
  { "markdown", "#" }, { "model-index", "model-index:" },
  { "csv", "axis," },  { "badge", "<svg" },
  { "bundle", "PK" },
};

/* Targets of "report.export" below @model, into @found. */
static void
collect_forms (GMenuModel *model, GPtrArray *found)
{
  for (int i = 0; i < g_menu_model_get_n_items (model); i++)
    {
      g_autoptr (GMenuLinkIter) links = g_menu_model_iterate_item_links (model, i);
      g_autofree char *action = NULL;
      g_autofree char *target = NULL;

      if (g_menu_model_get_item_attribute (model, i, "action", "s", &action)
          && g_str_equal (action, "report.export")
          && g_menu_model_get_item_attribute (model, i, "target", "s", &target))
        g_ptr_array_add (found, g_steal_pointer (&target));
      else if (g_strcmp0 (action, "report.save-json") == 0)
        g_ptr_array_add (found, g_strdup ("json"));
      while (g_menu_link_iter_next (links))
        {
          g_autoptr (GMenuModel) linked = g_menu_link_iter_get_value (links);

          collect_forms (linked, found);
        }
    }
}

static gboolean
has_report_menu (GtkWidget *widget, gconstpointer data)
{
  return GTK_IS_MENU_BUTTON (widget)
         && g_strcmp0 (gtk_widget_get_tooltip_text (widget), "Report Menu") == 0;
}

typedef struct
{
  RefractWindow *window;
  const char *text;
} Wanted;

static gboolean
is_said (gpointer data)
{
  const Wanted *wanted = data;

  return widget_shows (wanted->window, wanted->text);
}

static void
test_every_entry (void)
{
  g_autofree char *folder = g_dir_make_tmp ("refract-export-XXXXXX", NULL);
  g_autoptr (RefractReport) report = load_report ("full-demo-q4_0.refract.json");
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  RefractWindow *window = app_fixture_open_window ();
  RefractReportPage *page = refract_report_page_new (report);

  refract_window_set_page (window, ADW_NAVIGATION_PAGE (page));
  app_shot_settle (GTK_WIDGET (window));
  collect_forms (
      gtk_menu_button_get_menu_model (GTK_MENU_BUTTON (widget_find (page, has_report_menu, NULL))),
      found);
  g_assert_cmpuint (found->len, ==, G_N_ELEMENTS (forms));
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_autofree char *name = g_strdup_printf ("%s.out", forms[i].form);
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *said = g_strdup_printf ("Saved “%s”", name);
      g_autofree char *text = NULL;
      g_autoptr (GFile) file = g_file_new_for_path (path);
      Wanted wanted = { window, said };

      g_assert_true (g_ptr_array_find_with_equal_func (found, forms[i].form, g_str_equal, NULL));
      refract_report_export_to_file (GTK_WIDGET (page), report, forms[i].form, TRUE, file);
      app_fixture_wait (is_said, &wanted, WAIT);
      g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
      if (!g_str_has_prefix (text, forms[i].beginning))
        g_error ("%s begins with “%.20s”", forms[i].form, text);
      g_unlink (path);
    }
  app_fixture_close_window (window);
  g_rmdir (folder);
}

/* What is saved as JSON is the report, and a place that cannot be written to is said. */
static void
test_json_and_failure (void)
{
  g_autofree char *folder = g_dir_make_tmp ("refract-export-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "a.json", NULL);
  g_autoptr (RefractReport) report = load_report ("legacy/v0.3.1-skipped-llama4.json");
  g_autoptr (RefractReport) again = NULL;
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFile) nowhere = g_file_new_for_path ("/nonexistent/a.html");
  g_autofree char *before = refract_json_to_text (refract_report_get_root (report), FALSE);
  g_autofree char *after = NULL;
  RefractWindow *window = app_fixture_open_window ();
  RefractReportPage *page = refract_report_page_new (report);
  Wanted saved = { window, "Saved “a.json”" };
  Wanted failed = { window, "The file was not saved" };

  refract_window_set_page (window, ADW_NAVIGATION_PAGE (page));
  refract_report_export_to_file (GTK_WIDGET (page), report, "json", FALSE, file);
  app_fixture_wait (is_said, &saved, WAIT);
  again = refract_report_load (path, NULL);
  after = refract_json_to_text (refract_report_get_root (again), FALSE);
  g_assert_cmpstr (after, ==, before);
  refract_report_export_to_file (GTK_WIDGET (page), report, "html", FALSE, nowhere);
  app_fixture_wait (is_said, &failed, WAIT);
  app_fixture_close_window (window);
  g_unlink (path);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  app_fixture_init (&argc, &argv);
  g_test_add_func ("/report-export/every-entry", test_every_entry);
  g_test_add_func ("/report-export/json-and-failure", test_json_and_failure);
  return app_fixture_run ();
}
