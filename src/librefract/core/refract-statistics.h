/* refract-statistics.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Sorts @values (n of them, ascending) in place. */
void refract_sort_doubles (double *values, gsize n);
/* Quantile @q in [0, 1] of @sorted (ascending, n ≥ 1): linear between order statistics
 * (position q·(n − 1)). */
double refract_quantile (const double *sorted, gsize n, double q);
/* Sum in pairwise order, so that it does not depend on the machine's vector width. */
double refract_sum (const double *values, gsize n);
/* Standard normal distribution and its inverse, p in (0, 1). */
double refract_normal_cdf (double x);
double refract_normal_quantile (double p);
/* Inverse of the regularised incomplete beta function, a, b > 0, p in [0, 1]. */
double refract_beta_quantile (double p, double a, double b);
/* Levenshtein distance of two id sequences. */
guint refract_edit_distance (const gint32 *a, gsize n_a, const gint32 *b, gsize n_b);
/* Number of leading equal ids. */
guint refract_common_prefix (const gint32 *a, gsize n_a, const gint32 *b, gsize n_b);

G_END_DECLS
