/* refract-spin-row.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "refract-spin-row.h"

struct _RefractSpinRow
{
  AdwActionRow parent_instance;

  GtkSpinButton *spin;
  char *lowest_text;
};

enum
{
  PROP_0,
  PROP_ADJUSTMENT,
  PROP_DIGITS,
  PROP_VALUE,
  PROP_LOWEST_TEXT,
  N_PROPS
};

G_DEFINE_FINAL_TYPE (RefractSpinRow, refract_spin_row, ADW_TYPE_ACTION_ROW)

static GParamSpec *properties[N_PROPS];

static void
value_changed (RefractSpinRow *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_VALUE]);
}

static gboolean
show_value (GtkSpinButton *spin, RefractSpinRow *self)
{
  GtkAdjustment *adjustment = gtk_spin_button_get_adjustment (spin);

  if (self->lowest_text == NULL
      || gtk_adjustment_get_value (adjustment) > gtk_adjustment_get_lower (adjustment))
    return FALSE;
  gtk_editable_set_text (GTK_EDITABLE (spin), self->lowest_text);
  return TRUE;
}

static int
read_value (GtkSpinButton *spin, double *value, RefractSpinRow *self)
{
  if (g_strcmp0 (gtk_editable_get_text (GTK_EDITABLE (spin)), self->lowest_text) != 0)
    return FALSE;
  *value = gtk_adjustment_get_lower (gtk_spin_button_get_adjustment (spin));
  return TRUE;
}

static void
refract_spin_row_finalize (GObject *object)
{
  g_free (REFRACT_SPIN_ROW (object)->lowest_text);

  G_OBJECT_CLASS (refract_spin_row_parent_class)->finalize (object);
}

static void
refract_spin_row_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  RefractSpinRow *self = REFRACT_SPIN_ROW (object);

  switch (prop_id)
    {
    case PROP_ADJUSTMENT:
      g_value_set_object (value, gtk_spin_button_get_adjustment (self->spin));
      break;
    case PROP_DIGITS:
      g_value_set_uint (value, gtk_spin_button_get_digits (self->spin));
      break;
    case PROP_VALUE:
      g_value_set_double (value, gtk_spin_button_get_value (self->spin));
      break;
    case PROP_LOWEST_TEXT:
      g_value_set_string (value, self->lowest_text);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_spin_row_set_property (GObject *object,
                               guint prop_id,
                               const GValue *value,
                               GParamSpec *pspec)
{
  RefractSpinRow *self = REFRACT_SPIN_ROW (object);

  switch (prop_id)
    {
    case PROP_ADJUSTMENT:
      gtk_spin_button_set_adjustment (self->spin, g_value_get_object (value));
      break;
    case PROP_DIGITS:
      gtk_spin_button_set_digits (self->spin, g_value_get_uint (value));
      break;
    case PROP_VALUE:
      gtk_spin_button_set_value (self->spin, g_value_get_double (value));
      break;
    case PROP_LOWEST_TEXT:
      g_free (self->lowest_text);
      self->lowest_text = g_value_dup_string (value);
      if (self->lowest_text != NULL)
        gtk_editable_set_width_chars (GTK_EDITABLE (self->spin),
                                      (int) g_utf8_strlen (self->lowest_text, -1));
      gtk_spin_button_update (self->spin);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_spin_row_class_init (RefractSpinRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = refract_spin_row_finalize;
  object_class->get_property = refract_spin_row_get_property;
  object_class->set_property = refract_spin_row_set_property;

  properties[PROP_ADJUSTMENT]
      = g_param_spec_object ("adjustment", NULL, NULL, GTK_TYPE_ADJUSTMENT, flags);
  properties[PROP_DIGITS] = g_param_spec_uint ("digits", NULL, NULL, 0, 20, 0, flags);
  properties[PROP_VALUE] = g_param_spec_double ("value", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0,
                                                flags | G_PARAM_EXPLICIT_NOTIFY);
  properties[PROP_LOWEST_TEXT] = g_param_spec_string ("lowest-text", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/spin-row.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractSpinRow, spin);
  gtk_widget_class_bind_template_callback (widget_class, value_changed);
  gtk_widget_class_bind_template_callback (widget_class, show_value);
  gtk_widget_class_bind_template_callback (widget_class, read_value);
}

static void
refract_spin_row_init (RefractSpinRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkAdjustment *
refract_spin_row_get_adjustment (RefractSpinRow *self)
{
  g_return_val_if_fail (REFRACT_IS_SPIN_ROW (self), NULL);

  return gtk_spin_button_get_adjustment (self->spin);
}
