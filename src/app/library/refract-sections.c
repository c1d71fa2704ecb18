/* refract-sections.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "library/refract-sections.h"

#define N_MONTHS 600 /* what is older is one section */

struct _RefractSections
{
  GArray *starts; /* gint64, latest first */
  guint first_month;
};

static void
add_start (RefractSections *self, GDateTime *time)
{
  gint64 start = g_date_time_to_unix (time);

  /* A month may begin after its week does; then nothing is left of it for a section of its own. */
  if (self->starts->len > 0)
    start = MIN (start, g_array_index (self->starts, gint64, self->starts->len - 1));
  g_array_append_val (self->starts, start);
}

RefractSections *
refract_sections_new (GDateTime *now)
{
  RefractSections *self = g_new0 (RefractSections, 1);
  g_autoptr (GDateTime) today
      = g_date_time_new_local (g_date_time_get_year (now), g_date_time_get_month (now),
                               g_date_time_get_day_of_month (now), 0, 0, 0);
  g_autoptr (GDateTime) yesterday = g_date_time_add_days (today, -1);
  g_autoptr (GDateTime) week
      = g_date_time_add_days (today, 1 - g_date_time_get_day_of_week (today));
  g_autoptr (GDateTime) month
      = g_date_time_add_days (today, 1 - g_date_time_get_day_of_month (today));

  self->starts = g_array_new (FALSE, FALSE, sizeof (gint64));
  add_start (self, today);
  add_start (self, yesterday);
  add_start (self, week);
  self->first_month = self->starts->len;
  for (guint i = 0; i < N_MONTHS; i++)
    {
      g_autoptr (GDateTime) start = g_date_time_add_months (month, -(int) i);

      add_start (self, start);
    }
  return self;
}

void
refract_sections_free (RefractSections *self)
{
  g_array_unref (self->starts);
  g_free (self);
}

guint
refract_sections_find (RefractSections *self, gint64 time)
{
  guint low = 0;
  guint high = self->starts->len;

  while (low < high)
    {
      guint middle = (low + high) / 2;

      if (time < g_array_index (self->starts, gint64, middle))
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

char *
refract_sections_dup_title (RefractSections *self, gint64 time)
{
  guint section = refract_sections_find (self, time);
  g_autoptr (GDateTime) date = NULL;

  if (section == 0)
    return g_strdup (_ ("Today"));
  if (section == 1)
    return g_strdup (_ ("Yesterday"));
  if (section < self->first_month)
    return g_strdup (_ ("Earlier This Week"));

  date = g_date_time_new_from_unix_local (time);
  if (section == self->starts->len || date == NULL)
    return g_strdup (_ ("Long Ago"));
  /* TRANSLATORS: month and year as the title of a list of reports, see man strftime */
  return g_date_time_format (date, _ ("%OB %Y"));
}
