/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_bend.c : what a layer's cells carry beyond their slope: h(v) = k1 v + k3 v^3 + ..., cell by cell.
 *
 * A cell has its share of the volts between source and port, v = share*(x - u), and by reciprocity that share of its
 * current reaches source and port: `bend` holds scale*share.
 */
#include "fast_motion.h"

static const float STEEP = 0.3f; /* least of 1 + slope of a line's bend over its conductance */

static inline __attribute__((always_inline)) v16 bent(int terms, const float *k, v16 v, v16 scale)
{
	v16 y = v * v, p = (v16){0} + k[terms - 1];
	for (int e = terms - 2; e >= 0; e--)
		p = p * y + k[e];
	return v * p * scale;
}

/* sums of h over lines, and with `rows` over rows too (partial sums of LANES) */
static inline __attribute__((always_inline)) void bend_sums(int terms, int with_rows, const struct layer *L,
							     const float *x, const float *u, float *lines, v16 *rows)
{
	const long n = L->n_in + 1;
	float k[TERMS];

	memcpy(k, L->coef, sizeof k);
	for (long c = 0; c < L->pad; c += 4 * LANES) {
		const v16 *at = (const v16 *)(u + c);
		v16 u0 = at[0], u1 = at[1], u2 = at[2], u3 = at[3], a0 = {0}, a1 = {0}, a2 = {0}, a3 = {0};
		for (long i = 0; i < n; i++) {
			const v16 *scale = (const v16 *)(L->bend + i * L->pad + c);
			const v16 *share = (const v16 *)(L->share + i * L->pad + c);
			v16 h0 = bent(terms, k, (x[i] - u0) * share[0], scale[0]), h1 = bent(terms, k, (x[i] - u1) * share[1], scale[1]);
			v16 h2 = bent(terms, k, (x[i] - u2) * share[2], scale[2]), h3 = bent(terms, k, (x[i] - u3) * share[3], scale[3]);
			a0 += h0, a1 += h1, a2 += h2, a3 += h3;
			if (with_rows) {
				h0 += h1 + (h2 + h3);
				if (c)
					h0 += rows[i];
				rows[i] = h0;
			}
		}
		v16 *to = (v16 *)(lines + c);
		to[0] = a0, to[1] = a1, to[2] = a2, to[3] = a3;
	}
}

void motion_bend(const struct layer *L, const float *x, const float *u, float *lines, float *rows)
{
	v16 *to = (v16 *)rows;
	int terms = L->coef[4] != 0.0f ? TERMS : L->coef[3] != 0.0f ? 4 : 3;

	if (terms == 3)
		to ? bend_sums(3, 1, L, x, u, lines, to) : bend_sums(3, 0, L, x, u, lines, to);
	else if (terms == 4)
		to ? bend_sums(4, 1, L, x, u, lines, to) : bend_sums(4, 0, L, x, u, lines, to);
	else
		to ? bend_sums(TERMS, 1, L, x, u, lines, to) : bend_sums(TERMS, 0, L, x, u, lines, to);
}

/* h's slopes summed over lines at the operating point, and with `terms` its terms one by one */
static inline __attribute__((always_inline)) void bend_terms(int with_terms, const struct layer *L, const float *x, const float *u,
							      float *slopes, float *terms)
{
	for (long c = 0; c < L->pad; c += LANES) {
		v16 at = *(const v16 *)(u + c), slope = {0}, sum[TERMS] = {0};
		for (long i = 0; i <= L->n_in; i++) {
			v16 scale = *(const v16 *)(L->bend + i * L->pad + c), share = *(const v16 *)(L->share + i * L->pad + c);
			v16 v = (x[i] - at) * share, y = v * v, p = scale;
			for (int e = 0; e < TERMS && with_terms; e++) {
				p *= e ? y : v;
				sum[e] += p;
			}
			p = (v16){0};
			for (int e = TERMS - 1; e >= 0; e--)
				p = p * y + (float)(2 * e + 1) * L->coef[e];
			slope += p * scale * share;
		}
		*(v16 *)(slopes + c) = slope;
		for (int e = 0; e < TERMS && with_terms; e++)
			*(v16 *)(terms + e * L->pad + c) = L->coef[e] * sum[e];
	}
}

/* What bends at the operating point itself. Where sources stand still only amplifiers move a line: slopes will do. */
void motion_bend_goal(const struct layer *L, const struct goal *g, struct place *p)
{
	if (!L->bent)
		return;
	for (long n = 0; n < L->pad; n++)
		p->du[n] = (float)g->u[n];
	for (long i = 0; i <= L->n_in; i++)
		p->dx[i] = (float)g->x[i];
	if (L->hidden) {
		motion_bend(L, p->dx, p->du, p->lines_f, p->rows_f);
		bend_terms(0, L, p->dx, p->du, p->slopes, NULL);
	} else {
		bend_terms(1, L, p->dx, p->du, p->slopes, p->rise);
	}
	for (long n = 0; n < L->pad; n++) {
		long b = n / L->wide, j = n % L->wide;
		float steep = 1.0f + p->slopes[n] * L->zt[(b * L->wide + j) * L->wide + j];
		p->relax[n] = 1.0f / (steep > STEEP ? steep : STEEP);
	}
}
