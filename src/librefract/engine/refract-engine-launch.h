/* refract-engine-launch.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "engine/refract-process.h"

G_BEGIN_DECLS

/* In a Flatpak sandbox: what the sandbox is. */
#define REFRACT_FLATPAK_INFO "/.flatpak-info"

/**
 * RefractEngineLaunch:
 *
 * How the programs of one engine are started: here, through a launcher that was named, or
 * outside of the sandbox that we are in. Immutable.
 */
typedef struct _RefractEngineLaunch RefractEngineLaunch;

/**
 * refract_engine_launch_new:
 * @program: (nullable): path of one of the programs
 * @launcher: (nullable): argv prefix that the user named
 * @flatpak_info: %REFRACT_FLATPAK_INFO
 *
 * Without a launcher of the user's: a program below /run/host is started by $REFRACT_HOST_LAUNCHER
 * where that is set; and where @flatpak_info exists, a program that is not the sandbox's own by
 * `flatpak-spawn --host`, with the paths in its arguments as the host knows them.
 */
RefractEngineLaunch *refract_engine_launch_new (const char *program,
                                                const char *const *launcher,
                                                const char *flatpak_info);
void refract_engine_launch_free (RefractEngineLaunch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractEngineLaunch, refract_engine_launch_free)
/* See refract_process_spawn_with_grace(). */
void refract_engine_launch_set_grace (RefractEngineLaunch *self, guint grace_ms);

/* refract_process_spawn() with what a launcher needs: a changed @environment reaches the program
 * through `env`, since launchers pass on their own or none. */
RefractProcess *refract_engine_launch_spawn (const RefractEngineLaunch *self,
                                             const char *const *argv,
                                             const char *const *environment,
                                             RefractLineFunc line_func,
                                             gpointer user_data,
                                             GError **error);

/* (transfer full): a new folder that only we can enter, with a path short enough for a socket in it
 */
char *refract_engine_make_folder (GError **error);

G_END_DECLS
