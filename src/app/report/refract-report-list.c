/* refract-report-list.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include <glib/gi18n.h>

#include "report/refract-report-list.h"
#include "report/refract-report-row.h"
#include "report/refract-report-widgets.h"

#define FIRST_ROWS 25
#define MORE_ROWS 50
#define ROWS_PER_STEP 5 /* that are made at once */
/* Fewer rows are seen at a glance. */
#define SEARCH_FROM 8

typedef enum
{
  ORDER_REPORT,
  ORDER_NUMBER,
  ORDER_TITLE,
  ORDER_GROUP,
} Order;

struct _RefractReportList
{
  GtkBox parent_instance;

  char *number_title; /* what the items' number is, as an order */
  char *group_title;
  char *needle; /* casefolded */

  GtkFilterListModel *filtered;
  GtkSortListModel *sorted;
  GtkSliceListModel *shown;
  GtkCustomFilter *filter;
  GtkCustomSorter *sorter;

  GtkWidget *tools;
  GtkSearchEntry *search;
  GtkDropDown *order;
  GtkStringList *orders;
  GtkListBox *list;
  GtkWidget *nothing;
  GtkWidget *more;
};

enum
{
  PROP_0,
  PROP_NUMBER_TITLE,
  PROP_GROUP_TITLE,
  N_PROPS
};

enum
{
  ACTIVATED,
  N_SIGNALS
};

G_DEFINE_FINAL_TYPE (RefractReportList, refract_report_list, GTK_TYPE_BOX)

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

static gboolean
match_item (gpointer item, gpointer user_data)
{
  RefractReportList *self = user_data;

  return self->needle == NULL || refract_report_item_matches (item, self->needle);
}

static int
compare_numbers (double a, double b)
{
  if (isnan (a) || isnan (b))
    return isnan (a) - isnan (b);
  return (a > b) - (a < b);
}

static int
compare_items (gconstpointer a, gconstpointer b, gpointer user_data)
{
  RefractReportList *self = user_data;
  const RefractReportItem *left = a, *right = b;
  int order = 0;

  /* Which orders there are depends on what the list has. */
  switch ((Order) gtk_drop_down_get_selected (self->order))
    {
    case ORDER_NUMBER:
      order = compare_numbers (left->number, right->number);
      break;
    case ORDER_TITLE:
      order = g_utf8_collate (left->title, right->title);
      break;
    case ORDER_GROUP:
      order = g_utf8_collate (left->group != NULL ? left->group : "",
                              right->group != NULL ? right->group : "");
      break;
    case ORDER_REPORT:
    default:
      break;
    }
  if (order == 0)
    order = (left->index > right->index) - (left->index < right->index);
  return order;
}

static GtkWidget *
create_row (gpointer item, gpointer user_data)
{
  return refract_report_row_new (item);
}

static void
update_rest (RefractReportList *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->sorted));

  gtk_widget_set_visible (self->more,
                          n > MAX (gtk_slice_list_model_get_size (self->shown), FIRST_ROWS));
  gtk_widget_set_visible (GTK_WIDGET (self->list), n > 0);
  gtk_widget_set_visible (self->nothing, n == 0);
}

static void
search_changed (RefractReportList *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->search));

  g_clear_pointer (&self->needle, g_free);
  if (*text != '\0')
    self->needle = g_utf8_casefold (text, -1);
  gtk_slice_list_model_set_size (self->shown, FIRST_ROWS);
  gtk_filter_changed (GTK_FILTER (self->filter), GTK_FILTER_CHANGE_DIFFERENT);
}

static void
order_changed (RefractReportList *self)
{
  gtk_sorter_changed (GTK_SORTER (self->sorter), GTK_SORTER_CHANGE_DIFFERENT);
}

static void
more_clicked (RefractReportList *self)
{
  guint first = gtk_slice_list_model_get_size (self->shown);
  GtkListBoxRow *row;

  gtk_slice_list_model_set_size (self->shown, first + MORE_ROWS);
  update_rest (self);
  row = gtk_list_box_get_row_at_index (self->list, first);
  if (row != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (row));
}

static void
row_activated (RefractReportList *self, RefractReportRow *row)
{
  g_signal_emit (self, signals[ACTIVATED], 0, refract_report_row_get_item (row));
}

static void
refract_report_list_set_property (GObject *object,
                                  guint prop_id,
                                  const GValue *value,
                                  GParamSpec *pspec)
{
  RefractReportList *self = REFRACT_REPORT_LIST (object);

  switch (prop_id)
    {
    case PROP_NUMBER_TITLE:
      self->number_title = g_value_dup_string (value);
      break;
    case PROP_GROUP_TITLE:
      self->group_title = g_value_dup_string (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_report_list_constructed (GObject *object)
{
  RefractReportList *self = REFRACT_REPORT_LIST (object);

  G_OBJECT_CLASS (refract_report_list_parent_class)->constructed (object);

  gtk_string_list_append (self->orders, _ ("Order of the report"));
  gtk_string_list_append (self->orders, self->number_title);
  gtk_string_list_append (self->orders, _ ("Name"));
  if (self->group_title != NULL)
    gtk_string_list_append (self->orders, self->group_title);
}

static void
refract_report_list_dispose (GObject *object)
{
  RefractReportList *self = REFRACT_REPORT_LIST (object);

  if (self->list != NULL)
    gtk_list_box_bind_model (self->list, NULL, NULL, NULL, NULL);
  /* They may outlive the list, which they ask. */
  if (self->filter != NULL)
    gtk_custom_filter_set_filter_func (self->filter, NULL, NULL, NULL);
  if (self->sorter != NULL)
    gtk_custom_sorter_set_sort_func (self->sorter, NULL, NULL, NULL);
  g_clear_object (&self->shown);
  g_clear_object (&self->sorted);
  g_clear_object (&self->filtered);
  g_clear_object (&self->filter);
  g_clear_object (&self->sorter);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_REPORT_LIST);

  G_OBJECT_CLASS (refract_report_list_parent_class)->dispose (object);
}

static void
refract_report_list_finalize (GObject *object)
{
  RefractReportList *self = REFRACT_REPORT_LIST (object);

  g_free (self->number_title);
  g_free (self->group_title);
  g_free (self->needle);

  G_OBJECT_CLASS (refract_report_list_parent_class)->finalize (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/report-list.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractReportList, tools);
  gtk_widget_class_bind_template_child (widget_class, RefractReportList, search);
  gtk_widget_class_bind_template_child (widget_class, RefractReportList, order);
  gtk_widget_class_bind_template_child (widget_class, RefractReportList, orders);
  gtk_widget_class_bind_template_child (widget_class, RefractReportList, list);
  gtk_widget_class_bind_template_child (widget_class, RefractReportList, nothing);
  gtk_widget_class_bind_template_child (widget_class, RefractReportList, more);
  gtk_widget_class_bind_template_callback (widget_class, search_changed);
  gtk_widget_class_bind_template_callback (widget_class, order_changed);
  gtk_widget_class_bind_template_callback (widget_class, more_clicked);
  gtk_widget_class_bind_template_callback (widget_class, row_activated);
}

static void
refract_report_list_class_init (RefractReportListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = refract_report_list_constructed;
  object_class->set_property = refract_report_list_set_property;
  object_class->dispose = refract_report_list_dispose;
  object_class->finalize = refract_report_list_finalize;

  properties[PROP_NUMBER_TITLE]
      = g_param_spec_string ("number-title", NULL, NULL, NULL,
                             G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  properties[PROP_GROUP_TITLE]
      = g_param_spec_string ("group-title", NULL, NULL, NULL,
                             G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[ACTIVATED] = g_signal_new ("activated", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                     NULL, NULL, NULL, G_TYPE_NONE, 1, REFRACT_TYPE_REPORT_ITEM);
  bind_template (GTK_WIDGET_CLASS (klass));
}

static void
refract_report_list_init (RefractReportList *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));

  self->filter = gtk_custom_filter_new (match_item, self, NULL);
  self->sorter = gtk_custom_sorter_new (compare_items, self, NULL);
  self->filtered = gtk_filter_list_model_new (NULL, GTK_FILTER (g_object_ref (self->filter)));
  self->sorted = gtk_sort_list_model_new (G_LIST_MODEL (g_object_ref (self->filtered)),
                                          GTK_SORTER (g_object_ref (self->sorter)));
  self->shown
      = gtk_slice_list_model_new (G_LIST_MODEL (g_object_ref (self->sorted)), 0, FIRST_ROWS);
  gtk_list_box_bind_model (self->list, G_LIST_MODEL (self->shown), create_row, NULL, NULL);
  g_signal_connect_object (self->sorted, "items-changed", G_CALLBACK (update_rest), self,
                           G_CONNECT_SWAPPED);
}

/* The first rows, a few at a time. */
static gboolean
show_first (GtkWidget *widget)
{
  RefractReportList *self = REFRACT_REPORT_LIST (widget);
  guint size = gtk_slice_list_model_get_size (self->shown);

  /* Somebody may have searched, or asked for more, meanwhile. */
  if (size < FIRST_ROWS)
    gtk_slice_list_model_set_size (self->shown, MIN (size + ROWS_PER_STEP, FIRST_ROWS));
  return size + ROWS_PER_STEP < FIRST_ROWS;
}

void
refract_report_list_set_items (RefractReportList *self, GListModel *items)
{
  static const RefractReportStep steps[] = { show_first, NULL };

  g_return_if_fail (REFRACT_IS_REPORT_LIST (self));
  g_return_if_fail (G_IS_LIST_MODEL (items));

  gtk_widget_set_visible (self->tools, g_list_model_get_n_items (items) >= SEARCH_FROM);
  gtk_slice_list_model_set_size (self->shown, 0);
  gtk_filter_list_model_set_model (self->filtered, items);
  update_rest (self);
  refract_report_build (GTK_WIDGET (self), steps);
}
