/* refract-wizard-kv-row.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <glib/gi18n.h>

#include "core/refract-kv-config.h"
#include "wizard/refract-wizard-kv-row.h"

struct _RefractWizardKvRow
{
  AdwExpanderRow parent_instance;

  GtkImage *status_icon;
  GtkWidget *remove_button;
  AdwComboRow *k_row;
  AdwComboRow *v_row;
  AdwComboRow *group_row;
  AdwEntryRow *others_row;

  RefractKvDialect dialect;
  gboolean is_error;
  gboolean filling; /* changes are not the person's */
};

enum
{
  SIGNAL_CHANGED,
  SIGNAL_REMOVE,
  N_SIGNALS
};

G_DEFINE_FINAL_TYPE (RefractWizardKvRow, refract_wizard_kv_row, ADW_TYPE_EXPANDER_ROW)

static guint signals[N_SIGNALS];

static void
changed_by_person (RefractWizardKvRow *self)
{
  if (!self->filling)
    g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
remove_clicked (RefractWizardKvRow *self)
{
  g_signal_emit (self, signals[SIGNAL_REMOVE], 0);
}

static const char *
get_type (AdwComboRow *row)
{
  GtkStringObject *item = adw_combo_row_get_selected_item (row);

  return item != NULL ? gtk_string_object_get_string (item) : "";
}

/* Selects @type, which is added where the engine does not have it. */
static void
select_type (AdwComboRow *row, const char *type)
{
  GtkStringList *list = GTK_STRING_LIST (adw_combo_row_get_model (row));
  guint index = gtk_string_list_find (list, type);

  if (index == G_MAXUINT)
    {
      index = g_list_model_get_n_items (G_LIST_MODEL (list));
      gtk_string_list_append (list, type);
    }
  adw_combo_row_set_selected (row, index);
}

static void
refract_wizard_kv_row_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_WIZARD_KV_ROW);

  G_OBJECT_CLASS (refract_wizard_kv_row_parent_class)->dispose (object);
}

static void
refract_wizard_kv_row_class_init (RefractWizardKvRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_wizard_kv_row_dispose;

  signals[SIGNAL_CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_REMOVE] = g_signal_new ("remove", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/wizard-kv-row.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractWizardKvRow, status_icon);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardKvRow, remove_button);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardKvRow, k_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardKvRow, v_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardKvRow, group_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardKvRow, others_row);
  gtk_widget_class_bind_template_callback (widget_class, changed_by_person);
  gtk_widget_class_bind_template_callback (widget_class, remove_clicked);
}

static void
refract_wizard_kv_row_init (RefractWizardKvRow *self)
{
  self->filling = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  self->filling = FALSE;
}

static void
set_dialect (RefractWizardKvRow *self, RefractKvDialect dialect)
{
  gboolean is_mlx = dialect == REFRACT_KV_MLX;
  gboolean is_server = dialect == REFRACT_KV_SERVER;

  self->dialect = dialect;
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->k_row), is_mlx      ? _ ("Bits of K")
                                                                    : is_server ? _ ("K and V")
                                                                                : _ ("Type of K"));
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->v_row),
                                 is_mlx ? _ ("Bits of V") : _ ("Type of V"));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->others_row), is_server
                                                                  ? _ ("Such as dtype=float32")
                                                                  : _ ("Such as attn_rot_k=0"));
  gtk_widget_set_visible (GTK_WIDGET (self->v_row), !is_server);
  gtk_widget_set_visible (GTK_WIDGET (self->group_row), is_mlx);
  gtk_widget_set_visible (GTK_WIDGET (self->others_row), !is_mlx);
}

RefractWizardKvRow *
refract_wizard_kv_row_new (RefractKvDialect dialect,
                           const char *const *types,
                           const char *text,
                           gboolean removable)
{
  RefractWizardKvRow *self = g_object_new (REFRACT_TYPE_WIZARD_KV_ROW, NULL);

  gtk_widget_set_visible (self->remove_button, removable);
  set_dialect (self, dialect);
  refract_wizard_kv_row_set_types (self, types);
  refract_wizard_kv_row_set_text (self, text);
  return self;
}

static char *
dup_mlx_text (RefractWizardKvRow *self)
{
  const char *k = get_type (self->k_row);
  const char *v = get_type (self->v_row);
  gboolean same = g_str_equal (k, v);

  if (same && g_str_equal (k, "16"))
    return g_strdup ("bits=16");
  return same ? g_strdup_printf ("bits=%s,group=%s", k, get_type (self->group_row))
              : g_strdup_printf ("k_bits=%s,v_bits=%s,group=%s", k, v, get_type (self->group_row));
}

char *
refract_wizard_kv_row_dup_text (RefractWizardKvRow *self)
{
  const char *others;
  const char *comma;

  g_return_val_if_fail (REFRACT_IS_WIZARD_KV_ROW (self), NULL);

  others = gtk_editable_get_text (GTK_EDITABLE (self->others_row));
  comma = *others != '\0' ? "," : "";
  switch (self->dialect)
    {
    case REFRACT_KV_MLX:
      return dup_mlx_text (self);
    case REFRACT_KV_SERVER:
      return g_strdup_printf ("kv=%s%s%s", get_type (self->k_row), comma, others);
    case REFRACT_KV_LLAMACPP:
    default:
      return g_strdup_printf ("ctk=%s,ctv=%s%s%s", get_type (self->k_row), get_type (self->v_row),
                              comma, others);
    }
}

static void
select_bits (RefractWizardKvRow *self, RefractKvConfig *kv)
{
  guint k_bits, v_bits, group;
  g_autofree char *k = NULL;
  g_autofree char *v = NULL;
  g_autofree char *elements = NULL;

  refract_kv_config_get_mlx_bits (kv, &k_bits, &v_bits, &group);
  k = g_strdup_printf ("%u", k_bits);
  v = g_strdup_printf ("%u", v_bits);
  elements = g_strdup_printf ("%u", group > 0 ? group : 64);
  select_type (self->k_row, k);
  select_type (self->v_row, v);
  select_type (self->group_row, elements);
}

void
refract_wizard_kv_row_set_text (RefractWizardKvRow *self, const char *text)
{
  g_autoptr (RefractKvConfig) kv = NULL;
  const char *others;

  g_return_if_fail (REFRACT_IS_WIZARD_KV_ROW (self));

  kv = refract_kv_config_parse (text, NULL);
  g_return_if_fail (kv != NULL && refract_kv_config_get_dialect (kv) == self->dialect);

  self->filling = TRUE;
  if (self->dialect == REFRACT_KV_MLX)
    select_bits (self, kv);
  else
    {
      select_type (self->k_row, refract_kv_config_get_type_k (kv));
      select_type (self->v_row, refract_kv_config_get_type_v (kv));
      /* the canonical text: the types, then the others */
      others = strchr (refract_kv_config_get_text (kv), ',');
      if (others != NULL && self->dialect == REFRACT_KV_LLAMACPP)
        others = strchr (others + 1, ',');
      gtk_editable_set_text (GTK_EDITABLE (self->others_row), others != NULL ? others + 1 : "");
    }
  self->filling = FALSE;
}

void
refract_wizard_kv_row_set_types (RefractWizardKvRow *self, const char *const *types)
{
  g_autofree char *type_k = NULL;
  g_autofree char *type_v = NULL;
  g_autoptr (GtkStringList) list_k = NULL;
  g_autoptr (GtkStringList) list_v = NULL;

  g_return_if_fail (REFRACT_IS_WIZARD_KV_ROW (self));

  type_k = g_strdup (get_type (self->k_row));
  type_v = g_strdup (get_type (self->v_row));
  list_k = gtk_string_list_new (types);
  list_v = gtk_string_list_new (types);
  self->filling = TRUE;
  adw_combo_row_set_model (self->k_row, G_LIST_MODEL (list_k));
  adw_combo_row_set_model (self->v_row, G_LIST_MODEL (list_v));
  if (*type_k != '\0')
    select_type (self->k_row, type_k);
  if (*type_v != '\0')
    select_type (self->v_row, type_v);
  self->filling = FALSE;
}

void
refract_wizard_kv_row_show (RefractWizardKvRow *self,
                            const char *label,
                            const char *status,
                            gboolean is_error)
{
  g_return_if_fail (REFRACT_IS_WIZARD_KV_ROW (self));

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), label);
  adw_expander_row_set_subtitle (ADW_EXPANDER_ROW (self), status);
  self->is_error = is_error;
  gtk_image_set_from_icon_name (self->status_icon,
                                is_error ? "dialog-error-symbolic" : "object-select-symbolic");
  gtk_widget_remove_css_class (GTK_WIDGET (self->status_icon), is_error ? "success" : "error");
  gtk_widget_add_css_class (GTK_WIDGET (self->status_icon), is_error ? "error" : "success");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->status_icon), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  is_error ? _ ("Cannot be run") : _ ("Can be run"), -1);
}

gboolean
refract_wizard_kv_row_is_error (RefractWizardKvRow *self)
{
  g_return_val_if_fail (REFRACT_IS_WIZARD_KV_ROW (self), FALSE);

  return self->is_error;
}
