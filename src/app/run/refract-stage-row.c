/* refract-stage-row.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "core/refract-score.h"
#include "run/refract-stage-row.h"

struct _RefractStageRow
{
  AdwPreferencesRow parent_instance;

  GtkStack *icons;
  GtkLabel *step;
  GtkLabel *status;
  GtkProgressBar *bar;
};

G_DEFINE_FINAL_TYPE (RefractStageRow, refract_stage_row, ADW_TYPE_PREFERENCES_ROW)

static void
refract_stage_row_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_STAGE_ROW);

  G_OBJECT_CLASS (refract_stage_row_parent_class)->dispose (object);
}

static void
refract_stage_row_class_init (RefractStageRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_stage_row_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/stage-row.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractStageRow, icons);
  gtk_widget_class_bind_template_child (widget_class, RefractStageRow, step);
  gtk_widget_class_bind_template_child (widget_class, RefractStageRow, status);
  gtk_widget_class_bind_template_child (widget_class, RefractStageRow, bar);
}

static void
refract_stage_row_init (RefractStageRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

RefractStageRow *
refract_stage_row_new (void)
{
  return g_object_new (REFRACT_TYPE_STAGE_ROW, NULL);
}

const char *
refract_stage_get_title (const RefractStage *stage)
{
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    if (g_strcmp0 (stage->step, refract_axis_id_get_name (i)) == 0)
      return _ (refract_axis_id_get_title (i));
  return _ ("Load the model");
}

static char *
status_text (const RefractStage *stage, gboolean ended, int percent)
{
  switch (stage->state)
    {
    case REFRACT_STAGE_RUNNING:
      return g_strdup_printf (ended ? _ ("Stopped at %d %%") : _ ("%d %%"), percent);
    case REFRACT_STAGE_DONE:
      return g_strdup (_ ("Done"));
    case REFRACT_STAGE_FAILED:
      return g_strdup (_ ("Failed"));
    case REFRACT_STAGE_WAITING:
    default:
      return g_strdup (ended ? _ ("Not started") : _ ("Waiting"));
    }
}

void
refract_stage_row_update (RefractStageRow *self, const RefractStage *stage, gboolean ended)
{
  static const char *const icons[] = { "waiting", "running", "done", "failed" };
  gboolean running = stage->state == REFRACT_STAGE_RUNNING && !ended;
  int percent = stage->total > 0 ? (int) (100 * stage->done / stage->total) : 0;
  g_autofree char *status = status_text (stage, ended, percent);
  const char *title = refract_stage_get_title (stage);

  gtk_stack_set_visible_child_name (self->icons, running || stage->state != REFRACT_STAGE_RUNNING
                                                     ? icons[stage->state]
                                                     : "waiting");
  gtk_widget_set_visible (GTK_WIDGET (self->bar), running);
  /* In whole percents, so that nothing is drawn or announced more often than that. */
  gtk_progress_bar_set_fraction (self->bar, percent / 100.0);
  gtk_label_set_label (self->step, title);
  if (g_strcmp0 (gtk_label_get_label (self->status), status) != 0)
    {
      g_autofree char *name = g_strdup_printf ("%s: %s", title, status);

      gtk_label_set_label (self->status, status);
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), name);
      gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                      -1);
    }
}
