/* refract-demo.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "audit/refract-demo.h"
#include "core/refract-data.h"

/* The bundled model's context and the lengths at which its reference retrieves;
 * data/demo/README.md. */
#define DEMO_LENGTHS "512,1024,2048"

RefractPlan *
refract_demo_plan_new (void)
{
  static const char *const candidates[] = { "ctk=q8_0,ctv=q8_0", "ctk=q4_0,ctv=q4_0", NULL };
  g_autofree char *model = refract_data_dup_path ("demo/model.gguf");
  g_autofree char *corpus = refract_data_dup_path ("demo/corpus.txt");
  g_autofree char *haystack = refract_data_dup_path ("demo/haystack.txt");
  RefractPlan *plan = refract_plan_new ();

  g_object_set (plan, "model", model, "corpus", corpus, "haystack", haystack, "candidates",
                candidates, "control", "ctk=q4_0,ctv=q4_0,attn_rot_disable=1", "axes",
                "trajectory,kld,rniah,plad", "rniah-lengths", DEMO_LENGTHS, "rniah-n-predict",
                G_GINT64_CONSTANT (32), "rniah-trials", G_GINT64_CONSTANT (2), "measure-floor",
                TRUE, NULL);
  return plan;
}
