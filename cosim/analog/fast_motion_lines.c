/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_lines.c : lines and rows of a layer for given sources and amplifier outputs.
 *
 * With Z = (Y + ends)^-1 the lines are u = u_f + share*still + Z T (x - x_f) + Z (bend - bend_f) + B (out - out_f).
 * `bend` is the sum over a line's AP cells of h(x - u) = k1 v + k3 v^3 + ..., what their current has beyond the
 * slope in Y; it takes u with the bend carried on from its last two values.
 */
#include "fast_motion.h"

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

/* Lines follow the amplifiers anew, whatever they followed before. */
void motion_follow(const struct layer *L, const struct goal *g, struct place *p)
{
	for (long j = 0; j < p->n_w; j++)
		p->pend[j] = p->out[j] - g->out[j];
	memset(p->by_amp, 0, (size_t)L->pad * sizeof(double));
	motion_by_amplifiers(L, p->pend, p->by_amp);
	memset(p->pend, 0, (size_t)p->n_w * sizeof(double));
}

/* While supplies and sources rise together, terms of the bend grow with powers of their level, not as it does. */
static void rise(const struct layer *L, struct place *p, float level)
{
	float power = level;

	for (int e = 1; e < TERMS && level < 1.0f; e++) {
		power *= level * level;
		for (long n = 0; n < L->pad; n++)
			p->lines[n] += (power - level) * p->rise[e * L->pad + n];
	}
}

/* p->lines bends: what that does to the lines, by a Newton step of each line from what was foreseen `ahead` */
static void take_bend(const struct layer *L, struct place *p, double ahead)
{
	for (long b = 0; b < L->ports * L->v; b++)
		product(L->zt + b * L->wide * L->wide, L->wide, L->wide, p->lines + b * L->wide, p->du + b * L->wide);
	for (long n = 0; n < L->pad; n++) {
		double on = p->by_bend[n] + ahead * (p->by_bend[n] - p->was_bend[n]);
		p->was_bend[n] = p->by_bend[n];
		p->by_bend[n] = on + p->relax[n] * (p->du[n] - on);
		p->base[n] += p->by_bend[n];
	}
}

/* p->base: the lines with what bends foreseen `ahead` of its last change; without the amplifiers' part, as a difference from the operating point */
int motion_base(const struct layer *L, const struct goal *g, struct place *p, double share, double level, double ahead, int rows)
{
	const long pad = L->pad, n_in = L->n_in;

	for (long n = 0; n < pad; n++)
		p->base[n] = share * p->still[n];
	if (!L->hidden) {
		if (L->bent) {
			for (long n = 0; n < pad; n++)
				p->lines[n] = -p->slopes[n] * (float)(p->by_amp[n] + p->by_bend[n]);
			rise(L, p, (float)level);
			take_bend(L, p, 0.0);
		}
		return DONE;
	}
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
	motion_bend(L, p->dx, p->du, p->lines, rows ? p->rows_b : NULL);
	for (long n = 0; n < pad; n++)
		p->lines[n] -= p->lines_f[n];
	take_bend(L, p, ahead);
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
