/* refract-run-fact.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "run/refract-run-fact.h"

struct _RefractRunFact
{
  GtkBox parent_instance;

  GtkLabel *value;
  char *caption;
};

G_DEFINE_FINAL_TYPE (RefractRunFact, refract_run_fact, GTK_TYPE_BOX)

enum
{
  PROP_0,
  PROP_CAPTION,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
refract_run_fact_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_CAPTION:
      g_value_set_string (value, REFRACT_RUN_FACT (object)->caption);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_run_fact_set_property (GObject *object,
                               guint prop_id,
                               const GValue *value,
                               GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_CAPTION:
      REFRACT_RUN_FACT (object)->caption = g_value_dup_string (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_run_fact_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_RUN_FACT);

  G_OBJECT_CLASS (refract_run_fact_parent_class)->dispose (object);
}

static void
refract_run_fact_finalize (GObject *object)
{
  g_free (REFRACT_RUN_FACT (object)->caption);

  G_OBJECT_CLASS (refract_run_fact_parent_class)->finalize (object);
}

static void
refract_run_fact_class_init (RefractRunFactClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = refract_run_fact_get_property;
  object_class->set_property = refract_run_fact_set_property;
  object_class->dispose = refract_run_fact_dispose;
  object_class->finalize = refract_run_fact_finalize;

  properties[PROP_CAPTION]
      = g_param_spec_string ("caption", NULL, NULL, NULL,
                             G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/run-fact.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractRunFact, value);
}

static void
refract_run_fact_init (RefractRunFact *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
refract_run_fact_set_value (RefractRunFact *self, const char *text)
{
  g_return_if_fail (REFRACT_IS_RUN_FACT (self));

  gtk_widget_set_visible (GTK_WIDGET (self), text != NULL);
  if (text != NULL)
    gtk_label_set_label (self->value, text);
}
