/* refract-fetch-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "core/refract-fetch.h"

G_BEGIN_DECLS

/* What is taken out of an archive, whatever folder it lies in there. */
typedef struct
{
  const char *name;
  const char *sha256;
  guint64 max_bytes;
} RefractFetchMember;

/* Writes the @wanted (at most 31) of the archive at @path, which is untrusted, into @folder under
 * their own names, each only if it is what it has to be. FALSE with REFRACT_ERROR_INPUT or
 * REFRACT_ERROR_DISK. */
gboolean refract_fetch_unpack (const char *path,
                               const RefractFetchMember *wanted,
                               guint n_wanted,
                               const char *folder,
                               GCancellable *cancellable,
                               GError **error);

G_END_DECLS
