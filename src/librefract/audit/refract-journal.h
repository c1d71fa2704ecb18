/* refract-journal.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "audit/refract-plan.h"
#include "audit/refract-progress.h"
#include "backends/refract-session.h"
#include "core/refract-kld.h"

G_BEGIN_DECLS

/**
 * RefractJournal:
 *
 * What a run has observed so far, on disk: one JSON line per finished thing, so that an interrupted
 * run goes on where it stopped. It lies in a folder named by what determines an observation (model,
 * engine, flags), under $XDG_STATE_HOME/refract/runs. Two runs never write to one journal: the
 * second gets a folder of its own. A journal without entries goes when the object does. For one
 * thread.
 */
#define REFRACT_TYPE_JOURNAL (refract_journal_get_type ())
G_DECLARE_FINAL_TYPE (RefractJournal, refract_journal, REFRACT, JOURNAL, GObject)

/**
 * refract_journal_open:
 * @identity: what an observation depends on beyond its own key; another identity is another journal
 * @fresh: forget what an interrupted run has left
 */
RefractJournal *refract_journal_open (JsonObject *identity, gboolean fresh, GError **error);
/**
 * refract_journal_begin:
 *
 * Keeps the plan, with all its paths absolute, so that an interrupted run can be told and started
 * again (see refract_unfinished_list()); what is recorded from now on says how far @progress is.
 */
gboolean refract_journal_begin (RefractJournal *self,
                                RefractPlan *plan,
                                RefractProgress *progress,
                                GError **error);
/* for files that belong to the run, e.g. the reference's log-probabilities */
const char *refract_journal_get_folder (RefractJournal *self);
/* the folder's name: see #RefractUnfinished */
const char *refract_journal_get_id (RefractJournal *self);
/* things that an earlier, interrupted run had recorded */
guint refract_journal_get_n_found (RefractJournal *self);

/* (nullable) (transfer none) */
JsonObject *refract_journal_lookup (RefractJournal *self, const char *key);
/* on disk when it returns; @value is (transfer none) */
gboolean
refract_journal_record (RefractJournal *self, const char *key, JsonObject *value, GError **error);

/* Forgets everything: the run is finished and its reports are written. */
void refract_journal_remove (RefractJournal *self);

/**
 * refract_journal_set_runs_folder:
 * @folder: (nullable): %NULL or "" for the default, $XDG_STATE_HOME/refract/runs
 *
 * Where the journals of this process lie from now on. A journal holds the reference's
 * log-probabilities, which are tens of gigabytes for a large vocabulary: not every disk has room.
 * Journals that are open, and those in other folders, stay where they are. Any thread.
 */
void refract_journal_set_runs_folder (const char *folder);
/* where journals lie, whether it exists or not; (transfer full). Any thread. */
char *refract_journal_dup_runs_folder (void);

/* (transfer full) */
JsonObject *refract_generation_to_json (const RefractGeneration *generation);
/* %NULL when it is not one */
RefractGeneration *refract_generation_from_json (JsonObject *object);
JsonObject *refract_kv_in_use_to_json (const RefractKvInUse *kv);
RefractKvInUse *refract_kv_in_use_from_json (JsonObject *object);
/* hex SHA-256 of the ids and n_predict: two requests with the same one give the same answer */
char *refract_request_dup_hash (const RefractRequest *request);

G_END_DECLS
