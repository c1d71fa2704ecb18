/* test-needle.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "axis-fixture.h"

#include "axes/refract-needle-fit.h"
#include "axes/refract-needle.h"

#define NEEDLE "Note: APRICOT-7-BLUE is the rare paint color featured in this article."
#define KEYWORD "APRICOT-7-BLUE"

/* ---- needles ---- */

static void
test_keyword (void)
{
  static const struct
  {
    const char *text;
    const char *expected;
  } cases[] = {
    { NEEDLE, KEYWORD },
    { "The word is ABC.", "ABC" },
    { "AB and CD", NULL },
    { "nothing here 123-456", NULL },
    { "first ABC then XYZ", "ABC" }, /* the first of equally long ones */
    { "short ABC, long WXYZ-1, ABCD", "WXYZ-1" },
    { "7-BLUE", "BLUE" }, /* begins with a letter */
    { "", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *keyword = refract_needle_find_keyword (cases[i].text);

      g_assert_cmpstr (keyword, ==, cases[i].expected);
    }
}

static void
test_needles (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) needles = refract_needles_new (NEEDLE, 10, &error);
  g_autoptr (GHashTable) keywords = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) own = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (needles->len, ==, 10);
  for (guint i = 0; i < needles->len; i++)
    {
      const RefractNeedle *needle = g_ptr_array_index (needles, i);
      g_autofree char *expected = g_strdup_printf (
          "Note: %s is the rare paint color featured in this article.", needle->keyword);
      g_autofree char *found = refract_needle_find_keyword (needle->text);

      g_assert_cmpstr (needle->text, ==, expected);
      g_assert_cmpstr (found, ==, needle->keyword);
      g_assert_true (g_hash_table_add (keywords, needle->keyword));
    }
  g_assert_cmpstr (((RefractNeedle *) needles->pdata[0])->text, ==, NEEDLE);

  g_assert_null (refract_needles_new (NEEDLE, 11, &error));
  assert_message (error, REFRACT_ERROR_USAGE, "at most 10 trials");
  g_clear_error (&error);

  g_assert_null (refract_needles_new ("The secret is apricot.", 1, &error));
  assert_message (error, REFRACT_ERROR_USAGE, "has no keyword");
  g_clear_error (&error);

  /* A needle that uses a word of the list does not meet itself again. */
  own = refract_needles_new ("It is CERULEAN-3-FOX.", 2, &error);
  g_assert_cmpstr (((RefractNeedle *) own->pdata[0])->text, ==, "It is CERULEAN-3-FOX.");
  g_assert_cmpstr (((RefractNeedle *) own->pdata[1])->text, ==, "It is MAROON-9-OWL.");
}

static void
test_hit (void)
{
  g_assert_true (refract_needle_is_hit ("It is APRICOT-7-BLUE.", KEYWORD));
  g_assert_true (refract_needle_is_hit ("apricot-7-blue", KEYWORD));
  g_assert_true (refract_needle_is_hit ("xApricot-7-Bluex", KEYWORD));
  g_assert_false (refract_needle_is_hit ("apricot 7 blue", KEYWORD));
  g_assert_false (refract_needle_is_hit ("", KEYWORD));
}

/* ---- insertion ---- */

static void
assert_insert (const char *haystack, double position, const char *expected)
{
  g_autofree char *text = refract_needle_insert (haystack, strlen (haystack), position, "N");

  g_assert_cmpstr (text, ==, expected);
}

static void
test_insert (void)
{
  /* Ten characters, target 5: the period at 3 is nearer than that at 8. */
  assert_insert ("abc. fgh. ", 0.5, "abc.  N fgh. ");
  /* Target 6: the one at 8. */
  assert_insert ("abc. fgh. ", 0.6, "abc. fgh.  N ");
  /* Periods at 2 and 8, target 5: a tie, the earlier one. */
  assert_insert ("ab. efgh. ", 0.5, "ab.  N efgh. ");
  /* A newline ends a sentence too; a period inside a number does not. */
  assert_insert ("ab3.5efgh.\nxyz", 0.5, "ab3.5efgh.\n N xyz");
  /* Nowhere a sentence: as it falls. */
  assert_insert ("abcdefghij", 0.5, "abcde N fghij");
  /* The last period has nothing after it. */
  assert_insert ("abcdefghi.", 0.5, "abcde N fghi.");
  /* The edges are meant. */
  assert_insert ("ab. cd. ef", 0.0, " N ab. cd. ef");
  assert_insert ("ab. cd. ef", 1.0, "ab. cd. ef N ");
  /* Characters, not bytes: the target is before the fifth of ten. */
  assert_insert ("ééééabcdef", 0.4, "éééé N abcdef");
}

/* Sentence ends are looked for within 200 characters, characters of any width. */
static void
test_insert_window (void)
{
  for (guint distance = 200; distance <= 201; distance++)
    for (guint wide = 0; wide < 2; wide++)
      for (guint before = 0; before < 2; before++)
        {
          const guint half = 500;
          g_autoptr (GString) haystack = g_string_new (NULL);
          g_autofree char *text = NULL;
          guint period = before ? half - distance : half + distance;

          for (guint i = 0; i < 2 * half; i++)
            g_string_append (haystack, i == period       ? "."
                                       : i == period + 1 ? " "
                                       : wide            ? "é"
                                                         : "x");
          text = refract_needle_insert (haystack->str, haystack->len, 0.5, "NEEDLE");
          g_assert_cmpint (g_utf8_strlen (text, strstr (text, " NEEDLE ") - text), ==,
                           distance == 200 ? period + 2 : half);
        }
}

/* Only the part that is used counts. */
static void
test_insert_part (void)
{
  g_autofree char *text = refract_needle_insert ("abcdefgh. ijk", 9, 0.5, "N");

  g_assert_cmpstr (text, ==, "abcd N efgh.");
}

/* ---- fitting ---- */

/* Text with words of many lengths, some of two-byte letters; about @n_words words. */
static char *
make_haystack (guint n_words)
{
  GString *text = g_string_new (NULL);
  guint state = 12345;

  for (guint i = 0; i < n_words; i++)
    {
      state = state * 1103515245u + 12345u;
      for (guint k = 0; k <= (state >> 16) % 9; k++)
        g_string_append (text, (state >> 8) % 7 == 0 ? "é" : "a");
      g_string_append (text, (state >> 24) % 11 == 0 ? ". " : " ");
    }

  return g_string_free (text, FALSE);
}

static void
test_fit (void)
{
  static const guint lengths[] = { 64, 100, 512, 1000, 4096 };
  static const double positions[] = { 0.0, 0.1, 0.5, 0.9, 1.0 };
  g_autoptr (FakeSession) session = fake_session_new ();
  g_autofree char *haystack = make_haystack (4000);
  RefractNeedleFit fit;
  guint most = 0;

  refract_needle_fit_init (&fit, REFRACT_SESSION (session), haystack, "What?");
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (guint j = 0; j < G_N_ELEMENTS (positions); j++)
      {
        guint before = session->n_calls;
        g_autoptr (GError) error = NULL;
        g_autofree char *reason = NULL;
        g_autoptr (GArray) ids = refract_needle_fit_prompt (&fit, NEEDLE, positions[j], lengths[i],
                                                            &reason, NULL, &error);

        g_assert_no_error (error);
        g_assert_cmpstr (reason, ==, NULL);
        g_assert_cmpuint (ids->len, ==, lengths[i]);
        g_assert_true (g_utf8_validate (session->last_text, -1, NULL));
        g_assert_true (g_str_has_prefix (session->last_text, "[SYS]"));
        g_assert_true (g_str_has_suffix (session->last_text, "[USER]What?[BOT]"));
        g_assert_nonnull (strstr (session->last_text, " " NEEDLE " "));
        most = MAX (most, session->n_calls - before);
      }

  g_test_message ("%u calls for 25 prompts, at most %u for one", session->n_calls, most);
  g_assert_cmpuint (most, <=, 12);
  g_assert_cmpuint (session->n_calls, <=, 5 * 25);
}

/* The session checks that no character is cut in two. */
static void
test_fit_utf8 (void)
{
  g_autoptr (FakeSession) session = fake_session_new ();
  g_autoptr (GString) haystack = g_string_new (NULL);
  RefractNeedleFit fit;

  for (guint i = 0; i < 200; i++)
    g_string_append (haystack, "日本語 Zürich 😀. ");
  refract_needle_fit_init (&fit, REFRACT_SESSION (session), haystack->str, "What?");
  for (guint length = 100; length < 140; length++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *reason = NULL;
      g_autoptr (GArray) ids
          = refract_needle_fit_prompt (&fit, NEEDLE, 0.5, length, &reason, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (ids->len, ==, length);
    }
}

/* No cut gives an odd number of tokens: the most below it is taken. */
static void
test_fit_inexact (void)
{
  g_autoptr (FakeSession) session = fake_session_new ();
  g_autofree char *haystack = make_haystack (2000);
  RefractNeedleFit fit;
  g_autoptr (GError) error = NULL;
  g_autofree char *reason = NULL;
  g_autoptr (GArray) ids = NULL;

  session->step = 2;
  refract_needle_fit_init (&fit, REFRACT_SESSION (session), haystack, "What?");
  ids = refract_needle_fit_prompt (&fit, NEEDLE, 0.5, 1001, &reason, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ids->len, ==, 1000);
  g_assert_cmpuint (session->n_calls, <=, 12);
}

static void
test_fit_impossible (void)
{
  g_autoptr (FakeSession) session = fake_session_new ();
  g_autofree char *haystack = make_haystack (100);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  RefractNeedleFit fit;
  g_autoptr (GError) error = NULL;
  char *reason = NULL;

  refract_needle_fit_init (&fit, REFRACT_SESSION (session), haystack, "What?");
  g_assert_null (refract_needle_fit_prompt (&fit, NEEDLE, 0.5, 5000, &reason, NULL, &error));
  g_assert_no_error (error);
  g_assert_nonnull (strstr (reason, "the whole haystack gives"));
  g_clear_pointer (&reason, g_free);

  g_assert_null (refract_needle_fit_prompt (&fit, NEEDLE, 0.5, 20, &reason, NULL, &error));
  g_assert_no_error (error);
  g_assert_nonnull (strstr (reason, "20 tokens are too few"));
  g_clear_pointer (&reason, g_free);

  g_cancellable_cancel (cancellable);
  g_assert_null (refract_needle_fit_prompt (&fit, NEEDLE, 0.5, 64, &reason, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (reason);
}

/* ---- the axis ---- */

static char *the_haystack;

static void
setup_rniah (Setup *setup, const char *lengths, const char *positions, gint64 trials)
{
  setup_init (setup, REFRACT_AXIS_RNIAH);
  setup->text = (RefractText) { .text = the_haystack };
  setup->inputs.haystack = &setup->text;
  g_object_set (setup->plan, "rniah-lengths", lengths, "rniah-positions", positions, "rniah-trials",
                trials, NULL);
}

static void
test_rniah_prepare (void)
{
  static const char *const keys[] = { "128/0.1/1", "128/0.1/2", "128/0.5/1", "128/0.5/2",
                                      "256/0.1/1", "256/0.1/2", "256/0.5/1", "256/0.5/2" };
  g_auto (Setup) setup = { 0 };
  RefractEstimate estimate;

  setup_rniah (&setup, "128,256", "0.1,0.5", 2);
  refract_axis_estimate (setup.axis, setup.plan, &setup.inputs, &estimate);
  setup_prepare (&setup);

  g_assert_cmpuint (setup.requests->len, ==, G_N_ELEMENTS (keys));
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const RefractRequest *request = g_ptr_array_index (setup.requests, i);

      g_assert_cmpstr (request->key, ==, keys[i]);
      g_assert_cmpuint (request->ids->len, ==, i < 4 ? 128 : 256);
      g_assert_cmpuint (request->n_predict, ==, 256);
    }
  /* The default question, and another keyword in the second trial. */
  g_assert_nonnull (strstr (setup.session->last_text,
                            "[USER]Q: What is the rare paint color featured in this article?\nA:"));
  g_assert_nonnull (strstr (setup.session->last_text, " Note: CERULEAN-3-FOX is the rare paint "));

  g_assert_cmpuint (estimate.n_requests, ==, 8);
  g_assert_cmpuint (estimate.max_cells, ==, 512);
  g_assert_cmpuint (estimate.prompt_tokens, ==, 4 * (128 + 256));
  g_assert_cmpuint (estimate.predict_tokens, ==, 8 * 256);
}

static void
test_rniah_defaults (void)
{
  g_autoptr (RefractPlan) plan = refract_plan_new ();
  g_autoptr (GArray) lengths = refract_plan_get_uints (plan, "rniah-lengths");
  g_autoptr (GArray) positions = refract_plan_get_doubles (plan, "rniah-positions");

  g_assert_cmpuint (lengths->len, ==, 3);
  g_assert_cmpuint (g_array_index (lengths, guint, 0), ==, 4096);
  g_assert_cmpuint (g_array_index (lengths, guint, 2), ==, 16384);
  g_assert_cmpuint (positions->len, ==, 3);
  g_assert_cmpfloat (g_array_index (positions, double, 2), ==, 0.9);
  g_assert_cmpint (refract_plan_get_int (plan, "rniah-trials"), ==, 1);
  g_assert_cmpint (refract_plan_get_int (plan, "rniah-n-predict"), ==, 256);
  g_assert_cmpstr (refract_plan_get_string (plan, "rniah-needle"), ==, NEEDLE);
  g_assert_cmpstr (refract_plan_get_string (plan, "rniah-question"), ==,
                   "Q: What is the rare paint color featured in this article?\nA:");
}

/* Adds an answer to both sides: '1' names the keyword of the trial, '0' does not. */
static void
answer (Setup *setup, const char *base, const char *cand, guint n_trials)
{
  g_autoptr (GPtrArray) needles = refract_needles_new (NEEDLE, n_trials, NULL);

  for (guint i = 0; base[i] != '\0'; i++)
    {
      const RefractNeedle *needle = g_ptr_array_index (needles, i % n_trials);
      g_autofree char *right = g_ascii_strdown (needle->keyword, -1);

      OBSERVE (setup->ref, IDS (1), base[i] == '1' ? right : "no idea", LIMIT);
      OBSERVE (setup->cand, IDS (2), cand[i] == '1' ? right : "none", EOS);
    }
}

static void
test_rniah_score (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) result = NULL;
  JsonObject *cell;

  /* Four cells: kept, lost, won, and one where both fail. */
  setup_rniah (&setup, "128,256", "0.1,0.9", 1);
  setup_prepare (&setup);
  answer (&setup, "1100", "1010", 1);
  result = setup_score (&setup);

  g_assert_cmpfloat (result->score, ==, 75.0);
  assert_int (result->json, "n_cells", 4);
  assert_string (result->json, "needle", NEEDLE);
  assert_string (result->json, "password_keyword", KEYWORD);
  assert_string (result->json, "confidence", "ok");
  assert_double (result->json, "base_acc_avg", 0.5);
  g_assert_cmpuint (
      json_array_get_length (json_object_get_array_member (result->json, "skipped_cells")), ==, 0);

  cell = element (result->json, "cells", 1);
  assert_int (cell, "length", 128);
  assert_double (cell, "position", 0.9);
  assert_int (cell, "n_trials", 1);
  assert_double (cell, "base_acc", 1.0);
  assert_double (cell, "cand_acc", 0.0);
  assert_double (cell, "degradation", 1.0);
  assert_int (cell, "base_hits", 1);
  assert_int (cell, "cand_hits", 0);
  assert_double (element (result->json, "cells", 2), "degradation", 0.0);

  /* What the reference fails is counted out loud. */
  g_assert_false (
      json_object_get_boolean_member (element (result->extension, "cells", 1), "reference_fails"));
  g_assert_true (
      json_object_get_boolean_member (element (result->extension, "cells", 3), "reference_fails"));
  assert_int (result->extension, "n_cells_reference_fails", 2);
  assert_note (result, "In 2 of 4 cells the reference fails too", TRUE);

  cell = element (element (result->extension, "cells", 1), "trials", 0);
  assert_string (cell, "keyword", KEYWORD);
  assert_string (cell, "base_answer", "apricot-7-blue");
  assert_string (cell, "cand_answer", "none");
  assert_string (cell, "base_stop", "limit");
  assert_string (cell, "cand_stop", "eos");
  assert_int (cell, "n_tokens", 128);

  g_assert_cmpuint (result->units->n, ==, 4);
  g_assert_cmpint (result->units->link, ==, REFRACT_LINK_LOSS);
  g_assert_cmpfloat (result->units->numerator[1], ==, 1.0);
}

static void
test_rniah_equal (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) equal = NULL;

  setup_rniah (&setup, "128,256,512", "0.1,0.5,0.9", 1);
  setup_prepare (&setup);
  answer (&setup, "111111110", "111111110", 1);
  equal = setup_score (&setup);
  g_assert_cmpfloat (equal->score, ==, 100.0);
}

/* The formula sets won trials against lost ones of the same cell; the units say the same. */
static void
test_rniah_trials (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) result = NULL;
  JsonObject *cell;
  double lost = 0.0;

  /* Cell 1: 3 against 2 hits (two lost, one won). Cell 2: 1 against 3. */
  setup_rniah (&setup, "128", "0.1,0.9", 4);
  setup_prepare (&setup);
  answer (&setup,
          "1110"
          "1000",
          "1001"
          "1110",
          4);
  result = setup_score (&setup);

  g_assert_cmpfloat_with_epsilon (result->score, 100 * (1 - 0.125), 1e-9);
  cell = element (result->json, "cells", 0);
  assert_int (cell, "n_trials", 4);
  assert_double (cell, "base_acc", 0.75);
  assert_double (cell, "cand_acc", 0.5);
  assert_double (cell, "degradation", 0.25);
  assert_double (element (result->json, "cells", 1), "degradation", 0.0);

  g_assert_cmpuint (result->units->n, ==, 8);
  for (guint i = 0; i < 8; i++)
    lost += result->units->numerator[i];
  g_assert_cmpfloat (lost, ==, 1.0);
  g_assert_cmpfloat (result->units->numerator[1], ==, 1.0); /* a trial that was really lost */

  /* Every trial asks for its own keyword. */
  cell = element (element (result->extension, "cells", 0), "trials", 1);
  assert_string (cell, "keyword", "CERULEAN-3-FOX");
  assert_string (cell, "base_answer", "cerulean-3-fox");
}

static void
test_rniah_low (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) low = NULL;
  g_autoptr (RefractAxisResult) ok = NULL;

  setup_rniah (&setup, "128", "0.1,0.3,0.5,0.7,0.9", 2);
  setup_prepare (&setup);
  answer (&setup, "1000000000", "1000000000", 2);
  low = setup_score (&setup);
  g_assert_cmpfloat (low->score, ==, 100.0);
  g_assert_cmpint (low->confidence, ==, REFRACT_CONFIDENCE_LOW);
  assert_string (low->json, "confidence", "low");
  assert_double (low->json, "base_acc_avg", 0.1);
  assert_note (low, "10 % of the trials", TRUE);

  /* 0.2 is not below 0.2. */
  g_ptr_array_set_size (setup.ref->generations, 0);
  g_ptr_array_set_size (setup.cand->generations, 0);
  answer (&setup, "1100000000", "1100000000", 2);
  ok = setup_score (&setup);
  g_assert_cmpint (ok->confidence, ==, REFRACT_CONFIDENCE_OK);
}

static void
test_rniah_skipped (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) result = NULL;
  JsonArray *pair;
  RefractEstimate estimate;

  /* With its answer 2048 is too long for the model. */
  setup_rniah (&setup, "128,2048,256", "0.1,0.9", 1);
  g_object_set (setup.plan, "rniah-n-predict", (gint64) 16, NULL);
  setup.inputs.model_context = 2048;
  setup.inputs.engine_context = 4096;
  refract_axis_estimate (setup.axis, setup.plan, &setup.inputs, &estimate);
  g_assert_cmpuint (estimate.n_requests, ==, 4);
  g_assert_cmpuint (estimate.max_cells, ==, 256 + 16);
  setup_prepare (&setup);
  g_assert_cmpuint (setup.requests->len, ==, 4);
  answer (&setup, "1111", "1111", 1);
  result = setup_score (&setup);

  assert_int (result->json, "n_cells", 4);
  g_assert_cmpuint (
      json_array_get_length (json_object_get_array_member (result->json, "skipped_cells")), ==, 2);
  pair = json_array_get_array_element (json_object_get_array_member (result->json, "skipped_cells"),
                                       1);
  g_assert_cmpint (json_array_get_int_element (pair, 0), ==, 2048);
  g_assert_cmpfloat (json_array_get_double_element (pair, 1), ==, 0.9);
  assert_string (element (result->extension, "skipped_cells", 0), "reason",
                 "2064 tokens with the answer, and the model's context has 2048");
  assert_note (result, "2 of 6 cells were skipped (length 2048", TRUE);
}

static void
test_rniah_short_haystack (void)
{
  g_auto (Setup) setup = { 0 };
  g_autofree char *short_haystack = make_haystack (120);
  g_autoptr (RefractAxisResult) result = NULL;
  const char *reason;

  setup_rniah (&setup, "128,1024", "0.5", 2);
  setup.text.text = short_haystack;
  setup.inputs.engine_context = 4096;
  setup_prepare (&setup);
  g_assert_cmpuint (setup.requests->len, ==, 2);
  answer (&setup, "11", "11", 2);
  result = setup_score (&setup);
  reason
      = json_object_get_string_member (element (result->extension, "skipped_cells", 0), "reason");
  g_assert_nonnull (strstr (reason, "the whole haystack gives"));
}

/* The second trial's needle has a token less, so the haystack does for the first trial only: the
 * cell is left out as a whole. */
static void
test_rniah_short_trial (void)
{
  g_auto (Setup) setup = { 0 };
  g_autofree char *short_haystack = make_haystack (120);
  g_autofree char *system = NULL;
  g_autofree char *lengths = NULL;
  g_autoptr (GArray) ids = NULL;
  g_autoptr (RefractAxisResult) result = NULL;

  setup_rniah (&setup, "128", "0.5", 2);
  setup.text.text = short_haystack;
  system = refract_needle_insert (short_haystack, strlen (short_haystack), 0.5, NEEDLE);
  ids = refract_session_tokenize_chat (REFRACT_SESSION (setup.session), system,
                                       refract_plan_get_string (setup.plan, "rniah-question"), NULL,
                                       NULL);
  lengths = g_strdup_printf ("%u,128", ids->len);
  g_object_set (setup.plan, "rniah-lengths", lengths, NULL);

  setup_prepare (&setup);
  g_assert_cmpuint (setup.requests->len, ==, 2);
  g_assert_cmpstr (((RefractRequest *) setup.requests->pdata[0])->key, ==, "128/0.5/1");
  answer (&setup, "11", "01", 2);
  result = setup_score (&setup);
  g_assert_cmpfloat (result->score, ==, 50.0);
  assert_int (result->json, "n_cells", 1);
  assert_int (element (element (result->extension, "cells", 0), "trials", 1), "n_tokens", 128);
}

static void
test_rniah_errors (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (GError) error = NULL;

  setup_rniah (&setup, "128,256", "0.5", 1);
  setup.inputs.engine_context = 300;
  g_assert_false (setup_try_prepare (&setup, &error));
  assert_message (error, REFRACT_ERROR_NOTHING_MEASURED,
                  "length 128: 384 tokens with the answer, and the engine can give 300");
  g_clear_error (&error);

  setup.inputs.engine_context = 0;
  g_object_set (setup.plan, "rniah-needle", "no capital letters", NULL);
  g_assert_false (setup_try_prepare (&setup, &error));
  assert_message (error, REFRACT_ERROR_USAGE, "keyword");
  g_clear_error (&error);

  g_object_set (setup.plan, "rniah-needle", NEEDLE, NULL);
  setup_prepare (&setup);
  g_assert_null (refract_axis_score (setup.axis, setup.ref, setup.cand, &error));
  assert_message (error, REFRACT_ERROR_NOTHING_MEASURED, "0 answers where 2");
}

/* What is known before an engine runs. */
static void
test_rniah_check (void)
{
  g_auto (Setup) setup = { 0 };
  g_autofree char *short_haystack = g_strndup (the_haystack, 300);
  g_autoptr (GError) error = NULL;
  RefractEstimate estimate;

  setup_rniah (&setup, "2048,128", "0.5", 1);
  setup.inputs.model_context = 2048;
  g_assert_true (refract_axis_check (setup.axis, setup.plan, &setup.inputs, &error));
  g_assert_no_error (error);

  setup.inputs.model_context = 128;
  g_assert_false (refract_axis_check (setup.axis, setup.plan, &setup.inputs, &error));
  assert_message (error, REFRACT_ERROR_NOTHING_MEASURED,
                  "length 2048: 2304 tokens with the answer, and the model's context has 128");
  g_clear_error (&error);

  /* 300 bytes are 300 tokens at most */
  setup.inputs.model_context = 0;
  setup.text.text = short_haystack;
  g_object_set (setup.plan, "rniah-lengths", "1024,512", NULL);
  g_assert_true (refract_axis_check (setup.axis, setup.plan, &setup.inputs, &error));
  refract_axis_estimate (setup.axis, setup.plan, &setup.inputs, &estimate);
  g_assert_cmpuint (estimate.n_requests, ==, 1);
  g_object_set (setup.plan, "rniah-lengths", "1024", NULL);
  g_assert_false (refract_axis_check (setup.axis, setup.plan, &setup.inputs, &error));
  assert_message (error, REFRACT_ERROR_NOTHING_MEASURED, "has 300 bytes only");
  g_clear_error (&error);

  setup.text.text = the_haystack;
  g_object_set (setup.plan, "rniah-needle", "no capital letters", NULL);
  g_assert_false (refract_axis_check (setup.axis, setup.plan, &setup.inputs, &error));
  assert_message (error, REFRACT_ERROR_USAGE, "keyword");
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  the_haystack = make_haystack (6000);

  g_test_add_func ("/needle/keyword", test_keyword);
  g_test_add_func ("/needle/trials", test_needles);
  g_test_add_func ("/needle/hit", test_hit);
  g_test_add_func ("/needle/insert", test_insert);
  g_test_add_func ("/needle/insert-window", test_insert_window);
  g_test_add_func ("/needle/insert-part", test_insert_part);
  g_test_add_func ("/needle/fit", test_fit);
  g_test_add_func ("/needle/fit-utf8", test_fit_utf8);
  g_test_add_func ("/needle/fit-inexact", test_fit_inexact);
  g_test_add_func ("/needle/fit-impossible", test_fit_impossible);
  g_test_add_func ("/rniah/prepare", test_rniah_prepare);
  g_test_add_func ("/rniah/defaults", test_rniah_defaults);
  g_test_add_func ("/rniah/score", test_rniah_score);
  g_test_add_func ("/rniah/equal", test_rniah_equal);
  g_test_add_func ("/rniah/trials", test_rniah_trials);
  g_test_add_func ("/rniah/low-confidence", test_rniah_low);
  g_test_add_func ("/rniah/skipped-cells", test_rniah_skipped);
  g_test_add_func ("/rniah/short-haystack", test_rniah_short_haystack);
  g_test_add_func ("/rniah/short-trial", test_rniah_short_trial);
  g_test_add_func ("/rniah/check", test_rniah_check);
  g_test_add_func ("/rniah/errors", test_rniah_errors);

  status = g_test_run ();
  g_free (the_haystack);
  return status;
}
