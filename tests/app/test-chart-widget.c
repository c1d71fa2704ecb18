/* test-chart-widget.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gstdio.h>

#include "app-fixture.h"
#include "app-shot.h"
#include "chart-fixture.h"
#include "charts/refract-chart-card.h"
#include "charts/refract-chart-save.h"
#include "charts/refract-chart-style.h"
#include "charts/refract-chart-table.h"
#include "charts/refract-scene-cairo.h"

static const char *const kinds[]
    = { "gauge",        "axes",  "divergence", "kld-histogram", "kld-depth",
        "kld-contexts", "rniah", "plad",       "speed",         "scatter" };

static void
test_accessible (void)
{
  /* Not in the macro, which makes a format of what stands there. */
  const char *sentence = "Composite 77.4 of 100, Degraded; 95 % interval 70.0 to 83.5. Weakest "
                         "axis: Trajectory, 61.2.";
  g_autoptr (RefractReport) report = load_report ("report-charts.json");
  GtkWidget *view = refract_chart_view_new ("gauge");
  GtkWindow *window = present_chart (view);

  refract_chart_view_set_report (REFRACT_CHART_VIEW (view), report);
  gtk_test_accessible_assert_role (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_ROLE_IMG);
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Composite score");
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                       sentence);
  g_assert_true (gtk_widget_get_focusable (view));
  gtk_window_destroy (window);
}

static guint
count_colors (GdkTexture *texture)
{
  g_autoptr (GHashTable) colors = g_hash_table_new (NULL, NULL);
  gsize stride = (gsize) gdk_texture_get_width (texture) * 4;
  g_autofree guchar *data = g_malloc (stride * (gsize) gdk_texture_get_height (texture));

  gdk_texture_download (texture, data, stride);
  for (gsize i = 0; i < stride * (gsize) gdk_texture_get_height (texture); i += 4)
    g_hash_table_add (colors, GUINT_TO_POINTER (*(guint32 *) (gpointer) (data + i)));
  return g_hash_table_size (colors);
}

/* Every chart draws, in every palette, and its picture is twice the scene's size. */
static void
test_pictures (void)
{
  g_autoptr (RefractReport) report = load_report ("report-charts.json");

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    for (guint j = 0; j < 4; j++)
      {
        g_autoptr (RefractScene) scene = refract_chart_lookup (kinds[i]) (report, 360, 1);
        g_autoptr (GError) error = NULL;
        g_autoptr (GBytes) png
            = refract_scene_to_png (scene, refract_palette_get (j & 1, j & 2), NULL, 2, &error);
        g_autoptr (GdkTexture) texture = NULL;

        g_assert_no_error (error);
        texture = gdk_texture_new_from_bytes (png, &error);
        g_assert_no_error (error);
        g_assert_cmpint (gdk_texture_get_width (texture), ==, 720);
        g_assert_cmpint (gdk_texture_get_height (texture), ==,
                         (int) refract_scene_get_height (scene) * 2);
        g_assert_cmpuint (count_colors (texture), >, 8);
      }
}

static void
saved_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

static gboolean
is_set (gpointer data)
{
  return *(gpointer *) data != NULL;
}

static char *
save (GtkWidget *parent, RefractReport *report, const char *kind, const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  char *content = NULL;

  refract_chart_save_to_file_async (parent, report, kind, 400, file, NULL, saved_cb, &result);
  app_fixture_wait (is_set, &result, 20);
  if (refract_chart_save_to_file_finish (result, &error))
    g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  else
    g_assert_nonnull (error);
  return content;
}

static void
test_save (void)
{
  g_autoptr (RefractReport) report = load_report ("report-charts.json");
  g_autoptr (RefractReport) legacy = load_report ("legacy-v0.3.1-gemma26b.json");
  g_autofree char *folder = g_dir_make_tmp ("refract-charts-XXXXXX", NULL);
  g_autofree char *svg_path = g_build_filename (folder, "a.SVG", NULL);
  g_autofree char *png_path = g_build_filename (folder, "a.png", NULL);
  g_autofree char *bad_path = g_build_filename (folder, "none", "a.png", NULL);
  GtkWidget *view = refract_chart_view_new ("axes");
  GtkWindow *window = present_chart (view);
  g_autofree char *svg = save (view, report, "axes", svg_path);
  g_autofree char *png = save (view, report, "share-card", png_path);

  g_assert_true (g_str_has_prefix (svg, "<svg "));
  g_assert_nonnull (strstr (svg, ">Score by axis</text>"));
  g_assert_nonnull (strstr (svg, "Example 8B Instruct, KV cache K q8_0 / V q4_0"));
  g_assert_cmpmem (png, 4, "\x89PNG", 4);
  g_assert_null (save (view, report, "axes", bad_path));
  g_assert_null (save (view, legacy, "scatter", png_path));
  g_unlink (svg_path);
  g_unlink (png_path);
  g_rmdir (folder);
  gtk_window_destroy (window);
}

static void
test_card (void)
{
  g_autoptr (RefractReport) report = load_report ("report-charts.json");
  g_autoptr (RefractReport) legacy = load_report ("legacy-v0.3.1-gemma26b.json");
  GtkWidget *card = refract_chart_card_new ("scatter");
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWindow *window;
  gpointer watched = card;

  gtk_box_append (GTK_BOX (box), card);
  window = present_chart (box);
  g_assert_false (gtk_widget_get_visible (card));
  refract_chart_card_set_report (REFRACT_CHART_CARD (card), legacy);
  g_assert_false (gtk_widget_get_visible (card));
  refract_chart_card_set_report (REFRACT_CHART_CARD (card), report);
  g_assert_true (gtk_widget_get_visible (card));
  app_shot_settle (card);
  /* The button's actions are the chart's. */
  g_assert_true (gtk_widget_activate_action (card, "chart.show-table", NULL));
  app_shot_settle (card);
  g_object_add_weak_pointer (G_OBJECT (card), &watched);
  gtk_window_destroy (window);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (watched);
}

static void
test_table (void)
{
  g_autoptr (RefractReport) report = load_report ("report-charts.json");
  g_autoptr (RefractScene) scene = refract_chart_axes_new (report, 400, 1);
  g_autofree char *text = refract_chart_table_to_text (scene);

  g_assert_true (g_str_has_prefix (text, "Score by axis\nTrajectory: 61.2"));
  g_assert_true (g_str_has_suffix (text, "\nPLAD: Not measured: the plan has too few prompts.\n"));
}

/* Some of the charts under each other, to be looked at. */
static GtkWidget *
gallery (RefractReport *report, guint first, guint n)
{
  GtkWidget *scrolled = gtk_scrolled_window_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 12);

  for (guint i = first; i < MIN (first + n, G_N_ELEMENTS (kinds)); i++)
    {
      GtkWidget *card = refract_chart_card_new (kinds[i]);

      refract_chart_card_set_report (REFRACT_CHART_CARD (card), report);
      gtk_box_append (GTK_BOX (box), card);
    }
  gtk_widget_set_margin_top (box, 12);
  gtk_widget_set_margin_bottom (box, 12);
  gtk_widget_set_margin_start (box, 12);
  gtk_widget_set_margin_end (box, 12);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), box);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  return scrolled;
}

static void
test_gallery (void)
{
  static const struct
  {
    const char *name;
    AppShotStyle style;
    guint n;
  } shots[] = { { "light", { 700, 860, 1, ADW_COLOR_SCHEME_FORCE_LIGHT }, 3 },
                { "dark", { 700, 860, 1, ADW_COLOR_SCHEME_FORCE_DARK }, 3 },
                { "narrow", { 360, 860, 1, ADW_COLOR_SCHEME_FORCE_DARK }, 3 },
                { "large-text", { 360, 860, 2, ADW_COLOR_SCHEME_FORCE_LIGHT }, 1 } };
  g_autoptr (RefractReport) report = load_report ("report-charts.json");

  for (guint i = 0; i < G_N_ELEMENTS (shots); i++)
    for (guint j = 0; j < G_N_ELEMENTS (kinds); j += shots[i].n)
      {
        g_autofree char *name = g_strdup_printf ("charts-%s-%u", shots[i].name, j);

        app_shot (gallery (report, j, shots[i].n), &shots[i].style, name);
      }
}

static void
test_table_dialog (void)
{
  g_autoptr (RefractReport) report = load_report ("report-charts.json");
  g_autoptr (RefractScene) scene = refract_chart_rniah_new (report, 400, 1);

  app_shot (refract_chart_table_new (scene), &APP_SHOT_NARROW, "chart-table");
}

int
main (int argc, char **argv)
{
  app_fixture_init (&argc, &argv);
  g_test_add_func ("/chart-widget/accessible", test_accessible);
  g_test_add_func ("/chart-widget/pictures", test_pictures);
  g_test_add_func ("/chart-widget/save", test_save);
  g_test_add_func ("/chart-widget/table", test_table);
  g_test_add_func ("/chart-widget/card", test_card);
  g_test_add_func ("/chart-widget/gallery", test_gallery);
  g_test_add_func ("/chart-widget/table-dialog", test_table_dialog);
  return app_fixture_run ();
}
