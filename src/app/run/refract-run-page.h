/* refract-run-page.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "run/refract-audit-queue.h"

G_BEGIN_DECLS

/* One audit of the queue in every state but the last: a finished one is its report. */
#define REFRACT_TYPE_RUN_PAGE (refract_run_page_get_type ())
G_DECLARE_FINAL_TYPE (RefractRunPage, refract_run_page, REFRACT, RUN_PAGE, AdwNavigationPage)

RefractRunPage *refract_run_page_new (RefractAuditQueue *queue, RefractRunItem *item);

/* (transfer none) */
RefractRunItem *refract_run_page_get_item (RefractRunPage *self);

G_END_DECLS
