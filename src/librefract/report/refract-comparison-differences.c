/* refract-comparison-differences.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "core/refract-json.h"
#include "report/refract-comparison.h"

typedef struct
{
  RefractUnits *units[REFRACT_N_AXES];
  GStrv keys[REFRACT_N_AXES];
} Measured;

static void
measured_init (Measured *self, RefractReport *report)
{
  for (guint axis = 0; axis < REFRACT_N_AXES; axis++)
    self->units[axis] = refract_report_dup_units (report, axis, &self->keys[axis]);
}

static void
measured_clear (Measured *self)
{
  for (guint axis = 0; axis < REFRACT_N_AXES; axis++)
    {
      g_clear_pointer (&self->units[axis], refract_units_free);
      g_clear_pointer (&self->keys[axis], g_strfreev);
    }
}

/* One report against the first: the composite, then each axis. */
typedef struct
{
  RefractReport *report;
  gboolean known[1 + REFRACT_N_AXES];
  double difference[1 + REFRACT_N_AXES];
  RefractInterval interval[1 + REFRACT_N_AXES];
} Difference;

typedef struct
{
  const Measured *first;
  guint n_columns; /* of a Difference's 1 + REFRACT_N_AXES */
} DifferenceJob;

/* Resampling takes its time: a thread for each processor. */
static void
difference_thread (gpointer data, gpointer user_data)
{
  Difference *self = data;
  const DifferenceJob *job = user_data;
  const RefractUnits *ours[REFRACT_N_AXES] = { NULL };
  const RefractUnits *theirs[REFRACT_N_AXES] = { NULL };
  Measured measured;

  measured_init (&measured, self->report);
  for (guint axis = 0; axis < REFRACT_N_AXES; axis++)
    if (measured.units[axis] != NULL && job->first->units[axis] != NULL
        && g_strv_equal ((const char *const *) measured.keys[axis],
                         (const char *const *) job->first->keys[axis]))
      {
        ours[axis] = measured.units[axis];
        theirs[axis] = job->first->units[axis];
      }
  self->known[0]
      = refract_paired_difference (ours, theirs, &self->difference[0], &self->interval[0]);
  for (guint axis = 0; axis + 1 < job->n_columns; axis++)
    {
      const RefractUnits *a[REFRACT_N_AXES] = { NULL };
      const RefractUnits *b[REFRACT_N_AXES] = { NULL };

      a[axis] = ours[axis];
      b[axis] = theirs[axis];
      self->known[axis + 1] = refract_paired_difference (a, b, &self->difference[axis + 1],
                                                         &self->interval[axis + 1]);
    }
  measured_clear (&measured);
}

/* (transfer full) (element-type Difference): of all reports but the first */
static GPtrArray *
find_differences (GPtrArray *reports, guint n_columns)
{
  GPtrArray *differences = g_ptr_array_new_with_free_func (g_free);
  Measured first;
  DifferenceJob job = { &first, n_columns };
  GThreadPool *pool
      = g_thread_pool_new (difference_thread, &job, (int) g_get_num_processors (), FALSE, NULL);

  measured_init (&first, reports->pdata[0]);
  for (guint i = 1; i < reports->len; i++)
    {
      Difference *difference = g_new0 (Difference, 1);

      difference->report = reports->pdata[i];
      g_ptr_array_add (differences, difference);
      g_thread_pool_push (pool, difference, NULL);
    }
  g_thread_pool_free (pool, FALSE, TRUE);
  measured_clear (&first);
  return differences;
}

/* "−3.2 [−5.1, −1.0] ▼": the arrow where 0 is outside, so that it is more than chance */
static void
add_difference (RefractTableRow *row, const Difference *self, guint column)
{
  const RefractInterval *interval = &self->interval[column];
  const char *verdict = "";

  if (!self->known[column])
    {
      refract_table_row_add_text (row, "—");
      return;
    }
  if (interval->high < 0)
    verdict = " ▼ lower";
  else if (interval->low > 0)
    verdict = " ▲ higher";
  /* + 0.0: there is no −0. */
  refract_table_row_take_number (
      row, self->difference[column],
      g_strdup_printf ("%+.2f [%+.2f, %+.2f]%s%s", self->difference[column] + 0.0,
                       interval->low + 0.0, interval->high + 0.0, verdict,
                       interval->few_samples ? ", few samples" : ""));
}

RefractTable *
refract_comparison_make_differences (GPtrArray *reports, char **names)
{
  g_autofree char *title = g_strdup_printf (
      N_ ("Difference to %s in points, paired over the same prompts, chunks and trials [95 %%]"),
      names[0]);
  const char *columns[2 + REFRACT_N_AXES + 1] = { "", N_ ("Composite") };
  guint n_columns = reports->len > REFRACT_COMPARISON_MAX_DETAILS ? 1 : 1 + REFRACT_N_AXES;
  g_autoptr (GPtrArray) differences = find_differences (reports, n_columns);
  RefractTable *table;

  for (guint axis = 0; axis + 1 < n_columns; axis++)
    columns[2 + axis] = refract_axis_id_get_title (axis);
  table = refract_table_new (title, columns);
  for (guint i = 0; i < differences->len; i++)
    {
      RefractTableRow *row = refract_table_add_row (table);

      refract_table_row_add_text (row, names[i + 1]);
      for (guint column = 0; column < n_columns; column++)
        add_difference (row, differences->pdata[i], column);
    }
  return table;
}
