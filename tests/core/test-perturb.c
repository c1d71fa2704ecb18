/* test-perturb.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "../data-fixture.h"
#include "core/refract-perturb.h"

static void
clear_texts (char *texts[REFRACT_N_PERTURBATIONS])
{
  for (guint i = 0; i < REFRACT_N_PERTURBATIONS; i++)
    g_clear_pointer (&texts[i], g_free);
}

static void
test_fixture (void)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonArray *rows = load_rows (parser, "perturbations.json", "rows", 20);

  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      char *texts[REFRACT_N_PERTURBATIONS];

      refract_perturb (json_object_get_string_member (row, "prompt"),
                       json_object_get_int_member (row, "seed"), texts);
      for (RefractPerturbation p = 0; p < REFRACT_N_PERTURBATIONS; p++)
        g_assert_cmpstr (
            texts[p], ==,
            json_node_get_string (json_object_get_member (row, refract_perturbation_get_name (p))));
      clear_texts (texts);
    }
}

static void
assert_perturbed (RefractPerturbation perturbation, const char *prompt, const char *expected)
{
  char *texts[REFRACT_N_PERTURBATIONS];

  refract_perturb (prompt, 1, texts);
  g_assert_cmpstr (texts[perturbation], ==, expected);
  clear_texts (texts);
}

static void
test_edges (void)
{
  assert_perturbed (REFRACT_PERTURBATION_TYPO, "", NULL);
  assert_perturbed (REFRACT_PERTURBATION_TYPO, "it was for the cat", NULL);
  assert_perturbed (REFRACT_PERTURBATION_TYPO, "oooo", NULL);
  assert_perturbed (REFRACT_PERTURBATION_TYPO, "THESE Being", NULL);
  assert_perturbed (REFRACT_PERTURBATION_CASE, "", NULL);
  assert_perturbed (REFRACT_PERTURBATION_CASE, "I am A B", NULL);
  assert_perturbed (REFRACT_PERTURBATION_CASE, "Ab1Cd_Ef", "ab1cd_ef");
  assert_perturbed (REFRACT_PERTURBATION_PARAPHRASE, "", NULL);
  assert_perturbed (REFRACT_PERTURBATION_PARAPHRASE, "bigger findings", NULL);
  assert_perturbed (REFRACT_PERTURBATION_PARAPHRASE, "BIG", "Large");
  assert_perturbed (REFRACT_PERTURBATION_PARAPHRASE, "sad", "unhappy");
  assert_perturbed (REFRACT_PERTURBATION_PARAPHRASE, "unhappy glad construct", NULL);
}

static void
test_punct_white_space (void)
{
  assert_perturbed (REFRACT_PERTURBATION_PUNCT, "", "?");
  assert_perturbed (REFRACT_PERTURBATION_PUNCT, ".", "");
  assert_perturbed (REFRACT_PERTURBATION_PUNCT, " \n", "? \n");
  assert_perturbed (REFRACT_PERTURBATION_PUNCT, "Why? \n", "Why \n");
  assert_perturbed (REFRACT_PERTURBATION_PUNCT, "Why ... ", "Why .. ");
  assert_perturbed (REFRACT_PERTURBATION_PUNCT, "So\t\v", "So?\t\v");
  assert_perturbed (REFRACT_PERTURBATION_PUNCT, "So.\xc2\xa0\xe3\x80\x80",
                    "So\xc2\xa0\xe3\x80\x80");
  assert_perturbed (REFRACT_PERTURBATION_PUNCT, "So.\xc2\x85\x1c\x1f", "So\xc2\x85\x1c\x1f");
  assert_perturbed (REFRACT_PERTURBATION_PUNCT, "Genè", "Genè?");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/perturb/fixture", test_fixture);
  g_test_add_func ("/perturb/edges", test_edges);
  g_test_add_func ("/perturb/punct-white-space", test_punct_white_space);
  return g_test_run ();
}
