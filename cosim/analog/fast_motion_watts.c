/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_watts.c : what a motion takes from its supplies now. */
#include "fast_motion_math.h"

static inline float pair(float out_a, float pair_a)
{
	return 0.5f * (out_a + sqrtf(out_a * out_a + 4.0f * pair_a * pair_a + 1e-18f));
}

/* watts of drivers and bias of the first layer, of the buffers of others; what goes into the layer's sources */
static void sources(struct motion *m, long k, const float *level, double *net)
{
	const struct stack *s = m->stack;
	const struct layer *L = s->layers + k;
	struct place *p = m->place + k;
	const long n = L->n_in, bias = n;
	const float pair_a = (float)s->b_pair, quiet = (float)s->b_quiet;
	float drive[LANES], own[LANES], high[LANES] = {0};

	if (k == 0) {
		lane_dot(p->drive_t, p->u, L->pad, drive);
		EACH(l, L->pad) AT(p->some, l) = L->bias_t[l] * AT(p->u, l);
		lane_sum(p->some, L->pad, own);
		for (int e = 0; e < LANES; e++) {
			double on = level[e], by = on * on * p->watts[e] - on * drive[e];
			net[e] = by + on * on * p->watts[LANES + e] - on * own[e];
			HEAD(m, H_POWER + DRIVERS)[e] += by;
			HEAD(m, H_POWER + BIAS)[e] += net[e] - by;
		}
		return;
	}
	motion_rows(L, p);
	lane_dot(p->x, p->rows, n + 1, own);
	if (L[-1].buffered) {
		EACH(i, n) AT(p->some, i) = pair(AT(p->rows, i), pair_a) + quiet;
		lane_sum(p->some, n, high);
	}
	for (int e = 0; e < LANES; e++) {
		net[e] = own[e];
		HEAD(m, H_POWER + BIAS)[e] += AT(p->x, bias) * AT(p->rows, bias);
		HEAD(m, H_POWER + BUFFER_VDD)[e] += level[e] * level[e] * s->vdd * high[e];
	}
}

/* Volts that a neuron's signal is beyond its curve are a failure. */
static void neurons(struct motion *m, long k, const float *level)
{
	const struct stack *s = m->stack;
	const struct layer *L = s->layers + k;
	struct place *p = m->place + k;
	const float top = (float)(s->low_v + (double)s->points / s->per_v), low = (float)s->low_v, *live = L->live;
	const float *late = p->s + p->n_late * LANES;
	float sum[LANES], beyond[LANES];

	EACH(j, L->width) {
		float slope;
		AT(p->some, j) = live[j] * neuron_at(s, N_SUPPLY, live[j] * AT(late, j), &slope);
	}
	lane_sum(p->some, L->width, sum);
	EACH(j, L->width) {
		float signal = live[j] * AT(p->signal, j), over = signal > top ? signal - top : low > signal ? low - signal : 0.0f;
		AT(p->some, j) = signal == signal ? over : signal;
	}
	lane_most(p->some, L->width, beyond);
	for (int e = 0; e < LANES; e++) {
		HEAD(m, H_POWER + NEURON_VDD)[e] += level[e] * level[e] * (s->vdd * sum[e] + p->sums[3 * LANES + e]);
		if (beyond[e] <= 1e-6f)
			continue;
		m->failed[e] = NEURON_RANGE;
		HEAD(m, H_LAYER)[e] = (double)k;
		for (long j = 0; j < L->width; j++)
			HEAD(m, H_WORST)[e] = AT(p->some, j) == beyond[e] ? AT(p->signal, j) : HEAD(m, H_WORST)[e];
	}
}

static void amplifiers(struct motion *m, long k, const float *level)
{
	const struct stack *s = m->stack;
	const struct layer *L = s->layers + k;
	struct place *p = m->place + k;
	const float end = (float)(1.0 / (L->r1 + L->r3)), per_ohm = (float)(1.0 / s->a_rout), ref = (float)s->ref;
	const float pair_a = (float)s->a_pair, quiet = (float)s->a_quiet;
	float into_ref[LANES], up[LANES], net[LANES];

	for (long q = 0; q < L->ports; q++)
		for (long b = 0; b < L->v; b++) {
			const long from = q * L->width + b * L->cols, line = (q * L->v + b) * L->wide;
			const float *live = L->live + b * L->cols;
			EACH(j, L->cols) AT(p->some, from + j) = live[j] * (AT(p->u, line + j) - ref * level[e]) * end;
		}
	lane_sum(p->some, p->n_w, into_ref);
	for (int e = 0; e < LANES; e++)
		HEAD(m, H_POWER + AMP_REF)[e] -= level[e] * level[e] * s->ref * into_ref[e];
	if (L->exact)
		return;
	for (long q = 0; q < L->ports; q++) {
		const long from = q * L->width;
		EACH(j, L->width) {
			float out_a = (AT(p->s, from + j) - AT(p->out_f, from + j) - AT(p->d, from + j)) * per_ohm;
			AT(p->some, from + j) = L->live[j] * (pair(out_a, pair_a) + quiet);
			AT(p->load, from + j) = L->live[j] * out_a;
		}
	}
	lane_sum(p->some, p->n_w, up);
	lane_sum(p->load, p->n_w, net);
	for (int e = 0; e < LANES; e++) {
		double square = level[e] * level[e] * s->a_rail;
		HEAD(m, H_POWER + AMP_VDD)[e] += square * up[e];
		HEAD(m, H_POWER + AMP_VSS)[e] += square * (up[e] - net[e]);
	}
}

/* Watts of every supply, of the cells and of the wires into the head; lines p->u. Of the power that its sources
 * give, a layer's cells and wires keep the share that they have at the operating point. */
void motion_watts(struct motion *m)
{
	float level[LANES];
	double net[LANES];

	motion_level(m, level);
	memset(HEAD(m, H_POWER), 0, POWERS * LANES * sizeof(double));
	memset(m->failed, 0, sizeof m->failed);
	for (long k = 0; k < m->stack->n_layers; k++) {
		const struct layer *L = m->stack->layers + k;
		struct place *p = m->place + k;
		EACH(l, L->pad) AT(p->u, l) = AT(p->u_f, l) + AT(p->base, l) + AT(p->by_amp, l);
		sources(m, k, level, net);
		for (int e = 0; e < LANES; e++) {
			HEAD(m, H_POWER + HEAT)[e] += p->sums[LANES + e] * net[e] / p->watts[2 * LANES + e];
			HEAD(m, H_POWER + WIRE)[e] += p->sums[2 * LANES + e] * net[e] / p->watts[2 * LANES + e];
		}
		neurons(m, k, level);
		amplifiers(m, k, level);
	}
}
