/* refract-wizard-kv-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <glib/gi18n.h>

#include "core/refract-translate.h"
#include "refract-spin-row.h"
#include "wizard/refract-wizard-grid-dialog.h"
#include "wizard/refract-wizard-kv-page.h"
#include "wizard/refract-wizard-kv-row.h"

#define KIB 1024.0

struct _RefractWizardKvPage
{
  RefractWizardPage parent_instance;

  AdwPreferencesGroup *reference_group;
  AdwPreferencesGroup *candidates_group;
  AdwPreferencesGroup *refused_group;
  GtkWidget *control_group;
  AdwSwitchRow *control_row;
  RefractSpinRow *threshold_row;
  RefractSpinRow *budget_row;
  GtkMenuButton *presets_button;
  GMenuModel *presets_llamacpp;
  GMenuModel *presets_server;
  GMenuModel *presets_mlx;

  RefractKvDialect dialect; /* of all rows */
  RefractWizardKvRow *reference;
  GPtrArray *candidates; /* (element-type RefractWizardKvRow) */
  char *control;         /* (nullable): what the switch switches */
};

G_DEFINE_FINAL_TYPE (RefractWizardKvPage, refract_wizard_kv_page, REFRACT_TYPE_WIZARD_PAGE)

/* What is known to be bad; of the types that servers have none is. */
static const char *
get_usual_control (RefractKvDialect dialect)
{
  switch (dialect)
    {
    case REFRACT_KV_LLAMACPP:
      return "ctk=q4_0,ctv=q4_0,attn_rot_disable=1";
    case REFRACT_KV_MLX:
      return "bits=2,group=32";
    case REFRACT_KV_SERVER:
    default:
      return NULL;
    }
}

static gboolean
is_usual_control (const char *text)
{
  return g_strcmp0 (text, get_usual_control (REFRACT_KV_LLAMACPP)) == 0
         || g_strcmp0 (text, get_usual_control (REFRACT_KV_MLX)) == 0;
}

/* The engine's own words; of an engine that is not known yet the usual ones. */
static const char *const *
get_types (RefractWizardKvPage *self)
{
  static const char *const usual_llamacpp[]
      = { "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl", NULL };
  static const char *const usual_server[] = { "auto", "fp8_e4m3", "fp8_e5m2", NULL };
  static const char *const bits[] = { "16", "8", "6", "5", "4", "3", "2", NULL };
  RefractWizardState *state = refract_wizard_page_get_state (REFRACT_WIZARD_PAGE (self));
  const RefractEngineInfo *engine = refract_wizard_state_get_engine (state);
  RefractBackend *backend = refract_wizard_state_get_backend (state);

  if (self->dialect == REFRACT_KV_MLX)
    return bits;
  if (engine != NULL && engine->kv_types[0] != NULL
      && refract_backend_kind_get_dialect (refract_backend_get_kind (backend)) == self->dialect)
    return (const char *const *) engine->kv_types;
  return self->dialect == REFRACT_KV_SERVER ? usual_server : usual_llamacpp;
}

/* ---- What a configuration costs, or why it cannot be run ---- */

static RefractKvConfig *
parse_row (RefractWizardKvRow *row, GError **error)
{
  g_autofree char *text = refract_wizard_kv_row_dup_text (row);

  return refract_kv_config_parse (text, error);
}

static gboolean
can_run (RefractWizardKvPage *self, RefractKvConfig *kv, GError **error)
{
  RefractWizardState *state = refract_wizard_page_get_state (REFRACT_WIZARD_PAGE (self));
  RefractBackend *backend = refract_wizard_state_get_backend (state);
  RefractModel *model = refract_wizard_state_get_model (state);

  return backend != NULL ? refract_backend_supports_kv (backend, kv, model, error)
                         : refract_kv_config_validate (kv, model, NULL, TRUE, error);
}

static double
bytes_per_token (RefractWizardKvPage *self, RefractKvConfig *kv)
{
  RefractModel *model
      = refract_wizard_state_get_model (refract_wizard_page_get_state (REFRACT_WIZARD_PAGE (self)));

  return model != NULL ? refract_kv_config_get_bytes_per_token (kv, model) : -1;
}

/* @reference: bytes per token of the reference; −1 for the reference itself */
static char *
describe_cost (RefractWizardKvPage *self, RefractKvConfig *kv, double reference)
{
  double bytes = bytes_per_token (self, kv);
  g_autofree char *size = NULL;

  if (bytes < 0)
    return g_strdup (_ ("Memory is known once the engine has run it"));
  size = g_format_size_full ((guint64) (bytes * 1000), G_FORMAT_SIZE_IEC_UNITS);
  if (reference > 0 && bytes < reference)
    return g_strdup_printf (_ ("%s per 1,000 tokens, %.0f %% less"), size,
                            100 * (1 - bytes / reference));
  return g_strdup_printf (_ ("%s per 1,000 tokens"), size);
}

static gboolean
show_row (RefractWizardKvPage *self, RefractWizardKvRow *row, double reference, GHashTable *seen)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractKvConfig) kv = parse_row (row, &error);
  g_autofree char *text = refract_wizard_kv_row_dup_text (row);
  g_autofree char *cost = NULL;
  g_autofree char *message = NULL;

  if (kv == NULL)
    {
      message = refract_translate (error->message);
      refract_wizard_kv_row_show (row, text, message, TRUE);
      return FALSE;
    }
  if (seen != NULL && !g_hash_table_add (seen, g_strdup (refract_kv_config_get_text (kv))))
    {
      refract_wizard_kv_row_show (row, refract_kv_config_get_label (kv),
                                  _ ("This configuration is in the list already."), TRUE);
      return FALSE;
    }
  if (!can_run (self, kv, &error))
    {
      message = refract_translate (error->message);
      refract_wizard_kv_row_show (row, refract_kv_config_get_label (kv), message, TRUE);
      return FALSE;
    }
  cost = describe_cost (self, kv, reference);
  refract_wizard_kv_row_show (row, refract_kv_config_get_label (kv), cost, FALSE);
  return TRUE;
}

static gboolean
show_control (RefractWizardKvPage *self, GHashTable *seen)
{
  g_autoptr (RefractKvConfig) kv
      = self->control != NULL ? refract_kv_config_parse (self->control, NULL) : NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *subtitle = NULL;
  gboolean active = adw_switch_row_get_active (self->control_row);

  if (kv == NULL)
    return TRUE;
  if (active && g_hash_table_contains (seen, refract_kv_config_get_text (kv)))
    subtitle = g_strdup_printf (_ ("%s is a candidate already: remove it there."),
                                refract_kv_config_get_label (kv));
  else if (!can_run (self, kv, &error))
    subtitle = refract_translate (error->message);
  else
    {
      subtitle = g_strdup_printf (_ ("%s shows whether this setup can tell configurations apart"),
                                  refract_kv_config_get_label (kv));
      adw_action_row_set_subtitle (ADW_ACTION_ROW (self->control_row), subtitle);
      return TRUE;
    }
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->control_row), subtitle);
  return !active;
}

/* Marks every row, and says what is in the way of going on. */
static void
update (RefractWizardKvPage *self)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (RefractKvConfig) reference = parse_row (self->reference, NULL);
  double bytes = reference != NULL ? bytes_per_token (self, reference) : -1;
  const char *problem = NULL;

  if (!show_row (self, self->reference, -1, NULL))
    problem = _ ("The reference cannot be run: see its row.");
  for (guint i = 0; i < self->candidates->len; i++)
    if (!show_row (self, g_ptr_array_index (self->candidates, i), bytes, seen))
      problem = _ ("A candidate cannot be run: change or remove it.");
  if (!show_control (self, seen))
    problem = _ ("The negative control cannot be run: switch it off.");
  if (self->candidates->len == 0)
    problem = _ ("Add a configuration to compare with the reference.");
  refract_wizard_page_set_problem (REFRACT_WIZARD_PAGE (self), problem);
}

static void
rows_changed (RefractWizardKvPage *self)
{
  RefractPlan *plan = refract_wizard_page_get_plan (REFRACT_WIZARD_PAGE (self));
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) candidates = NULL;
  g_autofree char *reference = refract_wizard_kv_row_dup_text (self->reference);

  for (guint i = 0; i < self->candidates->len; i++)
    {
      g_autofree char *text
          = refract_wizard_kv_row_dup_text (g_ptr_array_index (self->candidates, i));

      g_strv_builder_add (builder, text);
    }
  candidates = g_strv_builder_end (builder);
  /* at its default it is not said */
  if (g_str_equal (reference, refract_kv_dialect_get_reference (self->dialect)))
    g_clear_pointer (&reference, g_free);
  g_object_set (plan, "reference", reference, "candidates", candidates, "control",
                adw_switch_row_get_active (self->control_row) ? self->control : NULL, NULL);
  update (self);
}

/* ---- Adding and removing ---- */

static void
remove_row (RefractWizardKvRow *row, gpointer user_data)
{
  RefractWizardKvPage *self = user_data;

  g_ptr_array_remove (self->candidates, row);
  adw_preferences_group_remove (self->candidates_group, GTK_WIDGET (row));
  rows_changed (self);
}

static RefractWizardKvRow *
find_row (RefractWizardKvPage *self, RefractKvConfig *kv)
{
  for (guint i = 0; i < self->candidates->len; i++)
    {
      RefractWizardKvRow *row = g_ptr_array_index (self->candidates, i);
      g_autoptr (RefractKvConfig) own = parse_row (row, NULL);

      if (own != NULL && refract_kv_config_equal (own, kv))
        return row;
    }
  return NULL;
}

/* A configuration that is there already is shown instead of added twice. */
static RefractWizardKvRow *
add_row (RefractWizardKvPage *self, const char *text)
{
  g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (text, NULL);
  RefractWizardKvRow *row = kv != NULL ? find_row (self, kv) : NULL;

  if (kv == NULL || row != NULL || refract_kv_config_get_dialect (kv) != self->dialect)
    return row;
  row = refract_wizard_kv_row_new (self->dialect, get_types (self), text, TRUE);
  g_signal_connect_object (row, "changed", G_CALLBACK (rows_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (row, "remove", G_CALLBACK (remove_row), self, G_CONNECT_DEFAULT);
  g_ptr_array_add (self->candidates, row);
  adw_preferences_group_add (self->candidates_group, GTK_WIDGET (row));
  return row;
}

static char *
pair_text (RefractKvDialect dialect, const char *k, const char *v, const char *group)
{
  switch (dialect)
    {
    case REFRACT_KV_SERVER:
      return g_strdup_printf ("kv=%s", k);
    case REFRACT_KV_MLX:
      return g_strdup_printf ("k_bits=%s,v_bits=%s,group=%s", k, v, group);
    case REFRACT_KV_LLAMACPP:
    default:
      return g_strdup_printf ("ctk=%s,ctv=%s", k, v);
    }
}

/* The first pair of the engine's types that is not in the list yet and can be run; @same: of one
 * type for both. (nullable) */
static RefractWizardKvRow *
add_first (RefractWizardKvPage *self, const char *group, gboolean same)
{
  const char *const *types = get_types (self);

  for (guint k = 0; types[k] != NULL; k++)
    for (guint v = 0; types[v] != NULL; v++)
      {
        g_autofree char *text = pair_text (self->dialect, types[k], types[v], group);
        g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (text, NULL);

        if ((!same || k == v) && kv != NULL && refract_kv_config_is_quantized (kv)
            && find_row (self, kv) == NULL && can_run (self, kv, NULL))
          return add_row (self, refract_kv_config_get_text (kv));
      }
  return NULL;
}

static void
add_clicked (RefractWizardKvPage *self)
{
  gboolean is_mlx = self->dialect == REFRACT_KV_MLX;
  /* MLX only simulates two kinds of bits, and a large group does not fit all heads */
  RefractWizardKvRow *row = add_first (self, "64", is_mlx);

  if (row == NULL && is_mlx)
    row = add_first (self, "32", TRUE);
  if (row == NULL && is_mlx)
    row = add_first (self, "32", FALSE);
  if (row == NULL)
    return;
  rows_changed (self);
  adw_expander_row_set_expanded (ADW_EXPANDER_ROW (row), TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (row));
}

/* Configurations with semicolons between them. */
static void
add_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  RefractWizardKvPage *self = REFRACT_WIZARD_KV_PAGE (widget);
  g_auto (GStrv) texts = g_strsplit (g_variant_get_string (parameter, NULL), ";", -1);
  RefractWizardKvRow *last = NULL;

  for (guint i = 0; texts[i] != NULL; i++)
    last = add_row (self, texts[i]);
  rows_changed (self);
  if (last != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (last));
}

static void
grid_chosen (RefractWizardGridDialog *dialog, GPtrArray *grid, gpointer user_data)
{
  RefractWizardKvPage *self = user_data;

  for (guint i = 0; i < grid->len; i++)
    add_row (self, refract_kv_config_get_text (g_ptr_array_index (grid, i)));
  rows_changed (self);
}

static void
grid_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  RefractWizardKvPage *self = REFRACT_WIZARD_KV_PAGE (widget);
  RefractWizardGridDialog *dialog = refract_wizard_grid_dialog_new (get_types (self));

  g_signal_connect_object (dialog, "chosen", G_CALLBACK (grid_chosen), self, G_CONNECT_DEFAULT);
  adw_dialog_present (ADW_DIALOG (dialog), widget);
}

/* ---- The plan's own ---- */

/* What the engine, else the model, else the plan itself speaks. */
static RefractKvDialect
find_dialect (RefractWizardKvPage *self)
{
  RefractWizardPage *page = REFRACT_WIZARD_PAGE (self);
  RefractWizardState *state = refract_wizard_page_get_state (page);
  RefractBackend *backend = refract_wizard_state_get_backend (state);
  RefractModel *model = refract_wizard_state_get_model (state);
  g_autoptr (RefractKvConfig) reference
      = refract_plan_get_reference (refract_wizard_page_get_plan (page), NULL);

  if (backend != NULL)
    return refract_backend_kind_get_dialect (refract_backend_get_kind (backend));
  if (model != NULL && !refract_model_get_info (model)->is_directory)
    return REFRACT_KV_LLAMACPP;
  return reference != NULL ? refract_kv_config_get_dialect (reference) : REFRACT_KV_LLAMACPP;
}

/* @text in the words of the page's dialect. */
static char *
in_own_words (RefractWizardKvPage *self, const char *text)
{
  g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (text, NULL);

  if (kv == NULL || refract_kv_config_get_dialect (kv) == self->dialect)
    return g_strdup (text);
  return refract_kv_config_get_equivalent (kv, self->dialect);
}

static void
remove_rows (RefractWizardKvPage *self)
{
  if (self->reference != NULL)
    adw_preferences_group_remove (self->reference_group, GTK_WIDGET (self->reference));
  self->reference = NULL;
  for (guint i = 0; i < self->candidates->len; i++)
    adw_preferences_group_remove (self->candidates_group, g_ptr_array_index (self->candidates, i));
  g_ptr_array_set_size (self->candidates, 0);
}

/* Rows for what the plan has; in another dialect for the nearest of it, each once. */
static void
fill (RefractWizardKvPage *self, RefractPlan *plan)
{
  GMenuModel *const presets[] = { [REFRACT_KV_LLAMACPP] = self->presets_llamacpp,
                                  [REFRACT_KV_SERVER] = self->presets_server,
                                  [REFRACT_KV_MLX] = self->presets_mlx };
  g_autoptr (RefractKvConfig) kv = refract_plan_get_reference (plan, NULL);
  g_autofree char *reference = kv != NULL
                                   ? in_own_words (self, refract_kv_config_get_text (kv))
                                   : g_strdup (refract_kv_dialect_get_reference (self->dialect));
  const char *control = refract_plan_get_string (plan, "control");
  g_auto (GStrv) candidates = NULL;

  g_object_get (plan, "candidates", &candidates, NULL);
  g_free (self->control);
  self->control = control != NULL && !is_usual_control (control)
                      ? in_own_words (self, control)
                      : g_strdup (get_usual_control (self->dialect));
  self->reference = refract_wizard_kv_row_new (self->dialect, get_types (self), reference, FALSE);
  g_signal_connect_object (self->reference, "changed", G_CALLBACK (rows_changed), self,
                           G_CONNECT_SWAPPED);
  adw_preferences_group_add (self->reference_group, GTK_WIDGET (self->reference));
  for (guint i = 0; candidates[i] != NULL; i++)
    {
      g_autofree char *text = in_own_words (self, candidates[i]);

      add_row (self, text);
    }
  gtk_menu_button_set_menu_model (self->presets_button, presets[self->dialect]);
  gtk_widget_set_visible (self->control_group, self->control != NULL);
  adw_switch_row_set_active (self->control_row, control != NULL && self->control != NULL);
}

static void
engine_changed (RefractWizardKvPage *self)
{
  RefractPlan *plan = refract_wizard_page_get_plan (REFRACT_WIZARD_PAGE (self));
  RefractKvDialect dialect = find_dialect (self);
  const char *const *types;

  if (dialect != self->dialect)
    {
      self->dialect = dialect;
      remove_rows (self);
      fill (self, plan);
      rows_changed (self);
      return;
    }
  types = get_types (self);
  refract_wizard_kv_row_set_types (self->reference, types);
  for (guint i = 0; i < self->candidates->len; i++)
    refract_wizard_kv_row_set_types (g_ptr_array_index (self->candidates, i), types);
  update (self);
}

static void
add_refused (RefractWizardKvPage *self)
{
  RefractPlanImport *import = refract_wizard_state_get_import (
      refract_wizard_page_get_state (REFRACT_WIZARD_PAGE (self)));

  gtk_widget_set_visible (GTK_WIDGET (self->refused_group),
                          import != NULL && import->refused->len > 0);
  for (guint i = 0; import != NULL && i < import->refused->len; i++)
    {
      const RefractPlanRefusal *refusal = g_ptr_array_index (import->refused, i);
      GtkWidget *row = adw_action_row_new ();
      g_autofree char *reason = refract_translate (refusal->reason);

      adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), refusal->text);
      adw_action_row_set_subtitle (ADW_ACTION_ROW (row), reason);
      adw_preferences_group_add (self->refused_group, row);
    }
}

static gboolean
bytes_to_kib (GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
  g_value_set_double (to, g_value_get_double (from) / KIB);
  return TRUE;
}

static gboolean
kib_to_bytes (GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
  g_value_set_double (to, g_value_get_double (from) * KIB);
  return TRUE;
}

static void
refract_wizard_kv_page_constructed (GObject *object)
{
  RefractWizardKvPage *self = REFRACT_WIZARD_KV_PAGE (object);
  RefractWizardPage *page = REFRACT_WIZARD_PAGE (self);
  RefractWizardState *state = refract_wizard_page_get_state (page);
  RefractPlan *plan = refract_wizard_page_get_plan (page);

  G_OBJECT_CLASS (refract_wizard_kv_page_parent_class)->constructed (object);

  self->dialect = find_dialect (self);
  fill (self, plan);
  add_refused (self);
  g_object_bind_property (plan, "threshold", self->threshold_row, "value",
                          G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  g_object_bind_property_full (plan, "max-bytes-per-token", self->budget_row, "value",
                               G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE, bytes_to_kib,
                               kib_to_bytes, NULL, NULL);
  g_signal_connect_object (self->control_row, "notify::active", G_CALLBACK (rows_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (state, "notify::engine", G_CALLBACK (engine_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (state, "notify::model", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
refract_wizard_kv_page_dispose (GObject *object)
{
  RefractWizardKvPage *self = REFRACT_WIZARD_KV_PAGE (object);

  g_clear_pointer (&self->candidates, g_ptr_array_unref);
  g_clear_pointer (&self->control, g_free);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_WIZARD_KV_PAGE);

  G_OBJECT_CLASS (refract_wizard_kv_page_parent_class)->dispose (object);
}

static void
refract_wizard_kv_page_class_init (RefractWizardKvPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->constructed = refract_wizard_kv_page_constructed;
  object_class->dispose = refract_wizard_kv_page_dispose;

  g_type_ensure (REFRACT_TYPE_SPIN_ROW);
  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/wizard-kv-page.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractWizardKvPage, reference_group);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardKvPage, candidates_group);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardKvPage, refused_group);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardKvPage, control_group);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardKvPage, control_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardKvPage, threshold_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardKvPage, budget_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardKvPage, presets_button);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardKvPage, presets_llamacpp);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardKvPage, presets_server);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardKvPage, presets_mlx);
  gtk_widget_class_bind_template_callback (widget_class, add_clicked);
  gtk_widget_class_install_action (widget_class, "kv.add", "s", add_activated);
  gtk_widget_class_install_action (widget_class, "kv.grid", NULL, grid_activated);
}

static void
refract_wizard_kv_page_init (RefractWizardKvPage *self)
{
  self->candidates = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
