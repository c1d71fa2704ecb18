/* bench-frame.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Calls back after each frame of a window that is on the display. */

#pragma once

#include <adwaita.h>

typedef void (*BenchFrameFunc) (GtkWidget *window);

static inline void
bench_frame_painted (GdkFrameClock *clock, GtkWidget *window)
{
  BenchFrameFunc func = g_object_get_data (G_OBJECT (window), "bench-frame");

  if (gtk_widget_get_mapped (window))
    func (window);
}

static inline void
bench_frame_watch (GtkWidget *window, BenchFrameFunc func)
{
  g_object_set_data (G_OBJECT (window), "bench-frame", func);
  gtk_widget_realize (window);
  g_signal_connect_object (gtk_widget_get_frame_clock (window), "after-paint",
                           G_CALLBACK (bench_frame_painted), window, 0);
}

/* Milliseconds since the caller started this program ($REFRACT_BENCH_START, monotonic µs). */
static inline double
bench_frame_since_start (void)
{
  const char *start = g_getenv ("REFRACT_BENCH_START");

  return (g_get_monotonic_time () - (start != NULL ? g_ascii_strtoll (start, NULL, 10) : 0))
         / 1000.0;
}
