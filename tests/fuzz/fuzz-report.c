/* fuzz-report.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "core/refract-json.h"
#include "report/refract-report.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* What is accepted can be written, and is read again as the same text. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (RefractReport) report = refract_report_new_from_text ((const char *) data, size, NULL);
  g_autoptr (RefractReport) again = NULL;
  g_autofree char *text = NULL;
  g_autofree char *same = NULL;

  if (report == NULL)
    return 0;

  refract_report_get_composite (report);
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      refract_report_get_axis_score (report, i);
      refract_report_get_axis_extension (report, i);
    }
  text = refract_json_to_text (refract_report_get_root (report), FALSE);
  again = refract_report_new_from_text (text, strlen (text), NULL);
  g_assert_nonnull (again);
  same = refract_json_to_text (refract_report_get_root (again), FALSE);
  g_assert_cmpstr (text, ==, same);
  return 0;
}
