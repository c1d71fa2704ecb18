/* refract-journal-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "audit/refract-journal.h"

G_BEGIN_DECLS

#define REFRACT_JOURNAL_FILE "journal.jsonl"
#define REFRACT_JOURNAL_PLAN "plan.json"
/* first member of a line: share of the run done when it was written */
#define REFRACT_JOURNAL_PROGRESS "progress"

/* The lock that says that a run has the journal; it ends with the file descriptor. */
gboolean refract_journal_lock (int fd);
/* Asks without taking the lock, so that nobody who wants it is turned away meanwhile. */
gboolean refract_journal_is_locked (int fd);
/* %FALSE with errno where the folder is still there */
gboolean refract_journal_remove_folder (const char *folder);

G_END_DECLS
