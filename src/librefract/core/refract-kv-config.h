/* refract-kv-config.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib-object.h>

#include "core/refract-model.h"

G_BEGIN_DECLS

/**
 * RefractKvDialect:
 * @REFRACT_KV_LLAMACPP: `ctk`, `ctv`, `attn_rot_…`: llama.cpp
 * @REFRACT_KV_SERVER: `kv`, one word for K and V: vLLM, SGLang
 * @REFRACT_KV_MLX: `bits` (or `k_bits`, `v_bits`) and `group`: MLX
 *
 * The words that an engine has for its KV cache. The keys alone tell which.
 */
typedef enum
{
  REFRACT_KV_LLAMACPP,
  REFRACT_KV_SERVER,
  REFRACT_KV_MLX,
} RefractKvDialect;

/* the unquantized configuration: "ctk=f16,ctv=f16" | "kv=auto" | "bits=16" */
const char *refract_kv_dialect_get_reference (RefractKvDialect dialect);

/**
 * RefractKvConfig:
 *
 * One KV cache configuration, parsed from text such as `ctk=q8_0,ctv=q4_0,attn_rot_k=1`,
 * `kv=fp8_e4m3` or `bits=4,group=64`. Immutable and reference counted; may be shared between
 * threads.
 *
 * `ctk`/`ctv` are the cache types of K and V (f16 when absent); `q8_0/q4_0` is short for both.
 * `attn_rot_k`, `attn_rot_v` and `attn_rot_disable` become environment variables of the engine.
 * `kv` is the engine's own word for both. `bits` are those of K and V (1 to 6, 8; 16 is not
 * quantized and has no group), `k_bits` and `v_bits` each of one (16 when absent), `group` the
 * elements that share a scale (32, 64 or 128; 64 when absent). Keys of two dialects are an error.
 * Every other key becomes an engine flag `--key value` (underscores become dashes, `fa` is
 * `flash-attn`; MLX has none), unless it could name a file, a program or an address, or is set by
 * the audit itself: that is an error. Case, blanks and empty parts do not matter; a key given twice
 * is an error.
 */
#define REFRACT_TYPE_KV_CONFIG (refract_kv_config_get_type ())
typedef struct _RefractKvConfig RefractKvConfig;
GType refract_kv_config_get_type (void);

/* (transfer full): %NULL with %REFRACT_ERROR_KV_CONFIG that names the key and the remedy */
RefractKvConfig *refract_kv_config_parse (const char *text, GError **error);
RefractKvConfig *refract_kv_config_ref (RefractKvConfig *self);
void refract_kv_config_unref (RefractKvConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractKvConfig, refract_kv_config_unref)

RefractKvDialect refract_kv_config_get_dialect (RefractKvConfig *self);
/* canonical text: the types first, then the other keys sorted; parses back to an equal value */
const char *refract_kv_config_get_text (RefractKvConfig *self);
/* for people: "K q8_0 / V q4_0", "KV fp8_e4m3", "K 4-bit / V 4-bit, groups of 64", with what else
 * is set in parentheses; K and V of different bits are "simulated" on MLX, which has no such
 * cache */
const char *refract_kv_config_get_label (RefractKvConfig *self);
/* "q8_0", "fp8_e4m3", "4-bit/64", "16-bit" */
const char *refract_kv_config_get_type_k (RefractKvConfig *self);
const char *refract_kv_config_get_type_v (RefractKvConfig *self);
/* FALSE and nothing set for another dialect; 16 bits are not quantized, and @group is 0 where both
 * are so. The three may be NULL. */
gboolean
refract_kv_config_get_mlx_bits (RefractKvConfig *self, guint *k_bits, guint *v_bits, guint *group);
gboolean refract_kv_config_equal (RefractKvConfig *a, RefractKvConfig *b);
/* TRUE when K or V is stored in fewer than 16 bits, or in a type that we do not know */
gboolean refract_kv_config_is_quantized (RefractKvConfig *self);
/* "NAME=value" entries, (transfer none), %NULL-terminated */
const char *const *refract_kv_config_get_environment (RefractKvConfig *self);
/* "--flag", "value" entries beyond the cache types, (transfer none), %NULL-terminated */
const char *const *refract_kv_config_get_flags (RefractKvConfig *self);

/* %FALSE with a sentence in @reason (transfer full) when the configuration sets an engine flag that
 * a report from elsewhere may not set; only cache types, rotation, flash attention and RoPE may */
gboolean refract_kv_config_is_safe (RefractKvConfig *self, char **reason);

/* The text of what @dialect has that is nearest in bits: "bits=8,group=32" for q8_0. */
char *refract_kv_config_get_equivalent (RefractKvConfig *self, RefractKvDialect dialect);
/* %REFRACT_ERROR_KV_CONFIG that names the nearest equivalent where @self is not in the words of
 * @engine, which takes @dialect ("vLLM") */
gboolean refract_kv_config_check_dialect (RefractKvConfig *self,
                                          RefractKvDialect dialect,
                                          const char *engine,
                                          GError **error);

/* bits per element of a cache type of any dialect, scales included; "auto" of a server counts as
 * 16; -1 for a type that we do not know */
double refract_kv_type_get_bits (const char *type);
/* two names of one type: "fp8" is "fp8_e4m3", "bf16" is "bfloat16" */
gboolean refract_kv_type_is_same (const char *a, const char *b);
/* elements that share a scale; 1 for unquantized types, 0 for types that we do not know */
guint refract_kv_type_get_block (const char *type);
/* bytes that one token adds to the KV cache; -1 when no formula holds: a type that we do not know,
 * layers with a sliding window, latent attention. The sum over the layers with
 * a cache of KV heads × (K head size × bits of K + V head size × bits of V) / 8. */
double refract_kv_config_get_bytes_per_token (RefractKvConfig *self, RefractModel *model);

/**
 * refract_kv_config_validate:
 * @model: (nullable): to check the head sizes against the types' blocks
 * @types: (nullable): %NULL-terminated list of the types that the engine names
 * @flash_attention: %FALSE when the engine's flags switch it off (a quantized V needs it)
 *
 * Returns: %TRUE when the configuration can be run; else %REFRACT_ERROR_KV_CONFIG with a sentence
 *   that names the key, what is wrong and what would work.
 */
gboolean refract_kv_config_validate (RefractKvConfig *self,
                                     RefractModel *model,
                                     const char *const *types,
                                     gboolean flash_attention,
                                     GError **error);

/**
 * refract_kv_config_grid:
 * @text: `K,K×V,V` (`x` and `*` work as `×`): every K type with every V type; numbers are the bits
 *   of MLX
 *
 * Repeated types count once; at most 256 configurations.
 *
 * Returns: (transfer full) (element-type RefractKvConfig): in the order of the lists, K outermost;
 *   or %NULL with %REFRACT_ERROR_KV_CONFIG
 */
GPtrArray *refract_kv_config_grid (const char *text, GError **error);

G_END_DECLS
