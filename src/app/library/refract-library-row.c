/* refract-library-row.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include <glib/gi18n.h>

#include "core/refract-translate.h"
#include "library/refract-library-row.h"
#include "report/refract-summary.h"
#include "run/refract-run-item.h"

struct _RefractLibraryRow
{
  GtkBox parent_instance;

  GtkWidget *title;
  GtkWidget *subtitle;
  GtkWidget *note;
  GtkWidget *progress;
  GtkWidget *score;
  GtkWidget *band;
  GtkWidget *warning;

  GSignalGroup *signals;
};

G_DEFINE_FINAL_TYPE (RefractLibraryRow, refract_library_row, GTK_TYPE_BOX)

static const struct
{
  const char *name;
  const char *title;
  const char *style;
} bands[] = {
  { "EXCELLENT", N_ ("Excellent"), "success" },
  { "PASS", N_ ("Pass"), "accent" },
  { "DEGRADED", N_ ("Degraded"), "warning" },
  { "FAIL", N_ ("Fail"), "error" },
};

static void
refract_library_row_dispose (GObject *object)
{
  RefractLibraryRow *self = REFRACT_LIBRARY_ROW (object);

  g_clear_object (&self->signals);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_LIBRARY_ROW);

  G_OBJECT_CLASS (refract_library_row_parent_class)->dispose (object);
}

static void
refract_library_row_class_init (RefractLibraryRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_library_row_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/library-row.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractLibraryRow, title);
  gtk_widget_class_bind_template_child (widget_class, RefractLibraryRow, subtitle);
  gtk_widget_class_bind_template_child (widget_class, RefractLibraryRow, note);
  gtk_widget_class_bind_template_child (widget_class, RefractLibraryRow, progress);
  gtk_widget_class_bind_template_child (widget_class, RefractLibraryRow, score);
  gtk_widget_class_bind_template_child (widget_class, RefractLibraryRow, band);
  gtk_widget_class_bind_template_child (widget_class, RefractLibraryRow, warning);
}

static void
set_text (GtkWidget *label, const char *text)
{
  gtk_label_set_label (GTK_LABEL (label), text != NULL ? text : "");
  gtk_widget_set_visible (label, text != NULL && *text != '\0');
}

const char *
refract_library_band_title (const char *band)
{
  for (guint i = 0; i < G_N_ELEMENTS (bands); i++)
    if (g_strcmp0 (bands[i].name, band) == 0)
      return _ (bands[i].title);
  return NULL;
}

static void
show_band (RefractLibraryRow *self, const char *band)
{
  set_text (self->band, refract_library_band_title (band));
  for (guint i = 0; i < G_N_ELEMENTS (bands); i++)
    if (g_strcmp0 (bands[i].name, band) == 0)
      gtk_widget_add_css_class (self->band, bands[i].style);
    else
      gtk_widget_remove_css_class (self->band, bands[i].style);
}

/* (transfer full): what stands below the model */
static char *
make_subtitle (RefractSummary *summary)
{
  if (refract_summary_get_error (summary) != NULL)
    return g_strdup (_ ("Cannot be read"));
  if (refract_summary_is_control (summary))
    /* TRANSLATORS: %s is a KV cache configuration: it was measured to show that damage is seen */
    return g_strdup_printf (_ ("%s (control)"), refract_summary_get_label (summary));
  return g_strdup (refract_summary_get_label (summary));
}

static char *
make_score (RefractSummary *summary)
{
  double composite = refract_summary_get_composite (summary);

  return isnan (composite) ? g_strdup ("") : refract_format_score (composite, 1);
}

static void
show_summary (RefractLibraryRow *self, RefractSummary *summary)
{
  g_autofree char *subtitle = make_subtitle (summary);
  g_autofree char *score = make_score (summary);
  const char *error = refract_summary_get_error (summary);
  g_autofree char *tooltip
      = refract_translate (error != NULL ? error : refract_summary_get_verdict (summary));

  set_text (self->title, refract_summary_get_model (summary));
  set_text (self->subtitle, subtitle);
  set_text (self->note, refract_summary_get_note (summary));
  set_text (self->score, score);
  show_band (self, refract_summary_get_band (summary));
  gtk_widget_set_visible (self->warning, error != NULL);
  gtk_widget_set_visible (self->progress, FALSE);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), tooltip);
}

static void
show_run (RefractLibraryRow *self, RefractRunItem *item)
{
  g_autofree char *status = refract_run_item_dup_status (item);
  g_autofree char *subtitle
      = g_strdup_printf ("%s · %s", status, refract_run_item_get_subtitle (item));

  set_text (self->title, refract_run_item_get_title (item));
  set_text (self->subtitle, subtitle);
  set_text (self->note, NULL);
  set_text (self->score, NULL);
  show_band (self, NULL);
  gtk_widget_set_visible (self->warning, refract_run_item_get_state (item) == REFRACT_RUN_FAILED);
  gtk_widget_set_visible (self->progress, refract_run_item_get_state (item) == REFRACT_RUN_RUNNING);
  gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->progress),
                                 refract_run_item_get_fraction (item));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), NULL);
}

static void
show (RefractLibraryRow *self, GObject *item)
{
  if (REFRACT_IS_SUMMARY (item))
    show_summary (self, REFRACT_SUMMARY (item));
  else if (REFRACT_IS_RUN_ITEM (item))
    show_run (self, REFRACT_RUN_ITEM (item));
}

static void
notify_cb (RefractLibraryRow *self, GParamSpec *pspec, GObject *item)
{
  show (self, item);
}

static void
refract_library_row_init (RefractLibraryRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->signals = g_signal_group_new (G_TYPE_OBJECT);
  g_signal_group_connect_swapped (self->signals, "notify", G_CALLBACK (notify_cb), self);
}

GtkWidget *
refract_library_row_new (void)
{
  return g_object_new (REFRACT_TYPE_LIBRARY_ROW, NULL);
}

void
refract_library_row_set_item (RefractLibraryRow *self, GObject *item)
{
  g_return_if_fail (REFRACT_IS_LIBRARY_ROW (self));

  g_signal_group_set_target (self->signals, item);
  if (item != NULL)
    show (self, item);
}

char *
refract_library_row_describe (GObject *item)
{
  RefractSummary *summary;
  g_autofree char *subtitle = NULL;
  g_autofree char *score = NULL;
  const char *band;

  if (REFRACT_IS_RUN_ITEM (item))
    {
      g_autofree char *status = refract_run_item_dup_status (REFRACT_RUN_ITEM (item));

      return g_strdup_printf ("%s, %s: %s", refract_run_item_get_title (REFRACT_RUN_ITEM (item)),
                              refract_run_item_get_subtitle (REFRACT_RUN_ITEM (item)), status);
    }
  summary = REFRACT_SUMMARY (item);
  subtitle = make_subtitle (summary);
  score = make_score (summary);
  band = refract_library_band_title (refract_summary_get_band (summary));
  if (band == NULL)
    return g_strdup_printf ("%s: %s", refract_summary_get_model (summary), subtitle);
  /* TRANSLATORS: model, KV configuration, score, band, as a screen reader says a row */
  return g_strdup_printf (_ ("%s, %s: %s of 100, %s"), refract_summary_get_model (summary),
                          subtitle, score, band);
}
