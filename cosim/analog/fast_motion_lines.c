/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_lines.c : lines and rows of a layer for given sources and amplifier outputs.
 *
 * With Z = (Y + ends)^-1 the lines are u = u_f + share*still + Z T (x - x_f) + Z (bend - bend_f) + B (out - out_f).
 * `bend` is the sum over a line's cells of h(x - u) = k1 v + k3 v^3 + ..., what their current has beyond the slope in
 * Y; it takes u with the bend carried on from its last two values.
 */
#include "fast_motion.h"

/* out[to] (+)= m' x for `to` results, a multiple of 64; m is [to / 16][n][16], read once from end to end */
static inline __attribute__((always_inline)) void product(int add, const float *m, long n, long to, const float *x, float *out)
{
#if LANES == 1
	typedef float v16 __attribute__((vector_size(64), aligned(4), may_alias));
	for (long c = 0; c < to; c += 4 * MANY, m += 4 * MANY * n) {
		v16 *sum = (v16 *)(out + c), a[4];
		for (int k = 0; k < 4; k++)
			a[k] = add ? sum[k] : (v16){0};
		for (long i = 0; i < n; i++)
			for (int k = 0; k < 4; k++)
				a[k] += *(const v16 *)(m + (k * n + i) * MANY) * x[i];
		for (int k = 0; k < 4; k++)
			sum[k] = a[k];
	}
#else
	const lane *from = (const lane *)x;
	for (long c = 0; c < to; c += MANY) {
		lane *sum = (lane *)out + c, a[MANY];
		for (int k = 0; k < MANY; k++)
			a[k] = add ? sum[k] : (lane){0};
		for (long i = 0; i < n; i++, m += MANY) {
			lane at = from[i];
#pragma GCC unroll 16
			for (int k = 0; k < MANY; k++)
				a[k] += at * m[k];
		}
		for (int k = 0; k < MANY; k++)
			sum[k] = a[k];
	}
#endif
}

/* u += by the amplifiers' change of outputs */
void motion_by_amplifiers(const struct layer *L, const float *change, float *u)
{
	for (long b = 0; b < L->ports * L->v && !L->exact; b++)
		product(1, L->by + b * L->cols * L->wide, L->cols, L->wide, change + b * L->cols * LANES, u + b * L->wide * LANES);
}

/* Lines follow the amplifiers anew, whatever they followed before. */
void motion_follow(const struct layer *L, struct place *p)
{
	memset(p->by_amp, 0, (size_t)L->pad * LANES * sizeof(float));
	motion_by_amplifiers(L, p->d, p->by_amp);
	memset(p->pend, 0, (size_t)p->n_w * LANES * sizeof(float));
}

/* The first layer's bend, by its powers in the lines' volts. While supplies and sources rise together, terms of the bend
 * grow with powers of their level, not as it does. */
static void bend_of_lines(const struct layer *L, struct place *p, const float *level)
{
	const long pad = L->pad;
	float power[LANES], ramping = 0.0f;

	EACH(n, pad) {
		float u = AT(p->by_amp, n) + AT(p->by_bend, n), sum = 0.0f;
		for (int t = TAYLOR - 1; t > 0; t--)
			sum = (sum + AT(p->taylor + t * pad * LANES, n)) * u;
		AT(p->lines, n) = sum;
	}
	for (int e = 0; e < LANES; e++) {
		power[e] = level[e];
		ramping = level[e] < 1.0f ? 1.0f : ramping;
	}
	for (int t = 1; t < TERMS && ramping > 0.0f; t++) {
		FOR_LANES power[e] *= level[e] * level[e];
		EACH(n, pad) AT(p->lines, n) += (power[e] - level[e]) * AT(p->rise + t * pad * LANES, n);
	}
}

/* p->lines bends: what that does to the lines, by a Newton step of each line from what was foreseen `ahead` */
static void take_bend(const struct layer *L, struct place *p, const float *ahead)
{
	for (long b = 0; b < L->ports * L->v; b++)
		product(0, L->zt + b * L->wide * L->wide, L->wide, L->wide, p->lines + b * L->wide * LANES, p->du + b * L->wide * LANES);
	EACH(n, L->pad) {
		float now = AT(p->by_bend, n), on = now + ahead[e] * (now - AT(p->was_bend, n));
		on += AT(p->relax, n) * (AT(p->du, n) - on);
		AT(p->was_bend, n) = now;
		AT(p->by_bend, n) = on;
		AT(p->base, n) += on;
	}
}

static void ends_of(const float *v, long n, float *low, float *high)
{
	for (int e = 0; e < LANES; e++)
		low[e] = high[e] = v[e];
#if LANES == 1
	float least = v[0], most = v[0];
#pragma omp simd reduction(min : least) reduction(max : most)
	for (long j = 0; j < n; j++) {
		least = v[j] < least ? v[j] : least;
		most = v[j] > most ? v[j] : most;
	}
	low[0] = least, high[0] = most;
#else
	EACH(j, n) {
		low[e] = AT(v, j) < low[e] ? AT(v, j) : low[e];
		high[e] = AT(v, j) > high[e] ? AT(v, j) : high[e];
	}
#endif
}

/* p->base: the lines with what bends foreseen `ahead` of its last change; without the amplifiers' part, as a difference
 * from the operating point. With `rows` what bends for the sources, too. */
void motion_base(struct motion *m, long k, const float *share, const float *level, const float *ahead, int rows)
{
	const struct layer *L = m->stack->layers + k;
	struct place *p = m->place + k;
	const long pad = L->pad, n = L->n_in + 1;
	float low[LANES], high[LANES], x_low[LANES], x_high[LANES], none[LANES] = {0};

	if (L->hidden) {
		EACH(i, n) AT(p->dx, i) = AT(p->x, i) - AT(p->x_f, i);
		product(0, L->ztx, n, pad, p->dx, p->base);
		EACH(l, pad) AT(p->base, l) += share[e] * AT(p->still, l);
	} else {
		EACH(l, pad) AT(p->base, l) = share[e] * AT(p->still, l);
	}
	if (!L->bent)
		return;
	if (!L->hidden) {
		bend_of_lines(L, p, level);
		take_bend(L, p, none);
		return;
	}
	EACH(l, pad) {
		float now = AT(p->by_bend, l), on = now + ahead[e] * (now - AT(p->was_bend, l));
		AT(p->du, l) = AT(p->u_f, l) + AT(p->base, l) + on + AT(p->by_amp, l);
	}
	ends_of(p->du, pad, low, high);
	ends_of(p->x, n, x_low, x_high);
	for (int e = 0; e < LANES; e++)
		if (!(x_high[e] - low[e] < (float)L->reach_v && high[e] - x_low[e] < (float)L->reach_v))
			m->failed[e] = BEND_RANGE;
	motion_bend(L, p->x, p->du, p->lines, rows ? p->rows_b : NULL);
	EACH(l, pad) AT(p->lines, l) = AT(p->lines_f, l) - AT(p->lines, l); /* of u - x, and h is odd */
	take_bend(L, p, ahead);
}

/* p->rows: currents out of the sources at the lines p->u */
void motion_rows(const struct layer *L, struct place *p)
{
	const long n = L->n_in + 1;

	EACH(l, L->pad) AT(p->lines, l) = AT(p->u_f, l) - AT(p->u, l);
	EACH(i, n) AT(p->dx, i) = AT(p->x, i) - AT(p->x_f, i);
	EACH(i, L->pad_in) AT(p->rows, i) = 0.0f;
	EACH(i, n) AT(p->rows, i) = AT(p->i_f, i);
	product(1, L->q, n, L->pad_in, p->dx, p->rows);
	product(1, L->tt, L->pad, L->pad_in, p->lines, p->rows);
	if (!L->bent)
		return;
	EACH(i, n) AT(p->rows, i) += AT(p->rows_b, i) - AT(p->rows_f, i);
}
