/* refract-plan-fetched.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "audit/refract-plan.h"
#include "core/refract-fetch.h"

void
refract_plan_use_fetched (RefractPlan *plan)
{
  static const struct
  {
    const char *property;
    const char *name;
  } texts[] = {
    { "corpus", REFRACT_WIKITEXT_TEST },
    { "haystack", REFRACT_WIKITEXT_TRAIN },
    { "prompts", REFRACT_OWN_PROMPTS },
  };
  gboolean has_corpus;

  g_return_if_fail (REFRACT_IS_PLAN (plan));

  has_corpus = refract_plan_get_string (plan, "corpus") != NULL;
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *path = refract_fetch_find (texts[i].name);

      /* A named corpus is the haystack as well. */
      if (g_str_equal (texts[i].property, "haystack") && has_corpus)
        continue;
      if (path != NULL && refract_plan_get_string (plan, texts[i].property) == NULL)
        g_object_set (plan, texts[i].property, path, NULL);
    }
}
