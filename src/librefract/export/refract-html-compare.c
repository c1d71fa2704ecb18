/* refract-html-compare.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "core/refract-translate.h"
#include "charts/refract-chart-comparison.h"
#include "export/refract-html-private.h"
#include "report/refract-comparison.h"
#include "report/refract-leaderboard.h"

/* More bars and marks than this in one chart are no picture any more. */
#define MAX_CHARTED 24
/* Rankings with charts; all have their table. */
#define MAX_CHARTED_TABLES 8

/* The first @n_groups of composite and axes as bars; with memory and speed where these can be
 * compared. */
static void
add_charts (RefractHtml *self,
            const RefractComparison *comparison,
            guint n_groups,
            gboolean with_costs)
{
  const double width = REFRACT_HTML_CHART_WIDTH;

  if (comparison->reports->len > MAX_CHARTED)
    return;
  g_string_append (self->body, "<div class=\"grid\">\n");
  for (guint group = 0; group < n_groups; group++)
    refract_html_take_scene (self, refract_chart_compare_group_new (comparison, group, width, 1));
  if (with_costs)
    {
      refract_html_take_scene (self, refract_chart_compare_memory_new (comparison, width, 1));
      refract_html_take_scene (self, refract_chart_compare_speed_new (comparison, width, 1));
    }
  g_string_append (self->body, "</div>\n");
}

/* A section with the table. @title: (nullable): %NULL makes the table's own title the heading */
static void
add_table_section (RefractHtml *self, const RefractTable *table, const char *title)
{
  g_autoptr (RefractTable) untitled = NULL;

  if (table == NULL || table->rows->len == 0)
    return;
  /* Not as a caption, which is as wide as the table. */
  untitled = refract_table_copy (table);
  g_clear_pointer (&untitled->title, g_free);
  refract_html_add_section (self, title != NULL ? title : table->title);
  if (title != NULL)
    refract_html_add (self, "p", "dim", table->title);
  refract_html_add_table (self, untitled, title != NULL ? title : table->title);
}

/* --- Side by side --- */

static void
add_warnings (RefractHtml *self, GPtrArray *warnings)
{
  if (warnings->len == 0)
    return;
  refract_html_add_section (self, "Not the same in all");
  refract_html_add_texts (self, "warning", warnings);
}

/* Two builds of one plan. */
static void
add_items (RefractHtml *self, const RefractTable *items)
{
  if (items == NULL)
    return;
  if (items->rows->len > 0)
    {
      add_table_section (self, items, NULL);
      return;
    }
  refract_html_add_section (self, items->title);
  refract_html_add (self, "p", NULL, "No prompt, chunk or cell changed by more than chance.");
}

static void
add_maps (RefractHtml *self, const RefractComparison *comparison)
{
  g_autoptr (GPtrArray) maps = g_ptr_array_new ();

  for (guint i = 1; i < MIN (comparison->reports->len, REFRACT_COMPARISON_MAX_DETAILS); i++)
    {
      RefractScene *map
          = refract_chart_compare_rniah_new (comparison, i, REFRACT_HTML_CHART_WIDTH, 1);

      if (map != NULL)
        g_ptr_array_add (maps, map);
    }
  if (maps->len == 0)
    return;
  refract_html_add_section (self, "What is found in long contexts");
  g_string_append (self->body, "<div class=\"grid\">\n");
  for (guint i = 0; i < maps->len; i++)
    refract_html_take_scene (self, maps->pdata[i]);
  g_string_append (self->body, "</div>\n");
}

char *
refract_comparison_to_html (const RefractComparison *comparison)
{
  g_auto (RefractEnglish) english = refract_english_begin ();
  g_autoptr (GString) body = g_string_new (NULL);
  g_autoptr (GString) nav = g_string_new (NULL);
  g_autoptr (RefractTable) list = NULL;
  RefractHtml self = { .body = body, .nav = nav, .level = 2 };
  guint n = comparison->reports->len;
  gboolean many = n > REFRACT_COMPARISON_MAX_DETAILS;
  g_autofree char *count = g_strdup_printf ("%u reports", n);

  refract_html_add (&self, "h1", NULL, "KV cache fidelity, side by side");
  refract_html_add_printf (&self, "p", "dim",
                           "Scores go from 0 to 100, higher is better. Differences are against %s, "
                           "the first, paired item by item.",
                           comparison->names[0]);
  add_warnings (&self, comparison->warnings);
  if (n <= MAX_CHARTED)
    refract_html_add_section (&self, "At a glance");
  add_charts (&self, comparison, 1 + REFRACT_N_AXES, TRUE);
  if (many)
    list = refract_comparison_make_list (comparison);
  self.wide = !many;
  add_table_section (&self, many ? list : comparison->metrics, "Scores and figures");
  self.wide = FALSE;
  add_table_section (&self, comparison->differences, "Differences");
  add_items (&self, comparison->items);
  add_maps (&self, comparison);
  self.wide = TRUE;
  add_table_section (&self, comparison->prompts, NULL);
  return refract_html_finish (&self, "KV cache fidelity, side by side", count, NULL);
}

/* --- Ranked --- */

/* The table's rows as a chart: names are those of its second column. */
static void
add_ranking_charts (RefractHtml *self, const RefractLeaderboard *leaderboard, guint index)
{
  const RefractTable *table = leaderboard->tables->pdata[index];
  g_autofree char **names = g_new0 (char *, table->rows->len + 1);
  RefractComparison rows = { .reports = leaderboard->reports->pdata[index], .names = names };

  if (table->rows->len < 2)
    return;
  for (guint i = 0; i < table->rows->len; i++)
    names[i] = ((RefractCell *) ((RefractTableRow *) table->rows->pdata[i])->cells->pdata[1])->text;
  /* Bytes and speed of different models say nothing beside each other. */
  add_charts (self, &rows, 1, leaderboard->kind == REFRACT_LEADERBOARD_CANDIDATES);
}

char *
refract_leaderboard_to_html (const RefractLeaderboard *leaderboard)
{
  g_auto (RefractEnglish) english = refract_english_begin ();
  g_autoptr (GString) body = g_string_new (NULL);
  g_autoptr (GString) nav = g_string_new (NULL);
  RefractHtml self = { .body = body, .nav = nav, .level = 2 };
  guint n = leaderboard->tables->len;
  g_autofree char *count = g_strdup_printf (
      leaderboard->kind == REFRACT_LEADERBOARD_MODELS ? "%u candidates" : "%u models", n);

  refract_html_add (&self, "h1", NULL, "KV cache fidelity, ranked");
  refract_html_add (&self, "p", "card note", refract_leaderboard_disclaimer);
  for (guint i = 0; i < n; i++)
    {
      add_table_section (&self, leaderboard->tables->pdata[i], NULL);
      if (i < MAX_CHARTED_TABLES)
        add_ranking_charts (&self, leaderboard, i);
    }
  add_table_section (&self, leaderboard->controls, NULL);
  if (leaderboard->notes->len > 0)
    {
      refract_html_add_section (&self, "Left out");
      refract_html_add_texts (&self, NULL, leaderboard->notes);
    }
  return refract_html_finish (&self, "KV cache fidelity, ranked", count, NULL);
}
