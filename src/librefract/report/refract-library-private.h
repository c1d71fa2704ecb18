/* refract-library-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "report/refract-library.h"

G_BEGIN_DECLS

/* --- refract-summary.c --- */

void refract_summary_set_note (RefractSummary *self, const char *note);

/* --- refract-library.c: in the library's thread --- */

/* The summary of the same id that is listed, or else @summary, which is listed then.
 * (transfer none) */
RefractSummary *refract_library_insert (RefractLibrary *self, RefractSummary *summary);
void refract_library_remove (RefractLibrary *self, RefractSummary *summary);
/* sha256 → note, both owned */
GHashTable *refract_library_get_notes (RefractLibrary *self);

/* --- refract-library.c: in any thread --- */

/* Files whose content is known: sha256 → id. Nothing slow between these two: the library's own
 * thread, the main one, waits here. */
GHashTable *refract_library_lock (RefractLibrary *self);
void refract_library_unlock (RefractLibrary *self);

/* --- refract-library-scan.c: in any thread --- */

gboolean refract_library_is_report_name (const char *name);
/* Reads one file; one that cannot be read gives a summary that says so. %NULL when it is gone. */
RefractSummary *refract_library_read_file (const char *path);
/* lower case hexadecimal */
char *refract_library_hash (const char *text, gsize length);

/* What a scan found since the last batch. */
typedef struct
{
  GPtrArray *added;   /* RefractSummary, in order; new ones and ones whose file has changed */
  GPtrArray *removed; /* RefractSummary */
  gboolean last;      /* nothing comes after it */
  gboolean stale;     /* with last: the index does not say what is there */
  GError *error;      /* (nullable) */
} RefractLibraryBatch;

typedef void (*RefractLibraryApply) (RefractLibrary *self, RefractLibraryBatch *batch);

/* Looks what is in the folder in a thread of its own, and calls @apply for one batch per iteration
 * of the library's main context, at idle priority, unless the library is gone.
 * @known: (transfer full): id → RefractSummary
 * @is_first: the index is read first, and the trash is emptied */
void refract_library_scan (RefractLibrary *self,
                           GHashTable *known,
                           gboolean is_first,
                           GCancellable *cancellable,
                           RefractLibraryApply apply);

/* Blocks; @summaries: (element-type RefractSummary) */
gboolean refract_library_write_index (const char *folder, GPtrArray *summaries, GError **error);

/* --- refract-library-store.c --- */

/* (transfer full): what `.notes.json` says; one that cannot be read is put aside, and @error says
 * so. */
GHashTable *refract_library_read_notes (const char *folder, GError **error);

G_END_DECLS
