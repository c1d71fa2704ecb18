/* refract-filter-popover.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "core/refract-text.h"
#include "library/refract-filter-popover.h"

struct _RefractFilterPopover
{
  GtkPopover parent_instance;

  GtkWidget *sort_newest;
  GtkWidget *sort_best;
  GtkWidget *sort_model;
  GtkWidget *band_excellent;
  GtkWidget *band_pass;
  GtkWidget *band_degraded;
  GtkWidget *band_fail;
  GtkWidget *band_none;
  GtkWidget *model_choice;
  GtkWidget *engine_choice;

  RefractReportFilter *filter;
  RefractReportOrder *order;
  gboolean showing; /* the buttons are being set, not pressed */
};

G_DEFINE_FINAL_TYPE (RefractFilterPopover, refract_filter_popover, GTK_TYPE_POPOVER)

static void
show_sort (RefractFilterPopover *self)
{
  GtkWidget *const buttons[] = { [REFRACT_SORT_NEWEST] = self->sort_newest,
                                 [REFRACT_SORT_BEST] = self->sort_best,
                                 [REFRACT_SORT_MODEL] = self->sort_model };
  RefractSort sort;

  g_object_get (self->order, "sort", &sort, NULL);
  gtk_check_button_set_active (GTK_CHECK_BUTTON (buttons[sort]), TRUE);
}

static void
sort_toggled_cb (RefractFilterPopover *self, GtkCheckButton *button)
{
  RefractSort sort = GTK_WIDGET (button) == self->sort_best    ? REFRACT_SORT_BEST
                     : GTK_WIDGET (button) == self->sort_model ? REFRACT_SORT_MODEL
                                                               : REFRACT_SORT_NEWEST;

  if (self->order != NULL && gtk_check_button_get_active (button))
    g_object_set (self->order, "sort", sort, NULL);
}

/* The buttons of the bands, in the order of the flags' bits. */
#define N_BANDS 5
#define BAND_BUTTONS(self)                                                                         \
  { (self)->band_fail, (self)->band_degraded, (self)->band_pass, (self)->band_excellent,           \
    (self)->band_none }

static void
show_filter (RefractFilterPopover *self)
{
  GtkWidget *const buttons[N_BANDS] = BAND_BUTTONS (self);
  g_autofree char *model = NULL;
  g_autofree char *engine = NULL;
  RefractBands bands;

  g_object_get (self->filter, "bands", &bands, "model", &model, "engine", &engine, NULL);
  self->showing = TRUE;
  for (guint i = 0; i < N_BANDS; i++)
    gtk_check_button_set_active (GTK_CHECK_BUTTON (buttons[i]), (bands & (1u << i)) != 0);
  if (model == NULL)
    gtk_drop_down_set_selected (GTK_DROP_DOWN (self->model_choice), 0);
  if (engine == NULL)
    gtk_drop_down_set_selected (GTK_DROP_DOWN (self->engine_choice), 0);
  self->showing = FALSE;
}

/* (nullable): the first choice is all of them */
static const char *
get_choice (GtkWidget *choice)
{
  gpointer item = gtk_drop_down_get_selected_item (GTK_DROP_DOWN (choice));

  return item != NULL && gtk_drop_down_get_selected (GTK_DROP_DOWN (choice)) > 0
             ? gtk_string_object_get_string (item)
             : NULL;
}

static void
filter_changed_cb (RefractFilterPopover *self)
{
  GtkWidget *const buttons[N_BANDS] = BAND_BUTTONS (self);
  RefractBands bands = 0;

  if (self->filter == NULL || self->showing)
    return;
  for (guint i = 0; i < N_BANDS; i++)
    if (gtk_check_button_get_active (GTK_CHECK_BUTTON (buttons[i])))
      bands |= 1u << i;
  g_object_set (self->filter, "bands", bands, "model", get_choice (self->model_choice), "engine",
                get_choice (self->engine_choice), NULL);
}

/* The different texts of the reports, after the choice that means all; keeps what is chosen. */
static void
fill_choice (RefractFilterPopover *self,
             GtkWidget *choice,
             RefractLibrary *library,
             const char *(*get) (RefractSummary *) )
{
  GtkStringList *list = GTK_STRING_LIST (gtk_drop_down_get_model (GTK_DROP_DOWN (choice)));
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *kept = g_strdup (get_choice (choice));
  guint selected;

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (library)); i++)
    {
      g_autoptr (RefractSummary) summary = g_list_model_get_item (G_LIST_MODEL (library), i);
      const char *text = get (summary);

      if (*text == '\0' || refract_summary_get_error (summary) != NULL
          || g_hash_table_contains (seen, text))
        continue;
      g_ptr_array_add (texts, g_strdup (text));
      g_hash_table_add (seen, g_ptr_array_index (texts, texts->len - 1));
    }
  g_ptr_array_sort (texts, refract_text_compare);
  g_ptr_array_add (texts, NULL);
  self->showing = TRUE;
  gtk_string_list_splice (list, 1, g_list_model_get_n_items (G_LIST_MODEL (list)) - 1,
                          (const char *const *) texts->pdata);
  selected = kept != NULL ? gtk_string_list_find (list, kept) : 0;
  gtk_drop_down_set_selected (GTK_DROP_DOWN (choice),
                              selected != GTK_INVALID_LIST_POSITION ? selected : 0);
  self->showing = FALSE;
}

static void
refract_filter_popover_dispose (GObject *object)
{
  RefractFilterPopover *self = REFRACT_FILTER_POPOVER (object);

  g_clear_object (&self->filter);
  g_clear_object (&self->order);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_FILTER_POPOVER);

  G_OBJECT_CLASS (refract_filter_popover_parent_class)->dispose (object);
}

#define CHILD(name) gtk_widget_class_bind_template_child (widget_class, RefractFilterPopover, name)

static void
refract_filter_popover_class_init (RefractFilterPopoverClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_filter_popover_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/filter-popover.ui");
  CHILD (sort_newest);
  CHILD (sort_best);
  CHILD (sort_model);
  CHILD (band_excellent);
  CHILD (band_pass);
  CHILD (band_degraded);
  CHILD (band_fail);
  CHILD (band_none);
  CHILD (model_choice);
  CHILD (engine_choice);
  gtk_widget_class_bind_template_callback (widget_class, filter_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, sort_toggled_cb);
}

static void
refract_filter_popover_init (RefractFilterPopover *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
refract_filter_popover_new (RefractReportFilter *filter, RefractReportOrder *order)
{
  RefractFilterPopover *self = g_object_new (REFRACT_TYPE_FILTER_POPOVER, NULL);

  self->filter = g_object_ref (filter);
  self->order = g_object_ref (order);
  g_signal_connect_object (filter, "notify", G_CALLBACK (show_filter), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (order, "notify", G_CALLBACK (show_sort), self, G_CONNECT_SWAPPED);
  show_filter (self);
  show_sort (self);
  return GTK_WIDGET (self);
}

void
refract_filter_popover_fill (RefractFilterPopover *self, RefractLibrary *library)
{
  g_return_if_fail (REFRACT_IS_FILTER_POPOVER (self));
  g_return_if_fail (REFRACT_IS_LIBRARY (library));

  fill_choice (self, self->model_choice, library, refract_summary_get_model);
  fill_choice (self, self->engine_choice, library, refract_summary_get_engine);
  filter_changed_cb (self); /* what was chosen may be gone */
}
