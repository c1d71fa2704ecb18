/* refract-http.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * RefractHttp:
 *
 * JSON over HTTP to one engine, through a UNIX socket or a URL. Blocking, for one thread; every
 * call ends within a second of its cancellable. Counts its requests.
 */
#define REFRACT_TYPE_HTTP (refract_http_get_type ())
G_DECLARE_FINAL_TYPE (RefractHttp, refract_http, REFRACT, HTTP, GObject)

RefractHttp *refract_http_new_for_socket (const char *socket_path);
/* Ends a request with G_IO_ERROR_TIMED_OUT when nothing moves for so many seconds; 0, the default,
 * never does. */
void refract_http_set_timeout (RefractHttp *self, guint seconds);

/* Paths begin with a slash. (transfer full): the reply's object (an array reply is given under the
 * member "results"). A status of 400 or more is REFRACT_ERROR_ENGINE with the engine's own message;
 * @status (out) (optional) tells it. */
JsonObject *refract_http_get (
    RefractHttp *self, const char *path, guint *status, GCancellable *cancellable, GError **error);
JsonObject *refract_http_post (RefractHttp *self,
                               const char *path,
                               JsonObject *body,
                               guint *status,
                               GCancellable *cancellable,
                               GError **error);

guint refract_http_get_n_requests (RefractHttp *self);

G_END_DECLS
