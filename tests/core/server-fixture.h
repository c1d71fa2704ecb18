/* server-fixture.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-server.h"
#include "http-fixture.h"

#define N_VOCAB 1024

/* What real servers said (vLLM 0.32.0, SGLang 0.5.23). */
static inline char *
read_transcript (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "engines", name, NULL);
  char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static inline RefractServer *
make_server (HttpFixture *fixture, const RefractServerKind *kind)
{
  RefractServer *server = g_new0 (RefractServer, 1);

  server->kind = kind;
  server->http = refract_http_new_for_socket (fixture->path);
  server->log = refract_server_log_new ();
  server->kv_in_use = refract_kv_in_use_new ();
  server->stop_ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  server->n_vocab = N_VOCAB;
  server->n_cells = 64;
  server->is_own = TRUE;
  return server;
}

static inline void
add_request (GPtrArray *requests, const char *key, guint n_predict, const gint32 *ids, guint n_ids)
{
  g_autoptr (GArray) array = g_array_new (FALSE, FALSE, sizeof (gint32));

  g_array_append_vals (array, ids, n_ids);
  g_ptr_array_add (requests, refract_request_new (key, array, n_predict));
}

static inline GPtrArray *
make_requests (guint n_predict, gboolean two)
{
  GPtrArray *requests = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_request_free);

  add_request (requests, "first", n_predict, (const gint32[]) { 1, 452, 296, 954 }, 4);
  if (two)
    add_request (requests, "second", n_predict, (const gint32[]) { 1, 300 }, 2);
  return requests;
}

static inline char *
answer_data (HttpFixture *fixture, const char *path, const char *body, guint *status, gsize *cut)
{
  return g_strdup (fixture->data);
}
