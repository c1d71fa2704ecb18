/* refract-library.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "report/refract-summary.h"

G_BEGIN_DECLS

#define REFRACT_NOTE_MAX 500 /* characters */

/**
 * RefractLibrary:
 *
 * The report files of one folder, as a #GListModel of #RefractSummary in the order of
 * refract_summary_compare(). It watches the folder: files that come, go or change by other hands do
 * so in the list. A file that cannot be read is listed with the reason. Belongs to the thread that
 * made it; reads and writes in others, and adds in batches, so that its main context is never held
 * up.
 *
 * Beside the reports are `.index.jsonl` (what is known of files by name, time and size: may be
 * deleted at any time), `.notes.json` (notes by the content of the report, which stays as it was
 * measured) and `.trash` (what was deleted and can be restored until the next start).
 *
 * Property `loading`: TRUE until the folder was read once.
 * Signal `problem` (GError): something that went wrong with nobody asking.
 */
#define REFRACT_TYPE_LIBRARY (refract_library_get_type ())
G_DECLARE_FINAL_TYPE (RefractLibrary, refract_library, REFRACT, LIBRARY, GObject)

/* @folder: (nullable): made when needed; %NULL is `$XDG_DATA_HOME/refract/reports` */
RefractLibrary *refract_library_new (const char *folder);

const char *refract_library_get_folder (RefractLibrary *self);
gboolean refract_library_is_loading (RefractLibrary *self);
/* (transfer none) (nullable) */
RefractSummary *refract_library_lookup (RefractLibrary *self, const char *id);

/* Stores @report as `<date>-<model>-<candidate>-<id>.refract.json`. */
void refract_library_add_async (RefractLibrary *self,
                                RefractReport *report,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
/* (transfer full): in the list already; %NULL with REFRACT_ERROR_DISK */
RefractSummary *
refract_library_add_finish (RefractLibrary *self, GAsyncResult *result, GError **error);

/**
 * refract_library_import_async:
 * @file: untrusted; a report of any layout, read within the limits of core/refract-json-scan.h
 *
 * Copies a report's file as it is. Nothing that it names is opened or started.
 */
void refract_library_import_async (RefractLibrary *self,
                                   GFile *file,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
/* @duplicate: (out) (optional): the same content was there before; it is what is returned.
 * Returns: (transfer full): in the list already; %NULL with REFRACT_ERROR_REPORT or _DISK */
RefractSummary *refract_library_import_finish (RefractLibrary *self,
                                               GAsyncResult *result,
                                               gboolean *duplicate,
                                               GError **error);

/* The whole report, read from its file. */
void refract_library_load_async (RefractLibrary *self,
                                 RefractSummary *summary,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
/* (transfer full) */
RefractReport *
refract_library_load_finish (RefractLibrary *self, GAsyncResult *result, GError **error);

/* @note: at most REFRACT_NOTE_MAX characters are kept, on one line; "" removes it. Shown at once,
 * and taken back when it cannot be stored. */
void refract_library_set_note_async (RefractLibrary *self,
                                     RefractSummary *summary,
                                     const char *note,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
gboolean
refract_library_set_note_finish (RefractLibrary *self, GAsyncResult *result, GError **error);

/* Puts the file aside. It can be restored until refract_library_purge() or the next start. */
gboolean refract_library_delete (RefractLibrary *self, RefractSummary *summary, GError **error);
gboolean refract_library_restore (RefractLibrary *self, RefractSummary *summary, GError **error);
/* Ends what refract_library_delete() put aside. */
void refract_library_purge (RefractLibrary *self, RefractSummary *summary);

G_END_DECLS
