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

#define SPACING 2      /* between lines, px */
#define GAP 12         /* between columns, px */
#define MIN_CHARS 16   /* of the title that are always seen */
#define STACKED 27     /* px of a line from which on two columns do not fit beside each other */
#define CAPTION 0.82   /* Adwaita's, of the usual font's size */
#define DIMMED 0.55f   /* Adwaita's --dim-opacity */
#define DIMMED_HC 0.9f /* the same in high contrast */

typedef enum
{
  TEXT_TITLE,
  TEXT_SUBTITLE,
  TEXT_NOTE,
  TEXT_SCORE,
  TEXT_BAND,
  N_TEXTS
} Text;

/* The list view holds two hundred of these, though a dozen are seen, and a key in the search may
 * show something else in all of them. A widget for each text would be a font, a style and a layout
 * each; here nothing is laid out before it is drawn. */
struct _RefractLibraryRow
{
  GtkWidget parent_instance;

  char *texts[N_TEXTS]; /* NULL: not shown */
  GtkWidget *warning;   /* NULL until there is an error */
  GtkWidget *progress;  /* NULL until an audit is shown */

  GSignalGroup *signals;
};

G_DEFINE_FINAL_TYPE (RefractLibraryRow, refract_library_row, GTK_TYPE_WIDGET)

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

static gboolean
is_caption (Text text)
{
  return text != TEXT_TITLE && text != TEXT_SCORE;
}

/* (nullable) (transfer full): of what is shown, at most @width px wide, or as it is if negative */
static PangoLayout *
make_layout (RefractLibraryRow *self, Text text, int width)
{
  PangoLayout *layout;
  PangoAttrList *attributes;

  if (self->texts[text] == NULL)
    return NULL;
  layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), self->texts[text]);
  attributes = pango_attr_list_new ();
  if (is_caption (text))
    pango_attr_list_insert (attributes, pango_attr_scale_new (CAPTION));
  if (text == TEXT_SCORE)
    {
      pango_attr_list_insert (attributes, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
      pango_attr_list_insert (attributes, pango_attr_font_features_new ("tnum"));
    }
  pango_layout_set_attributes (layout, attributes);
  pango_attr_list_unref (attributes);
  pango_layout_set_single_paragraph_mode (layout, TRUE);
  pango_layout_set_ellipsize (layout,
                              text == TEXT_TITLE ? PANGO_ELLIPSIZE_MIDDLE : PANGO_ELLIPSIZE_END);
  pango_layout_set_width (layout, width < 0 ? -1 : width * PANGO_SCALE);
  return layout;
}

/* px of a line of the usual size */
static double
get_line_height (RefractLibraryRow *self)
{
  PangoFontMetrics *metrics
      = pango_context_get_metrics (gtk_widget_get_pango_context (GTK_WIDGET (self)), NULL, NULL);
  int height = pango_font_metrics_get_ascent (metrics) + pango_font_metrics_get_descent (metrics);

  pango_font_metrics_unref (metrics);
  return height / (double) PANGO_SCALE;
}

/* px that the texts from @first to @last need below one another */
static int
get_texts_height (RefractLibraryRow *self, Text first, Text last)
{
  double line = get_line_height (self);
  int height = -SPACING;

  for (Text text = first; text <= last; text++)
    if (self->texts[text] != NULL)
      height += (int) ceil (is_caption (text) ? CAPTION * line : line) + SPACING;
  return MAX (height, 0);
}

/* Whether the score is below the title: text is large, as for people who see less. */
static gboolean
is_stacked (RefractLibraryRow *self)
{
  return get_line_height (self) > STACKED;
}

/* px of the title, what is below it, and the score where that is below as well */
static int
get_lines_height (RefractLibraryRow *self)
{
  int left = get_texts_height (self, TEXT_TITLE, TEXT_NOTE);
  int score = get_texts_height (self, TEXT_SCORE, TEXT_SCORE);
  int band = get_texts_height (self, TEXT_BAND, TEXT_BAND);

  if (!is_stacked (self))
    return MAX (left, get_texts_height (self, TEXT_SCORE, TEXT_BAND));
  return left + (MAX (score, band) > 0 ? SPACING + MAX (score, band) : 0);
}

/* px, with the space before it; 0 where it is not shown */
static int
get_progress_height (RefractLibraryRow *self)
{
  int height;

  if (self->progress == NULL || !gtk_widget_should_layout (self->progress))
    return 0;
  gtk_widget_measure (self->progress, GTK_ORIENTATION_VERTICAL, -1, &height, NULL, NULL, NULL);
  return height + 3 * SPACING;
}

static int
get_warning_width (RefractLibraryRow *self)
{
  int width;

  if (self->warning == NULL || !gtk_widget_should_layout (self->warning))
    return 0;
  gtk_widget_measure (self->warning, GTK_ORIENTATION_HORIZONTAL, -1, &width, NULL, NULL, NULL);
  return width + GAP;
}

static void
refract_library_row_measure (GtkWidget *widget,
                             GtkOrientation orientation,
                             int for_size,
                             int *minimum,
                             int *natural,
                             int *minimum_baseline,
                             int *natural_baseline)
{
  RefractLibraryRow *self = REFRACT_LIBRARY_ROW (widget);

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    *minimum = (int) (MIN_CHARS * get_line_height (self) / 2);
  else
    *minimum = get_lines_height (self) + get_progress_height (self);
  *natural = *minimum;
}

/* Allocates @child at @x from where lines begin. */
static void
place (RefractLibraryRow *self, GtkWidget *child, int x, int y, int width, int height)
{
  gboolean rtl = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;

  if (rtl)
    x = gtk_widget_get_width (GTK_WIDGET (self)) - x - width;
  gtk_widget_size_allocate (child, &(GtkAllocation) { x, y, width, height }, -1);
}

static void
refract_library_row_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  RefractLibraryRow *self = REFRACT_LIBRARY_ROW (widget);
  int warning = get_warning_width (self);
  int progress = get_progress_height (self) - 3 * SPACING;

  if (warning > 0)
    place (self, self->warning, 0, 0, warning - GAP, height);
  if (progress > 0)
    place (self, self->progress, warning, height - progress, width - warning, progress);
}

/* Draws the texts from @first to @last below one another.
 *
 * @x: px from where lines begin
 * @y: px from above
 * @end: whether they are aligned to the other side
 * Returns: px that they are wide */
static int
draw_texts (RefractLibraryRow *self,
            GtkSnapshot *snapshot,
            Text first,
            Text last,
            int x,
            int y,
            int width,
            gboolean end,
            const GdkRGBA colors[N_TEXTS])
{
  gboolean rtl = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;
  int widest = 0;

  if (rtl)
    x = gtk_widget_get_width (GTK_WIDGET (self)) - x - width;
  for (Text text = first; text <= last; text++)
    {
      g_autoptr (PangoLayout) layout = make_layout (self, text, width);
      PangoRectangle extents;
      int left;

      if (layout == NULL)
        continue;
      pango_layout_get_pixel_extents (layout, NULL, &extents);
      left = end != rtl ? x + width - extents.width : x;
      gtk_snapshot_save (snapshot);
      gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (left - extents.x, y));
      gtk_snapshot_append_layout (snapshot, layout, &colors[text]);
      gtk_snapshot_restore (snapshot);
      widest = MAX (widest, extents.width);
      y += extents.height + SPACING;
    }
  return widest;
}

static void
refract_library_row_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  RefractLibraryRow *self = REFRACT_LIBRARY_ROW (widget);
  gboolean high_contrast = adw_style_manager_get_high_contrast (adw_style_manager_get_default ());
  int start = get_warning_width (self);
  int width = gtk_widget_get_width (widget);
  GdkRGBA colors[N_TEXTS];
  int height = gtk_widget_get_height (widget) - get_progress_height (self);
  int top = (height - get_lines_height (self)) / 2;
  int left_height = get_texts_height (self, TEXT_TITLE, TEXT_NOTE);
  int right;

  /* The band's class colours this widget; all but the band is as what is around it. */
  for (Text text = 0; text < N_TEXTS; text++)
    gtk_widget_get_color (text == TEXT_BAND ? widget : gtk_widget_get_parent (widget),
                          &colors[text]);
  colors[TEXT_SUBTITLE].alpha *= high_contrast ? DIMMED_HC : DIMMED;

  if (is_stacked (self))
    {
      int below = top + left_height + SPACING;

      draw_texts (self, snapshot, TEXT_TITLE, TEXT_NOTE, start, top, width - start, FALSE, colors);
      draw_texts (self, snapshot, TEXT_SCORE, TEXT_SCORE, start, below, width - start, FALSE,
                  colors);
      draw_texts (self, snapshot, TEXT_BAND, TEXT_BAND, start, below, width - start, TRUE, colors);
    }
  else
    {
      right = draw_texts (self, snapshot, TEXT_SCORE, TEXT_BAND, start,
                          (height - get_texts_height (self, TEXT_SCORE, TEXT_BAND)) / 2,
                          width - start, TRUE, colors);
      if (right > 0)
        right += GAP;
      draw_texts (self, snapshot, TEXT_TITLE, TEXT_NOTE, start, (height - left_height) / 2,
                  MAX (width - start - right, 0), FALSE, colors);
    }
  GTK_WIDGET_CLASS (refract_library_row_parent_class)->snapshot (widget, snapshot);
}

static void
refract_library_row_dispose (GObject *object)
{
  RefractLibraryRow *self = REFRACT_LIBRARY_ROW (object);

  g_clear_object (&self->signals);
  g_clear_pointer (&self->warning, gtk_widget_unparent);
  g_clear_pointer (&self->progress, gtk_widget_unparent);

  G_OBJECT_CLASS (refract_library_row_parent_class)->dispose (object);
}

static void
refract_library_row_finalize (GObject *object)
{
  RefractLibraryRow *self = REFRACT_LIBRARY_ROW (object);

  for (Text text = 0; text < N_TEXTS; text++)
    g_free (self->texts[text]);

  G_OBJECT_CLASS (refract_library_row_parent_class)->finalize (object);
}

static void
refract_library_row_class_init (RefractLibraryRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = refract_library_row_dispose;
  object_class->finalize = refract_library_row_finalize;
  widget_class->measure = refract_library_row_measure;
  widget_class->size_allocate = refract_library_row_size_allocate;
  widget_class->snapshot = refract_library_row_snapshot;
}

static void
set_text (RefractLibraryRow *self, Text text, const char *shown)
{
  gboolean had = self->texts[text] != NULL;

  if (shown != NULL && *shown == '\0')
    shown = NULL;
  if (g_strcmp0 (self->texts[text], shown) == 0)
    return;
  g_free (self->texts[text]);
  self->texts[text] = g_strdup (shown);
  if (had != (shown != NULL))
    gtk_widget_queue_resize (GTK_WIDGET (self));
  else
    gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* @fraction: of an audit that runs, or negative */
static void
show_progress (RefractLibraryRow *self, double fraction)
{
  if (self->progress == NULL && fraction >= 0)
    {
      self->progress = g_object_new (GTK_TYPE_PROGRESS_BAR, "accessible-role",
                                     GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);
      gtk_widget_set_parent (self->progress, GTK_WIDGET (self));
    }
  if (self->progress == NULL)
    return;
  gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->progress), MAX (fraction, 0));
  gtk_widget_set_visible (self->progress, fraction >= 0);
}

static void
show_warning (RefractLibraryRow *self, gboolean warning)
{
  if (self->warning == NULL && warning)
    {
      self->warning
          = g_object_new (GTK_TYPE_IMAGE, "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION,
                          "icon-name", "dialog-warning-symbolic", NULL);
      gtk_widget_add_css_class (self->warning, "warning");
      gtk_widget_set_parent (self->warning, GTK_WIDGET (self));
    }
  if (self->warning != NULL)
    gtk_widget_set_visible (self->warning, warning);
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
  const char *style[] = { NULL, NULL };

  set_text (self, TEXT_BAND, refract_library_band_title (band));
  for (guint i = 0; i < G_N_ELEMENTS (bands); i++)
    if (g_strcmp0 (bands[i].name, band) == 0)
      style[0] = bands[i].style;
  gtk_widget_set_css_classes (GTK_WIDGET (self), style);
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

  set_text (self, TEXT_TITLE, refract_summary_get_model (summary));
  set_text (self, TEXT_SUBTITLE, subtitle);
  set_text (self, TEXT_NOTE, refract_summary_get_note (summary));
  set_text (self, TEXT_SCORE, score);
  show_band (self, refract_summary_get_band (summary));
  show_warning (self, error != NULL);
  show_progress (self, -1);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), tooltip);
}

static void
show_run (RefractLibraryRow *self, RefractRunItem *item)
{
  RefractRunState state = refract_run_item_get_state (item);
  g_autofree char *status = refract_run_item_dup_status (item);
  g_autofree char *subtitle
      = g_strdup_printf ("%s · %s", status, refract_run_item_get_subtitle (item));

  set_text (self, TEXT_TITLE, refract_run_item_get_title (item));
  set_text (self, TEXT_SUBTITLE, subtitle);
  set_text (self, TEXT_NOTE, NULL);
  set_text (self, TEXT_SCORE, NULL);
  show_band (self, NULL);
  show_warning (self, state == REFRACT_RUN_FAILED);
  show_progress (self, state == REFRACT_RUN_RUNNING ? refract_run_item_get_fraction (item) : -1);
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
  gtk_widget_set_margin_top (GTK_WIDGET (self), 6);
  gtk_widget_set_margin_bottom (GTK_WIDGET (self), 6);
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

/* (transfer full) */
static char *
describe_summary (RefractSummary *summary)
{
  g_autofree char *subtitle = make_subtitle (summary);
  g_autofree char *score = make_score (summary);
  const char *band = refract_library_band_title (refract_summary_get_band (summary));

  if (band == NULL)
    return g_strdup_printf ("%s: %s", refract_summary_get_model (summary), subtitle);
  /* TRANSLATORS: model, KV configuration, score, band, as a screen reader says a row */
  return g_strdup_printf (_ ("%s, %s: %s of 100, %s"), refract_summary_get_model (summary),
                          subtitle, score, band);
}

char *
refract_library_row_describe (GObject *item)
{
  g_autofree char *text = NULL;
  const char *note;

  if (REFRACT_IS_RUN_ITEM (item))
    {
      g_autofree char *status = refract_run_item_dup_status (REFRACT_RUN_ITEM (item));

      return g_strdup_printf ("%s, %s: %s", refract_run_item_get_title (REFRACT_RUN_ITEM (item)),
                              refract_run_item_get_subtitle (REFRACT_RUN_ITEM (item)), status);
    }
  text = describe_summary (REFRACT_SUMMARY (item));
  note = refract_summary_get_note (REFRACT_SUMMARY (item));
  return *note != '\0' ? g_strdup_printf ("%s, %s", text, note) : g_steal_pointer (&text);
}
