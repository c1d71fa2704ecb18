/* refract-server.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-backend.h"
#include "backends/refract-server-log.h"
#include "backends/refract-server-scores.h"
#include "engine/refract-http.h"
#include "engine/refract-process.h"

G_BEGIN_DECLS

typedef struct _RefractServerKind RefractServerKind;
typedef struct _RefractServerIdentity RefractServerIdentity;

/**
 * RefractServerEngine:
 * @python: (nullable): the interpreter that servers of ours run in
 * @version: (nullable): of the package that is installed there
 * @served: (nullable): the model that the user's server has
 * @on_cpu: the package, or the machine, computes on the processor
 * @info: (nullable): what detecting gives; its version that of the first server asked where the
 *   servers are the user's
 * @identities: (element-type utf8 RefractServerIdentity): by address, what the user's servers were
 *   when they were first asked in an audit
 *
 * One kind of server as it is installed, or at the addresses that the user gave. Immutable once
 * found but for the identities, which are of the audit's thread.
 */
typedef struct
{
  const RefractServerKind *kind;
  const RefractBackendOptions *options;
  char *python;
  char *version;
  char *served;
  gboolean on_cpu;
  RefractEngineInfo *info;
  GHashTable *identities;
} RefractServerEngine;

/**
 * RefractServerStart:
 * @n_cells: tokens of a prompt and its answer
 * @n_slots: prompts side by side
 * @silence_limit: seconds without a line in the log after which a server that starts hangs
 *
 * What one server is wanted for.
 */
typedef struct
{
  const RefractServerEngine *engine;
  RefractModel *model;
  RefractKvConfig *kv;
  guint n_cells;
  guint n_slots;
  guint silence_limit;
} RefractServerStart;

/**
 * RefractServer:
 * @http: for everything that counts
 * @process: (nullable): %NULL where the server is the user's, and once it is closed
 * @n_cells: tokens that a prompt and its answer may have
 * @identity: (nullable): of a server of the user's
 * @is_own: whether we started it; only then its log is known
 * @n_vocab: of the model; ids and K are checked against it before they are sent
 * @stop_ids: (element-type gint32): what ends an answer beside the tokenizer's own token
 *
 * One server that answers, at one KV configuration. Of the audit's thread.
 */
typedef struct
{
  const RefractServerKind *kind;
  RefractServerStart start; /* its model and configuration are held */
  RefractHttp *http;
  RefractProcess *process;
  RefractServerLog *log;
  RefractKvInUse *kv_in_use;
  RefractServerIdentity *identity;
  char *version;
  GArray *stop_ids;
  guint n_cells;
  guint n_vocab;
  gboolean is_own;
  double load_seconds;
  guint64 peak_rss;
} RefractServer;

/* How one answer has gone so far. */
typedef struct
{
  GArray *ids;
  GString *text;
  gboolean ended;
  RefractStop stop;
  gint64 n_prompt;   /* tokens of the prompt as the engine counted them; −1 it did not say */
  gint64 first_time; /* monotonic, µs; 0 before the first token */
  gint64 last_time;
  guint n_ids;    /* of the ids, those that came before the last event */
  guint n_pieces; /* that had ids of it */
  guint piece;    /* the last of them */
} RefractServerAnswer;

/**
 * RefractServerKind:
 * @kv_types: %NULL-terminated: what --kv-cache-dtype takes
 * @spare_cells: tokens of the context that cannot be used
 * @text_member: of the reply of /detokenize
 * @model_path: (nullable): where a server says in "model_path" what it loaded; %NULL: as the
 *   "root" in /v1/models
 *
 * What differs between the engines.
 */
struct _RefractServerKind
{
  RefractBackendKind id;
  const char *const *kv_types;
  guint spare_cells;
  guint oldest[2];    /* the first version that gives what is needed */
  const char *tested; /* what Refract was run with: a version's beginning */
  const char *text_member;
  const char *model_path;
  const char *generate_path;
  const char *score_path;

  /* The program behind the interpreter and everything that it is given but the user's own flags */
  void (*add_command) (GPtrArray *command, const RefractServerStart *start, guint port);
  void (*add_environment) (GStrvBuilder *environment,
                           const RefractServerStart *start,
                           const char *key);
  char *(*dup_version) (RefractServer *server, GCancellable *cancellable, GError **error);
  JsonObject *(*make_generate_body) (GPtrArray *requests, guint n_predict, GArray *stop_ids);
  /* One event of the stream; %FALSE with a word for what is wrong in @problem */
  gboolean (*take_event) (JsonObject *event,
                          RefractServerAnswer *answers,
                          guint n_answers,
                          const char **problem);
  JsonObject *(*make_score_body) (const gint32 *ids, guint n_ids, guint top_k, guint n_vocab);
  RefractJsonEventFunc take_score_event; /* user data: the #RefractServerScores */
  /* What is known of the KV cache in use; %FALSE where it is not @start's */
  gboolean (*read_kv) (RefractServer *server,
                       const RefractServerStart *start,
                       GCancellable *cancellable,
                       GError **error);
  /* Whether prompt log-probabilities measure the stored cache here (ENGINES section 0) */
  gboolean (*check_probe) (RefractServer *server,
                           const RefractServerStart *start,
                           GCancellable *cancellable,
                           GError **error);
};

extern const RefractServerKind refract_vllm_kind;
extern const RefractServerKind refract_sglang_kind;

/* "vLLM" | "SGLang" */
const char *refract_server_kind_get_title (const RefractServerKind *kind);

/* Whether a version such as "0.32.0+cpu" is at least @major.@minor. */
gboolean refract_server_version_at_least (const char *version, guint major, guint minor);

/**
 * refract_server_engine_find:
 * @options: outlives what is returned
 *
 * Looks into the Python environment without running anything, or asks the user's server.
 *
 * Returns: %NULL with REFRACT_ERROR_ENGINE_MISSING, or what is wrong with the server
 */
RefractServerEngine *refract_server_engine_find (const RefractServerKind *kind,
                                                 const RefractBackendOptions *options,
                                                 GCancellable *cancellable,
                                                 GError **error);
void refract_server_engine_free (RefractServerEngine *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractServerEngine, refract_server_engine_free)
/* A build for GPUs where there is none */
gboolean refract_server_engine_is_without_gpu (const RefractServerEngine *self);
/* Whether the user's flags and @kv (nullable) can be run, before anything starts; see
 * refract_backend_supports_kv() */
gboolean refract_server_engine_check (const RefractServerEngine *self,
                                      RefractKvConfig *kv,
                                      RefractModel *model,
                                      GError **error);
/* (nullable): the address of the user's own server for @kv; %NULL where we start one */
const char *refract_server_engine_get_url (const RefractServerEngine *self, RefractKvConfig *kv);
gboolean refract_server_engine_is_attached (const RefractServerEngine *self);
/* The value of a flag in the configuration or the user's flags, "" where it stands alone; %NULL
 * where it is not given. Both spellings, "--flag value" and "--flag=value". */
const char *refract_server_find_flag (const RefractServerStart *start, const char *flag);

/**
 * refract_server_open:
 *
 * Starts a server and waits until it answers, or connects to the user's own; then looks at what it
 * runs. REFRACT_ERROR_NOT_ENGAGED when its KV cache is not what was asked for, REFRACT_ERROR_MEMORY
 * when it ran out of memory at start.
 */
RefractServer *
refract_server_open (const RefractServerStart *start, GCancellable *cancellable, GError **error);
/* Ends the server unless it is the user's. Returns its peak memory in bytes, 0 unknown. Idempotent.
 */
guint64 refract_server_close (RefractServer *self);
void refract_server_free (RefractServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractServer, refract_server_free)

/* Makes of a failed request's error what has become of the server. An answer with words of the
 * engine's own stands as it is, unless it is about the engine's death. @status: of the reply, 0
 * none
 */
void refract_server_explain (RefractServer *self, guint status, GError **error);
/* refract_http_post() whose errors say what has become of the server. */
JsonObject *refract_server_post (RefractServer *self,
                                 const char *path,
                                 JsonObject *body,
                                 GCancellable *cancellable,
                                 GError **error);
JsonObject *refract_server_get (RefractServer *self,
                                const char *path,
                                GCancellable *cancellable,
                                GError **error);
/* Likewise refract_http_post_streamed() */
gboolean refract_server_post_streamed (RefractServer *self,
                                       const char *path,
                                       JsonObject *body,
                                       RefractHttpBytesFunc func,
                                       gpointer user_data,
                                       GCancellable *cancellable,
                                       GError **error);
/* %REFRACT_ERROR_ENGINE: "vLLM answered PATH without WHAT" */
void refract_server_set_unexpected (RefractServer *self,
                                    const char *path,
                                    const char *what,
                                    GError **error);
/* The user may have started another server at the address meanwhile: whether it still runs the
 * same model at the configuration that is measured. */
gboolean refract_server_check_same (RefractServer *self, GCancellable *cancellable, GError **error);
/* Every id is one of the vocabulary: one that is not ends an SGLang server. */
gboolean refract_server_check_ids (RefractServer *self, GArray *ids, GError **error);

/* See refract_session_tokenize(); HF tokenizers always read special tokens in a text. */
GArray *refract_server_tokenize (RefractServer *self,
                                 const char *text,
                                 gboolean add_special,
                                 GCancellable *cancellable,
                                 GError **error);
/* (transfer full) (element-type gint32): what the tokenizer puts before a text, mostly one BOS */
GArray *
refract_server_tokenize_bos (RefractServer *self, GCancellable *cancellable, GError **error);
/* See refract_session_generate(). */
GPtrArray *refract_server_generate (RefractServer *self,
                                    GPtrArray *requests,
                                    RefractTokensFunc func,
                                    gpointer user_data,
                                    GCancellable *cancellable,
                                    GError **error);
/* See refract_backend_logits(). */
RefractLogitsRun *refract_server_logits (const RefractServerStart *start,
                                         const RefractLogitsSpec *spec,
                                         RefractLogitsFunc func,
                                         gpointer user_data,
                                         GCancellable *cancellable,
                                         GError **error);

/* Whether the server scores a short prompt as refract_server_logits() has it do. */
gboolean
refract_server_probe_scores (RefractServer *self, GCancellable *cancellable, GError **error);

/* For the command lines: @value (nullable) */
void refract_server_add_flag (GPtrArray *command, const char *flag, const char *value);
void refract_server_add_number (GPtrArray *command, const char *flag, guint64 value);
/* Starts the server as a process of ours: @self's process and http. */
gboolean refract_server_launch (RefractServer *self,
                                const RefractServerStart *start,
                                GCancellable *cancellable,
                                GError **error);
/* Connects to the user's server, and compares it with the user's other one. */
gboolean refract_server_attach (RefractServer *self,
                                const RefractServerStart *start,
                                const char *url,
                                GCancellable *cancellable,
                                GError **error);

G_END_DECLS
