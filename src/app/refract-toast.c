/* refract-toast.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "refract-toast.h"

static void
button_clicked (GtkButton *button, gpointer user_data)
{
  g_autoptr (AdwToast) toast = g_object_ref (user_data);

  g_signal_emit_by_name (toast, "button-clicked");
  adw_toast_dismiss (toast);
}

static int
get_natural_width (GtkWidget *widget)
{
  int natural;

  gtk_widget_measure (widget, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &natural, NULL, NULL);
  return natural;
}

/* Of a toast: margins, padding, and the button that closes it, in pixels. */
#define TOAST_FRAME 108

void
refract_toast_fit (AdwToast *toast, GtkWidget *place)
{
  const char *button_label = adw_toast_get_button_label (toast);
  GtkWidget *content = g_object_ref_sink (gtk_box_new (GTK_ORIENTATION_VERTICAL, 6));
  GtkWidget *label = gtk_label_new (adw_toast_get_title (toast));
  int room = gtk_widget_get_width (place) - TOAST_FRAME;
  int needed;

  gtk_widget_add_css_class (label, "heading");
  gtk_box_append (GTK_BOX (content), label);
  needed = get_natural_width (label);
  if (button_label != NULL)
    {
      GtkWidget *button = gtk_button_new_with_mnemonic (button_label);

      gtk_widget_set_halign (button, GTK_ALIGN_START);
      g_signal_connect_object (button, "clicked", G_CALLBACK (button_clicked), toast,
                               G_CONNECT_DEFAULT);
      gtk_box_append (GTK_BOX (content), button);
      needed += get_natural_width (button);
    }
  if (needed > room)
    {
      PangoContext *context = gtk_widget_get_pango_context (label);
      g_autoptr (PangoFontMetrics) metrics = pango_context_get_metrics (context, NULL, NULL);
      int char_width = pango_font_metrics_get_approximate_char_width (metrics);

      /* The overlay gives it the height that it needs at its natural width. */
      gtk_label_set_max_width_chars (GTK_LABEL (label), room * PANGO_SCALE / char_width);
      gtk_label_set_wrap (GTK_LABEL (label), TRUE);
      gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
      gtk_label_set_xalign (GTK_LABEL (label), 0);
      adw_toast_set_custom_title (toast, content);
      adw_toast_set_button_label (toast, NULL);
    }
  g_object_unref (content);
}
