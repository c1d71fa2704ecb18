/* refract-unfinished.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

#include "audit/refract-plan.h"

G_BEGIN_DECLS

/**
 * RefractUnfinished:
 * @id: names the journal among those of this user
 * @plan: (nullable): the plan that was run there last, with absolute paths; running it again with
 *   refract_audit_new() goes on where the audit stopped, as long as model and engine are the same.
 *   %NULL where this program cannot read it: such a journal can only be deleted
 * @changed: when something was measured last, local time
 * @n_measured: answers and passes over the text that are in the journal
 * @fraction: share of the audit done, [0, 1]; 0 where nothing is known
 * @bytes: size on disk, the reference's log-probabilities included
 *
 * An audit that was stopped before its reports were written.
 */
typedef struct
{
  char *id;
  RefractPlan *plan;
  GDateTime *changed;
  guint n_measured;
  double fraction;
  guint64 bytes;
} RefractUnfinished;

void refract_unfinished_free (RefractUnfinished *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractUnfinished, refract_unfinished_free)

/**
 * refract_unfinished_list:
 *
 * The unfinished audits under $XDG_STATE_HOME/refract/runs, the latest first; those that run now,
 * in this process or another, are not among them. Reads files: call it in a worker thread.
 *
 * Returns: (transfer full) (element-type RefractUnfinished): possibly empty; %NULL where the folder
 *   cannot be read (%REFRACT_ERROR_DISK)
 */
GPtrArray *refract_unfinished_list (GError **error);

/**
 * refract_unfinished_delete:
 * @id: see #RefractUnfinished
 *
 * Deletes a journal and its files. One that is gone already is no error; one that an audit uses now
 * is (%REFRACT_ERROR_USAGE), and so is one that cannot be deleted (%REFRACT_ERROR_DISK). Blocks.
 */
gboolean refract_unfinished_delete (const char *id, GError **error);

G_END_DECLS
