/* refract-report-widgets.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <glib/gi18n.h>

#include "core/refract-translate.h"
#include "refract-window.h"
#include "report/refract-report-text.h"
#include "report/refract-report-widgets.h"

/* Sentences of a report that are worth showing. */
#define MAX_SENTENCES 30
#define MAX_WORD 60   /* letters that are shown of a word */
#define MAX_OPTION 40 /* letters of a command's word that keeps its line */
#define MAX_PATH 4096 /* letters after which a word's end is not looked for */

/* (transfer full): @text, cut where it is too long, and in the middle of words that are, such as
 * paths: how long it takes to break one into lines grows with the square of its length */
static char *
clip (const char *text)
{
  GString *shown = g_string_new (NULL);

  while (*text != '\0' && shown->len < REFRACT_SHOWN_CHARS)
    {
      const char *end = text;
      glong n;

      /* From U+2E80 on there are scripts that break anywhere. */
      for (n = 0; n < MAX_PATH && *end != '\0' && !g_ascii_isspace (*end)
                  && (n == 0 || g_utf8_get_char (end) < 0x2E80);
           n++)
        end = g_utf8_next_char (end);
      if (n <= MAX_WORD)
        g_string_append_len (shown, text, end - text);
      else
        {
          const char *head = g_utf8_offset_to_pointer (text, MAX_WORD / 2);
          const char *tail = g_utf8_offset_to_pointer (end, -(MAX_WORD / 2));

          g_string_append_len (shown, text, head - text);
          g_string_append (shown, "…");
          g_string_append_len (shown, tail, end - tail);
        }
      if (n == MAX_PATH)
        break;
      text = end;
      for (; g_ascii_isspace (*text); text++)
        g_string_append_c (shown, *text);
    }
  if (*text != '\0')
    g_string_append (shown, "…");
  return g_string_free (shown, FALSE);
}

char *
refract_shown_text (const char *text)
{
  g_autofree char *clipped = text != NULL ? clip (text) : NULL;

  return refract_translate (clipped);
}

GtkWidget *
refract_text_label_new (const char *text, const char *css_class)
{
  g_autofree char *shown = clip (text);
  GtkWidget *label = gtk_label_new (shown);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  if (css_class != NULL)
    gtk_widget_add_css_class (label, css_class);
  return label;
}

void
refract_label_mark_figures (GtkLabel *label)
{
  g_autofree char *marked = g_strconcat ("\u200e", gtk_label_get_text (label), NULL);

  if (gtk_widget_get_direction (GTK_WIDGET (label)) == GTK_TEXT_DIR_RTL)
    gtk_label_set_text (label, marked);
}

void
refract_label_set_verbatim (GtkLabel *label)
{
  PangoAttrList *old = gtk_label_get_attributes (label);
  g_autoptr (PangoAttrList) attributes
      = old != NULL ? pango_attr_list_copy (old) : pango_attr_list_new ();

  pango_attr_list_insert (attributes, pango_attr_insert_hyphens_new (FALSE));
  gtk_label_set_attributes (label, attributes);
}

void
refract_label_set_command (GtkLabel *label, const char *command)
{
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();

  for (const char *word = command; *word != '\0';)
    {
      gsize length = strcspn (word, " \n");

      if (*word == '-' && length <= MAX_OPTION)
        {
          PangoAttribute *whole = pango_attr_allow_breaks_new (FALSE);

          whole->start_index = (guint) (word - command);
          whole->end_index = (guint) (word + length - command);
          pango_attr_list_insert (attributes, whole);
        }
      word += length + (word[length] != '\0');
    }
  gtk_label_set_text (label, command);
  gtk_label_set_attributes (label, attributes);
  refract_label_set_verbatim (label);
}

GtkWidget *
refract_plain_row_new (const char *title, const char *subtitle)
{
  g_autofree char *shown_title = clip (title);
  g_autofree char *shown_subtitle = clip (subtitle != NULL ? subtitle : "");
  GtkWidget *row = g_object_new (ADW_TYPE_ACTION_ROW, "use-markup", FALSE, "title-lines", 0,
                                 "subtitle-lines", 0, NULL);

  /* Not in one call: its notifications would come in an order that sees markup first. */
  g_object_set (row, "title", shown_title, "subtitle", shown_subtitle, NULL);
  return row;
}

static GtkWidget *
fact_row_new (const RefractFact *fact)
{
  g_autoptr (GString) text = g_string_new (fact->value);
  GtkWidget *row;

  if (fact->reference != NULL)
    g_string_append_printf (text, _ (" · reference %s"), fact->reference);
  if (fact->note != NULL)
    g_string_append_printf (text, "\n%s", fact->note);
  row = refract_plain_row_new (fact->title, text->str);
  adw_action_row_set_subtitle_selectable (ADW_ACTION_ROW (row), TRUE);
  gtk_widget_add_css_class (row, "property");
  return row;
}

void
refract_report_fill_facts (AdwPreferencesGroup *group,
                           RefractReport *report,
                           RefractFactGroup facts)
{
  g_autoptr (GPtrArray) list = refract_report_list_facts (report, facts);

  for (guint i = 0; i < list->len; i++)
    adw_preferences_group_add (group, fact_row_new (g_ptr_array_index (list, i)));
  if (list->len == 0)
    adw_preferences_group_add (group, refract_plain_row_new (_ ("Not in this report"), NULL));
}

void
refract_report_take_sentences (GtkBox *box, GPtrArray *sentences)
{
  g_autoptr (GPtrArray) list = sentences;

  for (guint i = 0; i < MIN (list->len, MAX_SENTENCES); i++)
    {
      GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 9);
      GtkWidget *icon = gtk_image_new_from_icon_name ("dialog-information-symbolic");
      GtkWidget *label = refract_text_label_new (g_ptr_array_index (list, i), NULL);

      gtk_widget_set_valign (icon, GTK_ALIGN_START);
      gtk_widget_set_margin_top (icon, 2);
      gtk_widget_add_css_class (icon, "dimmed");
      gtk_widget_set_hexpand (label, TRUE);
      gtk_box_append (GTK_BOX (line), icon);
      gtk_box_append (GTK_BOX (line), label);
      gtk_box_append (box, line);
    }
  gtk_widget_set_visible (GTK_WIDGET (box), list->len > 0);
}

static gboolean
build_cb (GtkWidget *section, GdkFrameClock *clock, gpointer user_data)
{
  const RefractReportStep **next = user_data;

  if (!(**next) (section))
    (*next)++;
  if (**next != NULL)
    return G_SOURCE_CONTINUE;
  gtk_accessible_reset_state (GTK_ACCESSIBLE (section), GTK_ACCESSIBLE_STATE_BUSY);
  return G_SOURCE_REMOVE;
}

void
refract_report_build (GtkWidget *section, const RefractReportStep *steps)
{
  g_return_if_fail (GTK_IS_WIDGET (section));

  if (!(*steps) (section))
    steps++;
  if (*steps == NULL)
    return;
  gtk_accessible_update_state (GTK_ACCESSIBLE (section), GTK_ACCESSIBLE_STATE_BUSY, TRUE, -1);
  gtk_widget_add_tick_callback (section, build_cb, g_memdup2 (&steps, sizeof steps), g_free);
}

void
refract_report_copy (GtkWidget *widget, const char *text, const char *message)
{
  RefractWindow *window = refract_window_from_widget (widget);

  gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), text);
  if (window != NULL)
    {
      AdwToast *toast = adw_toast_new (message);

      adw_toast_set_use_markup (toast, FALSE);
      refract_window_add_toast (window, toast);
    }
}
