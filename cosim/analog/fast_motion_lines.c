/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_lines.c : lines and rows of a layer for given sources and amplifier outputs.
 *
 * With Z = (Y + ends)^-1 the lines are u = u_f + share*still + Z T (x - x_f) + Z (bend - bend_f) + B (out - out_f).
 * `bend` is the sum over a line's AP cells of h(x - u) = k1 v + k3 v^3 + ..., what their current has beyond the
 * slope in Y; it takes u with the bend carried on from its last two values.
 */
#include "fast_motion.h"

typedef float v16 __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int i16 __attribute__((vector_size(4 * LANES)));

/* out[pad] = m' x for m [n][pad]; pad is a multiple of 4 LANES */
static void product(const float *restrict m, long n, long pad, const float *restrict x, float *restrict out)
{
	for (long c = 0; c < pad; c += 4 * LANES) {
		v16 a0 = {0}, a1 = {0}, a2 = {0}, a3 = {0};
		for (long i = 0; i < n; i++) {
			const v16 *row = (const v16 *)(m + i * pad + c);
			a0 += row[0] * x[i];
			a1 += row[1] * x[i];
			a2 += row[2] * x[i];
			a3 += row[3] * x[i];
		}
		v16 *to = (v16 *)(out + c);
		to[0] = a0, to[1] = a1, to[2] = a2, to[3] = a3;
	}
}

static inline float sum_of(v16 v)
{
	v += __builtin_shuffle(v, (i16){8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7});
	v += __builtin_shuffle(v, (i16){4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11});
	v += __builtin_shuffle(v, (i16){2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13});
	return v[0] + v[1];
}

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
			v16 h0 = bent(terms, k, x[i] - u0, scale[0]), h1 = bent(terms, k, x[i] - u1, scale[1]);
			v16 h2 = bent(terms, k, x[i] - u2, scale[2]), h3 = bent(terms, k, x[i] - u3, scale[3]);
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

static void bend(const struct layer *L, const float *x, const float *u, float *lines, float *rows)
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

/* what bends at the operating point itself */
void motion_bend_goal(const struct layer *L, const struct goal *g, struct place *p)
{
	if (!L->bent)
		return;
	for (long n = 0; n < L->pad; n++)
		p->du[n] = (float)g->u[n];
	for (long i = 0; i <= L->n_in; i++)
		p->dx[i] = (float)g->x[i];
	bend(L, p->dx, p->du, p->lines_f, p->rows_f);
}

/* u += by the amplifiers' change of outputs */
void motion_by_amplifiers(const struct layer *L, const double *change, double *u)
{
	float d[MOST_COLS], to[2 * MOST_COLS];

	if (L->exact)
		return;
	for (long b = 0; b < L->v; b++) {
		for (long m = 0; m < L->cols; m++)
			d[m] = (float)change[b * L->cols + m];
		product(L->by + b * L->cols * L->wide, L->cols, L->wide, d, to);
		for (long j = 0; j < L->wide; j++)
			u[b * L->wide + j] += to[j];
	}
}

/* p->base: the lines with what bends foreseen `ahead` of its last change; without the amplifiers' part, as a difference from the operating point */
int motion_base(const struct layer *L, const struct goal *g, struct place *p, double share, double ahead, int rows)
{
	const long pad = L->pad, n_in = L->n_in;

	for (long n = 0; n < pad; n++)
		p->base[n] = share * p->still[n];
	if (!L->hidden)
		return DONE;
	for (long i = 0; i <= n_in; i++)
		p->dx[i] = (float)(p->x[i] - g->x[i]);
	product(L->ztx, n_in + 1, pad, p->dx, p->lines);
	for (long n = 0; n < pad; n++)
		p->base[n] += p->lines[n];
	if (!L->bent)
		return DONE;
	float low = 1e9f, high = -1e9f, x_low = 1e9f, x_high = -1e9f;
	for (long n = 0; n < pad; n++) {
		double on = p->by_bend[n] + ahead * (p->by_bend[n] - p->was_bend[n]);
		float u = (float)(g->u[n] + p->base[n] + on + p->by_amp[n]);
		p->du[n] = u;
		low = u < low ? u : low;
		high = u > high ? u : high;
	}
	for (long i = 0; i <= n_in; i++) {
		float x = (float)p->x[i];
		p->dx[i] = x;
		x_low = x < x_low ? x : x_low;
		x_high = x > x_high ? x : x_high;
	}
	if (!(x_high - low < L->reach_v && high - x_low < L->reach_v))
		return BEND_RANGE;
	bend(L, p->dx, p->du, p->lines, rows ? p->rows_b : NULL);
	for (long n = 0; n < pad; n++)
		p->lines[n] -= p->lines_f[n];
	for (long b = 0; b < L->ports * L->v; b++)
		product(L->zt + b * L->wide * L->wide, L->wide, L->wide, p->lines + b * L->wide, p->du + b * L->wide);
	for (long n = 0; n < pad; n++) {
		p->was_bend[n] = p->by_bend[n];
		p->by_bend[n] = p->du[n];
		p->base[n] += p->du[n];
	}
	return DONE;
}

/* p->rows: currents out of the sources at the lines p->u */
void motion_rows(const struct layer *L, const struct goal *g, struct place *p)
{
	const long n = L->n_in + 1;

	for (long l = 0; l < L->pad; l++)
		p->lines[l] = (float)(p->u[l] - g->u[l]);
	for (long i = 0; i < n; i++)
		p->dx[i] = (float)(p->x[i] - g->x[i]);
	product(L->q, n, L->pad_in, p->dx, p->row);
	for (long i = 0; i < n; i++)
		p->rows[i] = g->i[i] + p->row[i];
	product(L->tt, L->pad, L->pad_in, p->lines, p->row);
	for (long i = 0; i < n; i++)
		p->rows[i] -= p->row[i];
	if (L->bent)
		for (long i = 0; i < n; i++)
			p->rows[i] += sum_of(((v16 *)p->rows_b)[i] - ((v16 *)p->rows_f)[i]);
}
