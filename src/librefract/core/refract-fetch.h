/* refract-fetch.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* SHA-256 of wiki.test.raw and wiki.train.raw of wikitext-2-raw-v1. */
#define REFRACT_WIKITEXT_TEST_SHA256                                                               \
  "173c87a53759e0201f33e0ccf978e510c2042d7f2cb78229d9a50d79b9e7dd08"
#define REFRACT_WIKITEXT_TRAIN_SHA256                                                              \
  "6707892fa3788b5ab9ed78ab5ff37d9fe825f6011a2ad4fcd6a6d467f0e7da57"

/* Names of what was fetched, for refract_fetch_find(). */
#define REFRACT_WIKITEXT_TEST "wiki.test.raw"
#define REFRACT_WIKITEXT_TRAIN "wiki.train.raw"
#define REFRACT_OWN_PROMPTS "refract-v0.1.jsonl"

typedef enum
{
  REFRACT_FETCH_WIKITEXT, /* WikiText-2 raw, CC BY-SA: test as corpus, train as haystack */
  REFRACT_FETCH_PROMPTS,  /* the 30 prompts of REFRACT's published results */
} RefractFetch;

/* (transfer none): where it comes from unless told otherwise; an HTTPS address */
const char *refract_fetch_get_url (RefractFetch what);
/* (transfer none): `$XDG_CACHE_HOME/refract/data` */
const char *refract_fetch_get_folder (void);
/* The path of a fetched file, %NULL when it was not fetched. (transfer full) (nullable) */
char *refract_fetch_find (const char *name);

/* bytes; @total is 0 where the server does not say. Called in the thread that fetches. */
typedef void (*RefractFetchProgressFunc) (guint64 done, guint64 total, gpointer user_data);

/**
 * refract_fetch_run:
 * @url: (nullable): another address of the same
 *
 * Downloads, checks and unpacks; goes on where an interrupted download stopped. What comes is
 * untrusted: its size is bounded, only the files that are wanted are written, under our own names,
 * and only if they are what they have to be. Blocks.
 *
 * Returns: %FALSE with REFRACT_ERROR_INPUT (not what was wanted), REFRACT_ERROR_DISK or a network
 * error that names the address
 */
gboolean refract_fetch_run (RefractFetch what,
                            const char *url,
                            RefractFetchProgressFunc func,
                            gpointer user_data,
                            GCancellable *cancellable,
                            GError **error);

G_END_DECLS
