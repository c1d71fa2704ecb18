/* refract-sidebar.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include <glib/gi18n.h>

#include "library/refract-library-row.h"
#include "library/refract-sections.h"
#include "library/refract-sidebar-actions.h"
#include "library/refract-sidebar.h"
#include "run/refract-run-item.h"

typedef enum
{
  SORT_NEWEST,
  SORT_BEST,
  SORT_MODEL,
} Sort;

struct _RefractSidebar
{
  AdwNavigationPage parent_instance;

  GtkWidget *search_bar;
  GtkWidget *search_entry;
  GtkWidget *search_button;
  GtkWidget *filter_button;
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
  GtkWidget *stack;
  GtkWidget *list_view;
  GtkWidget *menu;
  GMenuModel *report_menu;

  RefractLibrary *library;
  GListModel *running;
  GListStore *parts; /* running, filtered */
  GtkFilterListModel *filtered;
  GtkSortListModel *sorted;
  GtkSingleSelection *selection;
  GtkFilter *filter;
  GtkSorter *sorter;
  GtkSorter *section_sorter;
  RefractSections *sections;
  GObject *wanted; /* to be selected as soon as it is listed */
  guint midnight_source;

  /* what the filter compares with */
  GStrv words;
  char *model;
  char *engine;
  gboolean bands[5];
  Sort sort;
  guint collapsed : 1;
  guint quiet : 1; /* the selection is not the person's */
};

enum
{
  PROP_0,
  PROP_LIBRARY,
  PROP_RUNNING_MODEL,
  PROP_COLLAPSED,
  PROP_HAS_REPORTS,
  N_PROPS
};

enum
{
  OPEN,
  DELETED,
  N_SIGNALS
};

G_DEFINE_FINAL_TYPE (RefractSidebar, refract_sidebar, ADW_TYPE_NAVIGATION_PAGE)

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

static const char *const band_names[] = { "EXCELLENT", "PASS", "DEGRADED", "FAIL", NULL };

static gboolean
has_word (RefractSummary *summary, const char *word)
{
  const char *texts[]
      = { refract_summary_get_model (summary), refract_summary_get_label (summary),
          refract_summary_get_note (summary), refract_summary_get_engine (summary) };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *folded = NULL;

      if (*texts[i] == '\0')
        continue;
      folded = g_utf8_casefold (texts[i], -1);
      if (strstr (folded, word) != NULL)
        return TRUE;
    }
  return FALSE;
}

static gboolean
filter_func (gpointer item, gpointer user_data)
{
  RefractSidebar *self = user_data;
  RefractSummary *summary = item;
  const char *band = refract_summary_get_band (summary);
  guint index = 0;

  while (band_names[index] != NULL && g_strcmp0 (band_names[index], band) != 0)
    index++;
  if (!self->bands[index])
    return FALSE;
  if (self->model != NULL && !g_str_equal (self->model, refract_summary_get_model (summary)))
    return FALSE;
  if (self->engine != NULL && !g_str_equal (self->engine, refract_summary_get_engine (summary)))
    return FALSE;
  for (guint i = 0; self->words != NULL && self->words[i] != NULL; i++)
    if (!has_word (summary, self->words[i]))
      return FALSE;
  return TRUE;
}

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
  RefractSidebar *self = user_data;
  int order = is_run (b) - is_run (a); /* audits before reports */

  if (order != 0 || is_run (a))
    return order; /* audits stay in the order of the queue */
  if (self->sort == SORT_BEST)
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
  RefractSidebar *self = user_data;
  int order = is_run (b) - is_run (a); /* audits before reports */

  if (order != 0 || is_run (a))
    return order;
  switch (self->sort)
    {
    case SORT_NEWEST:
      return (int) refract_sections_find (self->sections,
                                          refract_summary_get_time ((RefractSummary *) a))
             - (int) refract_sections_find (self->sections,
                                            refract_summary_get_time ((RefractSummary *) b));
    case SORT_BEST:
      return get_band_section (b) - get_band_section (a);
    case SORT_MODEL:
      return strcmp (refract_summary_get_model ((RefractSummary *) a),
                     refract_summary_get_model ((RefractSummary *) b));
    default:
      g_return_val_if_reached (0);
    }
}

static guint
get_n_items (gpointer model)
{
  return model != NULL ? g_list_model_get_n_items (G_LIST_MODEL (model)) : 0;
}

static void
update_stack (RefractSidebar *self)
{
  const char *page = "list";

  if (get_n_items (self->running) == 0 && get_n_items (self->filtered) == 0)
    {
      if (get_n_items (self->library) > 0)
        page = gtk_filter_list_model_get_pending (self->filtered) > 0 ? "list" : "nothing";
      else if (self->library != NULL && refract_library_is_loading (self->library))
        page = "loading";
      else
        page = "empty";
    }
  if (g_strcmp0 (gtk_stack_get_visible_child_name (GTK_STACK (self->stack)), page) != 0)
    gtk_stack_set_visible_child_name (GTK_STACK (self->stack), page);
}

static void
library_changed_cb (RefractSidebar *self, guint position, guint removed, guint added)
{
  if (get_n_items (self->library) == added || get_n_items (self->library) == 0)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HAS_REPORTS]);
}

static void
selection_changed_cb (RefractSidebar *self)
{
  GObject *item = gtk_single_selection_get_selected_item (self->selection);

  refract_sidebar_update_actions (self, refract_sidebar_get_summary (self));
  if (item == NULL || self->quiet)
    return;
  g_clear_object (&self->wanted);
  if (!self->collapsed)
    g_signal_emit (self, signals[OPEN], 0, item);
}

static void
listed_changed_cb (RefractSidebar *self)
{
  update_stack (self);
  if (self->wanted != NULL)
    {
      g_autoptr (GObject) wanted = g_object_ref (self->wanted);

      refract_sidebar_select (self, wanted);
    }
}

static void
activate_cb (RefractSidebar *self, guint position)
{
  g_autoptr (GObject) item = g_list_model_get_item (G_LIST_MODEL (self->selection), position);

  if (item != NULL)
    g_signal_emit (self, signals[OPEN], 0, item);
}

/* The first choice is all of them. */
static void
take_choice (char **chosen, GtkDropDown *choice)
{
  gpointer item = gtk_drop_down_get_selected_item (choice);

  g_free (*chosen);
  *chosen = item != NULL && gtk_drop_down_get_selected (choice) > 0
                ? g_strdup (gtk_string_object_get_string (item))
                : NULL;
}

static void
filter_changed_cb (RefractSidebar *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->search_entry));
  g_autofree char *folded = g_utf8_casefold (text, -1);
  GtkWidget *bands[] = { self->band_excellent, self->band_pass, self->band_degraded,
                         self->band_fail, self->band_none };
  GtkDropDown *models = GTK_DROP_DOWN (self->model_choice);
  GtkDropDown *engines = GTK_DROP_DOWN (self->engine_choice);
  GtkWidget *buttons[] = { self->filter_button, self->search_button };
  gboolean narrowed = FALSE;

  g_clear_pointer (&self->words, g_strfreev);
  self->words = g_strsplit_set (folded, " \t", -1);
  for (guint i = 0; i < G_N_ELEMENTS (bands); i++)
    {
      self->bands[i] = gtk_check_button_get_active (GTK_CHECK_BUTTON (bands[i]));
      narrowed |= !self->bands[i];
    }
  take_choice (&self->model, models);
  take_choice (&self->engine, engines);
  narrowed |= self->model != NULL || self->engine != NULL;
  /* Seen where the search bar is closed as well. */
  for (guint i = 0; i < G_N_ELEMENTS (buttons); i++)
    if (narrowed)
      gtk_widget_add_css_class (buttons[i], "accent");
    else
      gtk_widget_remove_css_class (buttons[i], "accent");
  refract_sidebar_refilter (self);
}

static void
sort_toggled_cb (RefractSidebar *self)
{
  Sort sort = gtk_check_button_get_active (GTK_CHECK_BUTTON (self->sort_best))    ? SORT_BEST
              : gtk_check_button_get_active (GTK_CHECK_BUTTON (self->sort_model)) ? SORT_MODEL
                                                                                  : SORT_NEWEST;

  if (sort == self->sort)
    return;
  self->sort = sort;
  gtk_sorter_changed (self->section_sorter, GTK_SORTER_CHANGE_DIFFERENT);
  gtk_sorter_changed (self->sorter, GTK_SORTER_CHANGE_DIFFERENT);
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return g_utf8_collate (*(const char *const *) a, *(const char *const *) b);
}

/* The different texts of the reports, after the choice that means all; keeps what is chosen. */
static void
fill_choice (RefractSidebar *self,
             GtkWidget *choice,
             const char *chosen,
             const char *(*get) (RefractSummary *) )
{
  GtkStringList *list = GTK_STRING_LIST (gtk_drop_down_get_model (GTK_DROP_DOWN (choice)));
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *kept = g_strdup (chosen);
  guint selected;

  for (guint i = 0; i < get_n_items (self->library); i++)
    {
      g_autoptr (RefractSummary) summary = g_list_model_get_item (G_LIST_MODEL (self->library), i);
      const char *text = get (summary);

      if (*text == '\0' || refract_summary_get_error (summary) != NULL
          || g_hash_table_contains (seen, text))
        continue;
      g_ptr_array_add (texts, g_strdup (text));
      g_hash_table_add (seen, g_ptr_array_index (texts, texts->len - 1));
    }
  g_ptr_array_sort (texts, compare_texts);
  g_ptr_array_add (texts, NULL);
  g_signal_handlers_block_by_func (choice, filter_changed_cb, self);
  gtk_string_list_splice (list, 1, get_n_items (list) - 1, (const char *const *) texts->pdata);
  selected = kept != NULL ? gtk_string_list_find (list, kept) : 0;
  gtk_drop_down_set_selected (GTK_DROP_DOWN (choice),
                              selected != GTK_INVALID_LIST_POSITION ? selected : 0);
  g_signal_handlers_unblock_by_func (choice, filter_changed_cb, self);
}

static void
filter_active_cb (RefractSidebar *self)
{
  if (!gtk_menu_button_get_active (GTK_MENU_BUTTON (self->filter_button)))
    return;
  fill_choice (self, self->model_choice, self->model, refract_summary_get_model);
  fill_choice (self, self->engine_choice, self->engine, refract_summary_get_engine);
}

static void
clear_filters (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RefractSidebar *self = REFRACT_SIDEBAR (widget);
  GtkWidget *bands[] = { self->band_excellent, self->band_pass, self->band_degraded,
                         self->band_fail, self->band_none };

  gtk_search_bar_set_search_mode (GTK_SEARCH_BAR (self->search_bar), FALSE);
  gtk_editable_set_text (GTK_EDITABLE (self->search_entry), "");
  for (guint i = 0; i < G_N_ELEMENTS (bands); i++)
    gtk_check_button_set_active (GTK_CHECK_BUTTON (bands[i]), TRUE);
  gtk_drop_down_set_selected (GTK_DROP_DOWN (self->model_choice), 0);
  gtk_drop_down_set_selected (GTK_DROP_DOWN (self->engine_choice), 0);
  filter_changed_cb (self);
}

static void
popup_menu (RefractSidebar *self, const GdkRectangle *at)
{
  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu), at);
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

static void
show_menu (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RefractSidebar *self = REFRACT_SIDEBAR (widget);
  GtkWidget *focus = gtk_root_get_focus (gtk_widget_get_root (widget));
  graphene_rect_t bounds;

  if (focus == NULL || !gtk_widget_is_ancestor (focus, self->list_view)
      || !gtk_widget_compute_bounds (focus, self->list_view, &bounds))
    graphene_rect_init (&bounds, 0, 0, gtk_widget_get_width (self->list_view), 1);
  popup_menu (self, &(GdkRectangle) { bounds.origin.x, bounds.origin.y, bounds.size.width,
                                      bounds.size.height });
}

/* Of a row's own gesture: the press selects the row and opens the menu where it was. */
static void
row_menu_cb (GtkGesture *gesture, GtkListItem *list_item, double x, double y)
{
  GtkWidget *row = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (gesture));
  RefractSidebar *self = REFRACT_SIDEBAR (gtk_widget_get_ancestor (row, REFRACT_TYPE_SIDEBAR));
  graphene_point_t point;

  if (self == NULL || !REFRACT_IS_SUMMARY (gtk_list_item_get_item (list_item))
      || !gtk_widget_compute_point (row, self->list_view, &GRAPHENE_POINT_INIT (x, y), &point))
    return;
  gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_CLAIMED);
  gtk_single_selection_set_selected (self->selection, gtk_list_item_get_position (list_item));
  popup_menu (self, &(GdkRectangle) { point.x, point.y, 1, 1 });
}

static void
row_clicked_cb (GtkGestureClick *gesture, int n_press, double x, double y, gpointer list_item)
{
  row_menu_cb (GTK_GESTURE (gesture), list_item, x, y);
}

static void
row_pressed_cb (GtkGestureLongPress *gesture, double x, double y, gpointer list_item)
{
  row_menu_cb (GTK_GESTURE (gesture), list_item, x, y);
}

static void
row_setup_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item)
{
  GtkWidget *row = refract_library_row_new ();
  GtkGesture *click = gtk_gesture_click_new ();
  GtkGesture *press = gtk_gesture_long_press_new ();

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  gtk_gesture_single_set_touch_only (GTK_GESTURE_SINGLE (press), TRUE);
  g_signal_connect (click, "pressed", G_CALLBACK (row_clicked_cb), list_item);
  g_signal_connect (press, "pressed", G_CALLBACK (row_pressed_cb), list_item);
  gtk_widget_add_controller (row, GTK_EVENT_CONTROLLER (click));
  gtk_widget_add_controller (row, GTK_EVENT_CONTROLLER (press));
  gtk_list_item_set_child (list_item, row);
}

static void
row_bind_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item)
{
  GObject *item = gtk_list_item_get_item (list_item);
  g_autofree char *text = refract_library_row_describe (item);

  refract_library_row_set_item (REFRACT_LIBRARY_ROW (gtk_list_item_get_child (list_item)), item);
  gtk_list_item_set_accessible_label (list_item, text);
}

static void
row_unbind_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item)
{
  refract_library_row_set_item (REFRACT_LIBRARY_ROW (gtk_list_item_get_child (list_item)), NULL);
}

static void
header_setup_cb (GtkSignalListItemFactory *factory, GtkListHeader *header)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_set_margin_start (label, 12);
  gtk_widget_set_margin_end (label, 12);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_MIDDLE);
  gtk_list_header_set_child (header, label);
}

static void
header_bind_cb (RefractSidebar *self, GtkListHeader *header)
{
  GObject *item = gtk_list_header_get_item (header);
  g_autofree char *title = NULL;

  if (REFRACT_IS_RUN_ITEM (item))
    title = g_strdup (_ ("Audits"));
  else if (self->sort == SORT_NEWEST)
    title = refract_sections_dup_title (self->sections,
                                        refract_summary_get_time (REFRACT_SUMMARY (item)));
  else if (self->sort == SORT_MODEL)
    title = g_strdup (refract_summary_get_model (REFRACT_SUMMARY (item)));
  else
    title
        = g_strdup (refract_library_band_title (refract_summary_get_band (REFRACT_SUMMARY (item))));
  gtk_label_set_label (GTK_LABEL (gtk_list_header_get_child (header)),
                       title != NULL ? title : _ ("Without a Score"));
}

static gboolean midnight_cb (gpointer user_data);

static void
renew_sections (RefractSidebar *self)
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
  RefractSidebar *self = user_data;

  renew_sections (self);
  gtk_sorter_changed (self->section_sorter, GTK_SORTER_CHANGE_DIFFERENT);
  return G_SOURCE_REMOVE;
}

static void
refract_sidebar_dispose (GObject *object)
{
  RefractSidebar *self = REFRACT_SIDEBAR (object);

  g_clear_handle_id (&self->midnight_source, g_source_remove);
  if (self->list_view != NULL)
    gtk_list_view_set_model (GTK_LIST_VIEW (self->list_view), NULL);
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  g_clear_object (&self->selection);
  g_clear_object (&self->parts);
  g_clear_object (&self->sorted);
  g_clear_object (&self->filtered);
  g_clear_object (&self->filter);
  g_clear_object (&self->sorter);
  g_clear_object (&self->section_sorter);
  g_clear_object (&self->library);
  g_clear_object (&self->running);
  g_clear_object (&self->wanted);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_SIDEBAR);

  G_OBJECT_CLASS (refract_sidebar_parent_class)->dispose (object);
}

static void
refract_sidebar_finalize (GObject *object)
{
  RefractSidebar *self = REFRACT_SIDEBAR (object);

  g_clear_pointer (&self->sections, refract_sections_free);
  g_strfreev (self->words);
  g_free (self->model);
  g_free (self->engine);

  G_OBJECT_CLASS (refract_sidebar_parent_class)->finalize (object);
}

static void
refract_sidebar_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  RefractSidebar *self = REFRACT_SIDEBAR (object);

  switch (prop_id)
    {
    case PROP_LIBRARY:
      g_value_set_object (value, self->library);
      break;
    case PROP_RUNNING_MODEL:
      g_value_set_object (value, self->running);
      break;
    case PROP_COLLAPSED:
      g_value_set_boolean (value, self->collapsed);
      break;
    case PROP_HAS_REPORTS:
      g_value_set_boolean (value, get_n_items (self->library) > 0);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
set_library (RefractSidebar *self, RefractLibrary *library)
{
  if (!g_set_object (&self->library, library))
    return;
  g_signal_connect_object (library, "items-changed", G_CALLBACK (library_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (library, "notify::loading", G_CALLBACK (update_stack), self,
                           G_CONNECT_SWAPPED);
  gtk_filter_list_model_set_model (self->filtered, G_LIST_MODEL (library));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HAS_REPORTS]);
  update_stack (self);
}

static void
set_running (RefractSidebar *self, GListModel *running)
{
  if (self->running != NULL)
    g_list_store_remove (self->parts, 0);
  g_set_object (&self->running, running);
  if (running != NULL)
    g_list_store_insert (self->parts, 0, running);
  update_stack (self);
}

static void
refract_sidebar_set_property (GObject *object,
                              guint prop_id,
                              const GValue *value,
                              GParamSpec *pspec)
{
  RefractSidebar *self = REFRACT_SIDEBAR (object);

  switch (prop_id)
    {
    case PROP_LIBRARY:
      set_library (self, g_value_get_object (value));
      break;
    case PROP_RUNNING_MODEL:
      set_running (self, g_value_get_object (value));
      break;
    case PROP_COLLAPSED:
      self->collapsed = g_value_get_boolean (value);
      gtk_list_view_set_single_click_activate (GTK_LIST_VIEW (self->list_view), self->collapsed);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

#define CHILD(name) gtk_widget_class_bind_template_child (widget_class, RefractSidebar, name)

static void
refract_sidebar_class_init (RefractSidebarClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  object_class->dispose = refract_sidebar_dispose;
  object_class->finalize = refract_sidebar_finalize;
  object_class->get_property = refract_sidebar_get_property;
  object_class->set_property = refract_sidebar_set_property;

  properties[PROP_LIBRARY]
      = g_param_spec_object ("library", NULL, NULL, REFRACT_TYPE_LIBRARY, flags);
  properties[PROP_RUNNING_MODEL]
      = g_param_spec_object ("running-model", NULL, NULL, G_TYPE_LIST_MODEL, flags);
  properties[PROP_COLLAPSED] = g_param_spec_boolean ("collapsed", NULL, NULL, FALSE, flags);
  properties[PROP_HAS_REPORTS]
      = g_param_spec_boolean ("has-reports", NULL, NULL, FALSE,
                              G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[OPEN] = g_signal_new ("open", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 1, G_TYPE_OBJECT);
  signals[DELETED] = g_signal_new ("deleted", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, REFRACT_TYPE_SUMMARY);

  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/sidebar.ui");
  CHILD (search_bar);
  CHILD (search_entry);
  CHILD (search_button);
  CHILD (filter_button);
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
  CHILD (stack);
  CHILD (list_view);
  CHILD (report_menu);
  gtk_widget_class_bind_template_callback (widget_class, activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, filter_active_cb);
  gtk_widget_class_bind_template_callback (widget_class, filter_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, sort_toggled_cb);
  gtk_widget_class_install_action (widget_class, "library.clear-filters", NULL, clear_filters);
  gtk_widget_class_install_action (widget_class, "library.menu", NULL, show_menu);
  refract_sidebar_install_actions (widget_class);
}

static void
make_models (RefractSidebar *self)
{
  GtkFlattenListModel *all;

  self->filter = GTK_FILTER (gtk_custom_filter_new (filter_func, self, NULL));
  self->sorter = GTK_SORTER (gtk_custom_sorter_new (sort_func, self, NULL));
  self->section_sorter = GTK_SORTER (gtk_custom_sorter_new (section_func, self, NULL));
  self->filtered = gtk_filter_list_model_new (NULL, g_object_ref (self->filter));
  gtk_filter_list_model_set_incremental (self->filtered, TRUE);
  self->parts = g_list_store_new (G_TYPE_LIST_MODEL);
  g_list_store_append (self->parts, self->filtered);
  all = gtk_flatten_list_model_new (g_object_ref (G_LIST_MODEL (self->parts)));
  self->sorted = gtk_sort_list_model_new (G_LIST_MODEL (all), g_object_ref (self->sorter));
  gtk_sort_list_model_set_section_sorter (self->sorted, self->section_sorter);
  self->selection = gtk_single_selection_new (NULL);
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  gtk_single_selection_set_can_unselect (self->selection, TRUE);
  gtk_single_selection_set_model (self->selection, G_LIST_MODEL (self->sorted));
  /* Behind the selection's own handler, so that it knows of the change. */
  g_signal_connect_object (self->selection, "items-changed", G_CALLBACK (listed_changed_cb), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (self->filtered, "notify::pending", G_CALLBACK (update_stack), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->selection, "notify::selected-item",
                           G_CALLBACK (selection_changed_cb), self, G_CONNECT_SWAPPED);
}

static void
refract_sidebar_init (RefractSidebar *self)
{
  g_autoptr (GtkListItemFactory) rows = gtk_signal_list_item_factory_new ();
  g_autoptr (GtkListItemFactory) headers = gtk_signal_list_item_factory_new ();

  for (guint i = 0; i < G_N_ELEMENTS (self->bands); i++)
    self->bands[i] = TRUE;
  renew_sections (self);
  make_models (self);
  gtk_widget_init_template (GTK_WIDGET (self));

  g_signal_connect (rows, "setup", G_CALLBACK (row_setup_cb), NULL);
  g_signal_connect (rows, "bind", G_CALLBACK (row_bind_cb), NULL);
  g_signal_connect (rows, "unbind", G_CALLBACK (row_unbind_cb), NULL);
  g_signal_connect (headers, "setup", G_CALLBACK (header_setup_cb), NULL);
  g_signal_connect_object (headers, "bind", G_CALLBACK (header_bind_cb), self, G_CONNECT_SWAPPED);
  gtk_list_view_set_factory (GTK_LIST_VIEW (self->list_view), rows);
  gtk_list_view_set_header_factory (GTK_LIST_VIEW (self->list_view), headers);
  gtk_list_view_set_model (GTK_LIST_VIEW (self->list_view), GTK_SELECTION_MODEL (self->selection));
  self->menu = gtk_popover_menu_new_from_model (self->report_menu);
  gtk_popover_set_has_arrow (GTK_POPOVER (self->menu), FALSE);
  gtk_widget_set_halign (self->menu, GTK_ALIGN_START);
  gtk_widget_set_parent (self->menu, self->list_view);
  gtk_search_bar_connect_entry (GTK_SEARCH_BAR (self->search_bar),
                                GTK_EDITABLE (self->search_entry));
  refract_sidebar_update_actions (self, NULL);
  update_stack (self);
}

void
refract_sidebar_search (RefractSidebar *self)
{
  g_return_if_fail (REFRACT_IS_SIDEBAR (self));

  gtk_search_bar_set_search_mode (GTK_SEARCH_BAR (self->search_bar), TRUE);
  gtk_widget_grab_focus (self->search_entry);
}

void
refract_sidebar_select (RefractSidebar *self, GObject *item)
{
  guint n = get_n_items (self->selection);
  guint position = GTK_INVALID_LIST_POSITION;

  g_return_if_fail (REFRACT_IS_SIDEBAR (self));

  for (guint i = 0; item != NULL && i < n && position == GTK_INVALID_LIST_POSITION; i++)
    {
      g_autoptr (GObject) other = g_list_model_get_item (G_LIST_MODEL (self->selection), i);

      if (other == item)
        position = i;
    }
  if (position == GTK_INVALID_LIST_POSITION)
    g_set_object (&self->wanted, item);
  else
    g_clear_object (&self->wanted);
  self->quiet = TRUE;
  gtk_single_selection_set_selected (self->selection, position);
  self->quiet = FALSE;
}

RefractSummary *
refract_sidebar_get_summary (RefractSidebar *self)
{
  gpointer item;

  g_return_val_if_fail (REFRACT_IS_SIDEBAR (self), NULL);

  item = gtk_single_selection_get_selected_item (self->selection);
  return REFRACT_IS_SUMMARY (item) ? item : NULL;
}

RefractLibrary *
refract_sidebar_get_library (RefractSidebar *self)
{
  g_return_val_if_fail (REFRACT_IS_SIDEBAR (self), NULL);

  return self->library;
}

GListModel *
refract_sidebar_get_model (RefractSidebar *self)
{
  g_return_val_if_fail (REFRACT_IS_SIDEBAR (self), NULL);

  return G_LIST_MODEL (self->selection);
}

void
refract_sidebar_refilter (RefractSidebar *self)
{
  g_return_if_fail (REFRACT_IS_SIDEBAR (self));

  if (self->filter != NULL)
    gtk_filter_changed (self->filter, GTK_FILTER_CHANGE_DIFFERENT);
}
