/* refract-backend-server.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-server.h"

G_BEGIN_DECLS

/**
 * RefractBackendServer:
 *
 * An engine that is a server of its own in a Python environment: started by us for one KV
 * configuration at a time, or the user's own at two addresses.
 */
#define REFRACT_TYPE_BACKEND_SERVER (refract_backend_server_get_type ())
G_DECLARE_DERIVABLE_TYPE (
    RefractBackendServer, refract_backend_server, REFRACT, BACKEND_SERVER, RefractBackend)

struct _RefractBackendServerClass
{
  RefractBackendClass parent_class;

  const RefractServerKind *server; /* to be set by the subclass */
};

G_END_DECLS
