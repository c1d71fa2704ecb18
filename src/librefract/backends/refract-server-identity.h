/* refract-server-identity.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-server.h"

G_BEGIN_DECLS

/**
 * RefractServerIdentity:
 * @version: of the engine
 * @model: last part of the name of what it loaded
 * @max_len: tokens of its context
 * @probe: (element-type gint32): what its tokenizer makes of a text that tells tokenizers apart
 *
 * What one of the user's servers says about what it runs. Reference-counted.
 */
struct _RefractServerIdentity
{
  char *version;
  char *model;
  gint64 max_len;
  GArray *probe;
};

/* Connects to a server of the user's with its key, see refract_server_key_dup(). */
RefractHttp *refract_server_connect (const char *url, GCancellable *cancellable, GError **error);
/* Asks a server. (transfer full) */
RefractServerIdentity *
refract_server_identify (RefractServer *self, GCancellable *cancellable, GError **error);
RefractServerIdentity *refract_server_identity_ref (RefractServerIdentity *self);
void refract_server_identity_unref (RefractServerIdentity *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractServerIdentity, refract_server_identity_unref)
/* Whether the two run the same model; else %REFRACT_ERROR_MODEL */
gboolean refract_server_identity_check_same_model (const RefractServerIdentity *self,
                                                   const RefractServerIdentity *other,
                                                   GError **error);
/* Whether @now, asked later, is what @self was; else %REFRACT_ERROR_ENGINE that says what became of
 * the server, @server */
gboolean refract_server_identity_check_unchanged (const RefractServerIdentity *self,
                                                  const RefractServerIdentity *now,
                                                  RefractServer *server,
                                                  GError **error);

/**
 * refract_server_find_kind:
 * @options: with at least one URL
 * @named: (nullable): the engine that the user named: believed where the servers do not say theirs
 *
 * Asks the user's servers which engine they are.
 *
 * Returns: %FALSE with what is wrong with one of them, or %REFRACT_ERROR_USAGE where they are not
 *   of the same engine, or not of the one that was named
 */
gboolean refract_server_find_kind (const RefractBackendOptions *options,
                                   const RefractServerKind *named,
                                   RefractBackendKind *kind,
                                   GCancellable *cancellable,
                                   GError **error);

G_END_DECLS
