/* refract-selftest.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-backend.h"

G_BEGIN_DECLS

/* What the self-tests of all engines share. @checks: (element-type RefractCheck) */

void refract_selftest_add (GPtrArray *checks,
                           const char *title,
                           RefractCheckStatus status,
                           const char *remedy,
                           const char *format,
                           ...) G_GNUC_PRINTF (5, 6);
/* An error's last sentence says what to do: it is the remedy, the rest is the detail. */
void refract_selftest_add_error (GPtrArray *checks,
                                 const char *title,
                                 RefractCheckStatus status,
                                 const GError *error);
/* (transfer full): a session for a short prompt */
RefractSession *refract_selftest_open (RefractBackend *backend,
                                       RefractModel *model,
                                       const char *kv_text,
                                       GCancellable *cancellable,
                                       GError **error);
/* "Tokens and chat template" and "Greedy decode": a sentence as tokens, and a few tokens decoded,
 * twice. */
void
refract_selftest_decode (GPtrArray *checks, RefractSession *session, GCancellable *cancellable);

G_END_DECLS
