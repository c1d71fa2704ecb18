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
/**
 * refract_http_new_for_url:
 * @url: `http://HOST:PORT` or `https://…`, a path before the API's own paths allowed; a `/v1` at
 *   its end is left out
 * @key: (nullable): sent as bearer token
 *
 * A loopback address is reached directly, past any proxy. Redirections are not followed, so that
 * the key goes nowhere else.
 *
 * Returns: %NULL with %REFRACT_ERROR_USAGE that says what is wrong with the URL or the key
 */
RefractHttp *refract_http_new_for_url (const char *url, const char *key, GError **error);
/* What requests to @url go to: "http://localhost:8000", the same for every way to write it; %NULL
 * with %REFRACT_ERROR_USAGE. */
char *refract_http_dup_base (const char *url, GError **error);
/* The same of one that is there, for messages. */
const char *refract_http_get_base (RefractHttp *self);
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
/* The same for a reply that is not JSON: made valid UTF-8, may be empty. */
char *refract_http_get_text (
    RefractHttp *self, const char *path, guint *status, GCancellable *cancellable, GError **error);

/* The next bytes of a reply. Return %FALSE with @error set to end the request. */
typedef gboolean (*RefractHttpBytesFunc) (const char *bytes,
                                          gsize n_bytes,
                                          gpointer user_data,
                                          GError **error);

/* refract_http_post() for a reply that is read while it arrives and may be of any size; @func is
 * not called for a status of 400 or more. */
gboolean refract_http_post_streamed (RefractHttp *self,
                                     const char *path,
                                     JsonObject *body,
                                     RefractHttpBytesFunc func,
                                     gpointer user_data,
                                     guint *status,
                                     GCancellable *cancellable,
                                     GError **error);

guint refract_http_get_n_requests (RefractHttp *self);

G_END_DECLS
