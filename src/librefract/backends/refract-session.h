/* refract-session.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "core/refract-kv-config.h"

G_BEGIN_DECLS

typedef enum
{
  REFRACT_STOP_EOS,   /* the model ended its answer */
  REFRACT_STOP_LIMIT, /* n_predict tokens were decoded */
} RefractStop;

/* "eos" | "limit" */
const char *refract_stop_get_name (RefractStop stop);

/**
 * RefractRequest:
 * @key: unique within a run's axis; names the request in the journal
 * @ids: (element-type gint32): the prompt's token ids, exactly as the engine gets them
 * @n_predict: most tokens to decode, greedily
 *
 * One thing to decode. Requests are made once, on the reference's session, and are the same for
 * every configuration of a run.
 */
typedef struct
{
  char *key;
  GArray *ids;
  guint n_predict;
} RefractRequest;

RefractRequest *refract_request_new (const char *key, GArray *ids, guint n_predict);
void refract_request_free (RefractRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractRequest, refract_request_free)
/* (transfer full): the ids of each prompt of @requests (element-type RefractRequest) */
JsonArray *refract_requests_to_json (GPtrArray *requests);
/* (transfer full): what has an engine render its chat template, with thinking disabled; @system may
 * be NULL */
JsonObject *refract_chat_to_json (const char *system, const char *user);

/**
 * RefractGeneration:
 * @ids: (element-type gint32): ids sampled, the end-of-generation token included when the model
 *   stopped by itself
 * @text: their text as the engine gives it, made valid UTF-8
 * @prompt_ms: the engine's own time for the prompt, milliseconds
 * @predicted_ms: the engine's own time for the answer, milliseconds; 0 where that came at once, and
 *   @prompt_ms is the time for both
 */
typedef struct
{
  GArray *ids;
  char *text;
  RefractStop stop;
  guint n_prompt;
  double prompt_ms;
  double predicted_ms;
} RefractGeneration;

void refract_generation_free (RefractGeneration *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractGeneration, refract_generation_free)
/* Whether both sampled the same ids. */
gboolean refract_generation_same_ids (const RefractGeneration *a, const RefractGeneration *b);

/* How the KV type in use is known. */
typedef enum
{
  REFRACT_EVIDENCE_NONE,
  REFRACT_EVIDENCE_ECHOED,
  REFRACT_EVIDENCE_PROVED,
} RefractEvidence;

/* "none" | "echoed" | "proved" */
const char *refract_evidence_get_name (RefractEvidence evidence);

/**
 * RefractKvInUse:
 * @type_k: (nullable): K type that the engine itself says it allocated
 * @rotation_k: 1 rotated, 0 not, −1 unknown
 * @buffer_mib: size of the KV buffers, MiB; −1 unknown
 * @n_cells: cells of those buffers (0 unknown); @buffer_mib ÷ @n_cells is what one token takes
 * @n_layers: layers with a cache of any kind; 0 unknown
 * @n_layers_quantized: how many of them are quantized; means nothing where @n_layers is 0
 * @note: (nullable): what a reader of the figures has to know about this cache, in sentences
 */
typedef struct
{
  RefractEvidence evidence;
  char *type_k;
  char *type_v;
  int rotation_k;
  int rotation_v;
  double buffer_mib;
  guint64 n_cells;
  guint n_layers;
  guint n_layers_quantized;
  char *note;
} RefractKvInUse;

/**
 * RefractSession:
 *
 * One loaded model at one KV configuration. All calls block, take a cancellable and belong to the
 * audit's thread. Closing ends the engine.
 */
#define REFRACT_TYPE_SESSION (refract_session_get_type ())
G_DECLARE_DERIVABLE_TYPE (RefractSession, refract_session, REFRACT, SESSION, GObject)

/* Called after every decoded token or batch of them: tokens decoded so far in this call. */
typedef void (*RefractTokensFunc) (guint64 n_tokens, gpointer user_data);

struct _RefractSessionClass
{
  GObjectClass parent_class;

  GArray *(*tokenize) (RefractSession *self,
                       const char *text,
                       gboolean add_special,
                       gboolean parse_special,
                       GCancellable *cancellable,
                       GError **error);
  char *(*detokenize) (RefractSession *self,
                       GArray *ids,
                       GCancellable *cancellable,
                       GError **error);
  char *(*apply_template) (RefractSession *self,
                           const char *system,
                           const char *user,
                           GCancellable *cancellable,
                           GError **error);
  /* NULL: the text of apply_template, tokenized */
  GArray *(*tokenize_chat) (RefractSession *self,
                            const char *system,
                            const char *user,
                            GCancellable *cancellable,
                            GError **error);
  GPtrArray *(*generate) (RefractSession *self,
                          GPtrArray *requests,
                          RefractTokensFunc func,
                          gpointer user_data,
                          GCancellable *cancellable,
                          GError **error);
  const RefractKvInUse *(*get_kv_in_use) (RefractSession *self);
  guint (*get_n_slots) (RefractSession *self);
  guint (*get_context_cells) (RefractSession *self);
  double (*get_load_seconds) (RefractSession *self);
  gboolean (*has_thinking_template) (RefractSession *self);
  guint (*get_n_requests) (RefractSession *self);
  guint64 (*close) (RefractSession *self);
};

/* (transfer full) (element-type gint32) */
GArray *refract_session_tokenize (RefractSession *self,
                                  const char *text,
                                  gboolean add_special,
                                  gboolean parse_special,
                                  GCancellable *cancellable,
                                  GError **error);
/* The text of ids (element-type gint32), made valid UTF-8; for showing only */
char *refract_session_detokenize (RefractSession *self,
                                  GArray *ids,
                                  GCancellable *cancellable,
                                  GError **error);
/* The chat template rendered with thinking disabled, ready for the assistant's answer; @system may
 * be NULL. To be tokenized with add_special and parse_special (a second BOS is avoided by the
 * session: see refract_session_tokenize_chat()). */
char *refract_session_apply_template (RefractSession *self,
                                      const char *system,
                                      const char *user,
                                      GCancellable *cancellable,
                                      GError **error);
/* Template and tokens in one: the ids of a chat prompt with exactly one BOS where the model has
 * one. */
GArray *refract_session_tokenize_chat (RefractSession *self,
                                       const char *system,
                                       const char *user,
                                       GCancellable *cancellable,
                                       GError **error);

/**
 * refract_session_generate:
 * @requests: (element-type RefractRequest): at most as many as there are slots, each
 * (prompt and answer) within a slot's cells; a batch that is decoded side by side
 *
 * Greedy decode. All requests of a batch reach the engine at once, so that a batch is always
 * computed in the same way.
 *
 * Returns: (transfer full) (element-type RefractGeneration): one per request, in order
 */
GPtrArray *refract_session_generate (RefractSession *self,
                                     GPtrArray *requests,
                                     RefractTokensFunc func,
                                     gpointer user_data,
                                     GCancellable *cancellable,
                                     GError **error);
const RefractKvInUse *refract_session_get_kv_in_use (RefractSession *self);
guint refract_session_get_n_slots (RefractSession *self);
/* cells that one prompt and its answer may take */
guint refract_session_get_context_cells (RefractSession *self);
double refract_session_get_load_seconds (RefractSession *self);
/* TRUE when the rendered template still opens a thinking block (<think> and its kin) */
gboolean refract_session_has_thinking_template (RefractSession *self);
/* Whether @prompt, a rendered chat template, ends inside a thinking block, or in a format whose
 * answers begin with one */
gboolean refract_prompt_opens_thinking (const char *prompt);
/* HTTP requests or calls made so far: what tests count */
guint refract_session_get_n_requests (RefractSession *self);
/* Ends the engine. Returns its peak resident memory in bytes, 0 when unknown. Idempotent; also done
 * when the last reference is dropped. */
guint64 refract_session_close (RefractSession *self);

G_END_DECLS
