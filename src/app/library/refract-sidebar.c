/* refract-sidebar.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "library/refract-choice-bar.h"
#include "library/refract-choice.h"
#include "library/refract-filter-popover.h"
#include "library/refract-sidebar-actions.h"
#include "library/refract-sidebar-rows.h"
#include "refract-application.h"
#include "run/refract-run-item.h"

/* A library that is read sooner is not announced. */
#define LOADING_DELAY_MS 300

struct _RefractSidebar
{
  AdwNavigationPage parent_instance;

  GtkWidget *search_bar;
  GtkWidget *search_entry;
  GtkWidget *search_button;
  GtkWidget *filter_button;
  GtkWidget *stack;
  GtkWidget *list_view;
  RefractChoiceBar *choice_bar;
  GtkWidget *menu;
  GMenuModel *report_menu;
  GMenuModel *audit_menu;

  RefractLibrary *library;
  GListModel *running;
  GListStore *parts; /* running, filtered */
  GtkFilterListModel *filtered;
  GtkSingleSelection *selection;
  GtkSelectionModel *choice; /* of several; NULL unless choosing */
  RefractReportFilter *filter;
  RefractReportOrder *order;
  GObject *wanted;      /* to be selected as soon as it is listed */
  guint loading_source; /* nothing is shown of loading before it */
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
  PROP_CHOOSING,
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
        page = "nothing";
      else if (self->library == NULL || refract_library_is_loading (self->library))
        page = self->loading_source != 0 ? "blank" : "loading";
      else
        page = "empty";
    }
  if (g_strcmp0 (gtk_stack_get_visible_child_name (GTK_STACK (self->stack)), page) != 0)
    gtk_stack_set_visible_child_name (GTK_STACK (self->stack), page);
}

static gboolean
loading_timeout_cb (gpointer user_data)
{
  RefractSidebar *self = user_data;

  self->loading_source = 0;
  update_stack (self);
  return G_SOURCE_REMOVE;
}

static void
library_changed_cb (RefractSidebar *self, guint position, guint removed, guint added)
{
  if (get_n_items (self->library) == added || get_n_items (self->library) == 0)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HAS_REPORTS]);
}

static void
update_actions (RefractSidebar *self)
{
  refract_sidebar_update_actions (self, self->choice == NULL ? refract_sidebar_get_selected (self)
                                                             : NULL);
}

static void
selection_changed_cb (RefractSidebar *self)
{
  GObject *item = gtk_single_selection_get_selected_item (self->selection);

  update_actions (self);
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

  if (self->choice != NULL)
    refract_choice_toggle (self->choice, position, FALSE);
  else if (item != NULL)
    g_signal_emit (self, signals[OPEN], 0, item);
}

/* Seen where the search bar is closed as well. */
static void
narrowed_cb (RefractSidebar *self)
{
  GtkWidget *buttons[] = { self->filter_button, self->search_button };
  gboolean narrowed;

  g_object_get (self->filter, "narrowed", &narrowed, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (buttons); i++)
    if (narrowed)
      gtk_widget_add_css_class (buttons[i], "accent");
    else
      gtk_widget_remove_css_class (buttons[i], "accent");
}

/* Not before it is wanted: it is a good part of what a new window has to make. */
static void
create_popover (GtkMenuButton *button, gpointer user_data)
{
  RefractSidebar *self = user_data;
  GtkPopover *popover = gtk_menu_button_get_popover (button);

  if (popover == NULL)
    {
      popover = GTK_POPOVER (refract_filter_popover_new (self->filter, self->order));
      gtk_menu_button_set_popover (button, GTK_WIDGET (popover));
    }
  refract_filter_popover_fill (REFRACT_FILTER_POPOVER (popover), self->library);
}

static void
clear_filters (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RefractSidebar *self = REFRACT_SIDEBAR (widget);

  gtk_search_bar_set_search_mode (GTK_SEARCH_BAR (self->search_bar), FALSE);
  gtk_editable_set_text (GTK_EDITABLE (self->search_entry), "");
  refract_report_filter_clear (self->filter);
}

static void
popup_menu (RefractSidebar *self, const GdkRectangle *at)
{
  if (self->menu == NULL)
    {
      self->menu = gtk_popover_menu_new_from_model (NULL);
      gtk_popover_set_has_arrow (GTK_POPOVER (self->menu), FALSE);
      gtk_widget_set_halign (self->menu, GTK_ALIGN_START);
      gtk_widget_set_parent (self->menu, self->list_view);
    }
  gtk_popover_menu_set_menu_model (GTK_POPOVER_MENU (self->menu),
                                   REFRACT_IS_RUN_ITEM (refract_sidebar_get_selected (self))
                                       ? self->audit_menu
                                       : self->report_menu);
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

gboolean
refract_sidebar_open_menu (RefractSidebar *self,
                           guint position,
                           GtkWidget *row,
                           const graphene_point_t *point)
{
  graphene_point_t at;

  if (self->choice != NULL || !gtk_widget_compute_point (row, self->list_view, point, &at))
    return FALSE;
  gtk_single_selection_set_selected (self->selection, position);
  popup_menu (self, &(GdkRectangle) { at.x, at.y, 1, 1 });
  return TRUE;
}

/* --- Several reports at once --- */

static void
update_single_click (RefractSidebar *self)
{
  gtk_list_view_set_single_click_activate (GTK_LIST_VIEW (self->list_view),
                                           self->collapsed && self->choice == NULL);
}

static void
set_choosing (RefractSidebar *self, gboolean choosing)
{
  guint selected = gtk_single_selection_get_selected (self->selection);

  if (choosing == (self->choice != NULL))
    return;
  if (choosing)
    {
      self->choice = GTK_SELECTION_MODEL (gtk_multi_selection_new (
          g_object_ref (gtk_single_selection_get_model (self->selection))));
      if (selected != GTK_INVALID_LIST_POSITION)
        refract_choice_toggle (self->choice, selected, FALSE);
      gtk_list_view_set_model (GTK_LIST_VIEW (self->list_view), self->choice);
    }
  else
    {
      gtk_list_view_set_model (GTK_LIST_VIEW (self->list_view),
                               GTK_SELECTION_MODEL (self->selection));
      g_clear_object (&self->choice);
    }
  refract_choice_bar_set_choice (self->choice_bar, self->choice);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "library.stop-choosing", choosing);
  update_single_click (self);
  update_actions (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CHOOSING]);
}

static void
compare_cb (RefractSidebar *self)
{
  g_autoptr (GVariant) ids = g_variant_ref_sink (refract_choice_get_ids (self->choice));

  set_choosing (self, FALSE);
  gtk_widget_activate_action_variant (GTK_WIDGET (self), "win.compare", ids);
}

static void
stop_choosing (GtkWidget *widget, const char *name, GVariant *parameter)
{
  set_choosing (REFRACT_SIDEBAR (widget), FALSE);
}

gboolean
refract_sidebar_choose (RefractSidebar *self, guint position, GdkModifierType modifiers)
{
  if (self->choice == NULL && modifiers == 0)
    return FALSE;
  set_choosing (self, TRUE);
  refract_choice_toggle (self->choice, position, (modifiers & GDK_SHIFT_MASK) != 0);
  return TRUE;
}

static void
refract_sidebar_dispose (GObject *object)
{
  RefractSidebar *self = REFRACT_SIDEBAR (object);

  g_clear_handle_id (&self->loading_source, g_source_remove);
  if (self->list_view != NULL)
    gtk_list_view_set_model (GTK_LIST_VIEW (self->list_view), NULL);
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  g_clear_object (&self->choice);
  g_clear_object (&self->selection);
  g_clear_object (&self->parts);
  g_clear_object (&self->filtered);
  g_clear_object (&self->filter);
  g_clear_object (&self->order);
  g_clear_object (&self->library);
  g_clear_object (&self->running);
  g_clear_object (&self->wanted);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_SIDEBAR);

  G_OBJECT_CLASS (refract_sidebar_parent_class)->dispose (object);
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
    case PROP_CHOOSING:
      g_value_set_boolean (value, self->choice != NULL);
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
      update_single_click (self);
      break;
    case PROP_CHOOSING:
      set_choosing (self, g_value_get_boolean (value));
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
  properties[PROP_CHOOSING]
      = g_param_spec_boolean ("choosing", NULL, NULL, FALSE, flags | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[OPEN] = g_signal_new ("open", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 1, G_TYPE_OBJECT);
  signals[DELETED] = g_signal_new ("deleted", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, REFRACT_TYPE_SUMMARY);

  g_type_ensure (REFRACT_TYPE_CHOICE_BAR);
  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/sidebar.ui");
  CHILD (search_bar);
  CHILD (search_entry);
  CHILD (search_button);
  CHILD (filter_button);
  CHILD (stack);
  CHILD (list_view);
  CHILD (choice_bar);
  CHILD (report_menu);
  CHILD (audit_menu);
  gtk_widget_class_bind_template_callback (widget_class, activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, compare_cb);
  gtk_widget_class_install_action (widget_class, "library.clear-filters", NULL, clear_filters);
  gtk_widget_class_install_action (widget_class, "library.menu", NULL, show_menu);
  gtk_widget_class_install_property_action (widget_class, "library.choose", "choosing");
  gtk_widget_class_install_action (widget_class, "library.stop-choosing", NULL, stop_choosing);
  refract_sidebar_install_actions (widget_class);
}

static void
make_models (RefractSidebar *self)
{
  GtkFlattenListModel *all;
  GtkSortListModel *sorted;

  self->filter = refract_report_filter_new ();
  self->order = refract_report_order_new ();
  self->filtered = gtk_filter_list_model_new (NULL, GTK_FILTER (g_object_ref (self->filter)));
  self->parts = g_list_store_new (G_TYPE_LIST_MODEL);
  g_list_store_append (self->parts, self->filtered);
  all = gtk_flatten_list_model_new (g_object_ref (G_LIST_MODEL (self->parts)));
  sorted = refract_report_order_apply (self->order, G_LIST_MODEL (all));
  self->selection = gtk_single_selection_new (NULL);
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  gtk_single_selection_set_can_unselect (self->selection, TRUE);
  gtk_single_selection_set_model (self->selection, G_LIST_MODEL (sorted));
  g_object_unref (sorted);
  /* Behind the selection's own handler, so that it knows of the change. */
  g_signal_connect_object (self->selection, "items-changed", G_CALLBACK (listed_changed_cb), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (self->selection, "notify::selected-item",
                           G_CALLBACK (selection_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->filter, "notify::narrowed", G_CALLBACK (narrowed_cb), self,
                           G_CONNECT_SWAPPED);
}

/* Sort order and bands are as they were in the last window. */
static void
bind_settings (RefractSidebar *self)
{
  GSettings *settings = refract_application_get_settings (refract_application_get_default ());

  g_settings_bind (settings, "library-sort", self->order, "sort", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "library-bands", self->filter, "bands", G_SETTINGS_BIND_DEFAULT);
}

static void
refract_sidebar_init (RefractSidebar *self)
{
  g_autoptr (GtkListItemFactory) rows = refract_sidebar_rows_new ();
  g_autoptr (GtkListItemFactory) headers = NULL;

  make_models (self);
  headers = refract_sidebar_headers_new (self->order);
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_menu_button_set_create_popup_func (GTK_MENU_BUTTON (self->filter_button), create_popover,
                                         self, NULL);
  g_object_bind_property (self->search_entry, "text", self->filter, "text", G_BINDING_DEFAULT);
  bind_settings (self);

  gtk_list_view_set_factory (GTK_LIST_VIEW (self->list_view), rows);
  gtk_list_view_set_header_factory (GTK_LIST_VIEW (self->list_view), headers);
  gtk_list_view_set_model (GTK_LIST_VIEW (self->list_view), GTK_SELECTION_MODEL (self->selection));
  gtk_search_bar_connect_entry (GTK_SEARCH_BAR (self->search_bar),
                                GTK_EDITABLE (self->search_entry));
  refract_sidebar_update_actions (self, NULL);
  self->loading_source = g_timeout_add (LOADING_DELAY_MS, loading_timeout_cb, self);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "library.stop-choosing", FALSE);
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
  guint position = GTK_INVALID_LIST_POSITION;

  g_return_if_fail (REFRACT_IS_SIDEBAR (self));

  if (item != NULL)
    position = refract_report_order_find (self->order, G_LIST_MODEL (self->selection), item);
  if (position == GTK_INVALID_LIST_POSITION)
    g_set_object (&self->wanted, item);
  else
    g_clear_object (&self->wanted);
  self->quiet = TRUE;
  gtk_single_selection_set_selected (self->selection, position);
  self->quiet = FALSE;
}

GObject *
refract_sidebar_get_selected (RefractSidebar *self)
{
  g_return_val_if_fail (REFRACT_IS_SIDEBAR (self), NULL);

  return gtk_single_selection_get_selected_item (self->selection);
}

RefractSummary *
refract_sidebar_get_summary (RefractSidebar *self)
{
  GObject *item = refract_sidebar_get_selected (self);

  return REFRACT_IS_SUMMARY (item) ? REFRACT_SUMMARY (item) : NULL;
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
    gtk_filter_changed (GTK_FILTER (self->filter), GTK_FILTER_CHANGE_DIFFERENT);
}
