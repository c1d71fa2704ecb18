/* refract-plan-repro.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "audit/refract-plan-private.h"

static void
append_quoted (GString *command, const char *option, const char *value)
{
  gboolean plain = *value != '\0';
  g_autofree char *quoted = g_shell_quote (value);

  for (const char *p = value; *p != '\0'; p++)
    plain &= g_ascii_isalnum (*p) || strchr ("-_=,./:%+@", *p) != NULL;
  g_string_append_printf (command, " %s %s", option, plain ? value : quoted);
}

char *
refract_plan_get_repro_command (RefractPlan *self, RefractKvConfig *candidate, const char *backend)
{
  GString *command = g_string_new ("refract score");
  guint control = refract_plan_find_field ("control"), engine = refract_plan_find_field ("backend");
  g_autoptr (RefractKvConfig) own_control = refract_plan_get_control (self, NULL);
  gboolean with_control = own_control != NULL && !refract_kv_config_equal (own_control, candidate);

  g_return_val_if_fail (REFRACT_IS_PLAN (self), NULL);

  for (guint i = 0; i < REFRACT_PLAN_N_FIELDS; i++)
    {
      const RefractPlanField *field = &refract_plan_fields[i];
      const RefractPlanValue *value = &self->values[i];

      if (g_str_equal (field->name, "candidates"))
        append_quoted (command, "--candidate", refract_kv_config_get_text (candidate));
      if (field->option == NULL || (i == control && !with_control))
        continue;

      if (i == engine)
        append_quoted (command, field->option, backend);
      else if (field->type == REFRACT_PLAN_PATH)
        {
          g_autofree char *base
              = value->text != NULL ? refract_model_path_dup_name (value->text) : NULL;

          if (base != NULL)
            append_quoted (command, field->option, base);
        }
      else if (refract_plan_field_is_text (field))
        {
          if (g_strcmp0 (value->text, field->text) != 0)
            append_quoted (command, field->option, field->is_local ? "URL" : value->text);
        }
      else if (field->type == REFRACT_PLAN_BOOLEAN)
        {
          if (value->number != field->value)
            g_string_append_printf (command, " %s", field->option);
        }
      else if (value->number != field->value)
        {
          char buffer[G_ASCII_DTOSTR_BUF_SIZE];

          append_quoted (command, field->option,
                         g_ascii_formatd (buffer, sizeof buffer, "%.15g", value->number));
        }
    }

  return g_string_free (command, FALSE);
}
