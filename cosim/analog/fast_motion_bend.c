/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_bend.c : what a layer's cells carry beyond their slope: h(v) = k1 v + k3 v^3 + ..., cell by cell.
 *
 * A cell has its share of the volts between source and port, v = share*(x - u), and by reciprocity that share of its
 * current reaches source and port. Cells without a bend are left out.
 */
#include "fast_motion.h"

enum { FEW = 3, SOME = 4, MORE = 5 }; /* terms, or TERMS */
static const float STEEP = 0.3f; /* least of 1 + slope of a line's bend over its conductance */

static inline __attribute__((always_inline)) void bend_sums(int terms, int both, const float *coef, const struct cells *cells, long n,
							     const float *own, const float *other, float *sums, float *others)
{
	const lane *from = (const lane *)other;
	float k[TERMS];

	memcpy(k, coef, sizeof k);
	for (long j = 0; j < n; j++) {
		lane at = ((const lane *)own)[j], sum = at - at;
#if LANES == 1
#pragma omp simd reduction(+ : sum)
#endif
		for (int c = cells->first[j]; c < cells->first[j + 1]; c++) {
			lane v = (at - from[cells->other[c]]) * cells->share[c], y = v * v, p = y * k[terms - 1] + k[terms - 2];
			for (int e = terms - 3; e >= 0; e--)
				p = p * y + k[e];
			v *= cells->scale[c];
			sum += v * p;
			if (both)
				((lane *)others)[cells->other[c]] -= v * p;
		}
		((lane *)sums)[j] = sum;
	}
}

static int terms_of(const struct layer *L)
{
	return L->coef[MORE] != 0.0f ? TERMS : L->coef[SOME] != 0.0f ? MORE : L->coef[FEW] != 0.0f ? SOME : FEW;
}

static void sums_of(const struct layer *L, const struct cells *cells, long n, const float *own, const float *other, float *sums)
{
	int terms = terms_of(L);

	if (terms == FEW)
		bend_sums(FEW, 0, L->coef, cells, n, own, other, sums, NULL);
	else if (terms == SOME)
		bend_sums(SOME, 0, L->coef, cells, n, own, other, sums, NULL);
	else if (terms == MORE)
		bend_sums(MORE, 0, L->coef, cells, n, own, other, sums, NULL);
	else
		bend_sums(TERMS, 0, L->coef, cells, n, own, other, sums, NULL);
}

/* sums of h over lines, and with `rows` over rows too; those of the padding are 0 */
void motion_bend(const struct layer *L, const float *x, const float *u, float *lines, float *rows)
{
#if LANES == 1
	if (rows)
		sums_of(L, &L->by_row, L->n_in + 1, x, u, rows);
#else
	if (rows) {
		int terms = terms_of(L);
		memset(rows, 0, ((size_t)L->n_in + 1) * LANES * sizeof(float));
		if (terms == FEW)
			bend_sums(FEW, 1, L->coef, &L->by_line, L->pad, u, x, lines, rows);
		else if (terms == SOME)
			bend_sums(SOME, 1, L->coef, &L->by_line, L->pad, u, x, lines, rows);
		else if (terms == MORE)
			bend_sums(MORE, 1, L->coef, &L->by_line, L->pad, u, x, lines, rows);
		else
			bend_sums(TERMS, 1, L->coef, &L->by_line, L->pad, u, x, lines, rows);
		return;
	}
#endif
	sums_of(L, &L->by_line, L->pad, u, x, lines);
}

/* At the operating point: h's powers in a line's own volts, and (`rise`) h's terms one by one, summed over cells */
static inline __attribute__((always_inline)) void expand(int terms, int powers, const struct layer *L, struct place *p)
{
	const struct cells *cells = &L->by_line;
	lane *taylor = (lane *)p->taylor, *rise = (lane *)p->rise;

	for (long j = 0; j < L->pad; j++) {
		lane at = ((const lane *)p->du)[j], none = at - at, t[TAYLOR], r[TERMS];
		for (int m = 0; m < TAYLOR; m++)
			t[m] = none;
		for (int e = 0; e < TERMS; e++)
			r[e] = none;
		for (int c = cells->first[j]; c < cells->first[j + 1]; c++) {
			float share = cells->share[c], scale = cells->scale[c];
			lane v = (((const lane *)p->dx)[cells->other[c]] - at) * share, y = v * v;
			for (int m = 1; m < powers; m++) {
				lane sum = none + L->taylor[m][terms - 1];
				for (int e = terms - 2; 2 * e + 1 >= m; e--)
					sum = sum * y + L->taylor[m][e];
				scale *= -share;
				sum = m % 2 ? sum : (lane)(sum * v);
				t[m] += sum * scale;
			}
			lane power = v * cells->scale[c];
			for (int e = 0; e < terms && powers > 2; e++, power *= y)
				r[e] += power * L->coef[e];
		}
		for (int m = 0; m < TAYLOR; m++)
			taylor[m * L->pad + j] = t[m];
		for (int e = 0; e < TERMS; e++)
			rise[e * L->pad + j] = r[e];
	}
}

/* What bends at the operating point itself. In the first layer only amplifiers move a line: powers in its volts will do. */
void motion_bend_goal(const struct layer *L, struct place *p)
{
	int terms = terms_of(L);

	if (!L->bent)
		return;
	memcpy(p->du, p->u_f, (size_t)L->pad * LANES * sizeof(float));
	memcpy(p->dx, p->x_f, ((size_t)L->n_in + 1) * LANES * sizeof(float));
	if (L->hidden) {
		motion_bend(L, p->dx, p->du, p->lines_f, p->rows_f);
	}
	if (terms == FEW)
		L->hidden ? expand(FEW, 2, L, p) : expand(FEW, TAYLOR, L, p);
	else if (terms == SOME)
		L->hidden ? expand(SOME, 2, L, p) : expand(SOME, TAYLOR, L, p);
	else if (terms == MORE)
		L->hidden ? expand(MORE, 2, L, p) : expand(MORE, TAYLOR, L, p);
	else
		L->hidden ? expand(TERMS, 2, L, p) : expand(TERMS, TAYLOR, L, p);
	for (long n = 0; n < L->pad; n++) {
		long j = n % L->wide;
		float own = L->zt[(n - j) * L->wide + (j - j % MANY) * L->wide + j * MANY + j % MANY];
		FOR_LANES {
			float steep = 1.0f - AT(p->taylor + L->pad * LANES, n) * own;
			AT(p->relax, n) = 1.0f / (steep > STEEP ? steep : STEEP);
		}
	}
}
