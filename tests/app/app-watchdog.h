/* app-watchdog.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Says whether the main loop was ever blocked: ticks every few milliseconds before everything else,
 * and notes the most that the main thread worked between two ticks. Counted is the thread's own
 * processor time, so that a busy machine, where the thread only waits for its turn, is no failure.
 */

#pragma once

#include <time.h>

#include <glib.h>

#define APP_WATCHDOG_LIMIT_MS 50
#define APP_WATCHDOG_TICK_MS 5

typedef struct
{
  guint source;
  gint64 last; /* µs of processor time */
  gint64 longest;
} AppWatchdog;

static inline gint64
app_watchdog_now (void)
{
  struct timespec now;

  g_assert_cmpint (clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now), ==, 0);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static inline gboolean
app_watchdog_tick (gpointer user_data)
{
  AppWatchdog *self = user_data;
  gint64 now = app_watchdog_now ();

  self->longest = MAX (self->longest, now - self->last);
  self->last = now;
  return G_SOURCE_CONTINUE;
}

static inline void
app_watchdog_start (AppWatchdog *self)
{
  self->last = app_watchdog_now ();
  self->longest = 0;
  self->source
      = g_timeout_add_full (G_PRIORITY_HIGH, APP_WATCHDOG_TICK_MS, app_watchdog_tick, self, NULL);
}

/* Returns: the longest turn in µs */
static inline gint64
app_watchdog_end (AppWatchdog *self)
{
  app_watchdog_tick (self);
  g_source_remove (self->source);
  return self->longest;
}

/* What instruments code makes it several times slower: then the figure is only told. */
static inline void
app_watchdog_stop (AppWatchdog *self)
{
  app_watchdog_end (self);
  g_test_message ("longest turn of the main loop: %.1f ms", self->longest / 1000.0);
#ifndef __SANITIZE_ADDRESS__
  if (g_getenv ("REFRACT_TEST_SLOW") == NULL)
    g_assert_cmpint (self->longest, <, APP_WATCHDOG_LIMIT_MS * 1000);
#endif
}
