/* refract-llamacpp-command.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "backends/refract-llamacpp-engine.h"
#include "core/refract-error.h"

#define MICRO_BATCH "512"
/* Weights below this pass through one core in less time than several take to meet after each of a
 * decode step's operations. */
#define ONE_THREAD_BYTES (16 * 1024 * 1024)

/* Flags that would make the measurement something else than what its report says. */
static const struct
{
  const char *flags; /* every spelling, with spaces around */
  const char *reason;
} refused[] = {
  { " --host --port --reuse-port --api-key --api-key-file --api-prefix --ssl-key-file "
    "--ssl-cert-file ",
    "Refract talks to the engine through a private socket of its own" },
  { " -m --model -mu --model-url -dr --docker-repo -hf -hfr --hf-repo -hff --hf-file --models-dir "
    "--models-preset ",
    "the model is named with --model" },
  { " -ctk --cache-type-k -ctv --cache-type-v ",
    "cache types belong into --reference and --candidate" },
  { " -c --ctx-size -np --parallel -kvu --kv-unified -no-kvu --no-kv-unified "
    "--kv-unified-per-slot -fit --fit ",
    "the context is planned with --kv-budget and --slots" },
  { " -f --file -bf --binary-file --chunks --kl-divergence --kl-divergence-base --save-all-logits "
    "--ppl-stride --ppl-output-type --hellaswag --winogrande --multiple-choice ",
    "the corpus is named with --corpus, --chunks and --ctx" },
  { " --log-disable --log-file --log-jsonl -v --verbose --log-verbose -lv --verbosity "
    "--log-verbosity ",
    "the log is where the KV cache in use is read" },
  { " -h --help --usage --version --list-devices -cl --cache-list --completion-bash ",
    "it makes the program end at once" },
  { " -md --model-draft --spec-draft-model --spec-type --spec-default -hfd --hf-repo-draft "
    "--embedding --embeddings --rerank --reranking -bs --backend-sampling --sleep-idle-seconds "
    "--context-shift --cache-prompt --cache-reuse ",
    "it changes what is decoded or reuses an earlier cache" },
};

static gboolean
is_known (RefractLlamacppEngine *self, const char *word)
{
  guint i;

  for (i = 0; i < REFRACT_LLAMACPP_N_PROGRAMS; i++)
    if (self->programs[i].help != NULL && refract_llamacpp_help_has (self->programs[i].help, word))
      return TRUE;
  return FALSE;
}

static gboolean
check_flag_list (RefractLlamacppEngine *self, const char *const *flags, GError **error)
{
  gboolean in_flag = FALSE;
  guint i, k;

  for (i = 0; flags != NULL && flags[i] != NULL; i++)
    {
      g_autofree char *spaced = g_strdup_printf (" %s ", flags[i]);
      gboolean looks_like_flag
          = flags[i][0] == '-' && g_ascii_isalpha (flags[i][strspn (flags[i], "-")]);

      for (k = 0; looks_like_flag && k < G_N_ELEMENTS (refused); k++)
        if (strstr (refused[k].flags, spaced) != NULL)
          {
            g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                         "The engine flag %s cannot be used: %s.", flags[i], refused[k].reason);
            return FALSE;
          }
      if (is_known (self, flags[i]))
        in_flag = TRUE;
      else if (looks_like_flag || !in_flag)
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                       "This llama.cpp (%s) has no flag %s: see llama-server --help.",
                       self->info->version, flags[i]);
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
refract_llamacpp_engine_check_flags (RefractLlamacppEngine *self,
                                     RefractKvConfig *kv,
                                     GError **error)
{
  return check_flag_list (self, (const char *const *) self->options->engine_flags, error)
         && (kv == NULL || check_flag_list (self, refract_kv_config_get_flags (kv), error));
}

static void
read_flash_attention (const char *const *flags, gboolean *on)
{
  static const char *const off[] = { "off", "0", "false", "disabled", NULL };
  guint i;

  for (i = 0; flags != NULL && flags[i] != NULL; i++)
    if (g_str_equal (flags[i], "-fa") || g_str_equal (flags[i], "--flash-attn"))
      *on = flags[i + 1] == NULL || !g_strv_contains (off, flags[i + 1]);
}

gboolean
refract_llamacpp_engine_has_flash_attention (RefractLlamacppEngine *self, RefractKvConfig *kv)
{
  gboolean on = TRUE;

  read_flash_attention (refract_kv_config_get_flags (kv), &on);
  read_flash_attention ((const char *const *) self->options->engine_flags, &on);
  return on;
}

gboolean
refract_llamacpp_command_add (GPtrArray *command,
                              RefractLlamacppEngine *self,
                              RefractLlamacppProgramId id,
                              const char *flag,
                              const char *value)
{
  if (!refract_llamacpp_help_has (self->programs[id].help, flag))
    return FALSE;
  g_ptr_array_add (command, g_strdup (flag));
  if (value != NULL)
    g_ptr_array_add (command, g_strdup (value));
  return TRUE;
}

GPtrArray *
refract_llamacpp_command_new (RefractLlamacppEngine *self,
                              RefractLlamacppProgramId id,
                              RefractModel *model,
                              RefractKvConfig *kv,
                              guint n_batch)
{
  GPtrArray *command = g_ptr_array_new_with_free_func (g_free);
  RefractLlamacppHelp *help = self->programs[id].help;
  guint threads = self->options->threads > 0 ? self->options->threads : g_get_num_processors ();
  gboolean is_small = refract_model_get_info (model)->size_bytes < ONE_THREAD_BYTES;
  g_autofree char *n_threads = g_strdup_printf ("%u", threads);
  const char *n_decode_threads = self->options->threads == 0 && is_small ? "1" : n_threads;
  g_autofree char *batch = g_strdup_printf ("%u", n_batch);
  g_autofree char *layers = g_strdup_printf ("%d", self->options->n_gpu_layers);
  const char *verbosity = refract_llamacpp_help_describe (help, "--verbosity");

  g_ptr_array_add (command, g_strdup (self->programs[id].path));
  refract_llamacpp_command_add (command, self, id, "--model", refract_model_get_info (model)->path);
  refract_llamacpp_command_add (command, self, id, "--threads", n_decode_threads);
  if (n_decode_threads != n_threads)
    refract_llamacpp_command_add (command, self, id, "--threads-batch", n_threads);
  refract_llamacpp_command_add (command, self, id, "--batch-size", batch);
  refract_llamacpp_command_add (command, self, id, "--ubatch-size", MICRO_BATCH);
  if (self->options->n_gpu_layers >= 0)
    refract_llamacpp_command_add (command, self, id, "--n-gpu-layers", layers);
  refract_llamacpp_command_add (command, self, id, "--cache-type-k",
                                refract_kv_config_get_type_k (kv));
  refract_llamacpp_command_add (command, self, id, "--cache-type-v",
                                refract_kv_config_get_type_v (kv));
  refract_llamacpp_command_add (command, self, id, "--flash-attn",
                                refract_llamacpp_help_takes_value (help, "--flash-attn") ? "on"
                                                                                         : NULL);
  refract_llamacpp_command_add (command, self, id, "--fit", "off");
  refract_llamacpp_command_add (command, self, id, "--offline", NULL);
  /* Builds that name their levels print the KV cache at "trace"; older ones at their default, and
   * anything above it there costs a line per token. */
  if (verbosity != NULL && strstr (verbosity, "4: trace") != NULL)
    refract_llamacpp_command_add (command, self, id, "--verbosity", "4");
  return command;
}

/* A flag goes with the words behind it up to the next flag; one that only the other program knows
 * is left out together with its value. */
static void
add_flag_list (GPtrArray *command,
               RefractLlamacppEngine *self,
               RefractLlamacppProgramId id,
               const char *const *flags)
{
  gboolean taken = FALSE;
  guint i;

  for (i = 0; flags != NULL && flags[i] != NULL; i++)
    {
      if (is_known (self, flags[i]))
        taken = refract_llamacpp_help_has (self->programs[id].help, flags[i]);
      if (taken)
        g_ptr_array_add (command, g_strdup (flags[i]));
    }
}

void
refract_llamacpp_command_finish (GPtrArray *command,
                                 RefractLlamacppEngine *self,
                                 RefractLlamacppProgramId id,
                                 RefractKvConfig *kv)
{
  add_flag_list (command, self, id, refract_kv_config_get_flags (kv));
  add_flag_list (command, self, id, (const char *const *) self->options->engine_flags);
  g_ptr_array_add (command, NULL);
}

char **
refract_llamacpp_dup_environment (RefractKvConfig *kv)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) names = g_listenv ();
  const char *const *entries = refract_kv_config_get_environment (kv);
  guint i;

  /* What is set for other uses of llama.cpp must not change a measurement unseen. */
  for (i = 0; names[i] != NULL; i++)
    if (g_str_has_prefix (names[i], "LLAMA_ARG_") || g_str_has_prefix (names[i], "LLAMA_ATTN_ROT_")
        || g_str_equal (names[i], "LLAMA_API_KEY"))
      g_strv_builder_add (builder, names[i]);
  /* At barriers OpenMP's threads spin for milliseconds, which makes decoding 10 to 30 times slower
   * on a machine that does anything else; asleep at once, they take longer to wake than to compute.
   * The result is the same. */
  if (g_getenv ("OMP_WAIT_POLICY") == NULL && g_getenv ("GOMP_SPINCOUNT") == NULL)
    g_strv_builder_add (builder, "GOMP_SPINCOUNT=5000");
  for (i = 0; entries[i] != NULL; i++)
    g_strv_builder_add (builder, entries[i]);
  return g_strv_builder_end (builder);
}

static gboolean
check_rotation (RefractKvConfig *kv, const RefractKvInUse *in_use, GError **error)
{
  static const struct
  {
    const char *entry;
    gboolean k, v;
    int wanted;
  } rules[] = {
    { "LLAMA_ATTN_ROT_DISABLE=1", TRUE, TRUE, 0 },
    { "LLAMA_ATTN_ROT_K_OVERRIDE=1", TRUE, FALSE, 1 },
    { "LLAMA_ATTN_ROT_V_OVERRIDE=1", FALSE, TRUE, 1 },
  };
  const char *const *environment = refract_kv_config_get_environment (kv);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      gboolean wrong_k = rules[i].k && in_use->rotation_k == !rules[i].wanted;
      gboolean wrong_v = rules[i].v && in_use->rotation_v == !rules[i].wanted;

      if (!g_strv_contains (environment, rules[i].entry))
        continue;
      if (!wrong_k && !wrong_v)
        {
          if (rules[i].wanted == 0)
            return TRUE; /* switched off, whatever else was set */
          continue;
        }
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_NOT_ENGAGED,
                   "%s was asked for (%s), but the engine says that it %s %s. This build does not "
                   "support that setting for this model and type.",
                   refract_kv_config_get_label (kv), rules[i].entry,
                   rules[i].wanted ? "does not rotate" : "rotates", wrong_k ? "K" : "V");
      return FALSE;
    }
  return TRUE;
}

gboolean
refract_llamacpp_check_engaged (RefractKvConfig *kv, const RefractKvInUse *in_use, GError **error)
{
  if (in_use->evidence == REFRACT_EVIDENCE_NONE)
    return TRUE;
  if (!g_str_equal (in_use->type_k, refract_kv_config_get_type_k (kv))
      || !g_str_equal (in_use->type_v, refract_kv_config_get_type_v (kv)))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_NOT_ENGAGED,
                   "K %s / V %s was asked for, but the engine allocated K %s / V %s. Choose types "
                   "that this build uses as they are, or switch off what replaces them (for turbo "
                   "types TURBO_AUTO_ASYMMETRIC=0).",
                   refract_kv_config_get_type_k (kv), refract_kv_config_get_type_v (kv),
                   in_use->type_k, in_use->type_v);
      return FALSE;
    }
  return check_rotation (kv, in_use, error);
}
