/* refract-report-filter.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "library/refract-report-filter.h"
#include "report/refract-summary.h"

struct _RefractReportFilter
{
  GtkFilter parent_instance;

  char *text;
  GStrv words; /* case-folded */
  char *model;
  char *engine;
  RefractBands bands;
};

enum
{
  PROP_0,
  PROP_TEXT,
  PROP_MODEL,
  PROP_ENGINE,
  PROP_BANDS,
  PROP_NARROWED,
  N_PROPS
};

G_DEFINE_FINAL_TYPE (RefractReportFilter, refract_report_filter, GTK_TYPE_FILTER)

/* The nicks are those of the schema. */
G_DEFINE_FLAGS_TYPE (RefractBands,
                     refract_bands,
                     G_DEFINE_ENUM_VALUE (REFRACT_BANDS_FAIL, "fail"),
                     G_DEFINE_ENUM_VALUE (REFRACT_BANDS_DEGRADED, "degraded"),
                     G_DEFINE_ENUM_VALUE (REFRACT_BANDS_PASS, "pass"),
                     G_DEFINE_ENUM_VALUE (REFRACT_BANDS_EXCELLENT, "excellent"),
                     G_DEFINE_ENUM_VALUE (REFRACT_BANDS_UNSCORED, "unscored"))

static GParamSpec *properties[N_PROPS];

static gboolean
is_narrowed (RefractReportFilter *self)
{
  return self->bands != REFRACT_BANDS_ALL || self->model != NULL || self->engine != NULL;
}

static gboolean
refract_report_filter_match (GtkFilter *filter, gpointer item)
{
  RefractReportFilter *self = REFRACT_REPORT_FILTER (filter);
  double composite = refract_summary_get_composite (item);
  const char *key = refract_summary_get_search_key (item);
  RefractBands band
      = isnan (composite) ? REFRACT_BANDS_UNSCORED : 1u << refract_band_for_score (composite);

  if ((self->bands & band) == 0)
    return FALSE;
  if (self->model != NULL && !g_str_equal (self->model, refract_summary_get_model (item)))
    return FALSE;
  if (self->engine != NULL && !g_str_equal (self->engine, refract_summary_get_engine (item)))
    return FALSE;
  for (guint i = 0; self->words[i] != NULL; i++)
    if (strstr (key, self->words[i]) == NULL)
      return FALSE;
  return TRUE;
}

static GtkFilterMatch
refract_report_filter_get_strictness (GtkFilter *filter)
{
  RefractReportFilter *self = REFRACT_REPORT_FILTER (filter);

  return is_narrowed (self) || *self->text != '\0' ? GTK_FILTER_MATCH_SOME : GTK_FILTER_MATCH_ALL;
}

static void
refract_report_filter_finalize (GObject *object)
{
  RefractReportFilter *self = REFRACT_REPORT_FILTER (object);

  g_free (self->text);
  g_strfreev (self->words);
  g_free (self->model);
  g_free (self->engine);

  G_OBJECT_CLASS (refract_report_filter_parent_class)->finalize (object);
}

static void
refract_report_filter_get_property (GObject *object,
                                    guint prop_id,
                                    GValue *value,
                                    GParamSpec *pspec)
{
  RefractReportFilter *self = REFRACT_REPORT_FILTER (object);

  switch (prop_id)
    {
    case PROP_TEXT:
      g_value_set_string (value, self->text);
      break;
    case PROP_MODEL:
      g_value_set_string (value, self->model);
      break;
    case PROP_ENGINE:
      g_value_set_string (value, self->engine);
      break;
    case PROP_BANDS:
      g_value_set_flags (value, self->bands);
      break;
    case PROP_NARROWED:
      g_value_set_boolean (value, is_narrowed (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

/* Returns: whether it changed */
static gboolean
take_text (char **kept, const char *text)
{
  if (g_strcmp0 (*kept, text) == 0)
    return FALSE;
  g_free (*kept);
  *kept = g_strdup (text);
  return TRUE;
}

static gboolean
set_text (RefractReportFilter *self, const char *text)
{
  g_autofree char *folded = NULL;

  if (text == NULL || !take_text (&self->text, text))
    return FALSE;
  folded = g_utf8_casefold (text, -1);
  g_strfreev (self->words);
  self->words = g_strsplit_set (folded, " \t\n", -1);
  return TRUE;
}

static gboolean
set_bands (RefractReportFilter *self, RefractBands bands)
{
  gboolean changed = self->bands != bands;

  self->bands = bands;
  return changed;
}

static void
refract_report_filter_set_property (GObject *object,
                                    guint prop_id,
                                    const GValue *value,
                                    GParamSpec *pspec)
{
  RefractReportFilter *self = REFRACT_REPORT_FILTER (object);
  gboolean was_narrowed = is_narrowed (self);
  gboolean changed = FALSE;

  switch (prop_id)
    {
    case PROP_TEXT:
      changed = set_text (self, g_value_get_string (value));
      break;
    case PROP_MODEL:
      changed = take_text (&self->model, g_value_get_string (value));
      break;
    case PROP_ENGINE:
      changed = take_text (&self->engine, g_value_get_string (value));
      break;
    case PROP_BANDS:
      changed = set_bands (self, g_value_get_flags (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
  if (!changed)
    return;
  g_object_notify_by_pspec (object, pspec);
  if (is_narrowed (self) != was_narrowed)
    g_object_notify_by_pspec (object, properties[PROP_NARROWED]);
  gtk_filter_changed (GTK_FILTER (self), GTK_FILTER_CHANGE_DIFFERENT);
}

static void
refract_report_filter_class_init (RefractReportFilterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkFilterClass *filter_class = GTK_FILTER_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = refract_report_filter_finalize;
  object_class->get_property = refract_report_filter_get_property;
  object_class->set_property = refract_report_filter_set_property;
  filter_class->match = refract_report_filter_match;
  filter_class->get_strictness = refract_report_filter_get_strictness;

  properties[PROP_TEXT] = g_param_spec_string ("text", NULL, NULL, "", flags);
  properties[PROP_MODEL] = g_param_spec_string ("model", NULL, NULL, NULL, flags);
  properties[PROP_ENGINE] = g_param_spec_string ("engine", NULL, NULL, NULL, flags);
  properties[PROP_BANDS]
      = g_param_spec_flags ("bands", NULL, NULL, REFRACT_TYPE_BANDS, REFRACT_BANDS_ALL, flags);
  properties[PROP_NARROWED]
      = g_param_spec_boolean ("narrowed", NULL, NULL, FALSE,
                              G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
refract_report_filter_init (RefractReportFilter *self)
{
  self->bands = REFRACT_BANDS_ALL;
  set_text (self, "");
}

RefractReportFilter *
refract_report_filter_new (void)
{
  return g_object_new (REFRACT_TYPE_REPORT_FILTER, NULL);
}

void
refract_report_filter_clear (RefractReportFilter *self)
{
  g_return_if_fail (REFRACT_IS_REPORT_FILTER (self));

  g_object_set (self, "text", "", "model", NULL, "engine", NULL, "bands", REFRACT_BANDS_ALL, NULL);
}
