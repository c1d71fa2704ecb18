/* refract-report-load.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "report/refract-report.h"

typedef struct
{
  RefractReportDetail detail;
  GCancellable *cancellable;
} Job;

static void
loaded_report_free (gpointer data)
{
  RefractLoadedReport *self = data;

  g_free (self->path);
  g_clear_object (&self->report);
  g_clear_error (&self->error);
  g_free (self);
}

static void
load_thread (gpointer data, gpointer user_data)
{
  RefractLoadedReport *self = data;
  const Job *job = user_data;

  if (!g_cancellable_set_error_if_cancelled (job->cancellable, &self->error))
    self->report = refract_report_load_partly (self->path, job->detail, &self->error);
}

GPtrArray *
refract_report_load_many (GPtrArray *paths, RefractReportDetail detail, GCancellable *cancellable)
{
  GPtrArray *loaded = g_ptr_array_new_with_free_func (loaded_report_free);
  Job job = { detail, cancellable };
  GThreadPool *pool
      = g_thread_pool_new (load_thread, &job, (int) g_get_num_processors (), FALSE, NULL);

  for (guint i = 0; i < paths->len; i++)
    {
      RefractLoadedReport *report = g_new0 (RefractLoadedReport, 1);

      report->path = g_strdup (paths->pdata[i]);
      g_ptr_array_add (loaded, report);
      g_thread_pool_push (pool, report, NULL);
    }
  g_thread_pool_free (pool, FALSE, TRUE);
  return loaded;
}

GPtrArray *
refract_report_load_all (GPtrArray *paths,
                         RefractReportDetail detail,
                         GCancellable *cancellable,
                         GError **error)
{
  g_autoptr (GPtrArray) loaded = refract_report_load_many (paths, detail, cancellable);
  g_autoptr (GPtrArray) reports = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < loaded->len; i++)
    {
      RefractLoadedReport *report = loaded->pdata[i];

      if (report->report == NULL)
        {
          g_propagate_error (error, g_steal_pointer (&report->error));
          return NULL;
        }
      g_ptr_array_add (reports, g_steal_pointer (&report->report));
    }
  return g_steal_pointer (&reports);
}
