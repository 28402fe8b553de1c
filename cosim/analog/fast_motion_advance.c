/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_advance.c : steps as long as their errors allow, what they take from the supplies, when outputs settle. */
#include "fast_motion.h"

enum { PARTS = 4 };
static const double LEAST_S = 1e-17, SHORTEST_S = 1e-15, STILL_V = 1e-5, STILL_S = 1e-10, RAMP = 5.0, GROWTH = 3.0;

/* Joules of a step of the lanes that take it: trapezoid of the watts, and half of the charge that the neurons' outputs
 * took (both FETs conduct). */
static void bill(struct motion *m, const double *before, const double *h)
{
	const struct stack *s = m->stack;
	float charge[LANES] = {0}, sum[LANES];

	for (long k = 0; k < s->n_layers; k++) {
		const struct layer *L = s->layers + k;
		const struct place *p = m->place + k;
		const float load = (float)L->load_f, hold = L->last ? (float)s->hold_f : 0.0f;
		const float *now = p->s + p->n_y * LANES, *was = p->s0 + p->n_y * LANES;
		EACH(j, L->width) {
			float held = AT(now, L->width + j) - AT(was, L->width + j);
			AT(p->some, j) = load * (AT(now, j) - AT(was, j)) + hold * held;
		}
		lane_sum(p->some, L->width, sum);
		FOR_LANES charge[e] += 0.5f * sum[e];
	}
	for (int w = 0; w < POWERS; w++)
		for (int e = 0; e < LANES; e++)
			HEAD(m, H_ENERGY + w)[e] += 0.5 * h[e] * (before[w * LANES + e] + HEAD(m, H_POWER + w)[e]);
	for (int e = 0; e < LANES; e++)
		HEAD(m, H_ENERGY + NEURON_VDD)[e] += h[e] > 0.0 ? s->vdd * charge[e] : 0.0;
}

static double cubic(double y0, double y1, double d0, double d1, double x)
{
	double z = 1.0 - x;
	return z * z * ((1.0 + 2.0 * x) * y0 + x * d0) + x * x * ((3.0 - 2.0 * x) * y1 - z * d1);
}

/* When each output last entered the band around its final value: on the cubic through both ends of the step. */
static void look(struct motion *m, struct watch *seen, const double *h, int e)
{
	const struct layer *L = m->stack->layers + m->stack->n_layers - 1;
	const struct place *p = m->place + m->stack->n_layers - 1;
	const long y = p->n_y;

	for (long j = 0; j < L->n_out; j++) {
		double y0 = AT(p->s0, y + j), y1 = AT(p->s, y + j), d0 = h[e] * AT(p->f0, y + j), d1 = h[e] * AT(p->f, y + j);
		double final = AT(p->y_f, j), outside = fabs(y0 - final) - seen->band;
		for (int part = 0; part < PARTS; part++) {
			double low = (double)part / PARTS, high = (part + 1.0) / PARTS, was = outside;
			outside = fabs(cubic(y0, y1, d0, d1, high) - final) - seen->band;
			if (outside > 0.0) {
				AT(seen->settled, j) = INFINITY;
				continue;
			}
			if (was <= 0.0)
				continue;
			for (int turn = 0; turn < 20; turn++) {
				double x = 0.5 * (low + high);
				if (fabs(cubic(y0, y1, d0, d1, x) - final) > seen->band)
					low = x;
				else
					high = x;
			}
			AT(seen->settled, j) = seen->now[e] + high * h[e];
		}
	}
	seen->now[e] += h[e];
}

/* After a step that a lane took: how long the next may be. */
static void grow(struct motion *m, double tol, double error, double h, int ramping, int e)
{
	double *step = HEAD(m, H_STEP) + e;

	error *= ramping ? RAMP : 1.0; /* what a ramp starts lasts */
	double factor = 0.9 * cbrt(tol / (error > 1e-12 ? error : 1e-12));
	factor = factor > GROWTH ? GROWTH : factor;
	double next = h * factor; /* a step cut short says little about the one it was to be */
	*step = next > *step || factor < 1.0 || h >= *step ? next : *step;
}

/* Move by exactly `duration`; with `seen` stop where nothing moves any more and bill the rest at constant power. */
int motion_advance(struct motion *m, double duration, struct watch *seen)
{
	double done[LANES] = {0}, still[LANES] = {0}, h[LANES], tol[LANES], before[POWERS * LANES], rise_s = m->stack->rise_s;
	float error[LANES], moved[LANES];
	int over[LANES] = {0}, refused[LANES], left = LANES, back, stay;

	while (left) {
		for (int e = 0; e < LANES; e++) {
			double ramp = rise_s - HEAD(m, H_DONE)[e], step = HEAD(m, H_STEP)[e];
			step = ramp > 1e-9 * rise_s && step > ramp ? ramp : step;
			h[e] = over[e] || step < duration - done[e] ? step : duration - done[e];
		}
		stay = !seen && left < LANES; /* some are there already, and go on from there another time */
		if (stay)
			motion_hold(m);
		motion_try(m, h, tol, error, moved);
		back = 0;
		for (int e = 0; e < LANES; e++) {
			refused[e] = !over[e] && (m->failed[e] || !(error[e] < 4.0 * tol[e]));
			back |= refused[e];
			if (!refused[e])
				continue;
			if (h[e] < SHORTEST_S) {
				HEAD(m, H_LAYER)[0] = HEAD(m, H_LAYER)[e];
				HEAD(m, H_STEP)[0] = h[e];
				return m->failed[e] ? m->failed[e] : NO_CONVERGENCE;
			}
			HEAD(m, H_STEP)[e] = 0.3 * h[e];
			HEAD(m, H_LAST)[e] = 0.0;
			HEAD(m, H_REJECTED)[e] += 1.0;
		}
		motion_refine(m, h);
		if (back)
			motion_back(m, refused);
		if (stay)
			motion_stay(m, over);
		for (int e = 0; e < LANES; e++) {
			if (over[e] || refused[e]) {
				h[e] = 0.0;
				continue;
			}
			double ramp = rise_s - HEAD(m, H_DONE)[e];
			HEAD(m, H_DONE)[e] = ramp > h[e] ? HEAD(m, H_DONE)[e] + h[e] : rise_s;
			grow(m, tol[e], error[e], h[e], ramp > h[e], e);
		}
		memcpy(before, HEAD(m, H_POWER), sizeof before);
		motion_watts(m);
		for (int e = 0; e < LANES; e++)
			if (h[e] > 0.0 && m->failed[e] == NEURON_RANGE) {
				HEAD(m, H_LAYER)[0] = HEAD(m, H_LAYER)[e];
				HEAD(m, H_WORST)[0] = HEAD(m, H_WORST)[e];
				return NEURON_RANGE;
			}
		for (int e = 0; e < LANES && (back || stay); e++)
			for (int w = 0; w < POWERS && (refused[e] || over[e]); w++) /* what a lane that stays gave stays */
				HEAD(m, H_POWER + w)[e] = before[w * LANES + e];
		bill(m, before, h);
		for (int e = 0; e < LANES; e++) {
			if (!(h[e] > 0.0))
				continue;
			HEAD(m, H_MOVED)[e] += moved[e];
			HEAD(m, H_STEPS)[e] += 1.0;
			HEAD(m, H_LAST)[e] = h[e];
			done[e] += h[e];
			if (seen) {
				look(m, seen, h, e);
				double least = STILL_V * (h[e] < 0.05 * STILL_S ? 0.05 : h[e] / STILL_S);
				still[e] = moved[e] < least && HEAD(m, H_DONE)[e] >= rise_s ? still[e] + h[e] : 0.0;
			}
			double rest = duration - done[e];
			if (still[e] < STILL_S && rest > LEAST_S)
				continue;
			for (int w = 0; w < POWERS && still[e] >= STILL_S; w++)
				HEAD(m, H_ENERGY + w)[e] += rest * HEAD(m, H_POWER + w)[e];
			over[e] = 1;
			left--;
		}
	}
	return DONE;
}
