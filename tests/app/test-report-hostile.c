/* test-report-hostile.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Reports of people who mean no good, and of programs that know no better. */

#include "config.h"

#include "report-fixture.h"

/* Every kind of markup that a view could take for its own */
#define HOSTILE "<b>&amp;</b> %s \"'</span> _x \xe2\x80\xae|"

static void
make_node_hostile (JsonNode *node)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      g_autoptr (GList) nodes = json_object_get_values (json_node_get_object (node));

      for (GList *l = nodes; l != NULL; l = l->next)
        make_node_hostile (l->data);
    }
  else if (JSON_NODE_HOLDS_ARRAY (node))
    for (guint i = 0; i < json_array_get_length (json_node_get_array (node)); i++)
      make_node_hostile (json_array_get_element (json_node_get_array (node), i));
  else if (json_node_get_value_type (node) == G_TYPE_STRING)
    json_node_set_string (node, HOSTILE);
}

/* Every text is markup. */
static RefractReport *
make_hostile_texts (void)
{
  JsonObject *root = parse_full ();
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), root);

  make_node_hostile (node);
  json_object_set_string_member (root, "schema", REFRACT_REPORT_SCHEMA);
  return refract_report_new_take (root);
}

/* Replaces the leaves by what is not expected there, deterministically; what the reader checks
 * stays. */
static void
confuse (JsonNode *node, guint *count, guint turn)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      g_autoptr (GList) nodes = json_object_get_values (json_node_get_object (node));

      for (GList *l = nodes; l != NULL; l = l->next)
        confuse (l->data, count, turn);
    }
  else if (JSON_NODE_HOLDS_ARRAY (node))
    for (guint i = 0; i < json_array_get_length (json_node_get_array (node)); i++)
      confuse (json_array_get_element (json_node_get_array (node), i), count, turn);
  else
    switch ((*count)++ % 5 + turn)
      {
      case 0:
        json_node_init_double (node, 1e300);
        break;
      case 1:
        json_node_init_string (node, "text");
        break;
      case 2:
        json_node_init_int (node, G_MININT64);
        break;
      case 3:
        json_node_init_boolean (node, TRUE);
        break;
      case 4:
        json_node_take_array (json_node_init (node, JSON_NODE_ARRAY), json_array_new ());
        break;
      default:
        json_node_init_null (node);
      }
}

static RefractReport *
make_confused (guint turn)
{
  JsonObject *root = parse_full ();
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), root);
  guint count = 0;

  confuse (node, &count, turn);
  json_object_set_string_member (root, "schema", REFRACT_REPORT_SCHEMA);
  return refract_report_new_take (root);
}

static void
multiply (JsonObject *object, const char *name, guint times)
{
  JsonArray *array = json_object_get_array_member (object, name);
  guint n = json_array_get_length (array);

  for (guint i = 1; i < times; i++)
    for (guint j = 0; j < n; j++)
      json_array_add_element (array, json_node_copy (json_array_get_element (array, j)));
}

/* Names, then %NULL */
static void
set_texts (JsonObject *object, const char *text, ...)
{
  va_list names;
  const char *name;

  va_start (names, text);
  while ((name = va_arg (names, const char *)) != NULL)
    json_object_set_string_member (object, name, text);
  va_end (names);
}

/* Lists a hundred times as long, and texts that nobody could lay out. */
static RefractReport *
make_huge (void)
{
  JsonObject *root = parse_full ();
  JsonObject *axes = json_object_get_object_member (root, "axes");
  JsonObject *extension = json_object_get_object_member (root, "extension");
  JsonObject *ours = json_object_get_object_member (extension, "axes");
  JsonObject *trajectory = json_object_get_object_member (ours, "trajectory");
  g_autofree char *text = g_strnfill (4 * 1024 * 1024, 'x');

  text[0] = '-'; /* as an option of a command would */
  multiply (json_object_get_object_member (axes, "plad"), "per_prompt", 100);
  multiply (json_object_get_object_member (axes, "gtm"), "per_prompt", 100);
  multiply (json_object_get_object_member (axes, "rniah"), "cells", 100);
  multiply (json_object_get_object_member (ours, "kld"), "worst", 100);
  multiply (extension, "findings", 100);
  multiply (extension, "ranking", 100);
  json_object_set_string_member (
      json_array_get_object_element (json_object_get_array_member (trajectory, "per_prompt"), 0),
      "ref_text", text);
  set_texts (root, text, "summary", "model", "repro_command", "reference", NULL);
  set_texts (json_object_get_object_member (extension, "model"), text, "name", "quantization",
             NULL);
  set_texts (json_object_get_object_member (extension, "kv"), text, "label", NULL);
  set_texts (json_object_get_object_member (extension, "ship"), text, "sentence", NULL);
  set_texts (json_object_get_object_member (extension, "recommendation"), text, "sentence",
             "control_sentence", NULL);
  set_texts (
      json_array_get_object_element (json_object_get_array_member (extension, "findings"), 0), text,
      "text", "remedy", NULL);
  set_texts (json_array_get_object_element (json_object_get_array_member (extension, "ranking"), 0),
             text, "candidate", "dominated_by", NULL);
  return refract_report_new_take (root);
}

static void
test_hostile_texts (void)
{
  RefractReportPage *page;
  RefractWindow *window = open_report (make_hostile_texts (), &page);
  AdwDialog *dialog;

  visit_sections (window, page);
  /* As they stand: neither taken for markup nor escaped twice. */
  assert_text (page, "<b>&amp;</b> %s");
  g_assert_null (widget_find (page, widget_has_text, "&lt;"));
  dialog = open_first_row (window, page, "trajectory");
  assert_text (dialog, "<b>&amp;</b> %s");
  close_dialog (window);
  app_fixture_close_window (window);
}

static void
test_wrong_types (void)
{
  for (guint turn = 0; turn < 2; turn++)
    {
      RefractReportPage *page;
      RefractWindow *window = open_report (make_confused (turn), &page);

      visit_sections (window, page);
      open_first_row (window, page, "trajectory");
      close_dialog (window);
      app_fixture_close_window (window);
    }
}

static void
test_huge (void)
{
  RefractReportPage *page;
  RefractWindow *window = open_report (make_huge (), &page);
  int minimum;

  visit_sections (window, page);
  gtk_widget_measure (GTK_WIDGET (page), GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL,
                      NULL);
  g_assert_cmpint (minimum, <=, 360);
  /* Rows of four lists, not tens of thousands */
  g_assert_cmpuint (widget_count_type (page, REFRACT_TYPE_REPORT_ROW), <=, 4 * 25);
  open_first_row (window, page, "trajectory");
  close_dialog (window);
  app_fixture_close_window (window);
}

int
main (int argc, char **argv)
{
  app_fixture_init (&argc, &argv);
  g_test_add_func ("/report-hostile/texts", test_hostile_texts);
  g_test_add_func ("/report-hostile/wrong-types", test_wrong_types);
  g_test_add_func ("/report-hostile/huge", test_huge);
  return app_fixture_run ();
}
