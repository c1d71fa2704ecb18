/* refract-answers-dialog.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <glib/gi18n.h>

#include "refract-page-bar.h"
#include "report/refract-answers-dialog.h"
#include "report/refract-report-text.h"
#include "report/refract-report-widgets.h"

/* Token ids around the place where they part; more are in the report's JSON. */
#define MAX_IDS 1024

struct _RefractAnswersDialog
{
  AdwDialog parent_instance;

  gboolean narrow;
  GPtrArray *pairs; /* GtkBox, borrowed: they live as long as the content */

  GtkBox *content;
};

enum
{
  PROP_0,
  PROP_NARROW,
  N_PROPS
};

G_DEFINE_FINAL_TYPE (RefractAnswersDialog, refract_answers_dialog, ADW_TYPE_DIALOG)

static GParamSpec *properties[N_PROPS];

static void
arrange (GtkWidget *pair, gboolean narrow)
{
  gtk_orientable_set_orientation (GTK_ORIENTABLE (pair),
                                  narrow ? GTK_ORIENTATION_VERTICAL : GTK_ORIENTATION_HORIZONTAL);
  /* equally wide beside each other, but not equally high above each other */
  gtk_box_set_homogeneous (GTK_BOX (pair), !narrow);
}

static void
set_narrow (RefractAnswersDialog *self, gboolean narrow)
{
  if (self->narrow == narrow)
    return;
  self->narrow = narrow;
  for (guint i = 0; i < self->pairs->len; i++)
    arrange (g_ptr_array_index (self->pairs, i), narrow);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NARROW]);
}

static void
refract_answers_dialog_get_property (GObject *object,
                                     guint prop_id,
                                     GValue *value,
                                     GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_NARROW:
      g_value_set_boolean (value, REFRACT_ANSWERS_DIALOG (object)->narrow);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_answers_dialog_set_property (GObject *object,
                                     guint prop_id,
                                     const GValue *value,
                                     GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_NARROW:
      set_narrow (REFRACT_ANSWERS_DIALOG (object), g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_answers_dialog_dispose (GObject *object)
{
  RefractAnswersDialog *self = REFRACT_ANSWERS_DIALOG (object);

  g_ptr_array_set_size (self->pairs, 0);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_ANSWERS_DIALOG);

  G_OBJECT_CLASS (refract_answers_dialog_parent_class)->dispose (object);
}

static void
refract_answers_dialog_finalize (GObject *object)
{
  g_ptr_array_unref (REFRACT_ANSWERS_DIALOG (object)->pairs);

  G_OBJECT_CLASS (refract_answers_dialog_parent_class)->finalize (object);
}

static void
refract_answers_dialog_class_init (RefractAnswersDialogClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = refract_answers_dialog_get_property;
  object_class->set_property = refract_answers_dialog_set_property;
  object_class->dispose = refract_answers_dialog_dispose;
  object_class->finalize = refract_answers_dialog_finalize;

  properties[PROP_NARROW]
      = g_param_spec_boolean ("narrow", NULL, NULL, FALSE,
                              G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (REFRACT_TYPE_PAGE_BAR);
  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/answers-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractAnswersDialog, content);
}

static void
refract_answers_dialog_init (RefractAnswersDialog *self)
{
  self->pairs = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

RefractAnswersDialog *
refract_answers_dialog_new (const char *title)
{
  g_autofree char *shown = refract_clip_text (title, 200);

  return g_object_new (REFRACT_TYPE_ANSWERS_DIALOG, "title", shown, NULL);
}

void
refract_answers_dialog_add_sentence (RefractAnswersDialog *self, const char *sentence)
{
  g_return_if_fail (REFRACT_IS_ANSWERS_DIALOG (self));

  gtk_box_append (self->content, refract_text_label_new (sentence, NULL));
}

/* A card with a heading; (out) @inside: what to append to */
static GtkWidget *
card_new (const char *title, GtkBox **inside)
{
  GtkWidget *card = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *heading = refract_text_label_new (title, "heading");

  gtk_widget_add_css_class (card, "card");
  gtk_widget_add_css_class (card, "report-card");
  gtk_box_append (GTK_BOX (card), heading);
  *inside = GTK_BOX (card);
  return card;
}

void
refract_answers_dialog_add_text (RefractAnswersDialog *self, const char *title, const char *text)
{
  GtkBox *inside;
  GtkWidget *label;

  g_return_if_fail (REFRACT_IS_ANSWERS_DIALOG (self));

  if (text == NULL || *text == '\0')
    return;
  gtk_box_append (self->content, card_new (title, &inside));
  label = refract_text_label_new (text, NULL);
  refract_label_set_verbatim (GTK_LABEL (label));
  gtk_label_set_selectable (GTK_LABEL (label), TRUE);
  gtk_box_append (inside, label);
}

static void
insert_attribute (PangoAttrList *list, PangoAttribute *attribute, guint start, guint end)
{
  attribute->start_index = start;
  attribute->end_index = end;
  pango_attr_list_insert (list, attribute);
}

/* Up to @shared bytes dim, from there bold and underlined, so that no colour is needed to see it.
 */
static void
mark_difference (GtkLabel *label, gsize shared)
{
  g_autoptr (PangoAttrList) attributes = NULL;
  const char *text = gtk_label_get_text (label);
  gsize end;

  if (shared >= strlen (text))
    return;
  end = shared + strspn (text + shared, " \n\t");
  end += strcspn (text + end, " \n\t");
  attributes = pango_attr_list_new ();
  insert_attribute (attributes, pango_attr_foreground_alpha_new (G_MAXUINT16 * 0.65), 0, shared);
  insert_attribute (attributes, pango_attr_weight_new (PANGO_WEIGHT_BOLD), shared, end);
  insert_attribute (attributes, pango_attr_underline_new (PANGO_UNDERLINE_SINGLE), shared, end);
  gtk_label_set_attributes (label, attributes);
}

static GtkWidget *
ids_new (GArray *ids, gint64 divergence)
{
  guint from = divergence > MAX_IDS / 2 ? MIN (divergence - MAX_IDS / 2, ids->len) : 0;
  guint to = MIN (from + MAX_IDS, ids->len);
  g_autoptr (GString) text = g_string_new (from > 0 ? "… " : NULL);
  gsize shared = G_MAXSIZE;
  GtkWidget *expander = gtk_expander_new (_ ("Token IDs"));
  GtkWidget *label;

  for (guint i = from; i < to; i++)
    {
      if (i == divergence)
        shared = text->len;
      g_string_append_printf (text, "%d ", g_array_index (ids, gint32, i));
    }
  if (to < ids->len)
    g_string_append (text, "…");
  label = refract_text_label_new (text->str, "monospace");
  gtk_label_set_selectable (GTK_LABEL (label), TRUE);
  mark_difference (GTK_LABEL (label), shared);
  refract_label_set_verbatim (GTK_LABEL (label));
  gtk_expander_set_child (GTK_EXPANDER (expander), label);
  return expander;
}

static GtkWidget *
answer_new (const RefractAnswer *answer, gsize shared, gint64 divergence)
{
  GtkBox *inside;
  GtkWidget *card = card_new (answer->title, &inside);

  if (answer->text == NULL)
    gtk_box_append (inside,
                    refract_text_label_new (_ ("This report does not have the text."), "dimmed"));
  else if (*answer->text == '\0')
    gtk_box_append (inside, refract_text_label_new (_ ("Nothing was answered."), "dimmed"));
  else
    {
      GtkWidget *label = refract_text_label_new (answer->text, NULL);

      gtk_label_set_selectable (GTK_LABEL (label), TRUE);
      mark_difference (GTK_LABEL (label), shared);
      refract_label_set_verbatim (GTK_LABEL (label));
      gtk_box_append (inside, label);
    }
  if (answer->note != NULL)
    {
      GtkWidget *note = refract_text_label_new (answer->note, "caption");

      gtk_widget_add_css_class (note, "dimmed");
      gtk_box_append (inside, note);
    }
  if (answer->ids != NULL && answer->ids->len > 0)
    gtk_box_append (inside, ids_new (answer->ids, divergence));
  return card;
}

void
refract_answers_dialog_add_pair (RefractAnswersDialog *self,
                                 const RefractAnswer *reference,
                                 const RefractAnswer *candidate,
                                 gint64 divergence)
{
  GtkWidget *pair = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  gsize shared = G_MAXSIZE;

  g_return_if_fail (REFRACT_IS_ANSWERS_DIALOG (self));

  if (reference->text != NULL && candidate->text != NULL
      && strcmp (reference->text, candidate->text) != 0)
    shared = refract_text_common_prefix (reference->text, candidate->text);
  gtk_box_append (GTK_BOX (pair), answer_new (reference, shared, divergence));
  gtk_box_append (GTK_BOX (pair), answer_new (candidate, shared, divergence));
  arrange (pair, self->narrow);
  g_ptr_array_add (self->pairs, pair);
  gtk_box_append (self->content, pair);
}
