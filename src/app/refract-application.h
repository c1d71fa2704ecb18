/* refract-application.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-library.h"
#include "run/refract-audit-queue.h"

G_BEGIN_DECLS

#define REFRACT_TYPE_APPLICATION (refract_application_get_type ())
G_DECLARE_FINAL_TYPE (RefractApplication, refract_application, REFRACT, APPLICATION, AdwApplication)

/**
 * refract_application_new:
 *
 * The one instance per session: a second start opens its files in the first. What outlives a window
 * belongs to it: settings, the library and the queue of audits.
 */
RefractApplication *refract_application_new (void);

/* The running one. (transfer none) */
RefractApplication *refract_application_get_default (void);
/* (transfer none): keys are in data/io.github.refract_desktop.Refract.gschema.xml */
GSettings *refract_application_get_settings (RefractApplication *self);
/* (transfer none) */
RefractLibrary *refract_application_get_library (RefractApplication *self);
/* (transfer none) */
RefractAuditQueue *refract_application_get_queue (RefractApplication *self);

G_END_DECLS
