/* refract-comparable.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <math.h>

#include <glib/gi18n-lib.h>

#include "core/refract-fetch.h"
#include "report/refract-diagnosis-private.h"

#define CHUNKS 32
#define CTX 512
#define SEED 42

static gboolean
is_published_n_predict (gint64 n)
{
  return n == 128 || n == 50;
}

static void
check_reference (const RefractRun *run, GPtrArray *why)
{
  RefractKvConfig *kv = run->reference->kv;

  if (!g_str_equal (refract_kv_config_get_text (kv), "ctk=f16,ctv=f16"))
    g_ptr_array_add (why, g_strdup_printf (N_ ("The reference is %s, not K f16 / V f16."),
                                           refract_kv_config_get_label (kv)));
}

/* A harmonic mean over other axes is another number; two (the default) and four were published. */
static void
check_axes (const RefractRun *run, GPtrArray *why)
{
  gboolean has[REFRACT_N_AXES];

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    has[i] = refract_plan_has_axis (run->plan, i);
  if (!has[REFRACT_AXIS_TRAJECTORY] || !has[REFRACT_AXIS_KLD]
      || has[REFRACT_AXIS_RNIAH] != has[REFRACT_AXIS_PLAD])
    g_ptr_array_add (
        why, g_strdup (N_ ("The composite is over other axes than REFRACT's two or four.")));
}

static void
check_prompts (const RefractRun *run, GPtrArray *why)
{
  gboolean trajectory = refract_plan_has_axis (run->plan, REFRACT_AXIS_TRAJECTORY);
  gboolean plad = refract_plan_has_axis (run->plan, REFRACT_AXIS_PLAD);
  const char *mode = refract_plan_get_string (run->plan, "prompt-mode");
  gint64 n_predict = refract_plan_get_int (run->plan, "n-predict");

  if (!trajectory && !plad)
    return;
  if (run->prompts == NULL || !refract_prompts_are_refract_0_3 (run->prompts))
    g_ptr_array_add (why, g_strdup (N_ ("The prompts are not REFRACT's own 30.")));
  if (!is_published_n_predict (n_predict))
    g_ptr_array_add (why, g_strdup_printf (N_ ("%" PRId64 " tokens are decoded per prompt, not "
                                               "128 or 50."),
                                           n_predict));
  if (trajectory && g_strcmp0 (mode, "raw") != 0)
    g_ptr_array_add (why, g_strdup_printf (N_ ("The prompt mode is %s, not raw."), mode));
  if (plad && refract_plan_get_int (run->plan, "seed") != SEED)
    g_ptr_array_add (why, g_strdup_printf (N_ ("The seed is %" PRId64 ", not %d."),
                                           refract_plan_get_int (run->plan, "seed"), SEED));
}

static void
check_kld (const RefractRun *run, GPtrArray *why)
{
  g_autoptr (GArray) ctx = NULL;
  gint64 chunks;

  if (!refract_plan_has_axis (run->plan, REFRACT_AXIS_KLD))
    return;
  ctx = refract_plan_get_uints (run->plan, "ctx");
  chunks = refract_plan_get_int (run->plan, "chunks");
  if (run->corpus == NULL || g_strcmp0 (run->corpus->sha256, REFRACT_WIKITEXT_TEST_SHA256) != 0)
    g_ptr_array_add (why, g_strdup (N_ ("The corpus is not WikiText-2 raw test.")));
  if (chunks != CHUNKS || ctx->len == 0 || g_array_index (ctx, guint, 0) != CTX)
    g_ptr_array_add (why, g_strdup_printf (N_ ("KLD@D reads %" PRId64 " × %u tokens, not %d × %d."),
                                           chunks, ctx->len > 0 ? g_array_index (ctx, guint, 0) : 0,
                                           CHUNKS, CTX));
}

static gboolean
is_default (RefractPlan *plan, RefractPlan *defaults, const char *property)
{
  return g_strcmp0 (refract_plan_get_string (plan, property),
                    refract_plan_get_string (defaults, property))
         == 0;
}

static gboolean
same_numbers (RefractPlan *plan, RefractPlan *defaults, const char *property)
{
  g_autoptr (GArray) a = refract_plan_get_doubles (plan, property);
  g_autoptr (GArray) b = refract_plan_get_doubles (defaults, property);

  for (guint i = 0; i < MIN (a->len, b->len); i++)
    if (g_array_index (a, double, i) != g_array_index (b, double, i))
      return FALSE;
  return a->len == b->len;
}

static void
check_rniah (const RefractRun *run, GPtrArray *why)
{
  g_autoptr (RefractPlan) defaults = NULL;

  if (!refract_plan_has_axis (run->plan, REFRACT_AXIS_RNIAH))
    return;
  defaults = refract_plan_new ();
  if (!same_numbers (run->plan, defaults, "rniah-lengths")
      || !same_numbers (run->plan, defaults, "rniah-positions"))
    g_ptr_array_add (why,
                     g_strdup (N_ ("R-NIAH's lengths and positions are not the default ones.")));
  if (refract_plan_get_int (run->plan, "rniah-trials")
          != refract_plan_get_int (defaults, "rniah-trials")
      || refract_plan_get_int (run->plan, "rniah-n-predict")
             != refract_plan_get_int (defaults, "rniah-n-predict"))
    g_ptr_array_add (why,
                     g_strdup (N_ ("R-NIAH's trials or answer length are not the default ones.")));
  if (!is_default (run->plan, defaults, "rniah-needle")
      || !is_default (run->plan, defaults, "rniah-question"))
    g_ptr_array_add (why, g_strdup (N_ ("R-NIAH's needle or question is not the default one.")));
  if (run->haystack == NULL
      || (g_strcmp0 (run->haystack->sha256, REFRACT_WIKITEXT_TEST_SHA256) != 0
          && g_strcmp0 (run->haystack->sha256, REFRACT_WIKITEXT_TRAIN_SHA256) != 0))
    g_ptr_array_add (why, g_strdup (N_ ("The haystack is not WikiText-2 raw.")));
}

/**
 * refract_is_comparable:
 * @why: (out) (transfer full) (element-type utf8): one sentence for each reason against it
 *
 * SCORING, "Comparable or not". What an axis reads counts only when the plan has that axis.
 */
gboolean
refract_is_comparable (const RefractRun *run, GPtrArray **why)
{
  *why = g_ptr_array_new_with_free_func (g_free);
  check_reference (run, *why);
  check_axes (run, *why);
  check_prompts (run, *why);
  check_kld (run, *why);
  check_rniah (run, *why);
  return (*why)->len == 0;
}
