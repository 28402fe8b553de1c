/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_advance.c : steps as long as their errors allow, what they take from the supplies, when outputs settle. */
#include "fast_motion.h"

enum { PARTS = 4 };
static const double LEAST_S = 1e-17, SHORTEST_S = 1e-15, STILL_V = 1e-5, STILL_S = 1e-10, RAMP = 5.0, GROWTH = 3.0;

/* Joules of a step: trapezoid of the watts, and half of the charge that the neurons' outputs took (both FETs conduct). */
static void bill(struct motion *m, const double *before, double h)
{
	const struct stack *s = m->stack;
	double charge = 0.0;

	for (int e = 0; e < POWERS; e++)
		m->head[H_ENERGY + e] += 0.5 * h * (before[e] + m->head[H_POWER + e]);
	for (long k = 0; k < s->n_layers; k++) {
		const struct layer *L = s->layers + k;
		const struct place *p = m->place + k;
		const double *now = p->s + p->n_y, *was = p->s0 + p->n_y;
		for (long j = 0; j < L->width; j++) {
			charge += 0.5 * L->load_f * (now[j] - was[j]);
			charge += L->last ? 0.5 * s->hold_f * (now[L->width + j] - was[L->width + j]) : 0.0;
		}
	}
	m->head[H_ENERGY + NEURON_VDD] += s->vdd * charge;
}

static double cubic(double y0, double y1, double d0, double d1, double x)
{
	double z = 1.0 - x;
	return z * z * ((1.0 + 2.0 * x) * y0 + x * d0) + x * x * ((3.0 - 2.0 * x) * y1 - z * d1);
}

/* When each output last entered the band around its final value: on the cubic through both ends of the step. */
static void look(struct motion *m, struct watch *seen, double h)
{
	const struct layer *L = m->stack->layers + m->stack->n_layers - 1;
	const struct place *p = m->place + m->stack->n_layers - 1;
	const double *y0 = p->s0 + p->n_y, *y1 = p->s + p->n_y, *f0 = p->f0 + p->n_y, *f1 = p->f + p->n_y;

	for (long j = 0; j < L->width; j++) {
		double outside = fabs(y0[j] - seen->final[j]) - seen->band;
		for (int part = 0; part < PARTS; part++) {
			double low = (double)part / PARTS, high = (part + 1.0) / PARTS, was = outside;
			outside = fabs(cubic(y0[j], y1[j], h * f0[j], h * f1[j], high) - seen->final[j]) - seen->band;
			if (outside > 0.0) {
				seen->settled[j] = INFINITY;
				continue;
			}
			if (was <= 0.0)
				continue;
			for (int turn = 0; turn < 20; turn++) {
				double x = 0.5 * (low + high);
				if (fabs(cubic(y0[j], y1[j], h * f0[j], h * f1[j], x) - seen->final[j]) > seen->band)
					low = x;
				else
					high = x;
			}
			seen->settled[j] = seen->now + high * h;
		}
	}
	seen->now += h;
}

/* Move by exactly `duration`; with `seen` stop where nothing moves any more and bill the rest at constant power. */
int motion_advance(struct motion *m, double duration, struct watch *seen)
{
	double *head = m->head, done = 0.0, still = 0.0, before[POWERS], error, moved;

	while (duration - done > LEAST_S) {
		double ramp = m->stack->rise_s - head[H_DONE], h = head[H_STEP];
		h = ramp > 1e-9 * m->stack->rise_s && h > ramp ? ramp : h;
		h = h < duration - done ? h : duration - done;
		int failed;
		double tol = motion_try(m, h, &error, &moved, &failed);
		if (failed || !(error < 4.0 * tol)) {
			if (h < SHORTEST_S)
				return failed ? failed : NO_CONVERGENCE;
			motion_back(m);
			head[H_STEP] = 0.3 * h;
			head[H_LAST] = 0.0;
			head[H_REJECTED] += 1.0;
			continue;
		}
		memcpy(before, head + H_POWER, sizeof before);
		head[H_DONE] = ramp > h ? head[H_DONE] + h : m->stack->rise_s;
		motion_refine(m, h);
		failed = motion_watts(m);
		if (failed)
			return failed;
		bill(m, before, h);
		head[H_MOVED] += moved;
		head[H_STEPS] += 1.0;
		head[H_LAST] = h;
		done += h;
		if (ramp > h)
			error *= RAMP; /* what a ramp starts lasts */
		double factor = 0.9 * cbrt(tol / (error > 1e-12 ? error : 1e-12));
		factor = factor > GROWTH ? GROWTH : factor;
		double next = h * factor; /* a step cut short says little about the one it was to be */
		head[H_STEP] = next > head[H_STEP] || factor < 1.0 || h >= head[H_STEP] ? next : head[H_STEP];
		if (seen == NULL)
			continue;
		look(m, seen, h);
		still = moved < STILL_V * (h < 0.05 * STILL_S ? 0.05 : h / STILL_S) && head[H_DONE] >= m->stack->rise_s ? still + h : 0.0;
		if (still >= STILL_S) {
			for (int e = 0; e < POWERS; e++)
				head[H_ENERGY + e] += (duration - done) * head[H_POWER + e];
			break;
		}
	}
	return DONE;
}
