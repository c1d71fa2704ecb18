/* refract-report-item.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "report/refract-report-item.h"

G_DEFINE_FINAL_TYPE (RefractReportItem, refract_report_item, G_TYPE_OBJECT)

static void
refract_report_item_finalize (GObject *object)
{
  RefractReportItem *self = REFRACT_REPORT_ITEM (object);

  g_free (self->title);
  g_free (self->subtitle);
  g_free (self->value);
  g_free (self->body);
  g_free (self->group);

  G_OBJECT_CLASS (refract_report_item_parent_class)->finalize (object);
}

static void
refract_report_item_class_init (RefractReportItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = refract_report_item_finalize;
}

static void
refract_report_item_init (RefractReportItem *self)
{
  self->number = NAN;
}

RefractReportItem *
refract_report_item_new_take (guint index, char *title)
{
  RefractReportItem *self = g_object_new (REFRACT_TYPE_REPORT_ITEM, NULL);

  self->index = index;
  self->title = title;
  return self;
}

gboolean
refract_report_item_matches (RefractReportItem *self, const char *needle)
{
  const char *texts[] = { self->title, self->subtitle, self->value, self->body, self->group };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *text = texts[i] != NULL ? g_utf8_casefold (texts[i], -1) : NULL;

      if (text != NULL && strstr (text, needle) != NULL)
        return TRUE;
    }
  return FALSE;
}
