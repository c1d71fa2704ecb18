/* test-report-pictures.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "report-fixture.h"

/* Every section fits every width and text size; with $REFRACT_SHOTS, to be looked at. */
static void
test_sections (void)
{
  static const struct
  {
    const char *name;
    RefractReport *(*load) (void);
    GtkTextDirection direction;
    AppShotStyle style;
  } styles[] = {
    { "light", load_full, GTK_TEXT_DIR_LTR, { 860, 1600, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
    { "dark", load_full, GTK_TEXT_DIR_LTR, { 860, 760, 1, ADW_COLOR_SCHEME_FORCE_DARK } },
    { "narrow", load_full, GTK_TEXT_DIR_LTR, { 360, 640, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
    { "large", load_full, GTK_TEXT_DIR_LTR, { 360, 640, 2, ADW_COLOR_SCHEME_FORCE_DARK } },
    { "rtl", load_full, GTK_TEXT_DIR_RTL, { 860, 760, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
    { "bound", load_bound, GTK_TEXT_DIR_LTR, { 860, 1600, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
    { "legacy", load_legacy, GTK_TEXT_DIR_LTR, { 860, 1600, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (styles); i++)
    {
      g_autoptr (RefractReport) report = styles[i].load ();
      RefractReportPage *page;
      GtkWindow *window;

      gtk_widget_set_default_direction (styles[i].direction);
      page = refract_report_page_new (report);
      window = app_shot_present (GTK_WIDGET (page), &styles[i].style);

      for (guint j = 0; j < G_N_ELEMENTS (section_names); j++)
        {
          g_autofree char *name
              = g_strdup_printf ("report-%s-%s", section_names[j], styles[i].name);

          refract_report_page_show_section (page, section_names[j]);
          app_shot_write (GTK_WIDGET (window), name);
          g_assert_cmpint (gtk_widget_get_width (GTK_WIDGET (page)), ==, styles[i].style.width);
          /* not "[98.1 ,97.5] 97.8" */
          if (styles[i].direction == GTK_TEXT_DIR_RTL && g_str_equal (section_names[j], "kld"))
            g_assert_nonnull (widget_find (page, widget_has_shown_text, "\u200e97.8 [97.5, 98.1]"));
        }
      gtk_window_destroy (window);
    }
  gtk_widget_set_default_direction (GTK_TEXT_DIR_LTR);
  app_shot_apply (NULL, &APP_SHOT_WIDE);
}

/* The first of the answers that stand beside each other. */
static gboolean
has_neighbour (GtkWidget *widget, gconstpointer data)
{
  GtkWidget *next = gtk_widget_get_next_sibling (widget);

  return next != NULL && gtk_widget_has_css_class (widget, "report-card")
         && gtk_orientable_get_orientation (GTK_ORIENTABLE (gtk_widget_get_parent (widget)))
                == GTK_ORIENTATION_HORIZONTAL;
}

/* (transfer full): as many badges in the ranking as there can be */
static RefractReport *
load_badges (void)
{
  JsonObject *root = parse_full ();
  JsonArray *ranking
      = json_object_get_array_member (json_object_get_object_member (root, "extension"), "ranking");

  for (guint i = 0; i < json_array_get_length (ranking); i++)
    {
      JsonObject *ranked = json_array_get_object_element (ranking, i);

      json_object_set_boolean_member (ranked, "within_noise", TRUE);
      json_object_set_boolean_member (ranked, "not_proved", TRUE);
      json_object_set_string_member (ranked, "dominated_by", "ctk=q8_0,ctv=q8_0");
    }
  return refract_report_new_take (root);
}

/* Text twice as large fits the narrowest window. */
static void
test_large_text (void)
{
  RefractReport *(*const load[]) (void) = { load_full, load_badges, load_legacy };

  for (guint i = 0; i < G_N_ELEMENTS (load); i++)
    {
      RefractReportPage *page;
      RefractWindow *window = open_report (load[i](), &page);
      AdwViewStack *stack = ADW_VIEW_STACK (widget_find_type (page, ADW_TYPE_VIEW_STACK));
      GtkWidget *view = adw_breakpoint_bin_get_child (
          ADW_BREAKPOINT_BIN (adw_navigation_page_get_child (ADW_NAVIGATION_PAGE (page))));

      refract_report_page_set_summary_id (page, "of the library");
      app_shot_apply (GTK_WINDOW (window), &APP_SHOT_LARGE_TEXT);

      for (guint j = 0; j < G_N_ELEMENTS (section_names); j++)
        {
          g_autofree char *name = g_strdup_printf ("report-%s-fits-%u", section_names[j], i);
          int section, whole;

          refract_report_page_show_section (page, section_names[j]);
          app_shot_write (GTK_WIDGET (window), name);
          gtk_widget_measure (adw_view_stack_get_visible_child (stack), GTK_ORIENTATION_HORIZONTAL,
                              -1, &section, NULL, NULL, NULL);
          gtk_widget_measure (view, GTK_ORIENTATION_HORIZONTAL, -1, &whole, NULL, NULL, NULL);
          g_test_message ("%s: %d, %d", name, section, whole);
          g_assert_cmpint (section, <=, APP_SHOT_LARGE_TEXT.width);
          g_assert_cmpint (whole, <=, APP_SHOT_LARGE_TEXT.width);
        }
      app_fixture_close_window (window);
      app_shot_apply (NULL, &APP_SHOT_WIDE);
    }
}

static void
test_dialogs (void)
{
  static const char *const names[] = { "trajectory", "rniah", "plad" };
  RefractReportPage *page;
  RefractWindow *window = open_report (load_full (), &page);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *wide = g_strdup_printf ("report-dialog-%s-wide", names[i]);
      g_autofree char *narrow = g_strdup_printf ("report-dialog-%s-narrow", names[i]);
      GtkWidget *card;

      app_shot_apply (GTK_WINDOW (window), &APP_SHOT_DARK);
      open_first_row (window, page, names[i]);
      app_shot_write (GTK_WIDGET (window), wide);
      card = widget_find (get_dialog (window), has_neighbour, NULL);
      g_assert_nonnull (card);
      /* an odd pixel is one's */
      g_assert_cmpint (ABS (gtk_widget_get_width (card)
                            - gtk_widget_get_width (gtk_widget_get_next_sibling (card))),
                       <=, 1);
      app_shot_apply (GTK_WINDOW (window), &APP_SHOT_NARROW);
      app_shot_write (GTK_WIDGET (window), narrow);
      close_dialog (window);
    }
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_WIDE);
  app_fixture_close_window (window);
}

int
main (int argc, char **argv)
{
  app_fixture_init (&argc, &argv);
  g_test_add_func ("/report-pictures/sections", test_sections);
  g_test_add_func ("/report-pictures/large-text", test_large_text);
  g_test_add_func ("/report-pictures/dialogs", test_dialogs);
  return app_fixture_run ();
}
