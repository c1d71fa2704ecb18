/* refract-chart-save.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <string.h>

#include "charts/refract-chart-save.h"
#include "charts/refract-chart-style.h"
#include "charts/refract-scene-cairo.h"
#include "charts/refract-scene-svg.h"
#include "core/refract-error.h"
#include "core/refract-translate.h"

#define PNG_SCALE 2

typedef struct
{
  RefractScene *scene;
  RefractPalette palette;
  char *font;
  GFile *file;
} Picture;

typedef struct
{
  GtkWidget *parent;
  RefractScene *scene;
} Request;

static void
picture_free (Picture *picture)
{
  g_clear_pointer (&picture->scene, refract_scene_unref);
  g_free (picture->font);
  g_object_unref (picture->file);
  g_free (picture);
}

static void
request_free (Request *request)
{
  g_object_unref (request->parent);
  g_clear_pointer (&request->scene, refract_scene_unref);
  g_free (request);
}

static void
write_picture (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Picture *picture = data;
  g_autofree char *name = g_file_get_basename (picture->file);
  g_autofree char *lower = g_utf8_strdown (name, -1);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  if (g_str_has_suffix (lower, ".svg"))
    {
      char *svg = refract_scene_to_svg (picture->scene, NULL);

      bytes = g_bytes_new_take (svg, strlen (svg));
    }
  else
    bytes = refract_scene_to_png (picture->scene, &picture->palette, picture->font, PNG_SCALE,
                                  &error);
  if (bytes == NULL
      || !g_file_replace_contents (picture->file, g_bytes_get_data (bytes, NULL),
                                   g_bytes_get_size (bytes), NULL, FALSE, G_FILE_CREATE_NONE, NULL,
                                   cancellable, &error))
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_boolean (task, TRUE);
}

/* (transfer full) (nullable): with what a picture needs that leaves its page */
static RefractScene *
make_scene (RefractReport *report, const char *kind, double width)
{
  RefractChartFunc function = refract_chart_lookup (kind);
  RefractScene *scene;

  g_return_val_if_fail (function != NULL, NULL);

  scene = function (report, width, 1);
  if (scene != NULL && function != refract_chart_share_card_new)
    refract_chart_add_heading (scene, report);
  return scene;
}

/* @scene: (nullable) */
static void
write_async (GtkWidget *parent,
             RefractScene *scene,
             GFile *file,
             GCancellable *cancellable,
             GAsyncReadyCallback callback,
             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Picture *picture = g_new0 (Picture, 1);

  g_task_set_source_tag (task, write_async);
  picture->file = g_object_ref (file);
  picture->font = g_strdup (refract_chart_style_get_font (parent));
  refract_chart_style_get_palette (&picture->palette);
  picture->scene = scene != NULL ? refract_scene_ref (scene) : NULL;
  g_task_set_task_data (task, picture, (GDestroyNotify) picture_free);
  if (scene == NULL)
    g_task_return_new_error (task, REFRACT_ERROR, REFRACT_ERROR_REPORT,
                             _ ("The report has nothing to show in this chart."));
  else
    g_task_run_in_thread (task, write_picture);
}

void
refract_chart_save_to_file_async (GtkWidget *parent,
                                  RefractReport *report,
                                  const char *kind,
                                  double width,
                                  GFile *file,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (RefractScene) scene = make_scene (report, kind, width);

  write_async (parent, scene, file, cancellable, callback, user_data);
}

gboolean
refract_chart_save_to_file_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
say_error (GtkWidget *parent, const char *text)
{
  g_autofree char *message = refract_translate (text);
  AdwDialog *dialog = adw_alert_dialog_new (_ ("Picture Not Saved"), message);

  adw_alert_dialog_add_response (ADW_ALERT_DIALOG (dialog), "close", _ ("_Close"));
  adw_dialog_present (dialog, parent);
}

static void
saved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GtkWidget) parent = user_data;
  g_autoptr (GError) error = NULL;

  if (!refract_chart_save_to_file_finish (result, &error)
      && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    say_error (parent, error->message);
}

static void
chosen_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Request *request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) file = gtk_file_dialog_save_finish (GTK_FILE_DIALOG (source), result, &error);

  if (file != NULL)
    write_async (request->parent, request->scene, file, NULL, saved_cb,
                 g_object_ref (request->parent));
  else if (!g_error_matches (error, GTK_DIALOG_ERROR, GTK_DIALOG_ERROR_DISMISSED)
           && !g_error_matches (error, GTK_DIALOG_ERROR, GTK_DIALOG_ERROR_CANCELLED))
    say_error (request->parent, error->message);
  request_free (request);
}

/* @scene, @name: (transfer full) */
static void
ask_and_save (GtkWidget *parent, RefractScene *scene, char *name)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  g_autoptr (GListStore) filters = g_list_store_new (GTK_TYPE_FILE_FILTER);
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  GtkRoot *root = gtk_widget_get_root (parent);
  Request *request = g_new0 (Request, 1);

  request->parent = g_object_ref (parent);
  request->scene = scene;
  gtk_file_filter_set_name (filter, _ ("Pictures (PNG, SVG)"));
  gtk_file_filter_add_suffix (filter, "png");
  gtk_file_filter_add_suffix (filter, "svg");
  g_list_store_append (filters, filter);
  gtk_file_dialog_set_title (dialog, _ ("Save Image"));
  gtk_file_dialog_set_initial_name (dialog, g_strdelimit (name, "/\\:", '-'));
  gtk_file_dialog_set_filters (dialog, G_LIST_MODEL (filters));
  gtk_file_dialog_save (dialog, GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, NULL, chosen_cb,
                        request);
  g_free (name);
}

void
refract_chart_save (GtkWidget *parent, RefractReport *report, const char *kind, double width)
{
  g_autofree char *candidate = refract_report_dup_candidate_label (report);

  ask_and_save (parent, make_scene (report, kind, width),
                g_strdup_printf ("%s %s.png", candidate, kind));
}

void
refract_chart_save_scene (GtkWidget *parent, RefractScene *scene)
{
  refract_chart_add_title (scene, NULL);
  ask_and_save (parent, refract_scene_ref (scene),
                g_strdup_printf ("%s.png", refract_scene_get_title (scene)));
}
