/* refract-facts.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include <glib/gi18n-lib.h>

#include "core/refract-json.h"
#include "core/refract-translate.h"
#include "report/refract-facts.h"
#include "report/refract-report-text.h"

#define MAX_TEXT 1000

void
refract_fact_free (RefractFact *self)
{
  if (self == NULL)
    return;
  g_free (self->title);
  g_free (self->value);
  g_free (self->reference);
  g_free (self->note);
  g_free (self);
}

/* How a number is written. */
typedef enum
{
  UNIT_NATS,
  UNIT_PERCENT,
  UNIT_SHARE, /* 0–1, shown in percent */
  UNIT_COUNT,
  UNIT_TOKENS,
  UNIT_MEAN_TOKENS,
  UNIT_NUMBER,
  UNIT_POINTS,
  UNIT_SPEED,
  UNIT_SECONDS,
  UNIT_BYTES,
  UNIT_MIB,
} Unit;

/* (transfer full) (nullable): NULL for NAN */
static char *
format_number (double value, Unit unit)
{
  if (isnan (value))
    return NULL;
  switch (unit)
    {
    case UNIT_NATS:
      return g_strdup_printf (_ ("%.3g nats"), value);
    case UNIT_PERCENT:
      return g_strdup_printf (_ ("%.2f %%"), value);
    case UNIT_SHARE:
      return g_strdup_printf (_ ("%.2f %%"), value * 100);
    case UNIT_COUNT:
      return g_strdup_printf ("%.0f", value);
    case UNIT_TOKENS:
      return g_strdup_printf (_ ("%.0f tokens"), value);
    case UNIT_MEAN_TOKENS:
      return g_strdup_printf (_ ("%.1f tokens"), value);
    case UNIT_NUMBER:
      return g_strdup_printf ("%.4g", value);
    case UNIT_POINTS:
      return value >= 0 && value <= 100 ? refract_format_score (value, 1) : NULL;
    case UNIT_SPEED:
      return g_strdup_printf (value < 10 ? _ ("%.1f tok/s") : _ ("%.0f tok/s"), value);
    case UNIT_SECONDS:
      return g_strdup_printf (value < 10 ? _ ("%.2f s") : _ ("%.0f s"), value);
    case UNIT_BYTES:
      return value >= 0 && value < 1e18 ? g_format_size_full (value, G_FORMAT_SIZE_IEC_UNITS)
                                        : NULL;
    case UNIT_MIB:
      return g_strdup_printf (_ ("%.1f MiB"), value);
    default:
      g_return_val_if_reached (NULL);
    }
}

/* @value: (transfer full) (nullable): nothing is added without; @reference: (transfer full)
 * (nullable) */
static RefractFact *
take_fact (GPtrArray *facts, const char *title, char *value, char *reference)
{
  RefractFact *fact;

  if (value == NULL && reference == NULL)
    return NULL;
  fact = g_new0 (RefractFact, 1);
  fact->title = g_strdup (title);
  fact->value = value != NULL ? value : g_strdup ("—");
  fact->reference = reference;
  g_ptr_array_add (facts, fact);
  return fact;
}

static RefractFact *
add_number (GPtrArray *facts, const char *title, JsonObject *object, const char *name, Unit unit)
{
  return take_fact (facts, title, format_number (refract_json_get_double (object, name, NAN), unit),
                    NULL);
}

static void
add_text (GPtrArray *facts, const char *title, JsonObject *object, const char *name)
{
  const char *text = refract_json_get_string (object, name, NULL);

  if (text != NULL && *text != '\0')
    take_fact (facts, title, refract_clip_text (text, MAX_TEXT), NULL);
}

static void
set_note (RefractFact *fact, const char *note)
{
  if (fact == NULL)
    return;
  g_free (fact->note);
  fact->note = refract_translate (note);
}

static void
add_trajectory (GPtrArray *facts, RefractReport *report)
{
  JsonObject *axis = refract_report_get_axis (report, REFRACT_AXIS_TRAJECTORY);
  JsonObject *extension = refract_report_get_axis_extension (report, REFRACT_AXIS_TRAJECTORY);

  add_number (facts, _ ("Prompts"), axis, "n_prompts", UNIT_COUNT);
  add_number (facts, _ ("Identical answers"), axis, "full_match_rate", UNIT_SHARE);
  add_number (facts, _ ("First divergence, median"), axis, "median_first_divergence", UNIT_TOKENS);
  add_number (facts, _ ("Agreed start, mean"), axis, "mean_prefix_agreement_length",
              UNIT_MEAN_TOKENS);
  take_fact (
      facts, _ ("Length of the answers, mean"),
      format_number (refract_json_get_double (axis, "mean_cand_length", NAN), UNIT_MEAN_TOKENS),
      format_number (refract_json_get_double (axis, "mean_ref_length", NAN), UNIT_MEAN_TOKENS));
  set_note (add_number (facts, _ ("Strict score"), extension, "score_strict", UNIT_POINTS),
            _ ("Tokens that are missing at the end count as different"));
  add_number (facts, _ ("Tokens decoded, at most"), axis, "n_tokens_each", UNIT_COUNT);
  add_text (facts, _ ("Prompt mode"), extension, "prompt_mode");
}

/* What kind of numbers KLD's are. */
static void
add_probe (GPtrArray *facts, RefractReport *report, JsonObject *extension)
{
  g_autofree char *bound = refract_report_dup_bound_text (report);
  const char *phase = refract_json_get_string (extension, "phase", NULL);
  RefractFact *fact;

  add_text (facts, _ ("Precision"), extension, "precision");
  if (bound != NULL)
    set_note (add_number (facts, _ ("Tokens seen"), extension, "top_k", UNIT_COUNT), bound);
  if (phase == NULL)
    return;
  fact = take_fact (facts, _ ("Phase probed"),
                    g_strdup (g_str_equal (phase, "decode") ? _ ("Decode") : _ ("Prefill")), NULL);
  if (!refract_json_get_boolean (extension, "probe_verified", TRUE))
    set_note (fact, _ ("Nobody has shown that it reads the quantized cache here"));
}

static void
add_kld (GPtrArray *facts, RefractReport *report)
{
  JsonObject *axis = refract_report_get_axis (report, REFRACT_AXIS_KLD);
  JsonObject *extension = refract_report_get_axis_extension (report, REFRACT_AXIS_KLD);
  RefractFact *fact;

  add_number (facts, _ ("Mean"), axis, "mean_kld", UNIT_NATS);
  add_number (facts, _ ("Median"), extension, "median_kld", UNIT_NATS);
  add_number (facts, _ ("90th percentile"), extension, "p90_kld", UNIT_NATS);
  add_number (facts, _ ("95th percentile"), extension, "p95_kld", UNIT_NATS);
  add_number (facts, _ ("99th percentile"), extension, "p99_kld", UNIT_NATS);
  add_number (facts, _ ("99.9th percentile"), extension, "p999_kld", UNIT_NATS);
  add_number (facts, _ ("Largest"), extension, "max_kld", UNIT_NATS);
  take_fact (
      facts, _ ("Perplexity"),
      format_number (refract_json_get_double (axis, "ppl", NAN), UNIT_NUMBER),
      format_number (refract_json_get_double (extension, "ppl_reference", NAN), UNIT_NUMBER));
  set_note (add_number (facts, _ ("Flips"), extension, "flip_rate", UNIT_SHARE),
            _ ("Positions where another token becomes the most likely one"));
  add_number (facts, _ ("Same top token"), axis, "same_topp_pct", UNIT_PERCENT);
  set_note (add_number (facts, _ ("RMS Δp"), axis, "rms_dp_pct", UNIT_PERCENT),
            _ ("Change of the probability of the text's own token"));
  add_number (facts, _ ("Positions"), extension, "n_positions", UNIT_COUNT);
  add_number (facts, _ ("Chunks"), axis, "chunks", UNIT_COUNT);
  add_number (facts, _ ("Context"), axis, "ctx", UNIT_TOKENS);
  add_probe (facts, report, extension);
  add_text (facts, _ ("Verdict"), extension, "verdict");
  fact = facts->len > 0 ? g_ptr_array_index (facts, facts->len - 1) : NULL;
  if (refract_json_get_string (extension, "verdict", NULL) != NULL)
    set_note (fact, _ ("By the thresholds of another tool, not a band"));
}

static void
add_rniah (GPtrArray *facts, RefractReport *report)
{
  JsonObject *axis = refract_report_get_axis (report, REFRACT_AXIS_RNIAH);
  JsonObject *extension = refract_report_get_axis_extension (report, REFRACT_AXIS_RNIAH);

  add_number (facts, _ ("Cells"), axis, "n_cells", UNIT_COUNT);
  add_number (facts, _ ("Found by the reference"), axis, "base_acc_avg", UNIT_SHARE);
  add_number (facts, _ ("Cells where the reference fails"), extension, "n_cells_reference_fails",
              UNIT_COUNT);
  add_text (facts, _ ("Confidence"), axis, "confidence");
}

static void
add_plad (GPtrArray *facts, RefractReport *report)
{
  JsonObject *axis = refract_report_get_axis (report, REFRACT_AXIS_PLAD);
  JsonObject *extension = refract_report_get_axis_extension (report, REFRACT_AXIS_PLAD);

  add_number (facts, _ ("Prompts"), axis, "n_prompts", UNIT_COUNT);
  add_number (facts, _ ("Pairs"), extension, "n_pairs", UNIT_COUNT);
  set_note (add_number (facts, _ ("Saturated pairs"), extension, "saturated_share", UNIT_SHARE),
            _ ("The reference itself drifts so far that nothing can be measured"));
  add_text (facts, _ ("Confidence"), axis, "confidence");
}

static void
add_speed (GPtrArray *facts, RefractReport *report)
{
  static const struct
  {
    const char *title;
    const char *name;
    Unit unit;
  } rows[] = {
    { N_ ("Prefill"), "prefill_tps", UNIT_SPEED },
    { N_ ("Decode"), "decode_tps", UNIT_SPEED },
    { N_ ("Loading"), "load_seconds", UNIT_SECONDS },
    { N_ ("Computing"), "engine_seconds", UNIT_SECONDS },
    { N_ ("Requests"), "requests", UNIT_COUNT },
    { N_ ("Engine's memory, peak"), "peak_rss_bytes", UNIT_BYTES },
    { N_ ("KV buffers"), "kv_buffer_mib", UNIT_MIB },
    { N_ ("Tokens that they hold"), "kv_cells", UNIT_COUNT },
  };
  JsonObject *extension = refract_report_get_extension (report);
  JsonObject *own = refract_json_get_object (extension, "performance");
  JsonObject *reference = refract_json_get_object (extension, "reference_performance");

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    take_fact (
        facts, _ (rows[i].title),
        format_number (refract_json_get_double (own, rows[i].name, NAN), rows[i].unit),
        format_number (refract_json_get_double (reference, rows[i].name, NAN), rows[i].unit));
}

/* (transfer full) (nullable): "K q8_0 / V q4_0, rotated" */
static char *
describe_in_use (JsonObject *kv)
{
  JsonObject *in_use = refract_json_get_object (kv, "in_use");
  g_autofree char *k = NULL;
  g_autofree char *v = NULL;

  if (in_use == NULL)
    return NULL;
  k = refract_clip_text (refract_json_get_string (in_use, "type_k", "?"), MAX_TEXT);
  v = refract_clip_text (refract_json_get_string (in_use, "type_v", "?"), MAX_TEXT);
  return g_strdup_printf (refract_json_get_boolean (in_use, "rotation_k", FALSE)
                                  || refract_json_get_boolean (in_use, "rotation_v", FALSE)
                              ? _ ("K %s / V %s, rotated")
                              : _ ("K %s / V %s"),
                          k, v);
}

/* (nullable) */
static const char *
describe_evidence (JsonObject *kv)
{
  const char *evidence = refract_json_get_string (kv, "evidence", NULL);

  if (g_strcmp0 (evidence, "proved") == 0)
    return _ ("Proved: the engine's own allocation was read");
  if (g_strcmp0 (evidence, "echoed") == 0)
    return _ ("Echoed: the engine repeats the setting, which proves nothing");
  if (g_strcmp0 (evidence, "none") == 0)
    return _ ("Nothing shows that the setting was in use");
  return NULL;
}

/* (transfer full) (nullable): the evidence, and what the engine's own note says beside it */
static char *
dup_in_use_note (JsonObject *kv)
{
  const char *evidence = describe_evidence (kv);
  const char *text = refract_json_get_string (refract_json_get_object (kv, "in_use"), "note", NULL);
  g_autofree char *note = text != NULL ? refract_clip_text (text, MAX_TEXT) : NULL;

  if (evidence == NULL || note == NULL)
    return g_strdup (evidence != NULL ? evidence : note);
  return g_strdup_printf ("%s. %s", evidence, note);
}

static const char *
describe_source (JsonObject *kv)
{
  const char *source = refract_json_get_string (kv, "bytes_source", NULL);

  if (g_strcmp0 (source, "measured") == 0)
    return _ ("Measured: the engine's buffers");
  if (g_strcmp0 (source, "computed") == 0)
    return _ ("Computed from the model's shape");
  return NULL;
}

/* (transfer full): of both sides */
static char *
dup_requested (JsonObject *kv)
{
  const char *text
      = refract_json_get_string (refract_json_get_object (kv, "requested"), "text", NULL);

  return text != NULL ? refract_kv_text_to_label (text) : NULL;
}

static void
add_kv (GPtrArray *facts, RefractReport *report)
{
  JsonObject *extension = refract_report_get_extension (report);
  JsonObject *own = refract_json_get_object (extension, "kv");
  JsonObject *reference = refract_json_get_object (extension, "reference_kv");
  g_autofree char *note = dup_in_use_note (own);

  take_fact (facts, _ ("Requested"), dup_requested (own), dup_requested (reference));
  set_note (take_fact (facts, _ ("In use"), describe_in_use (own), describe_in_use (reference)),
            note);
  set_note (
      take_fact (
          facts, _ ("Bytes per token"),
          format_number (refract_json_get_double (own, "bytes_per_token", NAN), UNIT_COUNT),
          format_number (refract_json_get_double (reference, "bytes_per_token", NAN), UNIT_COUNT)),
      describe_source (own));
  add_number (facts, _ ("Saving"), own, "saving", UNIT_SHARE);
}

static void
add_model (GPtrArray *facts, RefractReport *report)
{
  JsonObject *model = refract_json_get_object (refract_report_get_extension (report), "model");
  double k = refract_json_get_double (model, "head_dim_k", NAN);
  double v = refract_json_get_double (model, "head_dim_v", NAN);

  add_text (facts, _ ("Name"), model, "name");
  if (model != NULL)
    add_text (facts, _ ("File"), model, "file");
  else
    take_fact (facts, _ ("File"), refract_report_dup_model_name (report), NULL);
  add_number (facts, _ ("Size"), model, "size_bytes", UNIT_BYTES);
  add_text (facts, _ ("Architecture"), model, "architecture");
  add_text (facts, _ ("Quantization"), model, "quantization");
  add_number (facts, _ ("Layers"), model, "n_layers", UNIT_COUNT);
  add_number (facts, _ ("Layers with a KV cache"), model, "n_kv_layers", UNIT_COUNT);
  add_number (facts, _ ("Sliding-window layers"), model, "n_window_layers", UNIT_COUNT);
  add_number (facts, _ ("KV heads"), model, "n_kv_heads", UNIT_COUNT);
  if (!isnan (k) && !isnan (v))
    take_fact (facts, _ ("Head size"),
               k == v ? g_strdup_printf ("%.0f", k) : g_strdup_printf ("K %.0f / V %.0f", k, v),
               NULL);
  add_number (facts, _ ("Context"), model, "context_length", UNIT_TOKENS);
  add_number (facts, _ ("Vocabulary"), model, "n_vocab", UNIT_TOKENS);
  add_text (facts, _ ("Fingerprint"), model, "fingerprint");
}

static void
add_hardware (GPtrArray *facts, RefractReport *report)
{
  JsonObject *hardware
      = refract_json_get_object (refract_report_get_extension (report), "hardware");
  JsonArray *devices = refract_json_get_array (hardware, "devices");
  JsonObject *environment
      = refract_json_get_object (refract_report_get_root (report), "environment");

  /* REFRACT's own reports have less of it, and elsewhere. */
  if (hardware == NULL)
    {
      add_text (facts, _ ("Processor"), environment, "chip");
      add_text (facts, _ ("System"), environment, "platform");
      return;
    }
  add_text (facts, _ ("Processor"), hardware, "processor");
  add_number (facts, _ ("Memory"), hardware, "memory_bytes", UNIT_BYTES);
  for (guint i = 0; i < MIN (refract_json_get_length (devices), 64); i++)
    {
      const char *device = refract_json_array_get_string (devices, i);

      if (device != NULL)
        take_fact (facts, _ ("Device"), refract_clip_text (device, MAX_TEXT), NULL);
    }
  add_text (facts, _ ("System"), hardware, "platform");
}

static void
add_engine (GPtrArray *facts, RefractReport *report)
{
  JsonObject *extension = refract_report_get_extension (report);
  JsonObject *engine = refract_json_get_object (extension, "engine");
  JsonObject *slots = refract_json_get_object (extension, "slots");
  RefractFact *fact;

  add_text (facts, _ ("Engine"), engine, "name");
  add_text (facts, _ ("Version"), engine, "version");
  add_text (facts, _ ("Build"), engine, "build");
  fact = add_number (facts, _ ("Prompts side by side"), slots, "n", UNIT_COUNT);
  set_note (fact, refract_json_get_string (slots, "evidence", NULL));
}

static void
add_input (GPtrArray *facts, JsonObject *inputs, const char *name, const char *title)
{
  JsonObject *input = refract_json_get_object (inputs, name);
  const char *file = refract_json_get_string (input, "name", NULL);
  const char *hash = refract_json_get_string (input, "sha256", NULL);
  g_autofree char *text = NULL;
  g_autofree char *clipped = NULL;

  if (file == NULL)
    return;
  clipped = hash != NULL ? refract_clip_text (hash, MAX_TEXT) : NULL;
  text = clipped != NULL ? g_strdup_printf ("SHA-256 %s", clipped) : NULL;
  set_note (take_fact (facts, title, refract_clip_text (file, MAX_TEXT), NULL), text);
}

static void
add_inputs (GPtrArray *facts, RefractReport *report)
{
  JsonObject *inputs = refract_json_get_object (refract_report_get_extension (report), "inputs");

  add_input (facts, inputs, "prompts", _ ("Prompts"));
  add_input (facts, inputs, "corpus", _ ("Corpus"));
  add_input (facts, inputs, "haystack", _ ("Haystack"));
}

static void
add_run (GPtrArray *facts, RefractReport *report)
{
  JsonObject *root = refract_report_get_root (report);
  JsonObject *extension = refract_report_get_extension (report);
  JsonObject *application = refract_json_get_object (extension, "application");

  add_text (facts, _ ("Finished"), root, "timestamp");
  add_number (facts, _ ("Duration of the whole run"), extension, "wall_seconds", UNIT_SECONDS);
  add_text (facts, _ ("Methodology"), root, "framework_version");
  add_text (facts, _ ("Layout"), root, "schema");
  add_text (facts, _ ("Written by"), application, "name");
  add_text (facts, _ ("Version"), application, "version");
  add_text (facts, _ ("Run"), extension, "run_id");
}

GPtrArray *
refract_report_list_facts (RefractReport *self, RefractFactGroup group)
{
  static void (*const add[]) (GPtrArray *facts, RefractReport *report) = {
    [REFRACT_FACTS_TRAJECTORY] = add_trajectory,
    [REFRACT_FACTS_KLD] = add_kld,
    [REFRACT_FACTS_RNIAH] = add_rniah,
    [REFRACT_FACTS_PLAD] = add_plad,
    [REFRACT_FACTS_SPEED] = add_speed,
    [REFRACT_FACTS_KV] = add_kv,
    [REFRACT_FACTS_MODEL] = add_model,
    [REFRACT_FACTS_HARDWARE] = add_hardware,
    [REFRACT_FACTS_ENGINE] = add_engine,
    [REFRACT_FACTS_INPUTS] = add_inputs,
    [REFRACT_FACTS_RUN] = add_run,
  };
  GPtrArray *facts = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_fact_free);

  g_return_val_if_fail (REFRACT_IS_REPORT (self), facts);
  g_return_val_if_fail (group < G_N_ELEMENTS (add), facts);

  add[group](facts, self);
  return facts;
}
