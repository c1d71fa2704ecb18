/* refract-llamacpp-engine.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-backend.h"
#include "backends/refract-llamacpp-help.h"
#include "engine/refract-engine-launch.h"

G_BEGIN_DECLS

/* The first build that can listen on a UNIX socket. */
#define REFRACT_LLAMACPP_OLDEST "b5000 (April 2025)"

typedef enum
{
  REFRACT_LLAMACPP_SERVER,
  REFRACT_LLAMACPP_PERPLEXITY,
  REFRACT_LLAMACPP_N_PROGRAMS,
} RefractLlamacppProgramId;

/**
 * RefractLlamacppProgram:
 * @path: (nullable): %NULL when it was not found
 * @help: (nullable): what it can do; %NULL when it cannot be used
 * @error: (nullable): why it cannot be used
 */
typedef struct
{
  char *path;
  RefractLlamacppHelp *help;
  GError *error;
} RefractLlamacppProgram;

/**
 * RefractLlamacppEngine:
 *
 * The programs of one llama.cpp build as they were found, and how to start them. Immutable once
 * found.
 */
typedef struct
{
  RefractBackendOptions *options;
  RefractEngineLaunch *launch;
  RefractEngineInfo *info;
  RefractLlamacppProgram programs[REFRACT_LLAMACPP_N_PROGRAMS];
} RefractLlamacppEngine;

/**
 * refract_llamacpp_engine_find:
 *
 * Looks for the programs and asks each what it can do. Each program's own @error says what is wrong
 * with it and what to do.
 *
 * Returns: %NULL only when cancelled
 */
RefractLlamacppEngine *refract_llamacpp_engine_find (const RefractBackendOptions *options,
                                                     GCancellable *cancellable,
                                                     GError **error);
void refract_llamacpp_engine_free (RefractLlamacppEngine *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractLlamacppEngine, refract_llamacpp_engine_free)

/* %TRUE when the program can be used; else a copy of its error */
gboolean refract_llamacpp_engine_check (RefractLlamacppEngine *self,
                                        RefractLlamacppProgramId id,
                                        GError **error);

/* The user's own flags: every one known to one of the programs, none that would break measuring.
 * REFRACT_ERROR_USAGE names the flag and the reason. @kv: (nullable): its flags too */
gboolean refract_llamacpp_engine_check_flags (RefractLlamacppEngine *self,
                                              RefractKvConfig *kv,
                                              GError **error);
/* %FALSE when the flags of the user or of @kv switch flash attention off */
gboolean refract_llamacpp_engine_has_flash_attention (RefractLlamacppEngine *self,
                                                      RefractKvConfig *kv);

/**
 * refract_llamacpp_command_new:
 * @n_batch: logical batch size, tokens
 *
 * The part of a command line that is the same for both programs: the program, the model, threads,
 * batch, GPU layers, cache types, flash attention. What the program's help does not know is left
 * out.
 *
 * Returns: (transfer full) (element-type utf8)
 */
GPtrArray *refract_llamacpp_command_new (RefractLlamacppEngine *self,
                                         RefractLlamacppProgramId id,
                                         RefractModel *model,
                                         RefractKvConfig *kv,
                                         guint n_batch);
/* Adds @flag and, unless %NULL, @value where the program knows the flag. */
gboolean refract_llamacpp_command_add (GPtrArray *command,
                                       RefractLlamacppEngine *self,
                                       RefractLlamacppProgramId id,
                                       const char *flag,
                                       const char *value);
/* Adds the flags of @kv and of the user that this program knows, and the closing %NULL. */
void refract_llamacpp_command_finish (GPtrArray *command,
                                      RefractLlamacppEngine *self,
                                      RefractLlamacppProgramId id,
                                      RefractKvConfig *kv);
/* (transfer full): the changes to the environment that both programs run under */
char **refract_llamacpp_dup_environment (RefractKvConfig *kv);

/* REFRACT_ERROR_NOT_ENGAGED when what the engine says it allocated is not what @kv asks for. */
gboolean
refract_llamacpp_check_engaged (RefractKvConfig *kv, const RefractKvInUse *in_use, GError **error);

G_END_DECLS
