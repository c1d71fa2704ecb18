/* refract-summary.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "backends/refract-backend.h"
#include "core/refract-json.h"
#include "core/refract-text.h"
#include "core/refract-kv-config.h"
#include "report/refract-library-private.h"
#include "report/refract-report-text.h"
#include "report/refract-summary.h"

#define MAX_CHARACTERS 200

struct _RefractSummary
{
  GObject parent_instance;

  char *path;
  const char *id; /* in path */
  char *sha256;
  char *model;
  char *label;
  char *engine;
  char *note;
  char *run_id;
  char *verdict;
  char *error;
  char *search_key;
  gint64 modified;
  gint64 size;
  gint64 time;
  double composite;
  double scores[REFRACT_N_AXES];
  guint is_control : 1;
};

enum
{
  PROP_0,
  PROP_ID,
  PROP_PATH,
  PROP_MODEL,
  PROP_LABEL,
  PROP_ENGINE,
  PROP_NOTE,
  PROP_RUN_ID,
  PROP_VERDICT,
  PROP_BAND,
  PROP_ERROR,
  PROP_TIME,
  PROP_COMPOSITE,
  PROP_IS_CONTROL,
  N_PROPS
};

G_DEFINE_FINAL_TYPE (RefractSummary, refract_summary, G_TYPE_OBJECT)

static GParamSpec *properties[N_PROPS];

static void
refract_summary_finalize (GObject *object)
{
  RefractSummary *self = REFRACT_SUMMARY (object);

  g_free (self->path);
  g_free (self->sha256);
  g_free (self->model);
  g_free (self->label);
  g_free (self->engine);
  g_free (self->note);
  g_free (self->run_id);
  g_free (self->verdict);
  g_free (self->error);
  g_free (self->search_key);

  G_OBJECT_CLASS (refract_summary_parent_class)->finalize (object);
}

static void
refract_summary_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  RefractSummary *self = REFRACT_SUMMARY (object);

  switch (prop_id)
    {
    case PROP_ID:
      g_value_set_string (value, self->id);
      break;
    case PROP_PATH:
      g_value_set_string (value, self->path);
      break;
    case PROP_MODEL:
      g_value_set_string (value, self->model);
      break;
    case PROP_LABEL:
      g_value_set_string (value, self->label);
      break;
    case PROP_ENGINE:
      g_value_set_string (value, self->engine);
      break;
    case PROP_NOTE:
      g_value_set_string (value, self->note);
      break;
    case PROP_RUN_ID:
      g_value_set_string (value, self->run_id);
      break;
    case PROP_VERDICT:
      g_value_set_string (value, self->verdict);
      break;
    case PROP_BAND:
      g_value_set_static_string (value, refract_summary_get_band (self));
      break;
    case PROP_ERROR:
      g_value_set_string (value, self->error);
      break;
    case PROP_TIME:
      g_value_set_int64 (value, self->time);
      break;
    case PROP_COMPOSITE:
      g_value_set_double (value, self->composite);
      break;
    case PROP_IS_CONTROL:
      g_value_set_boolean (value, self->is_control);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_summary_class_init (RefractSummaryClass *klass)
{
  static const struct
  {
    guint id;
    const char *name;
  } texts[] = {
    { PROP_ID, "id" },           { PROP_PATH, "path" },     { PROP_MODEL, "model" },
    { PROP_LABEL, "label" },     { PROP_ENGINE, "engine" }, { PROP_NOTE, "note" },
    { PROP_RUN_ID, "run-id" },   { PROP_BAND, "band" },     { PROP_ERROR, "error" },
    { PROP_VERDICT, "verdict" },
  };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = refract_summary_finalize;
  object_class->get_property = refract_summary_get_property;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    properties[texts[i].id] = g_param_spec_string (texts[i].name, NULL, NULL, NULL, flags);
  properties[PROP_TIME] = g_param_spec_int64 ("time", NULL, NULL, G_MININT64, G_MAXINT64, 0, flags);
  properties[PROP_COMPOSITE]
      = g_param_spec_double ("composite", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0, flags);
  properties[PROP_IS_CONTROL] = g_param_spec_boolean ("is-control", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
refract_summary_init (RefractSummary *self)
{
}

static char *
clean (const char *text)
{
  return refract_text_clean (text != NULL ? text : "", MAX_CHARACTERS);
}

static char *
make_engine (JsonObject *root, JsonObject *extension)
{
  const char *name
      = refract_json_get_string (refract_json_get_object (extension, "engine"), "name", NULL);
  const char *backend
      = refract_json_get_string (refract_json_get_object (root, "environment"), "backend", "");

  if (name == NULL)
    name = refract_backend_title_of_name (backend);
  return clean (name);
}

static char *
make_verdict (RefractReport *report, JsonObject *root, JsonObject *extension)
{
  const char *sentence
      = refract_json_get_string (refract_json_get_object (extension, "ship"), "sentence",
                                 refract_json_get_string (root, "summary", ""));
  g_autofree char *bound = refract_report_dup_bound_text (report);
  g_autofree char *text
      = bound != NULL ? g_strconcat ("At best, as KLD is a lower bound: ", sentence, NULL) : NULL;

  return clean (text != NULL ? text : sentence);
}

static gint64
make_time (JsonObject *root, gint64 modified)
{
  const char *text = refract_json_get_string (root, "timestamp", "");
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, zone);

  return time != NULL ? g_date_time_to_unix (time) : modified / G_USEC_PER_SEC;
}

static RefractSummary *
new_for_path (const char *path)
{
  RefractSummary *self = g_object_new (REFRACT_TYPE_SUMMARY, NULL);
  const char *slash;

  self->path = g_strdup (path);
  slash = strrchr (self->path, G_DIR_SEPARATOR);
  self->id = slash != NULL ? slash + 1 : self->path;
  self->note = g_strdup ("");
  self->composite = NAN;
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    self->scores[i] = NAN;
  return self;
}

/* When all texts are there, so that a list of many is searched at once. */
static void
make_search_key (RefractSummary *self)
{
  g_autofree char *text
      = g_strjoin ("\n", self->model, self->label, self->engine, self->note, NULL);

  g_free (self->search_key);
  self->search_key = g_utf8_casefold (text, -1);
}

RefractSummary *
refract_summary_new (const char *path,
                     gint64 modified,
                     gint64 size,
                     const char *sha256,
                     RefractReport *report,
                     const char *message)
{
  RefractSummary *self = new_for_path (path);
  JsonObject *root, *extension;

  g_return_val_if_fail ((report == NULL) == (message != NULL), NULL);

  self->modified = modified;
  self->size = size;
  self->sha256 = g_strdup (sha256 != NULL ? sha256 : "");
  if (report == NULL)
    {
      g_autofree char *name = g_filename_display_name (self->id);

      self->model = clean (name);
      self->label = g_strdup ("");
      self->engine = g_strdup ("");
      self->run_id = g_strdup ("");
      self->verdict = g_strdup ("");
      self->error = clean (message);
      self->time = modified / G_USEC_PER_SEC;
      make_search_key (self);
      return self;
    }

  root = refract_report_get_root (report);
  extension = refract_report_get_extension (report);
  self->model = refract_report_dup_model_name (report);
  self->label = refract_report_dup_candidate_label (report);
  self->engine = make_engine (root, extension);
  self->verdict = make_verdict (report, root, extension);
  self->run_id = clean (refract_json_get_string (extension, "run_id", ""));
  self->time = make_time (root, modified);
  self->composite = refract_report_get_composite (report);
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    self->scores[i] = refract_report_get_axis_score (report, i);
  self->is_control = refract_json_get_boolean (extension, "is_control", FALSE);
  make_search_key (self);
  return self;
}

JsonObject *
refract_summary_to_json (RefractSummary *self)
{
  JsonObject *object = json_object_new ();
  JsonArray *scores = json_array_new ();

  g_return_val_if_fail (REFRACT_IS_SUMMARY (self), NULL);

  json_object_set_string_member (object, "id", self->id);
  json_object_set_int_member (object, "modified", self->modified);
  json_object_set_int_member (object, "size", self->size);
  json_object_set_string_member (object, "sha256", self->sha256);
  json_object_set_string_member (object, "model", self->model);
  json_object_set_string_member (object, "label", self->label);
  json_object_set_string_member (object, "engine", self->engine);
  json_object_set_string_member (object, "run_id", self->run_id);
  json_object_set_string_member (object, "verdict", self->verdict);
  if (self->error != NULL)
    json_object_set_string_member (object, "error", self->error);
  json_object_set_int_member (object, "time", self->time);
  refract_json_set_double (object, "composite", self->composite);
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    refract_json_add_double (scores, self->scores[i]);
  json_object_set_array_member (object, "scores", scores);
  json_object_set_boolean_member (object, "is_control", self->is_control);
  return object;
}

static double
read_score (JsonNode *node)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;
  double score = type == G_TYPE_INT64 || type == G_TYPE_DOUBLE ? json_node_get_double (node) : NAN;

  return score >= 0 && score <= 100 ? score : NAN;
}

RefractSummary *
refract_summary_new_from_json (const char *folder, JsonObject *object)
{
  const char *id = refract_json_get_string (object, "id", "");
  g_autofree char *path = NULL;
  RefractSummary *self;
  JsonArray *scores = refract_json_get_array (object, "scores");
  const char *error = refract_json_get_string (object, "error", NULL);

  if (!refract_library_is_report_name (id) || scores == NULL
      || json_array_get_length (scores) != REFRACT_N_AXES)
    return NULL;

  path = g_build_filename (folder, id, NULL);
  self = new_for_path (path);
  self->modified = refract_json_get_int (object, "modified", 0);
  self->size = refract_json_get_int (object, "size", 0);
  self->sha256 = g_strdup (refract_json_get_string (object, "sha256", ""));
  self->model = clean (refract_json_get_string (object, "model", ""));
  self->label = clean (refract_json_get_string (object, "label", ""));
  self->engine = clean (refract_json_get_string (object, "engine", ""));
  self->run_id = clean (refract_json_get_string (object, "run_id", ""));
  self->verdict = clean (refract_json_get_string (object, "verdict", ""));
  self->error = error != NULL ? clean (error) : NULL;
  self->time = refract_json_get_int (object, "time", 0);
  self->composite = refract_json_get_double (object, "composite", NAN);
  if (!(self->composite >= 0 && self->composite <= 100))
    self->composite = NAN;
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    self->scores[i] = read_score (json_array_get_element (scores, i));
  self->is_control = refract_json_get_boolean (object, "is_control", FALSE);
  make_search_key (self);
  return self;
}

#define GETTER(type, name)                                                                         \
  type refract_summary_get_##name (RefractSummary *self)                                           \
  {                                                                                                \
    g_return_val_if_fail (REFRACT_IS_SUMMARY (self), 0);                                           \
                                                                                                   \
    return self->name;                                                                             \
  }

GETTER (const char *, id)
GETTER (const char *, path)
GETTER (const char *, sha256)
GETTER (const char *, model)
GETTER (const char *, label)
GETTER (const char *, engine)
GETTER (const char *, note)
GETTER (const char *, run_id)
GETTER (const char *, verdict)
GETTER (const char *, error)
GETTER (const char *, search_key)
GETTER (gint64, modified)
GETTER (gint64, size)
GETTER (gint64, time)

double
refract_summary_get_composite (RefractSummary *self)
{
  g_return_val_if_fail (REFRACT_IS_SUMMARY (self), NAN);

  return self->composite;
}

double
refract_summary_get_axis_score (RefractSummary *self, RefractAxisId axis)
{
  g_return_val_if_fail (REFRACT_IS_SUMMARY (self), NAN);
  g_return_val_if_fail (axis < REFRACT_N_AXES, NAN);

  return self->scores[axis];
}

const char *
refract_summary_get_band (RefractSummary *self)
{
  g_return_val_if_fail (REFRACT_IS_SUMMARY (self), NULL);

  return isnan (self->composite) ? NULL
                                 : refract_band_get_name (refract_band_for_score (self->composite));
}

gboolean
refract_summary_is_control (RefractSummary *self)
{
  g_return_val_if_fail (REFRACT_IS_SUMMARY (self), FALSE);

  return self->is_control;
}

void
refract_summary_set_note (RefractSummary *self, const char *note)
{
  if (g_str_equal (self->note, note))
    return;
  g_free (self->note);
  self->note = g_strdup (note);
  make_search_key (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NOTE]);
}

int
refract_summary_compare (RefractSummary *a, RefractSummary *b)
{
  int order;

  if (a->time != b->time)
    return a->time > b->time ? -1 : 1;
  order = strcmp (a->run_id, b->run_id);
  if (order == 0)
    order = (int) a->is_control - (int) b->is_control;
  if (order == 0 && isnan (a->composite) != isnan (b->composite))
    order = isnan (a->composite) ? 1 : -1;
  if (order == 0 && a->composite != b->composite && !isnan (a->composite))
    order = a->composite > b->composite ? -1 : 1;
  return order != 0 ? order : strcmp (a->id, b->id);
}
