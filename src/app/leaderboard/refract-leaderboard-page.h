/* refract-leaderboard-page.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-leaderboard.h"

G_BEGIN_DECLS

/**
 * RefractLeaderboardPage:
 *
 * The reports of a folder, ranked; what is ranked can be chosen. Reads and ranks in threads, which
 * end with the page.
 */
#define REFRACT_TYPE_LEADERBOARD_PAGE (refract_leaderboard_page_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractLeaderboardPage, refract_leaderboard_page, REFRACT, LEADERBOARD_PAGE, AdwNavigationPage)

RefractLeaderboardPage *refract_leaderboard_page_new (const char *folder);

G_END_DECLS
