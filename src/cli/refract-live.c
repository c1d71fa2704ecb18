/* refract-live.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "refract-live.h"
#include "refract-terminal.h"

#define MIN_INTERVAL_US 100000
#define BAR_WIDTH 16

struct _RefractLive
{
  RefractProgress *progress;
  gulong handler;
  guint timer;
  gboolean is_terminal;
  gboolean colour;
  gint64 last_drawn;
  guint n_logged;
  int last_stage; /* announced on a plain stream */
};

static char *
format_duration (double seconds)
{
  if (seconds < 90)
    return g_strdup_printf ("%.0f s", seconds);
  if (seconds < 5400)
    return g_strdup_printf ("%.0f min", seconds / 60);
  return g_strdup_printf ("%.1f h", seconds / 3600);
}

static void
print_log (RefractLive *self)
{
  g_auto (GStrv) lines = refract_progress_dup_log (self->progress, self->n_logged);

  for (guint i = 0; lines[i] != NULL; i++)
    fprintf (stderr, "%s%s\n", self->is_terminal ? "\r\033[K" : "", lines[i]);
  self->n_logged += g_strv_length (lines);
}

/* (nullable): the stage that is running, with its number */
static const RefractStage *
running_stage (GPtrArray *stages, guint *number)
{
  for (guint i = 0; i < stages->len; i++)
    {
      const RefractStage *stage = g_ptr_array_index (stages, i);

      if (stage->state == REFRACT_STAGE_RUNNING)
        {
          *number = i;
          return stage;
        }
    }
  return NULL;
}

static void
draw_line (RefractLive *self, const RefractStage *stage, guint number, guint n_stages)
{
  double fraction = refract_progress_get_fraction (self->progress);
  double remaining = refract_progress_get_remaining (self->progress);
  double rate = refract_progress_get_tokens_per_second (self->progress);
  g_autofree char *bar = refract_terminal_bar (fraction, BAR_WIDTH);
  g_autofree char *styled = refract_terminal_style (self->colour, REFRACT_STYLE_CYAN, bar);
  g_autofree char *left = remaining >= 0 ? format_duration (remaining) : NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  guint width = refract_terminal_get_width (stderr);
  guint room = width > BAR_WIDTH + 9 ? width - BAR_WIDTH - 9 : 10;

  g_string_append_printf (text, "%u/%u %s · %s", number + 1, n_stages, stage->configuration,
                          stage->step);
  if (rate >= 0)
    g_string_append_printf (text, " · %.0f tok/s", rate);
  if (left != NULL)
    g_string_append_printf (text, " · %s left", left);
  if (g_utf8_strlen (text->str, -1) > (glong) room)
    g_string_truncate (text, g_utf8_offset_to_pointer (text->str, room) - text->str);

  fprintf (stderr, "\r\033[K%s %3.0f %% %s", styled, fraction * 100, text->str);
  fflush (stderr);
}

static void
draw (RefractLive *self)
{
  g_autoptr (GPtrArray) stages = NULL;
  const RefractStage *stage;
  guint number = 0;

  print_log (self);
  stages = refract_progress_dup_stages (self->progress);
  stage = running_stage (stages, &number);
  if (stage == NULL)
    return;

  if (self->is_terminal)
    draw_line (self, stage, number, stages->len);
  else if (self->last_stage != (int) number)
    {
      double remaining = refract_progress_get_remaining (self->progress);
      g_autofree char *left = remaining >= 0 ? format_duration (remaining) : NULL;

      fprintf (stderr, "[%u/%u] %s: %s%s%s%s\n", number + 1, stages->len, stage->configuration,
               stage->step, left != NULL ? " (about " : "", left != NULL ? left : "",
               left != NULL ? " left)" : "");
      self->last_stage = number;
    }
}

static void
changed_cb (RefractLive *self)
{
  gint64 now = g_get_monotonic_time ();

  if (self->is_terminal && now - self->last_drawn < MIN_INTERVAL_US)
    return;
  self->last_drawn = now;
  draw (self);
}

static gboolean
tick_cb (gpointer user_data)
{
  draw (user_data);
  return G_SOURCE_CONTINUE;
}

RefractLive *
refract_live_new (RefractProgress *progress)
{
  RefractLive *self = g_new0 (RefractLive, 1);

  self->progress = g_object_ref (progress);
  self->is_terminal = isatty (STDERR_FILENO);
  self->colour = refract_terminal_has_colour (stderr);
  self->last_stage = -1;
  self->handler = g_signal_connect_swapped (progress, "changed", G_CALLBACK (changed_cb), self);
  if (self->is_terminal)
    self->timer = g_timeout_add_seconds (1, tick_cb, self);
  return self;
}

void
refract_live_free (RefractLive *self)
{
  g_clear_signal_handler (&self->handler, self->progress);
  g_clear_handle_id (&self->timer, g_source_remove);
  print_log (self);
  if (self->is_terminal)
    fputs ("\r\033[K", stderr);
  fflush (stderr);
  g_object_unref (self->progress);
  g_free (self);
}
