/* refract-server-types.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-backend.h"

G_BEGIN_DECLS

/* What --kv-cache-dtype takes, %NULL-terminated */
extern const char *const refract_vllm_kv_types[];
extern const char *const refract_sglang_kv_types[];

/* The same type under another of its names counts as equal: fp8 is fp8_e4m3, bf16 is bfloat16. */
gboolean refract_server_types_equal (const char *a, const char *b);

/**
 * refract_server_type_is_real:
 *
 * Whether the engine really stores this type on this platform. vLLM on a CPU starts with every type
 * that it knows and can do four: the others give wrong numbers and no error.
 *
 * Returns: else %REFRACT_ERROR_KV_CONFIG with the reason and what would work
 */
gboolean refract_server_type_is_real (RefractBackendKind kind,
                                      const char *type,
                                      gboolean on_cpu,
                                      GError **error);
/* What this processor lacks for a type that needs it; %NULL with nothing lacking. */
const char *refract_server_type_get_lack (RefractBackendKind kind, const char *type);

/* Whether the prefill was seen to read this type from the stored cache, in the engine or in its
 * source, where the probe is not refused. */
gboolean refract_server_type_is_verified (const char *type);

/**
 * refract_server_check_vllm_probe:
 * @n_batched: tokens that are prefilled at once
 *
 * The table of probes that would measure nothing: several kernels attend to the fresh, unquantized
 * K and V while they prefill, so that log-probabilities of a prompt never see the stored cache.
 *
 * Returns: %FALSE with %REFRACT_ERROR_USAGE that names the flag that mends it
 */
gboolean refract_server_check_vllm_probe (const char *type, guint n_batched, GError **error);
gboolean refract_server_check_sglang_probe (const char *type,
                                            const char *attention,
                                            gboolean deterministic,
                                            GError **error);

G_END_DECLS
