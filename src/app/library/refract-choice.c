/* refract-choice.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "library/refract-choice.h"
#include "report/refract-summary.h"

/* (transfer none) (nullable): the report there, if it can be chosen; the list keeps it */
static RefractSummary *
get_report (GtkSelectionModel *list, guint position)
{
  g_autoptr (GObject) item = g_list_model_get_item (G_LIST_MODEL (list), position);

  if (!REFRACT_IS_SUMMARY (item) || refract_summary_get_error (REFRACT_SUMMARY (item)) != NULL)
    return NULL;
  return REFRACT_SUMMARY (item);
}

void
refract_choice_toggle (GtkSelectionModel *list, guint position, gboolean range)
{
  g_autoptr (GtkBitset) chosen = gtk_selection_model_get_selection (list);

  if (range && !gtk_bitset_is_empty (chosen))
    {
      guint from = gtk_bitset_get_minimum (chosen), to = gtk_bitset_get_maximum (chosen);

      from = MIN (from, position);
      to = position > from ? position : to;
      gtk_selection_model_select_range (list, from, to - from + 1, TRUE);
    }
  else if (gtk_selection_model_is_selected (list, position))
    gtk_selection_model_unselect_item (list, position);
  else if (get_report (list, position) != NULL)
    gtk_selection_model_select_item (list, position, FALSE);
}

GVariant *
refract_choice_get_ids (GtkSelectionModel *list)
{
  g_autoptr (GtkBitset) chosen = gtk_selection_model_get_selection (list);
  GVariantBuilder ids;
  GtkBitsetIter iter;
  guint position;

  g_variant_builder_init (&ids, G_VARIANT_TYPE ("as"));
  for (gboolean more = gtk_bitset_iter_init_first (&iter, chosen, &position); more;
       more = gtk_bitset_iter_next (&iter, &position))
    {
      RefractSummary *summary = get_report (list, position);

      if (summary != NULL)
        g_variant_builder_add (&ids, "s", refract_summary_get_id (summary));
    }
  return g_variant_builder_end (&ids);
}
