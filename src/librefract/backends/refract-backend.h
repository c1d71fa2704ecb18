/* refract-backend.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "backends/refract-session.h"
#include "core/refract-kld.h"
#include "core/refract-kv-config.h"
#include "core/refract-model.h"

G_BEGIN_DECLS

typedef enum
{
  REFRACT_BACKEND_KIND_LLAMACPP,
  REFRACT_BACKEND_KIND_VLLM,
  REFRACT_BACKEND_KIND_SGLANG,
  REFRACT_BACKEND_KIND_MLX,
  REFRACT_N_BACKENDS,
} RefractBackendKind;

/* "llamacpp" | "vllm" | "sglang" | "mlx" */
const char *refract_backend_kind_get_name (RefractBackendKind kind);
/* for people: "llama.cpp" | "vLLM" | "SGLang" | "MLX" */
const char *refract_backend_kind_get_title (RefractBackendKind kind);
RefractKvDialect refract_backend_kind_get_dialect (RefractBackendKind kind);
/* %FALSE for "auto" and for names that there are not */
gboolean refract_backend_kind_from_name (const char *name, RefractBackendKind *kind);
/* The name for the title that #RefractEngineInfo has: "llamacpp" for "llama.cpp"; @title itself
 * where there is none, and the other way round */
const char *refract_backend_name_of_engine (const char *title);
const char *refract_backend_title_of_name (const char *name);
/* All names, with commas, the last two with @conjunction: "llamacpp, vllm or mlx" */
char *refract_backend_list_names (const char *conjunction);
/* Whether the engine loads what @model is: a GGUF file, or a folder with config.json. */
gboolean refract_backend_kind_can_load (RefractBackendKind kind, RefractModel *model);
/* The package of an engine that runs in Python ("mlx-lm"); %NULL for llama.cpp */
const char *refract_backend_kind_get_package (RefractBackendKind kind);

/**
 * RefractBackendOptions:
 * @engine_dir: (nullable): folder with the engine's programs; NULL looks in
 *   REFRACT_LLAMA_CPP_DIR, LLAMA_CPP_BIN_DIR, then PATH
 * @engine_flags: (nullable): extra flags for every engine program, already split; the last one wins
 *   over ours
 * @launcher: (nullable): argv prefix; see refract_process_spawn()
 * @n_gpu_layers: −1 leaves it to the engine
 * @threads: 0 leaves it to us: the number of processors
 * @python: (nullable): interpreter, or folder of a virtual environment; NULL looks in
 *   REFRACT_PYTHON, VIRTUAL_ENV, then PATH (refract_python_find())
 * @reference_url: (nullable): a server of the user's that runs the reference; NULL: we start one
 * @candidate_url: (nullable): likewise for the candidate
 * @reference_kv: (nullable): the reference's canonical text: which of the two URLs is asked
 * @candidate_kvs: (nullable): the same of what is to be measured at @candidate_url
 * @allow_model_code: whether a model may run code that it brings along
 *
 * The keys of attached servers are looked up by their addresses (engine/refract-server-key.h).
 */
typedef struct
{
  char *engine_dir;
  char **engine_flags;
  char **launcher;
  int n_gpu_layers;
  guint threads;
  char *python;
  char *reference_url;
  char *candidate_url;
  char *reference_kv;
  char **candidate_kvs;
  gboolean allow_model_code;
} RefractBackendOptions;

RefractBackendOptions *refract_backend_options_copy (const RefractBackendOptions *self);
void refract_backend_options_free (RefractBackendOptions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractBackendOptions, refract_backend_options_free)

/**
 * RefractCheck:
 * @title: what was looked at ("llama-server", "KV cache types", …)
 * @detail: what was found, a sentence
 * @remedy: (nullable): what to do about it; NULL when passed
 */
typedef enum
{
  REFRACT_CHECK_PASSED,
  REFRACT_CHECK_WARNING,
  REFRACT_CHECK_FAILED,
} RefractCheckStatus;

typedef struct
{
  char *title;
  RefractCheckStatus status;
  char *detail;
  char *remedy;
} RefractCheck;

RefractCheck *refract_check_new (const char *title,
                                 RefractCheckStatus status,
                                 const char *detail,
                                 const char *remedy);
void refract_check_free (RefractCheck *self);
/* @checks: (element-type RefractCheck): as `selftest --json` prints them. (transfer full) */
JsonObject *refract_checks_to_json (GPtrArray *checks);

/**
 * RefractEngineInfo:
 * @name: refract_backend_kind_get_title()
 * @version: for instance "b11669-Debian" or "0.7.0 (b11669-Debian)"
 * @build: build number or commit as the engine prints it, "" unknown
 * @kv_types: %NULL-terminated: the cache types in its --help
 * @devices: %NULL-terminated: GPUs that it lists, may be empty
 * @program: path of the server program
 * @served: (nullable): the model that a server of the user's says it has
 * @has_logits: %TRUE when it can also give log-probabilities, which the axis kld needs
 */
typedef struct
{
  char *name;
  char *version;
  char *build;
  char **kv_types;
  char **devices;
  char *program;
  char *served;
  gboolean has_logits;
} RefractEngineInfo;

RefractEngineInfo *refract_engine_info_copy (const RefractEngineInfo *self);
void refract_engine_info_free (RefractEngineInfo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractEngineInfo, refract_engine_info_free)

/**
 * RefractSessionNeeds:
 * @n_slots: prompts decoded side by side, ≥ 1
 * @n_cells: context cells of each: a prompt and its answer
 */
typedef struct
{
  guint n_slots;
  guint n_cells;
} RefractSessionNeeds;

/**
 * RefractLogitsSpec:
 * @corpus_path: text file
 * @n_ctx: tokens per chunk
 * @n_chunks: chunks to evaluate
 */
typedef struct
{
  const char *corpus_path;
  guint n_ctx;
  guint n_chunks;
} RefractLogitsSpec;

/**
 * RefractLogitsRun:
 *
 * @phase: which of its ways through the cache gave the log-probabilities
 * @is_unverified: nobody has shown that this way reads the quantized cache; one that is known not
 *   to is refused before it runs (ENGINES 0.1), with what mends it
 *
 * What the engine said while it wrote log-probabilities: KV in use as for a session, seconds.
 */
typedef struct
{
  RefractKvInUse *kv_in_use;
  double load_seconds;
  double compute_seconds;
  guint64 peak_rss;
  RefractKldPhase phase;
  gboolean is_unverified;
} RefractLogitsRun;

RefractKvInUse *refract_kv_in_use_new (void);
RefractKvInUse *refract_kv_in_use_copy (const RefractKvInUse *self);
void refract_kv_in_use_free (RefractKvInUse *self);
void refract_logits_run_free (RefractLogitsRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractKvInUse, refract_kv_in_use_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractLogitsRun, refract_logits_run_free)

/* Reads the stream of a logits file (refract-logits.h) to its end, in a thread of its own. @fd is
 * the reading end and belongs to the function. Return %FALSE with @error set to end the run. */
typedef gboolean (*RefractLogitsFunc) (int fd,
                                       gpointer user_data,
                                       GCancellable *cancellable,
                                       GError **error);

#define REFRACT_TYPE_BACKEND (refract_backend_get_type ())
G_DECLARE_DERIVABLE_TYPE (RefractBackend, refract_backend, REFRACT, BACKEND, GObject)

/**
 * RefractBackend:
 *
 * One kind of engine as installed: finds it, says what it can do, loads models with it. Blocking
 * calls, for the audit's thread.
 */
struct _RefractBackendClass
{
  GObjectClass parent_class;

  RefractBackendKind kind; /* to be set by the subclass */
  const RefractEngineInfo *(*detect) (RefractBackend *self,
                                      GCancellable *cancellable,
                                      GError **error);
  GPtrArray *(*selftest) (RefractBackend *self, RefractModel *model, GCancellable *cancellable);
  gboolean (*supports_kv) (RefractBackend *self,
                           RefractKvConfig *kv,
                           RefractModel *model,
                           GError **error);
  RefractSession *(*open) (RefractBackend *self,
                           RefractModel *model,
                           RefractKvConfig *kv,
                           const RefractSessionNeeds *needs,
                           GCancellable *cancellable,
                           GError **error);
  RefractLogitsRun *(*logits) (RefractBackend *self,
                               RefractModel *model,
                               RefractKvConfig *kv,
                               const RefractLogitsSpec *spec,
                               RefractLogitsFunc func,
                               gpointer user_data,
                               GCancellable *cancellable,
                               GError **error);
};

/* For subclasses: an instance of @type with a copy of @options; the options; and
 * RefractBackend:silence-limit, in seconds. */
RefractBackend *refract_backend_create (GType type, const RefractBackendOptions *options);
const RefractBackendOptions *refract_backend_get_options (RefractBackend *self);
guint refract_backend_get_silence_limit (RefractBackend *self);

RefractBackendKind refract_backend_get_kind (RefractBackend *self);
/* Finds the engine and reads its version, KV types and features; remembered after the first call.
 * (transfer none) */
const RefractEngineInfo *
refract_backend_detect (RefractBackend *self, GCancellable *cancellable, GError **error);
/* (transfer full) (element-type RefractCheck): about a second without a model (@model NULL) */
GPtrArray *
refract_backend_selftest (RefractBackend *self, RefractModel *model, GCancellable *cancellable);
/* refract_kv_config_check_dialect(), and refract_kv_config_validate() against the engine's own
 * types and flags, before anything starts */
gboolean refract_backend_supports_kv (RefractBackend *self,
                                      RefractKvConfig *kv,
                                      RefractModel *model,
                                      GError **error);
/* Starts the engine and waits until it answers. REFRACT_ERROR_NOT_ENGAGED when the types it
 * allocated are not those asked for; REFRACT_ERROR_MEMORY when it ran out of memory at start. */
RefractSession *refract_backend_open (RefractBackend *self,
                                      RefractModel *model,
                                      RefractKvConfig *kv,
                                      const RefractSessionNeeds *needs,
                                      GCancellable *cancellable,
                                      GError **error);
/**
 * refract_backend_logits:
 * @func: reads the log-probabilities while the engine writes them into a pipe
 *
 * Runs the corpus through the model at one KV configuration. The engine's exit status is not
 * trusted:
 * @func must see a whole file.
 */
RefractLogitsRun *refract_backend_logits (RefractBackend *self,
                                          RefractModel *model,
                                          RefractKvConfig *kv,
                                          const RefractLogitsSpec *spec,
                                          RefractLogitsFunc func,
                                          gpointer user_data,
                                          GCancellable *cancellable,
                                          GError **error);

/**
 * refract_backend_new:
 * @name: "auto" or a name of refract_backend_list_names()
 * @model: (nullable): what is to be loaded; "auto" decides by it: a GGUF file is for llama.cpp, a
 *   folder for the first of vLLM, SGLang and MLX that is installed in @options' Python. Where
 *   @options has URLs, "auto" asks the servers there what they are
 *
 * Reads the folders of a Python environment, and starts nothing. With URLs, of a thread that may
 * block.
 *
 * Returns: (transfer full): or %NULL with REFRACT_ERROR_USAGE for an unknown name or an engine that
 *   cannot load @model, REFRACT_ERROR_ENGINE_MISSING that says what to install
 */
RefractBackend *refract_backend_new (const char *name,
                                     RefractModel *model,
                                     const RefractBackendOptions *options,
                                     GCancellable *cancellable,
                                     GError **error);

G_END_DECLS
