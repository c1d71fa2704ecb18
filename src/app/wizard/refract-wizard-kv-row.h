/* refract-wizard-kv-row.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "core/refract-kv-config.h"

G_BEGIN_DECLS

/**
 * RefractWizardKvRow:
 *
 * One KV configuration: type of K, type of V, and other keys as text. What it costs or why it
 * cannot be run stands below its label. Signals: `changed` when the person has changed it, `remove`
 * when it is to go.
 */
#define REFRACT_TYPE_WIZARD_KV_ROW (refract_wizard_kv_row_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractWizardKvRow, refract_wizard_kv_row, REFRACT, WIZARD_KV_ROW, AdwExpanderRow)

/* @types: what there is to choose from, in the words of @dialect: for MLX numbers of bits; a type
 * of
 * @text, which is of @dialect as well, that is not among them is added.
 * @text: a KV configuration. */
RefractWizardKvRow *refract_wizard_kv_row_new (RefractKvDialect dialect,
                                               const char *const *types,
                                               const char *text,
                                               gboolean removable);

/* (transfer full): may not parse when the other keys do not */
char *refract_wizard_kv_row_dup_text (RefractWizardKvRow *self);
void refract_wizard_kv_row_set_text (RefractWizardKvRow *self, const char *text);
void refract_wizard_kv_row_set_types (RefractWizardKvRow *self, const char *const *types);
/* @label and @status: plain text; @is_error marks the row */
void refract_wizard_kv_row_show (RefractWizardKvRow *self,
                                 const char *label,
                                 const char *status,
                                 gboolean is_error);
gboolean refract_wizard_kv_row_is_error (RefractWizardKvRow *self);

G_END_DECLS
