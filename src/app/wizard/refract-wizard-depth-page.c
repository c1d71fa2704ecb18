/* refract-wizard-depth-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "core/refract-data.h"
#include "refract-spin-row.h"
#include "wizard/refract-fetch-row.h"
#include "wizard/refract-wizard-depth-page.h"

#define MIB 1048576.0
#define QUICK_AXES "trajectory,kld"
#define FULL_AXES "trajectory,kld,rniah,plad"

struct _RefractWizardDepthPage
{
  RefractWizardPage parent_instance;

  RefractFetchRow *fetch_row;
  AdwToggleGroup *preset_group;
  GtkLabel *preset_label;
  AdwExpanderRow *axis_rows[REFRACT_N_AXES];
  AdwComboRow *prompt_mode_row;
  AdwEntryRow *seed_row;
  RefractSpinRow *kv_budget_row;
  AdwActionRow *time_row;
  AdwActionRow *disk_row;
  AdwActionRow *memory_row;
  AdwActionRow *comparable_row;

  gboolean filling; /* changes are not the person's */
};

G_DEFINE_FINAL_TYPE (RefractWizardDepthPage, refract_wizard_depth_page, REFRACT_TYPE_WIZARD_PAGE)

/* Rows of the template that show one property of the plan, as they are. */
static const struct
{
  const char *child;
  const char *property;
  const char *row_property;
} parameters[] = {
  { "n_predict_row", "n-predict", "value" },
  { "chunks_row", "chunks", "value" },
  { "ctx_row", "ctx", "text" },
  { "lengths_row", "rniah-lengths", "text" },
  { "positions_row", "rniah-positions", "text" },
  { "trials_row", "rniah-trials", "value" },
  { "rniah_n_predict_row", "rniah-n-predict", "value" },
  { "needle_row", "rniah-needle", "text" },
  { "question_row", "rniah-question", "text" },
  { "measure_floor_row", "measure-floor", "active" },
  { "strict_floor_row", "strict-floor", "active" },
  { "slots_row", "slots", "value" },
  { "threads_row", "threads", "value" },
};

static const char *const axis_children[REFRACT_N_AXES]
    = { "trajectory_row", "kld_row", "rniah_row", "plad_row" };

/* Texts that a person may choose: the bundled one, where the plan needs one. */
static const struct
{
  const char *property;
  const char *child;
  const char *bundled; /* below the data folder; NULL: the plan's own default is used */
  const char *title;
  const char *bundled_name;
} texts[] = {
  { "prompts", "prompts_row", NULL, N_ ("Choose Prompts"), N_ ("Refract’s own 30") },
  { "corpus", "corpus_row", "demo/corpus.txt", N_ ("Choose a Corpus"), N_ ("The bundled text") },
  { "haystack", "haystack_row", "demo/haystack.txt", N_ ("Choose a Haystack"),
    N_ ("The bundled text") },
};

static GObject *
get_child (RefractWizardDepthPage *self, const char *name)
{
  return gtk_widget_get_template_child (GTK_WIDGET (self), REFRACT_TYPE_WIZARD_DEPTH_PAGE, name);
}

static RefractPlan *
get_plan (RefractWizardDepthPage *self)
{
  return refract_wizard_page_get_plan (REFRACT_WIZARD_PAGE (self));
}

/* ---- Presets and axes ---- */

static const struct
{
  const char *name;
  const char *text;
} presets[] = {
  { "quick", N_ ("Trajectory and KLD@D: does it still say the same, and how far is it off?") },
  { "full", N_ ("All four axes, and the noise floor: long contexts and changed wordings too.") },
  { "custom", N_ ("Your own choice of axes and parameters.") },
};

/* A preset chooses axes and the floor, never a parameter that moves scores. */
static gboolean
is_preset (RefractWizardDepthPage *self, const char *name)
{
  RefractPlan *plan = get_plan (self);
  gboolean full = g_str_equal (name, "full");

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    if (refract_plan_has_axis (plan, i)
        != (full || i == REFRACT_AXIS_TRAJECTORY || i == REFRACT_AXIS_KLD))
      return FALSE;
  return refract_plan_get_boolean (plan, "measure-floor") == full;
}

static void
show_preset (RefractWizardDepthPage *self, const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (presets); i++)
    if (g_str_equal (presets[i].name, name))
      gtk_label_set_label (self->preset_label, _ (presets[i].text));
  self->filling = TRUE;
  adw_toggle_group_set_active_name (self->preset_group, name);
  self->filling = FALSE;
}

static void
preset_changed (RefractWizardDepthPage *self)
{
  const char *name = adw_toggle_group_get_active_name (self->preset_group);

  if (self->filling || name == NULL)
    return;
  if (g_str_equal (name, "quick"))
    g_object_set (get_plan (self), "axes", QUICK_AXES, "strict-floor", FALSE, "measure-floor",
                  FALSE, NULL);
  else if (g_str_equal (name, "full"))
    g_object_set (get_plan (self), "axes", FULL_AXES, "measure-floor", TRUE, NULL);
  show_preset (self, name);
}

/* What the plan has now, unless the person has asked for Custom. */
static void
update_preset (RefractWizardDepthPage *self)
{
  const char *name = adw_toggle_group_get_active_name (self->preset_group);

  if (self->filling || (name != NULL && g_str_equal (name, "custom")))
    return;
  show_preset (self, is_preset (self, "quick")  ? "quick"
                     : is_preset (self, "full") ? "full"
                                                : "custom");
}

static void
axes_changed (RefractWizardDepthPage *self)
{
  self->filling = TRUE;
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    adw_expander_row_set_enable_expansion (self->axis_rows[i],
                                           refract_plan_has_axis (get_plan (self), i));
  self->filling = FALSE;
  update_preset (self);
}

static void
axis_switched (RefractWizardDepthPage *self)
{
  g_autoptr (GString) axes = g_string_new (NULL);

  if (self->filling)
    return;
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    if (adw_expander_row_get_enable_expansion (self->axis_rows[i]))
      g_string_append_printf (axes, "%s%s", axes->len > 0 ? "," : "", refract_axis_id_get_name (i));
  if (axes->len > 0)
    g_object_set (get_plan (self), "axes", axes->str, NULL);
  else
    axes_changed (self);
}

static void
floor_changed (RefractWizardDepthPage *self)
{
  if (!refract_plan_get_boolean (get_plan (self), "measure-floor"))
    g_object_set (get_plan (self), "strict-floor", FALSE, NULL);
  update_preset (self);
}

/* ---- Texts ---- */

static char *
dup_bundled (guint text)
{
  return texts[text].bundled != NULL ? refract_data_dup_path (texts[text].bundled) : NULL;
}

static void
show_text (RefractWizardDepthPage *self, guint text)
{
  AdwActionRow *row = ADW_ACTION_ROW (get_child (self, texts[text].child));
  RefractPlanImport *import = refract_wizard_state_get_import (
      refract_wizard_page_get_state (REFRACT_WIZARD_PAGE (self)));
  const RefractPlanFile *file
      = import != NULL ? refract_plan_import_get_file (import, texts[text].property) : NULL;
  const char *path = refract_plan_get_string (get_plan (self), texts[text].property);
  g_autofree char *bundled = dup_bundled (text);
  g_autofree char *name = NULL;

  if (g_strcmp0 (path, bundled) == 0 && (path != NULL || file == NULL || file->found))
    name = g_strdup (_ (texts[text].bundled_name));
  else if (path != NULL)
    name = g_filename_display_basename (path);
  else if (file != NULL)
    name = g_strdup_printf (_ ("The report’s “%s” was not found here: choose it"), file->name);
  else
    name
        = g_strdup (g_str_equal (texts[text].property, "haystack") ? _ ("The corpus") : _ ("None"));
  adw_action_row_set_subtitle (row, name);
}

static void
show_texts (RefractWizardDepthPage *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    show_text (self, i);
}

static guint
find_text (const char *property)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (g_str_equal (texts[i].property, property))
      return i;
  g_assert_not_reached ();
}

static void
text_chosen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractWizardDepthPage) self = user_data;
  g_autoptr (GFile) file = gtk_file_dialog_open_finish (GTK_FILE_DIALOG (source), result, NULL);
  g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;

  if (path != NULL)
    g_object_set (get_plan (self), g_object_get_data (source, "property"), path, NULL);
}

static void
choose_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  guint text = find_text (g_variant_get_string (parameter, NULL));
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();

  gtk_file_dialog_set_title (dialog, _ (texts[text].title));
  g_object_set_data (G_OBJECT (dialog), "property", (gpointer) texts[text].property);
  gtk_file_dialog_open (dialog, GTK_WINDOW (gtk_widget_get_root (widget)), NULL, text_chosen,
                        g_object_ref (widget));
}

static void
bundled_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  guint text = find_text (g_variant_get_string (parameter, NULL));
  g_autofree char *path = dup_bundled (text);

  g_object_set (get_plan (REFRACT_WIZARD_DEPTH_PAGE (widget)), texts[text].property, path, NULL);
}

/* ---- Parameters ---- */

static void
mode_selected (RefractWizardDepthPage *self)
{
  if (!self->filling)
    g_object_set (get_plan (self), "prompt-mode",
                  adw_combo_row_get_selected (self->prompt_mode_row) == 1 ? "chat" : "raw", NULL);
}

static void
mode_changed (RefractWizardDepthPage *self)
{
  const char *mode = refract_plan_get_string (get_plan (self), "prompt-mode");

  self->filling = TRUE;
  adw_combo_row_set_selected (self->prompt_mode_row, g_str_equal (mode, "chat") ? 1 : 0);
  self->filling = FALSE;
}

static gboolean
bytes_to_mib (GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
  g_value_set_double (to, (double) g_value_get_int64 (from) / MIB);
  return TRUE;
}

static gboolean
mib_to_bytes (GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
  g_value_set_int64 (to, (gint64) (g_value_get_double (from) * MIB));
  return TRUE;
}

static gboolean
seed_to_text (GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
  g_value_take_string (to, g_strdup_printf ("%" G_GINT64_FORMAT, g_value_get_int64 (from)));
  return TRUE;
}

/* Too many digits for a spin button; what is no number is marked and changes nothing. */
static gboolean
text_to_seed (GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
  RefractWizardDepthPage *self = data;
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (get_plan (self)), "seed");
  gint64 seed = 0;
  gboolean valid = g_ascii_string_to_signed (g_value_get_string (from), 10, 0,
                                             G_PARAM_SPEC_INT64 (pspec)->maximum, &seed, NULL);

  if (valid)
    gtk_widget_remove_css_class (GTK_WIDGET (self->seed_row), "error");
  else
    gtk_widget_add_css_class (GTK_WIDGET (self->seed_row), "error");
  g_value_set_int64 (to, seed);
  return valid;
}

static void
bind_parameters (RefractWizardDepthPage *self)
{
  RefractPlan *plan = get_plan (self);

  for (guint i = 0; i < G_N_ELEMENTS (parameters); i++)
    {
      GObject *row = get_child (self, parameters[i].child);
      GParamSpec *pspec
          = g_object_class_find_property (G_OBJECT_GET_CLASS (plan), parameters[i].property);

      if (REFRACT_IS_SPIN_ROW (row))
        {
          GtkAdjustment *adjustment = refract_spin_row_get_adjustment (REFRACT_SPIN_ROW (row));

          gtk_adjustment_set_lower (adjustment, (double) G_PARAM_SPEC_INT64 (pspec)->minimum);
          gtk_adjustment_set_upper (adjustment, (double) G_PARAM_SPEC_INT64 (pspec)->maximum);
        }
      g_object_bind_property (plan, parameters[i].property, row, parameters[i].row_property,
                              G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
    }
  g_object_bind_property_full (plan, "seed", self->seed_row, "text",
                               G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE, seed_to_text,
                               text_to_seed, self, NULL);
  g_object_bind_property_full (plan, "kv-budget", self->kv_budget_row, "value",
                               G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE, bytes_to_mib,
                               mib_to_bytes, NULL, NULL);
}

/* ---- What it takes ---- */

/* While an answer is awaited, the last one stands: the button does not flicker as one types. */
static void
update_problem (RefractWizardDepthPage *self)
{
  RefractWizardForecast *forecast = refract_wizard_state_get_forecast (
      refract_wizard_page_get_state (REFRACT_WIZARD_PAGE (self)));

  if (refract_wizard_forecast_is_ready (forecast))
    refract_wizard_page_set_problem (REFRACT_WIZARD_PAGE (self),
                                     refract_wizard_forecast_get_error (forecast));
}

static void
bind_forecast (RefractWizardDepthPage *self, RefractWizardForecast *forecast)
{
  g_object_bind_property (forecast, "time", self->time_row, "subtitle", G_BINDING_SYNC_CREATE);
  g_object_bind_property (forecast, "disk", self->disk_row, "subtitle", G_BINDING_SYNC_CREATE);
  g_object_bind_property (forecast, "memory", self->memory_row, "subtitle", G_BINDING_SYNC_CREATE);
  g_object_bind_property (forecast, "comparable", self->comparable_row, "subtitle",
                          G_BINDING_SYNC_CREATE);
  g_signal_connect_object (forecast, "notify::ready", G_CALLBACK (update_problem), self,
                           G_CONNECT_SWAPPED);
  refract_wizard_page_set_problem (REFRACT_WIZARD_PAGE (self), _ ("The plan is being checked."));
  update_problem (self);
}

static void
refract_wizard_depth_page_constructed (GObject *object)
{
  static const struct
  {
    const char *signal;
    void (*callback) (RefractWizardDepthPage *self);
  } watched[] = {
    { "notify::axes", axes_changed },        { "notify::measure-floor", floor_changed },
    { "notify::prompt-mode", mode_changed }, { "notify::prompts", show_texts },
    { "notify::corpus", show_texts },        { "notify::haystack", show_texts },
  };
  RefractWizardDepthPage *self = REFRACT_WIZARD_DEPTH_PAGE (object);
  RefractWizardState *state = refract_wizard_page_get_state (REFRACT_WIZARD_PAGE (self));

  G_OBJECT_CLASS (refract_wizard_depth_page_parent_class)->constructed (object);

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      self->axis_rows[i] = ADW_EXPANDER_ROW (get_child (self, axis_children[i]));
      g_signal_connect_object (self->axis_rows[i], "notify::enable-expansion",
                               G_CALLBACK (axis_switched), self, G_CONNECT_SWAPPED);
    }
  refract_fetch_row_set_plan (self->fetch_row, get_plan (self));
  bind_parameters (self);
  for (guint i = 0; i < G_N_ELEMENTS (watched); i++)
    {
      g_signal_connect_object (get_plan (self), watched[i].signal, G_CALLBACK (watched[i].callback),
                               self, G_CONNECT_SWAPPED);
      watched[i].callback (self);
    }
  bind_forecast (self, refract_wizard_state_get_forecast (state));
}

static void
refract_wizard_depth_page_stop (RefractWizardPage *page)
{
  refract_fetch_row_stop (REFRACT_WIZARD_DEPTH_PAGE (page)->fetch_row);
}

static void
refract_wizard_depth_page_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_WIZARD_DEPTH_PAGE);

  G_OBJECT_CLASS (refract_wizard_depth_page_parent_class)->dispose (object);
}

static void
refract_wizard_depth_page_class_init (RefractWizardDepthPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->constructed = refract_wizard_depth_page_constructed;
  object_class->dispose = refract_wizard_depth_page_dispose;

  REFRACT_WIZARD_PAGE_CLASS (klass)->stop = refract_wizard_depth_page_stop;

  g_type_ensure (REFRACT_TYPE_FETCH_ROW);
  g_type_ensure (REFRACT_TYPE_SPIN_ROW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               RESOURCE_PATH "/ui/wizard-depth-page.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractWizardDepthPage, fetch_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardDepthPage, preset_group);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardDepthPage, preset_label);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardDepthPage, prompt_mode_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardDepthPage, kv_budget_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardDepthPage, seed_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardDepthPage, time_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardDepthPage, disk_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardDepthPage, memory_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardDepthPage, comparable_row);
  for (guint i = 0; i < G_N_ELEMENTS (parameters); i++)
    gtk_widget_class_bind_template_child_full (widget_class, parameters[i].child, FALSE, 0);
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    gtk_widget_class_bind_template_child_full (widget_class, axis_children[i], FALSE, 0);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    gtk_widget_class_bind_template_child_full (widget_class, texts[i].child, FALSE, 0);
  gtk_widget_class_bind_template_callback (widget_class, preset_changed);
  gtk_widget_class_bind_template_callback (widget_class, mode_selected);
  gtk_widget_class_install_action (widget_class, "depth.choose", "s", choose_activated);
  gtk_widget_class_install_action (widget_class, "depth.bundled", "s", bundled_activated);
}

static void
refract_wizard_depth_page_init (RefractWizardDepthPage *self)
{
  /* the template's own defaults are not the person's choice */
  self->filling = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  self->filling = FALSE;
}
