/* refract-report-view.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include <glib/gi18n.h>

#include "library/refract-library-row.h"
#include "library/refract-report-view.h"

#define SUMMARY_KEY "refract-summary"

/* A report's texts are of other people: never markup. */
static void
set_plain (AdwStatusPage *status, const char *title, const char *description)
{
  g_autofree char *escaped_title = g_markup_escape_text (title, -1);
  g_autofree char *escaped = g_markup_escape_text (description, -1);

  adw_status_page_set_paintable (status, NULL);
  adw_status_page_set_title (status, escaped_title);
  adw_status_page_set_description (status, escaped);
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (AdwNavigationPage) page = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractReport) report
      = refract_library_load_finish (REFRACT_LIBRARY (source), result, &error);
  RefractSummary *summary = refract_report_view_get_summary (page);
  AdwToolbarView *view = ADW_TOOLBAR_VIEW (adw_navigation_page_get_child (page));
  AdwStatusPage *status = ADW_STATUS_PAGE (adw_toolbar_view_get_content (view));

  if (report != NULL)
    {
      g_autofree char *title = refract_library_row_describe (G_OBJECT (summary));

      set_plain (status, title, refract_summary_get_verdict (summary));
    }
  else
    {
      set_plain (status, _ ("This Report Cannot Be Read"), error->message);
      adw_status_page_set_icon_name (status, "dialog-warning-symbolic");
    }
}

AdwNavigationPage *
refract_report_view_new (RefractLibrary *library, RefractSummary *summary)
{
  GtkWidget *status = adw_status_page_new ();
  GtkWidget *view = adw_toolbar_view_new ();
  g_autoptr (GdkPaintable) spinner = GDK_PAINTABLE (adw_spinner_paintable_new (status));
  AdwNavigationPage *page = adw_navigation_page_new (view, refract_summary_get_model (summary));

  adw_status_page_set_paintable (ADW_STATUS_PAGE (status), spinner);
  adw_status_page_set_title (ADW_STATUS_PAGE (status), _ ("Reading the Report"));
  adw_toolbar_view_add_top_bar (ADW_TOOLBAR_VIEW (view), adw_header_bar_new ());
  adw_toolbar_view_set_content (ADW_TOOLBAR_VIEW (view), status);
  g_object_set_data_full (G_OBJECT (page), SUMMARY_KEY, g_object_ref (summary), g_object_unref);
  refract_library_load_async (library, summary, NULL, loaded_cb, g_object_ref_sink (page));
  return page;
}

RefractSummary *
refract_report_view_get_summary (AdwNavigationPage *page)
{
  return page != NULL ? g_object_get_data (G_OBJECT (page), SUMMARY_KEY) : NULL;
}
