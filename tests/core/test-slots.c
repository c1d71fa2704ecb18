/* test-slots.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Whether prompts are decoded side by side is decided by trying it. */

#include "config.h"

#include "audit/refract-observer-private.h"
#include "axis-fixture.h"

#define N_PROMPTS 30

/* An engine that changes one prompt's answer when others are decoded beside it. */
typedef struct
{
  FakeSession parent_instance;
  int changed; /* the prompt; −1: none */
  guint n_slots;
  guint n_alone;
  guint n_tokens; /* decoded alone */
} UnsteadySession;

typedef FakeSessionClass UnsteadySessionClass;

static GType unsteady_session_get_type (void);
G_DEFINE_TYPE (UnsteadySession, unsteady_session, fake_session_get_type ())

static GPtrArray *
unsteady_session_generate (RefractSession *session,
                           GPtrArray *requests,
                           RefractTokensFunc func,
                           gpointer user_data,
                           GCancellable *cancellable,
                           GError **error)
{
  UnsteadySession *self = (UnsteadySession *) (void *) session;
  GPtrArray *out = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_generation_free);

  for (guint i = 0; i < requests->len; i++)
    {
      const RefractRequest *request = g_ptr_array_index (requests, i);
      gint32 prompt = g_array_index (request->ids, gint32, 0);
      gboolean change = requests->len > 1 && prompt == self->changed;
      gint32 ids[] = { prompt, prompt + (change ? 1 : 0), -1 };

      if (requests->len == 1)
        {
          self->n_alone++;
          self->n_tokens += request->n_predict;
        }
      g_ptr_array_add (out, fake_generation (ids, "", REFRACT_STOP_LIMIT));
    }
  return out;
}

static guint
unsteady_session_get_n_slots (RefractSession *session)
{
  return ((UnsteadySession *) (void *) session)->n_slots;
}

static void
unsteady_session_class_init (UnsteadySessionClass *klass)
{
  REFRACT_SESSION_CLASS (klass)->get_n_slots = unsteady_session_get_n_slots;
  REFRACT_SESSION_CLASS (klass)->generate = unsteady_session_generate;
}

static void
unsteady_session_init (UnsteadySession *self)
{
  self->n_slots = 32;
}

typedef struct
{
  RefractObserver observer;
  UnsteadySession *session;
} Fixture;

/* A run of @n prompts, @n_predict tokens each, on an engine that changes @changed. */
static void
set_up (Fixture *fixture, guint n, guint n_predict, int changed)
{
  static const char *const candidates[] = { "ctk=q8_0,ctv=q8_0", NULL };
  g_autoptr (JsonObject) identity = json_object_new ();
  RefractObserver *observer = &fixture->observer;
  g_autoptr (GError) error = NULL;

  fixture->session = g_object_new (unsteady_session_get_type (), NULL);
  fixture->session->changed = changed;
  observer->plan = refract_plan_new ();
  g_object_set (observer->plan, "candidates", candidates, NULL);
  observer->journal = refract_journal_open (identity, TRUE, &error);
  g_assert_no_error (error);
  observer->n_slots = 32;
  observer->requests[REFRACT_AXIS_TRAJECTORY]
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_request_free);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
      g_autofree char *key = g_strdup_printf ("%u", i);

      g_array_append_val (ids, i);
      g_ptr_array_add (observer->requests[REFRACT_AXIS_TRAJECTORY],
                       refract_request_new (key, ids, n_predict));
    }
}

static void
calibrate (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  double seconds = 0;

  g_clear_pointer (&fixture->observer.slots_evidence, g_free);
  g_assert_true (refract_observer_calibrate_slots (
      &fixture->observer, REFRACT_SESSION (fixture->session), &seconds, &error));
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture)
{
  refract_journal_remove (fixture->observer.journal);
  g_clear_object (&fixture->observer.journal);
  g_clear_object (&fixture->observer.plan);
  g_clear_object (&fixture->session);
  refract_observer_clear (&fixture->observer);
}

/* In a long run every prompt is tried alone, so one that changes is found wherever it stands. */
static void
test_every_prompt (void)
{
  for (int changed = -1; changed < N_PROMPTS; changed++)
    {
      Fixture fixture = { 0 };

      set_up (&fixture, N_PROMPTS, 4096, changed);
      calibrate (&fixture);
      g_assert_cmpuint (fixture.observer.batch, ==, changed < 0 ? 32 : 1);
      if (changed < 0)
        g_assert_cmpuint (fixture.session->n_alone, ==, N_PROMPTS);
      else
        g_assert_true (g_str_has_prefix (fixture.observer.slots_evidence, "One at a time: 30"));
      tear_down (&fixture);
    }
}

/* A short run tries eight, the first and others behind it, and decides once. */
static void
test_short_run (void)
{
  Fixture fixture = { 0 };

  set_up (&fixture, N_PROMPTS, 128, -1);
  calibrate (&fixture);
  g_assert_cmpuint (fixture.observer.batch, ==, 32);
  g_assert_cmpuint (fixture.session->n_alone, ==, 8);
  g_assert_cmpuint (fixture.session->n_tokens, ==, 8 * 48);
  g_assert_nonnull (strstr (fixture.observer.slots_evidence, "8 of them gave the same"));

  calibrate (&fixture);
  g_assert_cmpuint (fixture.session->n_alone, ==, 8);
  g_assert_nonnull (strstr (fixture.observer.slots_evidence, "8 of them gave the same"));
  tear_down (&fixture);

  fixture = (Fixture) { 0 };
  set_up (&fixture, N_PROMPTS, 128, 26);
  calibrate (&fixture);
  g_assert_cmpuint (fixture.observer.batch, ==, 1);
  tear_down (&fixture);
}

/* Nothing to compare, nothing to decide. */
static void
test_no_choice (void)
{
  Fixture fixture = { 0 };

  set_up (&fixture, 1, 128, -1);
  calibrate (&fixture);
  g_assert_cmpuint (fixture.observer.batch, ==, 1);
  tear_down (&fixture);

  fixture = (Fixture) { 0 };
  set_up (&fixture, N_PROMPTS, 128, 0);
  g_object_set (fixture.observer.plan, "slots", (gint64) 4, NULL);
  fixture.observer.n_slots = 4;
  calibrate (&fixture);
  g_assert_cmpuint (fixture.observer.batch, ==, 4);
  g_assert_cmpuint (fixture.session->n_alone, ==, 0);
  tear_down (&fixture);
}

/* An engine that decodes one prompt at a time is given one at a time, whatever the plan asks. */
static void
test_one_slot (void)
{
  Fixture fixture = { 0 };

  set_up (&fixture, N_PROMPTS, 128, 0);
  g_object_set (fixture.observer.plan, "slots", (gint64) 4, NULL);
  fixture.session->n_slots = 1;
  calibrate (&fixture);
  g_assert_cmpuint (fixture.observer.batch, ==, 1);
  g_assert_cmpuint (fixture.observer.n_slots, ==, 1);
  g_assert_cmpstr (fixture.observer.slots_evidence, ==,
                   "One slot: there is nothing to decode side by side.");
  tear_down (&fixture);
}

int
main (int argc, char *argv[])
{
  g_autofree char *state = g_dir_make_tmp ("refract-slots-XXXXXX", NULL);
  g_autofree char *refract = g_build_filename (state, "refract", NULL);
  g_autofree char *runs = g_build_filename (refract, "runs", NULL);
  int status;

  g_setenv ("XDG_STATE_HOME", state, TRUE);
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/slots/every-prompt", test_every_prompt);
  g_test_add_func ("/slots/short-run", test_short_run);
  g_test_add_func ("/slots/no-choice", test_no_choice);
  g_test_add_func ("/slots/one-slot", test_one_slot);

  status = g_test_run ();
  g_rmdir (runs);
  g_rmdir (refract);
  g_rmdir (state);
  return status;
}
