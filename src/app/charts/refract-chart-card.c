/* refract-chart-card.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "charts/refract-chart-card.h"

struct _RefractChartCard
{
  AdwBin parent_instance;

  GtkLabel *title;
  GtkMenuButton *menu_button;
  RefractChartView *view;
};

enum
{
  PROP_0,
  PROP_KIND,
  PROP_REPORT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (RefractChartCard, refract_chart_card, ADW_TYPE_BIN)

/* The menu button's name says whose menu it is: a page has many. */
static void
update_title (RefractChartCard *self)
{
  RefractScene *scene = refract_chart_view_get_scene (self->view);
  const char *title = scene != NULL ? refract_scene_get_title (scene) : "";
  g_autofree char *menu_name = g_strdup_printf (_ ("Chart Menu: %s"), title);

  gtk_label_set_label (self->title, title);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->menu_button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  menu_name, -1);
  gtk_widget_set_visible (GTK_WIDGET (self), scene != NULL);
}

void
refract_chart_card_set_report (RefractChartCard *self, RefractReport *report)
{
  g_return_if_fail (REFRACT_IS_CHART_CARD (self));

  g_object_set (self, "report", report, NULL);
}

void
refract_chart_card_set_maker (RefractChartCard *self,
                              RefractSceneFunc maker,
                              gpointer data,
                              GDestroyNotify destroy)
{
  g_return_if_fail (REFRACT_IS_CHART_CARD (self));

  refract_chart_view_set_maker (self->view, maker, data, destroy);
  update_title (self);
}

RefractChartView *
refract_chart_card_get_view (RefractChartCard *self)
{
  g_return_val_if_fail (REFRACT_IS_CHART_CARD (self), NULL);
  return self->view;
}

static void
refract_chart_card_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  RefractChartCard *self = REFRACT_CHART_CARD (object);

  switch (id)
    {
    case PROP_KIND:
    case PROP_REPORT:
      g_object_get_property (G_OBJECT (self->view), pspec->name, value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
refract_chart_card_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  RefractChartCard *self = REFRACT_CHART_CARD (object);

  switch (id)
    {
    case PROP_KIND:
    case PROP_REPORT:
      g_object_set_property (G_OBJECT (self->view), pspec->name, value);
      update_title (self);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
refract_chart_card_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_CHART_CARD);

  G_OBJECT_CLASS (refract_chart_card_parent_class)->dispose (object);
}

static void
refract_chart_card_class_init (RefractChartCardClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = refract_chart_card_get_property;
  object_class->set_property = refract_chart_card_set_property;
  object_class->dispose = refract_chart_card_dispose;

  properties[PROP_KIND]
      = g_param_spec_string ("kind", NULL, NULL, NULL, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  properties[PROP_REPORT] = g_param_spec_object ("report", NULL, NULL, REFRACT_TYPE_REPORT,
                                                 G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (REFRACT_TYPE_CHART_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/chart-card.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractChartCard, title);
  gtk_widget_class_bind_template_child (widget_class, RefractChartCard, menu_button);
  gtk_widget_class_bind_template_child (widget_class, RefractChartCard, view);
}

static void
refract_chart_card_init (RefractChartCard *self)
{
  g_autoptr (GMenuModel) menu = refract_chart_view_create_menu ();

  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_menu_button_set_menu_model (self->menu_button, menu);
  /* The button is beside the chart, not in it. */
  gtk_widget_insert_action_group (GTK_WIDGET (self), "chart",
                                  refract_chart_view_get_actions (self->view));
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}

GtkWidget *
refract_chart_card_new (const char *kind)
{
  return g_object_new (REFRACT_TYPE_CHART_CARD, "kind", kind, NULL);
}
