/* refract-report-axes.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "core/refract-json.h"
#include "report/refract-report-private.h"

/* Members of each axis as REFRACT 0.3.2 orders them. */
static const char *const trajectory_keys[] = { "score",
                                               "full_match_rate",
                                               "median_first_divergence",
                                               "mean_prefix_agreement_length",
                                               "mean_cand_length",
                                               "mean_ref_length",
                                               "n_prompts",
                                               "n_tokens_each",
                                               "per_prompt",
                                               "notes",
                                               "band",
                                               "description",
                                               NULL };
static const char *const kld_keys[] = {
  "score", "mean_kld",          "ppl",    "rms_dp_pct", "same_topp_pct", "base_path",   "chunks",
  "ctx",   "is_self_reference", "corpus", "notes",      "band",          "description", NULL
};
static const char *const rniah_keys[]
    = { "score", "n_cells",    "cells",        "skipped_cells", "needle",      "password_keyword",
        "notes", "confidence", "base_acc_avg", "band",          "description", NULL };
static const char *const plad_keys[]
    = { "score", "per_perturbation_score", "per_prompt", "n_prompts", "n_perturbations",
        "notes", "skipped_perturbations",  "confidence", "band",      "description",
        NULL };

static const struct
{
  const char *const *keys;
  const char *description;
} layouts[REFRACT_N_AXES] = {
  [REFRACT_AXIS_TRAJECTORY]
  = { trajectory_keys, N_ ("How far greedy answers agree with the reference's, token by token.") },
  [REFRACT_AXIS_KLD]
  = { kld_keys,
      N_ ("How far the token probabilities move from the reference's on ordinary text.") },
  [REFRACT_AXIS_RNIAH]
  = { rniah_keys, N_ ("Whether a fact in a long text is found wherever the reference finds it.") },
  [REFRACT_AXIS_PLAD] = { plad_keys, N_ ("Whether small changes of a prompt upset the answer more "
                                         "than they upset the reference's.") },
};

static JsonArray *
make_notes (const RefractAxisResult *result)
{
  JsonArray *notes = json_array_new ();

  for (guint i = 0; i < result->notes->len; i++)
    json_array_add_string_element (notes, g_ptr_array_index (result->notes, i));
  return notes;
}

/* What the report knows better than the axis. */
static void
set_own (JsonObject *object,
         const RefractRun *run,
         const RefractConfigResult *result,
         RefractAxisId axis)
{
  const RefractAxisResult *scored = result->axes[axis];

  refract_json_set_double (object, "score", scored->score);
  json_object_set_string_member (object, "band",
                                 refract_band_get_name (refract_band_for_score (scored->score)));
  json_object_set_string_member (object, "description", layouts[axis].description);
  json_object_set_array_member (object, "notes", make_notes (scored));
  if (axis == REFRACT_AXIS_KLD)
    json_object_set_boolean_member (object, "is_self_reference",
                                    refract_kv_config_equal (result->kv, run->reference->kv));
  if (axis == REFRACT_AXIS_RNIAH || axis == REFRACT_AXIS_PLAD)
    json_object_set_string_member (object, "confidence",
                                   refract_confidence_get_name (scored->confidence));
}

static void
copy_member (JsonObject *from, JsonObject *to, const char *name)
{
  json_object_set_member (to, name, json_node_copy (json_object_get_member (from, name)));
}

static JsonObject *
make_axis (const RefractRun *run, const RefractConfigResult *result, RefractAxisId axis)
{
  g_autoptr (JsonObject) own = json_object_new ();
  JsonObject *measured = result->axes[axis]->json;
  const char *const *keys = layouts[axis].keys;
  g_autoptr (GList) members = json_object_get_members (measured);
  JsonObject *object = json_object_new ();

  set_own (own, run, result, axis);
  for (guint i = 0; keys[i] != NULL; i++)
    {
      if (json_object_has_member (own, keys[i]))
        copy_member (own, object, keys[i]);
      else if (json_object_has_member (measured, keys[i]))
        copy_member (measured, object, keys[i]);
      else
        json_object_set_null_member (object, keys[i]);
    }
  for (GList *l = members; l != NULL; l = l->next)
    if (!json_object_has_member (object, l->data))
      copy_member (measured, object, l->data);
  return object;
}

static JsonObject *
make_skipped (void)
{
  JsonObject *object = json_object_new ();

  json_object_set_boolean_member (object, "skipped", TRUE);
  json_object_set_null_member (object, "score");
  json_object_set_string_member (object, "band", "skipped");
  return object;
}

JsonObject *
refract_report_make_axes (const RefractRun *run, const RefractConfigResult *result)
{
  JsonObject *axes = json_object_new ();

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    json_object_set_object_member (
        axes, refract_axis_id_get_key (i),
        refract_config_result_is_scored (result, i) ? make_axis (run, result, i) : make_skipped ());
  return axes;
}

JsonObject *
refract_report_make_axes_extension (const RefractRun *run, const RefractConfigResult *result)
{
  JsonObject *axes = json_object_new ();

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      const RefractAxisResult *scored = result->axes[i];
      JsonObject *object = json_object_new ();

      json_object_set_object_member (axes, refract_axis_id_get_name (i), object);
      if (!refract_config_result_is_scored (result, i))
        {
          json_object_set_string_member (object, "skip_reason",
                                         scored != NULL ? scored->skip_reason
                                                        : "The plan leaves this axis out.");
          continue;
        }
      json_object_set_object_member (object, "interval",
                                     refract_report_make_interval (&scored->interval));
      json_object_set_string_member (object, "confidence",
                                     refract_confidence_get_name (scored->confidence));
      if (scored->extension != NULL)
        {
          g_autoptr (GList) members = json_object_get_members (scored->extension);

          for (GList *l = members; l != NULL; l = l->next)
            copy_member (scored->extension, object, l->data);
        }
    }
  return axes;
}
