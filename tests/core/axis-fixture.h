/* axis-fixture.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib/gstdio.h>
#include <string.h>

#include "axes/refract-axis.h"
#include "backends/refract-session.h"
#include "core/refract-error.h"

/* A session without an engine. Its tokenizer knows letters only: a run of letters is one token per
 * @word_letters letters or part of them, every other character but the space is a token. The chat
 * template is `[SYS]system[USER]user[BOT]`. */
typedef struct
{
  RefractSession parent_instance;
  guint word_letters;
  guint step; /* tokens come in multiples of this */
  guint n_calls;
  gboolean add_special;
  gboolean parse_special;
  char *last_text;
} FakeSession;

typedef struct
{
  RefractSessionClass parent_class;
} FakeSessionClass;

static GType fake_session_get_type (void);
G_DEFINE_TYPE (FakeSession, fake_session, REFRACT_TYPE_SESSION)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FakeSession, g_object_unref)

static GArray *
fake_session_tokenize (RefractSession *session,
                       const char *text,
                       gboolean add_special,
                       gboolean parse_special,
                       GCancellable *cancellable,
                       GError **error)
{
  FakeSession *self = (FakeSession *) session;
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  guint letters = 0;
  gint32 id = 1;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      g_array_unref (ids);
      return NULL;
    }

  g_assert_true (g_utf8_validate (text, -1, NULL));
  self->n_calls++;
  self->add_special = add_special;
  self->parse_special = parse_special;
  g_free (self->last_text);
  self->last_text = g_strdup (text);

  if (add_special)
    g_array_append_val (ids, id);
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar character = g_utf8_get_char (p);

      letters = g_unichar_isalpha (character) ? letters + 1 : 0;
      id = character + 10;
      if (character != ' ' && (letters == 0 || letters % self->word_letters == 1))
        g_array_append_val (ids, id);
    }
  while (ids->len % self->step != 0)
    g_array_append_val (ids, id);

  return ids;
}

static char *
fake_session_apply_template (RefractSession *session,
                             const char *system,
                             const char *user,
                             GCancellable *cancellable,
                             GError **error)
{
  return g_strdup_printf ("[SYS]%s[USER]%s[BOT]", system != NULL ? system : "-", user);
}

static void
fake_session_finalize (GObject *object)
{
  g_free (((FakeSession *) object)->last_text);

  G_OBJECT_CLASS (fake_session_parent_class)->finalize (object);
}

static guint64
fake_session_close (RefractSession *session)
{
  return 0;
}

static void
fake_session_class_init (FakeSessionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fake_session_finalize;
  REFRACT_SESSION_CLASS (klass)->tokenize = fake_session_tokenize;
  REFRACT_SESSION_CLASS (klass)->apply_template = fake_session_apply_template;
  REFRACT_SESSION_CLASS (klass)->close = fake_session_close;
}

static void
fake_session_init (FakeSession *self)
{
  self->word_letters = 3;
  self->step = 1;
}

static inline FakeSession *
fake_session_new (void)
{
  return g_object_new (fake_session_get_type (), NULL);
}

/* An answer: ids up to a negative one. */
static inline RefractGeneration *
fake_generation (const gint32 *ids, const char *text, RefractStop stop)
{
  RefractGeneration *generation = g_new0 (RefractGeneration, 1);

  generation->ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  for (; *ids >= 0; ids++)
    g_array_append_val (generation->ids, *ids);
  generation->text = g_strdup (text);
  generation->stop = stop;

  return generation;
}

static inline RefractObservation *
fake_observation (RefractAxisId axis)
{
  RefractObservation *observation = refract_observation_new (axis);

  observation->generations
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_generation_free);

  return observation;
}

#define IDS(...) ((const gint32[]) { __VA_ARGS__, -1 })
#define NO_IDS ((const gint32[]) { -1 })
#define OBSERVE(observation, ids, text, stop)                                                      \
  g_ptr_array_add ((observation)->generations, fake_generation (ids, text, REFRACT_STOP_##stop))

static inline RefractPrompts *
make_prompts (const char *lines)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  RefractPrompts *prompts;
  int fd = g_file_open_tmp ("refract-axes-XXXXXX", &path, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, lines, -1, NULL));
  prompts = refract_prompts_load (path, &error);
  g_assert_no_error (error);
  g_unlink (path);

  return prompts;
}

/* A plan, its inputs and an axis whose requests are prepared on a fake session. */
typedef struct
{
  RefractPlan *plan;
  RefractInputs inputs;
  RefractText text;
  FakeSession *session;
  RefractAxis *axis;
  GPtrArray *requests;
  RefractObservation *ref;
  RefractObservation *cand;
} Setup;

static inline void
setup_init (Setup *self, RefractAxisId axis)
{
  *self = (Setup) {
    .plan = refract_plan_new (),
    .session = fake_session_new (),
    .axis = refract_axis_new (axis),
    .ref = fake_observation (axis),
    .cand = fake_observation (axis),
  };
}

static inline gboolean
setup_try_prepare (Setup *self, GError **error)
{
  g_clear_pointer (&self->requests, g_ptr_array_unref);
  self->requests = refract_axis_prepare (self->axis, self->plan, &self->inputs,
                                         REFRACT_SESSION (self->session), NULL, error);

  return self->requests != NULL;
}

static inline void
setup_prepare (Setup *self)
{
  g_autoptr (GError) error = NULL;

  setup_try_prepare (self, &error);
  g_assert_no_error (error);
}

static inline RefractAxisResult *
setup_score (Setup *self)
{
  g_autoptr (GError) error = NULL;
  RefractAxisResult *result = refract_axis_score (self->axis, self->ref, self->cand, &error);

  g_assert_no_error (error);
  g_assert_cmpfloat (result->score, ==, refract_units_score (result->units));
  g_assert_cmpfloat (result->interval.low, <=, result->score);
  g_assert_cmpfloat (result->interval.high, >=, result->score);

  return result;
}

static inline void
setup_clear (Setup *self)
{
  g_clear_pointer (&self->requests, g_ptr_array_unref);
  g_clear_pointer (&self->ref, refract_observation_free);
  g_clear_pointer (&self->cand, refract_observation_free);
  g_clear_pointer (&self->inputs.prompts, refract_prompts_free);
  g_clear_object (&self->plan);
  g_clear_object (&self->session);
  g_clear_object (&self->axis);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Setup, setup_clear)

static inline void
assert_note (const RefractAxisResult *result, const char *part, gboolean expected)
{
  gboolean found = FALSE;

  for (guint i = 0; i < result->notes->len && !found; i++)
    found = strstr (g_ptr_array_index (result->notes, i), part) != NULL;
  if (found != expected)
    g_error ("%s note with “%s”", expected ? "no" : "a", part);
}

static inline void
assert_message (GError *error, int code, const char *part)
{
  g_assert_error (error, REFRACT_ERROR, code);
  g_test_message ("%s", error->message);
  if (strstr (error->message, part) == NULL)
    g_error ("“%s” does not say “%s”", error->message, part);
}

/* Element @index of an array of objects. */
static inline JsonObject *
element (JsonObject *object, const char *name, guint index)
{
  return json_array_get_object_element (json_object_get_array_member (object, name), index);
}

static inline void
assert_double (JsonObject *object, const char *name, double expected)
{
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (object, name), expected, 1e-9);
}

static inline void
assert_int (JsonObject *object, const char *name, gint64 expected)
{
  g_assert_cmpint (json_object_get_int_member (object, name), ==, expected);
}

static inline void
assert_string (JsonObject *object, const char *name, const char *expected)
{
  g_assert_cmpstr (json_object_get_string_member (object, name), ==, expected);
}

static inline void
assert_null (JsonObject *object, const char *name)
{
  g_assert_true (json_object_has_member (object, name));
  g_assert_true (json_object_get_null_member (object, name));
}
