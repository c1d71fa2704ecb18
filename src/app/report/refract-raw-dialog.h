/* refract-raw-dialog.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-report.h"

G_BEGIN_DECLS

/* A report's whole JSON, made in a thread and put into the view piece by piece. */
#define REFRACT_TYPE_RAW_DIALOG (refract_raw_dialog_get_type ())
G_DECLARE_FINAL_TYPE (RefractRawDialog, refract_raw_dialog, REFRACT, RAW_DIALOG, AdwDialog)

RefractRawDialog *refract_raw_dialog_new (RefractReport *report);

G_END_DECLS
