/* refract-compare-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "charts/refract-chart-card.h"
#include "charts/refract-chart-comparison.h"
#include "compare/refract-compare-page.h"
#include "compare/refract-table-view.h"
#include "core/refract-translate.h"
#include "refract-export.h"
#include "refract-page-bar.h"
#include "report/refract-report-widgets.h"

/* Of differences that are named one by one */
#define MAX_WARNINGS 50

struct _RefractComparePage
{
  AdwNavigationPage parent_instance;

  AdwWindowTitle *window_title;
  GtkWidget *menu_button;
  AdwBanner *banner;
  GtkStack *states;
  AdwStatusPage *failure;
  GtkScrolledWindow *scroller;
  GtkBox *content;

  RefractComparison *comparison;
  GCancellable *cancellable;
  guint fill_source;
  guint next_part;
};

G_DEFINE_FINAL_TYPE (RefractComparePage, refract_compare_page, ADW_TYPE_NAVIGATION_PAGE)

/* --- Parts of the page --- */

static void
add (RefractComparePage *self, GtkWidget *widget)
{
  gtk_box_append (self->content, widget);
}

static void
add_table (RefractComparePage *self, const RefractTable *table)
{
  if (table->rows->len > 0)
    add (self, refract_table_view_new (table));
}

static void
add_warnings (RefractComparePage *self)
{
  GPtrArray *warnings = self->comparison->warnings;
  GtkWidget *group;

  if (warnings->len == 0)
    return;
  group = adw_preferences_group_new ();
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (group), _ ("Not the Same in All"));
  for (guint i = 0; i < MIN (warnings->len, MAX_WARNINGS); i++)
    {
      g_autofree char *warning = refract_translate (warnings->pdata[i]);
      GtkWidget *row = refract_plain_row_new (warning, NULL);
      GtkWidget *icon = g_object_new (GTK_TYPE_IMAGE, "icon-name", "dialog-warning-symbolic",
                                      "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);

      gtk_widget_add_css_class (icon, "warning");
      adw_action_row_add_prefix (ADW_ACTION_ROW (row), icon);
      adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), row);
    }
  add (self, group);
}

static RefractScene *
make_scores (gpointer data, double width, double text_scale)
{
  return refract_chart_compare_scores_new (data, width, text_scale);
}

static RefractScene *
make_memory (gpointer data, double width, double text_scale)
{
  return refract_chart_compare_memory_new (data, width, text_scale);
}

static RefractScene *
make_speed (gpointer data, double width, double text_scale)
{
  return refract_chart_compare_speed_new (data, width, text_scale);
}

static void
add_chart (RefractComparePage *self, RefractSceneFunc maker, gpointer data, GDestroyNotify destroy)
{
  GtkWidget *card = g_object_new (REFRACT_TYPE_CHART_CARD, NULL);

  refract_chart_card_set_maker (REFRACT_CHART_CARD (card), maker, data, destroy);
  add (self, card);
}

static void
add_comparison_chart (RefractComparePage *self, RefractSceneFunc maker)
{
  add_chart (self, maker, refract_comparison_ref (self->comparison),
             (GDestroyNotify) refract_comparison_unref);
}

/* A map of one report against the first. */
typedef struct
{
  RefractComparison *comparison;
  guint index;
} Map;

static void
map_free (gpointer data)
{
  refract_comparison_unref (((Map *) data)->comparison);
  g_free (data);
}

static RefractScene *
make_map (gpointer data, double width, double text_scale)
{
  const Map *map = data;

  return refract_chart_compare_rniah_new (map->comparison, map->index, width, text_scale);
}

static void
add_scores (RefractComparePage *self)
{
  add_comparison_chart (self, make_scores);
}

static void
add_metrics (RefractComparePage *self)
{
  add_table (self, self->comparison->metrics);
}

static void
add_differences (RefractComparePage *self)
{
  add_table (self, self->comparison->differences);
}

/* Two builds of one plan: what changed by more than chance. */
static void
add_items (RefractComparePage *self)
{
  GtkWidget *row, *list;

  if (self->comparison->items == NULL)
    return;
  add_table (self, self->comparison->items);
  if (self->comparison->items->rows->len > 0)
    return;
  list = gtk_list_box_new ();
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  row = refract_plain_row_new (_ ("No prompt, chunk or cell changed by more than chance."), NULL);
  gtk_list_box_append (GTK_LIST_BOX (list), row);
  add (self, list);
}

static void
add_scatters (RefractComparePage *self)
{
  add_comparison_chart (self, make_memory);
  add_comparison_chart (self, make_speed);
}

static void
add_maps (RefractComparePage *self)
{
  for (guint i = 1; i < self->comparison->reports->len; i++)
    {
      Map *map = g_new (Map, 1);

      map->comparison = refract_comparison_ref (self->comparison);
      map->index = i;
      add_chart (self, make_map, map, map_free);
    }
}

static void
add_prompts (RefractComparePage *self)
{
  add_table (self, self->comparison->prompts);
}

/* One at a time: all of them at once would be felt. */
static void (*const parts[]) (RefractComparePage *)
    = { add_warnings, add_scores,   add_metrics, add_differences,
        add_items,    add_scatters, add_maps,    add_prompts };

static gboolean
fill_cb (gpointer user_data)
{
  RefractComparePage *self = user_data;

  parts[self->next_part++](self);
  if (self->next_part < G_N_ELEMENTS (parts))
    return G_SOURCE_CONTINUE;
  self->fill_source = 0;
  return G_SOURCE_REMOVE;
}

static void
show_comparison (RefractComparePage *self)
{
  guint n = self->comparison->reports->len, n_warnings = self->comparison->warnings->len;
  g_autofree char *subtitle = g_strdup_printf (ngettext ("%u Report", "%u Reports", n), n);

  adw_window_title_set_subtitle (self->window_title, subtitle);
  if (n_warnings > 0)
    {
      g_autofree char *title
          = g_strdup_printf (ngettext ("%u thing that moves scores is not the same",
                                       "%u things that move scores are not the same", n_warnings),
                             n_warnings);

      adw_banner_set_title (self->banner, title);
      adw_banner_set_revealed (self->banner, TRUE);
    }
  gtk_widget_set_sensitive (self->menu_button, TRUE);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "compare.export", TRUE);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "compare.copy", TRUE);
  gtk_stack_set_visible_child_name (self->states, "comparison");
  self->fill_source = g_idle_add (fill_cb, self);
}

static void
show_warnings (RefractComparePage *self)
{
  gtk_adjustment_set_value (gtk_scrolled_window_get_vadjustment (self->scroller), 0);
}

/* --- Reading --- */

static void
load_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GPtrArray *paths = task_data;
  g_autoptr (GPtrArray) reports = NULL;
  RefractComparison *comparison;
  GError *error = NULL;

  reports = refract_report_load_all (paths, REFRACT_REPORT_NUMBERS, cancellable, &error);
  if (reports == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  comparison = refract_comparison_new (reports, &error);
  if (comparison != NULL)
    g_task_return_pointer (task, comparison, (GDestroyNotify) refract_comparison_unref);
  else
    g_task_return_error (task, error);
}

static void
loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RefractComparePage *self = REFRACT_COMPARE_PAGE (source);
  g_autoptr (GError) error = NULL;
  g_autofree char *message = NULL;
  g_autofree char *escaped = NULL;

  self->comparison = g_task_propagate_pointer (G_TASK (result), &error);
  if (self->comparison != NULL)
    {
      show_comparison (self);
      return;
    }
  /* The page is gone. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  /* A status page's description is markup. */
  message = refract_translate (error->message);
  escaped = g_markup_escape_text (message, -1);
  adw_status_page_set_description (self->failure, escaped);
  gtk_stack_set_visible_child_name (self->states, "failure");
}

/* --- Export --- */

typedef char *(*Writer) (const RefractComparison *comparison);

static const struct
{
  const char *suffix;
  Writer write;
} writers[] = {
  { "html", refract_comparison_to_html },
  { "md", refract_comparison_to_markdown },
  { "csv", refract_comparison_to_csv },
};

typedef struct
{
  RefractComparison *comparison;
  Writer write;
} Output;

static void
output_free (gpointer data)
{
  refract_comparison_unref (((Output *) data)->comparison);
  g_free (data);
}

static gboolean
write_output (gpointer data, const char *path, GCancellable *cancellable, GError **error)
{
  const Output *output = data;
  g_autofree char *text = output->write (output->comparison);

  return refract_export_write (path, text, error);
}

static void
export_activated (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  RefractComparePage *self = REFRACT_COMPARE_PAGE (widget);
  const char *suffix = g_variant_get_string (parameter, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (writers); i++)
    if (g_str_equal (suffix, writers[i].suffix))
      {
        g_autofree char *name = g_strdup_printf ("%s.%s", _ ("Comparison"), suffix);
        Output *output = g_new (Output, 1);

        output->comparison = refract_comparison_ref (self->comparison);
        output->write = writers[i].write;
        refract_export_ask (widget, _ ("Export Comparison"), name, write_output, output,
                            output_free);
      }
}

static void
copy_activated (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  g_autofree char *text
      = refract_comparison_to_markdown (REFRACT_COMPARE_PAGE (widget)->comparison);

  refract_report_copy (widget, text, _ ("Copied the comparison"));
}

/* --- The object --- */

static void
refract_compare_page_dispose (GObject *object)
{
  RefractComparePage *self = REFRACT_COMPARE_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->fill_source, g_source_remove);
  g_clear_pointer (&self->comparison, refract_comparison_unref);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_COMPARE_PAGE);

  G_OBJECT_CLASS (refract_compare_page_parent_class)->dispose (object);
}

static void
refract_compare_page_class_init (RefractComparePageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = refract_compare_page_dispose;

  gtk_widget_class_install_action (widget_class, "compare.export", "s", export_activated);
  gtk_widget_class_install_action (widget_class, "compare.copy", NULL, copy_activated);
  g_type_ensure (REFRACT_TYPE_PAGE_BAR);
  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/compare-page.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractComparePage, window_title);
  gtk_widget_class_bind_template_child (widget_class, RefractComparePage, menu_button);
  gtk_widget_class_bind_template_child (widget_class, RefractComparePage, banner);
  gtk_widget_class_bind_template_child (widget_class, RefractComparePage, states);
  gtk_widget_class_bind_template_child (widget_class, RefractComparePage, failure);
  gtk_widget_class_bind_template_child (widget_class, RefractComparePage, scroller);
  gtk_widget_class_bind_template_child (widget_class, RefractComparePage, content);
  gtk_widget_class_bind_template_callback (widget_class, show_warnings);
}

static void
refract_compare_page_init (RefractComparePage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->cancellable = g_cancellable_new ();
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "compare.export", FALSE);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "compare.copy", FALSE);
}

RefractComparePage *
refract_compare_page_new (GPtrArray *paths)
{
  RefractComparePage *self = g_object_new (REFRACT_TYPE_COMPARE_PAGE, NULL);
  g_autoptr (GTask) task = g_task_new (self, self->cancellable, loaded, NULL);
  GPtrArray *copy = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < paths->len; i++)
    g_ptr_array_add (copy, g_strdup (paths->pdata[i]));
  g_task_set_source_tag (task, refract_compare_page_new);
  g_task_set_task_data (task, copy, (GDestroyNotify) g_ptr_array_unref);
  g_task_run_in_thread (task, load_thread);
  return self;
}

RefractComparison *
refract_compare_page_get_comparison (RefractComparePage *self)
{
  g_return_val_if_fail (REFRACT_IS_COMPARE_PAGE (self), NULL);

  return self->comparison;
}
