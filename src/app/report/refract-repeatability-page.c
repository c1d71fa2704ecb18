/* refract-repeatability-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "compare/refract-table-view.h"
#include "core/refract-json.h"
#include "refract-export.h"
#include "refract-page-bar.h"
#include "report/refract-repeatability-page.h"
#include "report/refract-report-widgets.h"

struct _RefractRepeatabilityPage
{
  AdwNavigationPage parent_instance;

  AdwWindowTitle *window_title;
  AdwPreferencesGroup *verdicts;
  AdwBin *table;
  GtkWidget *report_button;

  GPtrArray *candidates;
  char *report_id;
};

G_DEFINE_FINAL_TYPE (RefractRepeatabilityPage, refract_repeatability_page, ADW_TYPE_NAVIGATION_PAGE)

/* --- What is shown --- */

static void
add_verdict (RefractRepeatabilityPage *self, const RefractRepeatability *candidate)
{
  static const struct
  {
    const char *word;
    const char *icon;
    const char *css_class;
  } verdicts[] = {
    { N_ ("Stable"), "object-select-symbolic", "success" },
    { N_ ("Noisy"), "dialog-warning-symbolic", "warning" },
    { N_ ("Unstable"), "dialog-error-symbolic", "error" },
  };
  gboolean is_judged = candidate->composite.n > 1;
  g_autofree char *sentence = refract_repeatability_dup_sentence (candidate);
  g_autofree char *title = is_judged ? g_strdup_printf ("%s · %s", candidate->label,
                                                        _ (verdicts[candidate->stability].word))
                                     : g_strdup (candidate->label);
  GtkWidget *row = refract_plain_row_new (title, sentence);

  if (is_judged)
    {
      GtkWidget *icon
          = g_object_new (GTK_TYPE_IMAGE, "icon-name", verdicts[candidate->stability].icon,
                          "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);

      gtk_widget_add_css_class (icon, verdicts[candidate->stability].css_class);
      adw_action_row_add_prefix (ADW_ACTION_ROW (row), icon);
    }
  adw_preferences_group_add (self->verdicts, row);
}

/* --- Export --- */

static char *
to_json (GPtrArray *candidates)
{
  g_autoptr (JsonObject) root = refract_repeatability_to_json (candidates);

  return refract_json_to_text (root, TRUE);
}

static char *
to_csv (GPtrArray *candidates)
{
  g_autoptr (RefractTable) table = refract_repeatability_make_table (candidates);

  return refract_table_to_csv (table);
}

typedef char *(*Writer) (GPtrArray *candidates);

static const struct
{
  const char *suffix;
  Writer write;
} writers[] = {
  { "json", to_json },
  { "md", refract_repeatability_to_markdown },
  { "csv", to_csv },
};

typedef struct
{
  GPtrArray *candidates;
  Writer write;
} Output;

static void
output_free (gpointer data)
{
  g_ptr_array_unref (((Output *) data)->candidates);
  g_free (data);
}

static gboolean
write_output (gpointer data, const char *path, GCancellable *cancellable, GError **error)
{
  const Output *output = data;
  g_autofree char *text = output->write (output->candidates);

  return refract_export_write (path, text, error);
}

static void
export_activated (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  RefractRepeatabilityPage *self = REFRACT_REPEATABILITY_PAGE (widget);
  const char *suffix = g_variant_get_string (parameter, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (writers); i++)
    if (g_str_equal (suffix, writers[i].suffix))
      {
        g_autofree char *name
            = g_strdup_printf ("%s %s.%s", adw_window_title_get_subtitle (self->window_title),
                               _ ("Repeatability"), suffix);
        Output *output = g_new (Output, 1);

        output->candidates = g_ptr_array_ref (self->candidates);
        output->write = writers[i].write;
        refract_export_ask (widget, _ ("Export Repeatability"), name, write_output, output,
                            output_free);
      }
}

static void
copy_activated (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  g_autofree char *text
      = refract_repeatability_to_markdown (REFRACT_REPEATABILITY_PAGE (widget)->candidates);

  refract_report_copy (widget, text, _ ("Copied as Markdown"));
}

static void
report_activated (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  gtk_widget_activate_action (widget, "app.show-report", "s",
                              REFRACT_REPEATABILITY_PAGE (widget)->report_id);
}

/* --- The object --- */

static void
refract_repeatability_page_dispose (GObject *object)
{
  RefractRepeatabilityPage *self = REFRACT_REPEATABILITY_PAGE (object);

  g_clear_pointer (&self->candidates, g_ptr_array_unref);
  g_clear_pointer (&self->report_id, g_free);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_REPEATABILITY_PAGE);

  G_OBJECT_CLASS (refract_repeatability_page_parent_class)->dispose (object);
}

static void
refract_repeatability_page_class_init (RefractRepeatabilityPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_repeatability_page_dispose;

  gtk_widget_class_install_action (widget_class, "repeatability.export", "s", export_activated);
  gtk_widget_class_install_action (widget_class, "repeatability.copy", NULL, copy_activated);
  gtk_widget_class_install_action (widget_class, "repeatability.report", NULL, report_activated);
  g_type_ensure (REFRACT_TYPE_PAGE_BAR);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               RESOURCE_PATH "/ui/repeatability-page.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractRepeatabilityPage, window_title);
  gtk_widget_class_bind_template_child (widget_class, RefractRepeatabilityPage, verdicts);
  gtk_widget_class_bind_template_child (widget_class, RefractRepeatabilityPage, table);
  gtk_widget_class_bind_template_child (widget_class, RefractRepeatabilityPage, report_button);
}

static void
refract_repeatability_page_init (RefractRepeatabilityPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

RefractRepeatabilityPage *
refract_repeatability_page_new (GPtrArray *candidates, const char *model, const char *report_id)
{
  RefractRepeatabilityPage *self = g_object_new (REFRACT_TYPE_REPEATABILITY_PAGE, NULL);
  g_autoptr (RefractTable) table = refract_repeatability_make_table (candidates);

  self->candidates = g_ptr_array_ref (candidates);
  self->report_id = g_strdup (report_id);
  adw_window_title_set_subtitle (self->window_title, model);
  gtk_widget_set_visible (self->report_button, report_id != NULL);
  for (guint i = 0; i < candidates->len; i++)
    add_verdict (self, candidates->pdata[i]);
  adw_bin_set_child (self->table, refract_table_view_new (table));
  return self;
}
