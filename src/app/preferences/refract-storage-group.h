/* refract-storage-group.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* What lies on disk and how large it is; where the large files of a running audit go. */
#define REFRACT_TYPE_STORAGE_GROUP (refract_storage_group_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractStorageGroup, refract_storage_group, REFRACT, STORAGE_GROUP, AdwPreferencesGroup)

/* once */
void refract_storage_group_set_settings (RefractStorageGroup *self, GSettings *settings);

G_END_DECLS
