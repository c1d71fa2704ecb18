/* refract-card.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "core/refract-json.h"
#include "core/refract-translate.h"
#include "report/refract-report-text.h"
#include "refract-card.h"
#include "refract-terminal.h"

#define BAR_WIDTH 20
#define NAME_WIDTH 12
#define RANKING_INDENT 2
#define RANKING_GAP 3

typedef struct
{
  FILE *stream;
  gboolean colour;
  guint width;
} Card;

static RefractStyle
band_style (RefractBand band)
{
  switch (band)
    {
    case REFRACT_BAND_EXCELLENT:
      return REFRACT_STYLE_GREEN;
    case REFRACT_BAND_PASS:
      return REFRACT_STYLE_CYAN;
    case REFRACT_BAND_DEGRADED:
      return REFRACT_STYLE_YELLOW;
    case REFRACT_BAND_FAIL:
      return REFRACT_STYLE_RED;
    default:
      g_assert_not_reached ();
    }
}

static void
print_styled (const Card *card, RefractStyle style, const char *text)
{
  g_autofree char *styled = refract_terminal_style (card->colour, style, text);

  fputs (styled, card->stream);
}

static void
print_text (const Card *card, const char *first, guint indent, const char *text)
{
  g_autofree char *translated = refract_translate (text);
  g_autofree char *clean = refract_terminal_escape (translated);

  fputs (first, card->stream);
  refract_terminal_print_wrapped (card->stream, clean, indent, card->width);
}

/* An interval from fewer than ten units says so where it stands. */
static void
print_few_samples (const Card *card, JsonObject *interval)
{
  if (interval != NULL && refract_json_get_boolean (interval, "few_samples", FALSE))
    print_styled (card, REFRACT_STYLE_DIM, ", few samples");
}

/* With a bound in it a score is the best that it can be. */
static void
print_at_best (const Card *card, RefractReport *report)
{
  g_autofree char *bound = refract_report_dup_bound_text (report);

  if (bound != NULL)
    print_styled (card, REFRACT_STYLE_DIM, " at best");
}

/* printf pads bytes, not cells */
static void
print_cell (const Card *card, RefractStyle style, const char *text, guint width)
{
  guint length = g_utf8_strlen (text, -1);

  print_styled (card, style, text);
  fprintf (card->stream, "%*s", length < width ? (int) (width - length) : 0, "");
}

static char *
candidate_label (RefractReport *report)
{
  g_autofree char *label = refract_report_dup_candidate_label (report);

  return refract_terminal_escape (label);
}

static void
print_axis (const Card *card, RefractReport *report, RefractAxisId axis)
{
  JsonObject *object = refract_report_get_axis (report, axis);
  JsonObject *extension = refract_report_get_axis_extension (report, axis);
  double score = refract_report_get_axis_score (report, axis);
  const char *confidence = refract_json_get_string (
      object, "confidence", refract_json_get_string (extension, "confidence", "ok"));
  gboolean low = g_str_equal (confidence, "low");
  RefractBand band = isnan (score) ? REFRACT_BAND_FAIL : refract_band_for_score (score);
  g_autofree char *text = NULL;
  g_autofree char *bar = NULL;
  g_autofree char *detail = NULL;
  g_autofree char *dim = NULL;

  if (object == NULL)
    return;
  fputs ("    ", card->stream);
  print_cell (card, REFRACT_STYLE_PLAIN, refract_axis_id_get_title (axis), NAME_WIDTH);
  if (isnan (score))
    {
      print_text (card, "not measured: ", 4 + NAME_WIDTH,
                  refract_json_get_string (extension, "skip_reason", "not in the plan"));
      return;
    }

  bar = refract_terminal_bar (score / 100, BAR_WIDTH);
  text = refract_format_score_interval (score, refract_json_get_object (extension, "interval"), 1);
  print_styled (card, low ? REFRACT_STYLE_DIM : band_style (band), bar);
  fputs ("  ", card->stream);
  print_cell (card, low ? REFRACT_STYLE_DIM : REFRACT_STYLE_BOLD, text, 20);
  fputs (" ", card->stream);
  print_styled (card, low ? REFRACT_STYLE_DIM : band_style (band),
                low ? "LOW CONFIDENCE" : refract_band_get_name (band));
  if (axis == REFRACT_AXIS_KLD)
    print_at_best (card, report);
  print_few_samples (card, refract_json_get_object (extension, "interval"));
  if (g_str_equal (confidence, "partial"))
    print_styled (card, REFRACT_STYLE_DIM, " (partial)");
  detail = refract_report_dup_axis_detail (report, axis);
  dim = refract_terminal_style (card->colour, REFRACT_STYLE_DIM, detail);
  fprintf (card->stream, "\n    %*s", NAME_WIDTH, "");
  refract_terminal_print_wrapped (card->stream, dim, 4 + NAME_WIDTH, card->width);
}

static void
print_findings (const Card *card, JsonObject *extension)
{
  JsonArray *findings = refract_json_get_array (extension, "findings");

  for (guint i = 0; i < refract_json_get_length (findings); i++)
    {
      JsonObject *finding = json_array_get_object_element (findings, i);
      const char *remedy = refract_json_get_string (finding, "remedy", NULL);

      print_text (card, "    • ", 6, refract_json_get_string (finding, "text", ""));
      if (remedy != NULL)
        print_text (card, "      → ", 8, remedy);
    }
}

static void
print_memory (const Card *card, JsonObject *extension)
{
  JsonObject *kv = refract_json_get_object (extension, "kv");
  JsonObject *in_use = refract_json_get_object (kv, "in_use");
  double bytes = refract_json_get_double (kv, "bytes_per_token", NAN);
  double saving = refract_json_get_double (kv, "saving", NAN);
  g_autoptr (GString) line = g_string_new (NULL);

  if (isnan (bytes))
    g_string_append (line, "KV bytes per token unknown");
  else
    g_string_append_printf (line, "%.0f bytes of KV cache per token (%s)", bytes,
                            refract_json_get_string (kv, "bytes_source", "computed"));
  if (!isnan (saving))
    g_string_append_printf (line, ", %.0f %% less than the reference", saving * 100);
  if (in_use != NULL)
    g_string_append_printf (line, "; in use: K %s / V %s, %s",
                            refract_json_get_string (in_use, "type_k", "?"),
                            refract_json_get_string (in_use, "type_v", "?"),
                            refract_json_get_string (kv, "evidence", "none"));
  print_text (card, "    ", 4, line->str);
  if (in_use != NULL && refract_json_get_string (in_use, "note", NULL) != NULL)
    print_text (card, "    ", 4, refract_json_get_string (in_use, "note", ""));
}

static void
print_speed (const Card *card, JsonObject *extension)
{
  JsonObject *own = refract_json_get_object (extension, "performance");
  JsonObject *reference = refract_json_get_object (extension, "reference_performance");
  double decode = refract_json_get_double (own, "decode_tps", NAN);
  double prefill = refract_json_get_double (own, "prefill_tps", NAN);
  double rss = refract_json_get_double (own, "peak_rss_bytes", 0);
  g_autoptr (GString) line = g_string_new (NULL);

  if (isnan (decode) || isnan (prefill))
    return;
  g_string_append_printf (line, "Prefill %.0f tok/s (reference %.0f), decode %.0f tok/s (%.0f)",
                          prefill, refract_json_get_double (reference, "prefill_tps", NAN), decode,
                          refract_json_get_double (reference, "decode_tps", NAN));
  if (rss > 0)
    g_string_append_printf (line, ", peak memory of the engine %.0f MiB", rss / 1048576);
  print_text (card, "    ", 4, line->str);
}

static void
print_report (const Card *card, RefractReport *report)
{
  JsonObject *root = refract_report_get_root (report);
  JsonObject *extension = refract_report_get_extension (report);
  JsonObject *weakest = refract_json_get_object (extension, "weakest_axis");
  JsonObject *ship = refract_json_get_object (extension, "ship");
  double composite = refract_report_get_composite (report);
  g_autofree char *label = candidate_label (report);
  g_autofree char *text = refract_format_score_interval (
      composite, refract_json_get_object (extension, "interval"), 1);

  fputs ("\n  ", card->stream);
  print_styled (card, REFRACT_STYLE_BOLD, label);
  if (refract_json_get_boolean (extension, "is_control", FALSE))
    print_styled (card, REFRACT_STYLE_DIM, "  negative control");
  fputs ("\n    ", card->stream);
  print_cell (card, REFRACT_STYLE_BOLD, "Composite", NAME_WIDTH);
  if (!isnan (composite))
    {
      RefractBand band = refract_band_for_score (composite);
      g_autofree char *bar = refract_terminal_bar (composite / 100, BAR_WIDTH);

      print_styled (card, band_style (band), bar);
      fputs ("  ", card->stream);
      print_cell (card, REFRACT_STYLE_BOLD, text, 20);
      fputs (" ", card->stream);
      print_styled (card, band_style (band), refract_band_get_name (band));
      print_at_best (card, report);
      print_few_samples (card, refract_json_get_object (extension, "interval"));
      if (refract_json_get_boolean (extension, "within_noise", FALSE))
        print_styled (card, REFRACT_STYLE_DIM, ", within the noise of the reference");
    }
  else
    fputs ("none: could not prove that the setting engaged", card->stream);
  fputc ('\n', card->stream);
  if (weakest != NULL)
    {
      g_autofree char *score
          = refract_format_score (refract_json_get_double (weakest, "score", 0), 1);

      fprintf (card->stream, "    %*sweakest axis: %s %s\n", NAME_WIDTH, "",
               refract_json_get_string (weakest, "title", ""), score);
    }

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    print_axis (card, report, i);
  fputc ('\n', card->stream);
  print_text (card, "    ", 4, refract_json_get_string (root, "summary", ""));
  if (ship != NULL)
    print_text (card, "    ", 4, refract_json_get_string (ship, "sentence", ""));
  print_findings (card, extension);
  print_memory (card, extension);
  print_speed (card, extension);
}

/* ---- Ranking ---- */

enum
{
  COLUMN_RANK,
  COLUMN_LABEL,
  COLUMN_SCORE,
  COLUMN_SIZE,
  COLUMN_SPEED,
  COLUMN_MARK,
  N_COLUMNS
};

/* One line; (transfer full) */
static char **
make_ranked (JsonObject *row, guint rank)
{
  gboolean dominated = refract_json_get_string (row, "dominated_by", NULL) != NULL;
  double bytes = refract_json_get_double (row, "bytes_per_token", NAN);
  double decode = refract_json_get_double (row, "decode_tps", NAN);
  double saving = refract_json_get_double (row, "saving", NAN);
  char **cells = g_new0 (char *, N_COLUMNS + 1);

  cells[COLUMN_RANK] = g_strdup_printf ("%u", rank);
  cells[COLUMN_LABEL] = refract_terminal_escape (refract_json_get_string (row, "label", ""));
  cells[COLUMN_SCORE]
      = refract_format_score_interval (refract_json_get_double (row, "composite", NAN),
                                       refract_json_get_object (row, "interval"), 1);
  cells[COLUMN_SIZE] = isnan (bytes)    ? g_strdup ("unknown")
                       : isnan (saving) ? g_strdup_printf ("%.0f", bytes)
                                        : g_strdup_printf ("%.0f (−%.0f %%)", bytes, saving * 100);
  cells[COLUMN_SPEED] = isnan (decode) ? g_strdup ("—") : g_strdup_printf ("%.0f", decode);
  cells[COLUMN_MARK] = g_strdup (dominated ? "dominated" : "");
  return cells;
}

/* As wide as the widest cell. %FALSE where the labels leave no room for the rest in a line: they
 * have one of their own then. */
static gboolean
fit_columns (const Card *card, GPtrArray *lines, guint widths[N_COLUMNS])
{
  guint total = RANKING_INDENT;

  for (guint column = 0; column < N_COLUMNS; column++)
    {
      widths[column] = 0;
      for (guint i = 0; i < lines->len; i++)
        {
          gsize length = g_utf8_strlen (((char **) lines->pdata[i])[column], -1);

          widths[column] = MAX (widths[column], length > 0 ? length + RANKING_GAP : 0);
        }
      total += widths[column];
    }
  return total <= card->width + RANKING_GAP;
}

/* Both ends of what is too long: K in the one, V in the other. */
static char *
shorten (const char *text, guint width)
{
  gsize length = g_utf8_strlen (text, -1), first = (width - 1) - (width - 1) / 2;
  g_autofree char *start = NULL;

  if (length <= width)
    return g_strdup (text);
  start = g_utf8_substring (text, 0, first);
  return g_strconcat (start, "…", g_utf8_offset_to_pointer (text, length - (width - 1) / 2), NULL);
}

static void
print_ranked (const Card *card,
              RefractStyle style,
              char **cells,
              const guint widths[N_COLUMNS],
              gboolean in_line)
{
  guint last = N_COLUMNS - 1, before = RANKING_INDENT + widths[COLUMN_RANK];
  g_autofree char *label = shorten (cells[COLUMN_LABEL], MAX (card->width, before + 8) - before);

  while (*cells[last] == '\0')
    last--;
  fprintf (card->stream, "%*s", RANKING_INDENT, "");
  print_cell (card, style, cells[COLUMN_RANK], widths[COLUMN_RANK]);
  if (in_line)
    print_cell (card, style, label, widths[COLUMN_LABEL]);
  else
    {
      print_styled (card, style, label);
      fprintf (card->stream, "\n%*s", (int) before, "");
    }
  for (guint column = COLUMN_LABEL + 1; column < last; column++)
    print_cell (card, style, cells[column], widths[column]);
  print_styled (card, style, cells[last]);
  fputc ('\n', card->stream);
}

/* What the sweep as a whole says: the same in all of its reports. */
static void
print_sweep (const Card *card, JsonObject *extension)
{
  static const char *const titles[]
      = { "", "candidate", "composite", "bytes/token", "decode tok/s", "", NULL };
  JsonArray *ranking = refract_json_get_array (extension, "ranking");
  guint n = refract_json_get_length (ranking), widths[N_COLUMNS];
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  gboolean in_line;

  if (n < 2)
    return;
  g_ptr_array_add (lines, g_strdupv ((char **) titles));
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (lines, make_ranked (json_array_get_object_element (ranking, i), i + 1));
  in_line = fit_columns (card, lines, widths);

  fputs ("\n  ", card->stream);
  print_styled (card, REFRACT_STYLE_BOLD, "Ranking\n");
  for (guint i = 0; i < lines->len; i++)
    {
      char **cells = lines->pdata[i];

      print_ranked (card,
                    i == 0 || *cells[COLUMN_MARK] != '\0' ? REFRACT_STYLE_DIM : REFRACT_STYLE_PLAIN,
                    cells, widths, in_line);
    }
}

static void
print_floor (const Card *card, JsonObject *extension)
{
  JsonObject *floor = refract_json_get_object (extension, "floor");
  g_autofree char *score = NULL;
  g_autofree char *line = NULL;

  if (floor == NULL)
    return;
  score = refract_format_score (refract_json_get_double (floor, "composite", 0), 1);
  line = g_strdup_printf ("Noise floor, the reference measured twice: %s.", score);
  print_text (card, "\n  ", 2, line);
}

void
refract_card_print (FILE *stream, GPtrArray *reports, gboolean colour, guint width)
{
  Card card = { stream, colour, MIN (width, 110) };
  RefractReport *first;
  JsonObject *root, *extension, *recommendation, *comparable, *engine;

  if (reports->len == 0)
    return;

  first = g_ptr_array_index (reports, 0);
  root = refract_report_get_root (first);
  extension = refract_report_get_extension (first);
  engine = refract_json_get_object (extension, "engine");
  recommendation = refract_json_get_object (extension, "recommendation");
  comparable = refract_json_get_object (extension, "comparable");

  fputc ('\n', stream);
  print_styled (&card, REFRACT_STYLE_BOLD, refract_json_get_string (root, "model", ""));
  fprintf (stream, "  %s %s, 0–100, higher is better, [95 %% interval]\n",
           refract_json_get_string (engine, "name", ""),
           refract_json_get_string (engine, "version", ""));
  if (recommendation != NULL)
    {
      const char *control = refract_json_get_string (recommendation, "control_sentence", NULL);

      print_text (&card, "\n  ► ", 4, refract_json_get_string (recommendation, "sentence", ""));
      if (control != NULL)
        print_text (&card, "    ", 4, control);
    }

  for (guint i = 0; i < reports->len; i++)
    print_report (&card, g_ptr_array_index (reports, i));
  print_sweep (&card, extension);
  print_floor (&card, extension);
  if (comparable != NULL && !refract_json_get_boolean (comparable, "refract_0_3", FALSE))
    {
      print_styled (&card, REFRACT_STYLE_DIM,
                    "\n  Not comparable with published REFRACT 0.3 scores; the report says why.\n");
    }
  fputc ('\n', stream);
}
