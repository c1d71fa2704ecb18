/* refract-sections.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RefractSections:
 *
 * The stretches of time that a list of reports is divided into, as seen at one moment: today,
 * yesterday, the rest of the week, then months. Finding one is cheap enough for sorting.
 */
typedef struct _RefractSections RefractSections;

RefractSections *refract_sections_new (GDateTime *now);
void refract_sections_free (RefractSections *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractSections, refract_sections_free)

/* @time: seconds since 1970. 0 is the latest section; later than now counts as today */
guint refract_sections_find (RefractSections *self, gint64 time);
/* (transfer full): for the section that @time is in */
char *refract_sections_dup_title (RefractSections *self, gint64 time);

G_END_DECLS
