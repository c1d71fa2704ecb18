/* refract-sidebar.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-library.h"

G_BEGIN_DECLS

/**
 * RefractSidebar:
 *
 * The library as the window's sidebar: audits that are not finished on top, then reports in
 * sections, searched, filtered and sorted. Properties: `library` (a #RefractLibrary),
 * `running-model` (a #GListModel of #RefractRunItem), `collapsed` (it is the whole window: items
 * are opened when activated, not when selected), `has-reports`, `choosing` (a press chooses one
 * report more, to be compared; Control or Shift begins that).
 *
 * Signal `open` (GObject *item): show this #RefractSummary or #RefractRunItem.
 * Signal `deleted` (RefractSummary *summary): it is in the trash and can be restored.
 */
#define REFRACT_TYPE_SIDEBAR (refract_sidebar_get_type ())
G_DECLARE_FINAL_TYPE (RefractSidebar, refract_sidebar, REFRACT, SIDEBAR, AdwNavigationPage)

void refract_sidebar_search (RefractSidebar *self);
/* @item: (nullable): selected without being opened, now or when it is listed */
void refract_sidebar_select (RefractSidebar *self, GObject *item);
/* (transfer none) (nullable): the selected report or audit */
GObject *refract_sidebar_get_selected (RefractSidebar *self);
/* (transfer none) (nullable): the selected report */
RefractSummary *refract_sidebar_get_summary (RefractSidebar *self);
/* (transfer none) (nullable) */
RefractLibrary *refract_sidebar_get_library (RefractSidebar *self);
/* What is listed after search and filter, runs included. (transfer none) */
GListModel *refract_sidebar_get_model (RefractSidebar *self);

/* After the facts that search looks at have changed. */
void refract_sidebar_refilter (RefractSidebar *self);

G_END_DECLS
