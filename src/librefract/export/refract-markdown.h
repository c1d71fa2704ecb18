/* refract-markdown.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "report/refract-report.h"

G_BEGIN_DECLS

/* A report for an issue or a model card: scores, judgement, what to do, how to repeat it, and how
 * to cite it. (transfer full) */
char *refract_markdown_from_report (RefractReport *report);
/* "model: 86.42 PASS, K q8_0 / V q4_0, REFRACT 0.3.2, llama.cpp b11669, AMD …": what a citation
 * cannot leave out. (transfer full) */
char *refract_markdown_dup_citation (RefractReport *report);
/* The front matter of a Hugging Face model card with the scores as evaluation results.
 * (transfer full) */
char *refract_markdown_model_index (RefractReport *report);

G_END_DECLS
