/* refract-report-order.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include <glib/gi18n.h>

#include "library/refract-library-row.h"
#include "library/refract-report-order.h"
#include "library/refract-sections.h"
#include "report/refract-summary.h"
#include "run/refract-run-item.h"

struct _RefractReportOrder
{
  GObject parent_instance;

  RefractSort sort;
  RefractSections *sections;
  GtkSorter *sorter;
  GtkSorter *section_sorter;
  guint midnight_source;
};

enum
{
  PROP_0,
  PROP_SORT,
  N_PROPS
};

G_DEFINE_FINAL_TYPE (RefractReportOrder, refract_report_order, G_TYPE_OBJECT)

/* The nicks are those of the schema. */
G_DEFINE_ENUM_TYPE (RefractSort,
                    refract_sort,
                    G_DEFINE_ENUM_VALUE (REFRACT_SORT_NEWEST, "newest"),
                    G_DEFINE_ENUM_VALUE (REFRACT_SORT_BEST, "best"),
                    G_DEFINE_ENUM_VALUE (REFRACT_SORT_MODEL, "model"))

static GParamSpec *properties[N_PROPS];

static int
compare_scores (RefractSummary *a, RefractSummary *b)
{
  double x = refract_summary_get_composite (a);
  double y = refract_summary_get_composite (b);

  if (isnan (x) || isnan (y))
    return (int) isnan (x) - (int) isnan (y);
  return (x < y) - (x > y);
}

static gboolean
is_run (gconstpointer item)
{
  return REFRACT_IS_RUN_ITEM ((gpointer) item);
}

static int
sort_func (gconstpointer a, gconstpointer b, gpointer user_data)
{
  RefractReportOrder *self = user_data;
  int order = is_run (b) - is_run (a); /* audits before reports */

  if (order != 0 || is_run (a))
    return order; /* audits stay in the order of the queue */
  if (self->sort == REFRACT_SORT_BEST)
    order = compare_scores ((RefractSummary *) a, (RefractSummary *) b);
  if (order == 0)
    order = refract_summary_compare ((RefractSummary *) a, (RefractSummary *) b);
  return order;
}

static int
get_band_section (gconstpointer summary)
{
  double composite = refract_summary_get_composite ((RefractSummary *) summary);

  return isnan (composite) ? -1 : (int) refract_band_for_score (composite);
}

static int
section_func (gconstpointer a, gconstpointer b, gpointer user_data)
{
  RefractReportOrder *self = user_data;
  int order = is_run (b) - is_run (a);

  if (order != 0 || is_run (a))
    return order;
  switch (self->sort)
    {
    case REFRACT_SORT_NEWEST:
      return (int) refract_sections_find (self->sections,
                                          refract_summary_get_time ((RefractSummary *) a))
             - (int) refract_sections_find (self->sections,
                                            refract_summary_get_time ((RefractSummary *) b));
    case REFRACT_SORT_BEST:
      return get_band_section (b) - get_band_section (a);
    case REFRACT_SORT_MODEL:
      return strcmp (refract_summary_get_model ((RefractSummary *) a),
                     refract_summary_get_model ((RefractSummary *) b));
    default:
      g_return_val_if_reached (0);
    }
}

static gboolean midnight_cb (gpointer user_data);

static void
renew_sections (RefractReportOrder *self)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  int seconds = 24 * 60 * 60 - g_date_time_get_hour (now) * 3600 - g_date_time_get_minute (now) * 60
                - g_date_time_get_second (now);

  g_clear_pointer (&self->sections, refract_sections_free);
  self->sections = refract_sections_new (now);
  self->midnight_source = g_timeout_add_seconds (seconds + 1, midnight_cb, self);
}

static gboolean
midnight_cb (gpointer user_data)
{
  RefractReportOrder *self = user_data;

  renew_sections (self);
  gtk_sorter_changed (self->section_sorter, GTK_SORTER_CHANGE_DIFFERENT);
  return G_SOURCE_REMOVE;
}

static void
refract_report_order_finalize (GObject *object)
{
  RefractReportOrder *self = REFRACT_REPORT_ORDER (object);

  g_clear_handle_id (&self->midnight_source, g_source_remove);
  g_clear_object (&self->sorter);
  g_clear_object (&self->section_sorter);
  g_clear_pointer (&self->sections, refract_sections_free);

  G_OBJECT_CLASS (refract_report_order_parent_class)->finalize (object);
}

static void
refract_report_order_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  RefractReportOrder *self = REFRACT_REPORT_ORDER (object);

  switch (prop_id)
    {
    case PROP_SORT:
      g_value_set_enum (value, self->sort);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
set_sort (RefractReportOrder *self, RefractSort sort)
{
  if (sort == self->sort)
    return;
  self->sort = sort;
  gtk_sorter_changed (self->section_sorter, GTK_SORTER_CHANGE_DIFFERENT);
  gtk_sorter_changed (self->sorter, GTK_SORTER_CHANGE_DIFFERENT);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SORT]);
}

static void
refract_report_order_set_property (GObject *object,
                                   guint prop_id,
                                   const GValue *value,
                                   GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_SORT:
      set_sort (REFRACT_REPORT_ORDER (object), g_value_get_enum (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_report_order_class_init (RefractReportOrderClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = refract_report_order_finalize;
  object_class->get_property = refract_report_order_get_property;
  object_class->set_property = refract_report_order_set_property;

  properties[PROP_SORT]
      = g_param_spec_enum ("sort", NULL, NULL, REFRACT_TYPE_SORT, REFRACT_SORT_NEWEST,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
refract_report_order_init (RefractReportOrder *self)
{
  self->sorter = GTK_SORTER (gtk_custom_sorter_new (sort_func, self, NULL));
  self->section_sorter = GTK_SORTER (gtk_custom_sorter_new (section_func, self, NULL));
  renew_sections (self);
}

RefractReportOrder *
refract_report_order_new (void)
{
  return g_object_new (REFRACT_TYPE_REPORT_ORDER, NULL);
}

GtkSortListModel *
refract_report_order_apply (RefractReportOrder *self, GListModel *model)
{
  GtkSortListModel *sorted;

  g_return_val_if_fail (REFRACT_IS_REPORT_ORDER (self), NULL);

  sorted = gtk_sort_list_model_new (model, g_object_ref (self->sorter));
  gtk_sort_list_model_set_section_sorter (sorted, self->section_sorter);
  return sorted;
}

static int
compare (RefractReportOrder *self, gconstpointer a, gconstpointer b)
{
  int order = section_func (a, b, self);

  return order != 0 ? order : sort_func (a, b, self);
}

guint
refract_report_order_find (RefractReportOrder *self, GListModel *sorted, GObject *item)
{
  guint low = 0;
  guint high, n;

  g_return_val_if_fail (REFRACT_IS_REPORT_ORDER (self), GTK_INVALID_LIST_POSITION);

  n = high = g_list_model_get_n_items (sorted);
  while (low < high)
    {
      guint middle = (low + high) / 2;
      g_autoptr (GObject) other = g_list_model_get_item (sorted, middle);

      if (compare (self, other, item) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  /* Audits are equal to one another, and few. */
  for (; low < n; low++)
    {
      g_autoptr (GObject) other = g_list_model_get_item (sorted, low);

      if (other == item)
        return low;
      if (compare (self, other, item) != 0)
        break;
    }
  return GTK_INVALID_LIST_POSITION;
}

char *
refract_report_order_dup_title (RefractReportOrder *self, GObject *item)
{
  const char *band;

  g_return_val_if_fail (REFRACT_IS_REPORT_ORDER (self), NULL);

  if (is_run (item))
    return g_strdup (_ ("Audits"));
  switch (self->sort)
    {
    case REFRACT_SORT_NEWEST:
      return refract_sections_dup_title (self->sections,
                                         refract_summary_get_time (REFRACT_SUMMARY (item)));
    case REFRACT_SORT_BEST:
      band = refract_library_band_title (refract_summary_get_band (REFRACT_SUMMARY (item)));
      return g_strdup (band != NULL ? band : _ ("Without a Score"));
    case REFRACT_SORT_MODEL:
      return g_strdup (refract_summary_get_model (REFRACT_SUMMARY (item)));
    default:
      g_return_val_if_reached (NULL);
    }
}
