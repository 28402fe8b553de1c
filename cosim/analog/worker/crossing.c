/* crossing.c : finds when watched nodes cross their thresholds inside a step, keeps the list of them
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>
#include <stdlib.h>

#include "world.h"

static double *older_probe; /* the accepted point before the last */
static double older_t_s = -1.0;
static double *cross_t_s; /* per probe: crossing inside the candidate, or negative */

int64_t crossing_ps(double t_s)
{
	return llround(ceil(t_s / PS - NEAR_PS));
}

/* Where probe k crosses `level` inside the candidate, by a parabola through three points. */
static double crossing_time(int64_t k, double v, double level, double t0_s, double t_s, int corner)
{
	double v0 = cosim_probes[k].volts - level, v1 = v - level, span = t_s - t0_s;
	double slope = (v1 - v0) / span, bend = 0.0, lo = 0.0, hi = span, x = -v0 / slope;

	if (older_t_s >= 0.0 && !corner) { /* a bend at t0_s tells nothing about after it */
		double before = (cosim_probes[k].volts - older_probe[k]) / (t0_s - older_t_s);
		bend = (slope - before) / (t_s - older_t_s);
	}
	for (int turn = 0; turn < 60; turn++) { /* bisection keeps Newton inside the bracket */
		double value = v0 + x * (slope + bend * (x - span));
		double rise = slope + bend * (2.0 * x - span), next;
		if (value * v0 > 0.0)
			lo = x;
		else
			hi = x;
		next = rise != 0.0 ? x - value / rise : lo;
		if (!(next > lo && next < hi))
			next = 0.5 * (lo + hi);
		if (fabs(next - x) < 1e-6 * PS)
			return t0_s + next;
		x = next;
	}
	return t0_s + x;
}

double crossing_find(const double *probe, double t0_s, double t_s, int corner)
{
	double first = -1.0;
	if (!cross_t_s) {
		cross_t_s = calloc((size_t)cosim_world->n_probes + 1, sizeof *cross_t_s);
		older_probe = calloc((size_t)cosim_world->n_probes + 1, sizeof *older_probe);
	}
	for (int64_t k = 0; k < cosim_world->n_probes; k++) {
		const probe_t *p = &cosim_probes[k];
		double level = p->level ? p->fall_v : p->rise_v;
		cross_t_s[k] = -1.0;
		if (!p->asynchronous || (p->level ? probe[k] > level : probe[k] < level))
			continue;
		cross_t_s[k] = crossing_time(k, probe[k], level, t0_s, t_s, corner);
		if (first < 0.0 || cross_t_s[k] < first)
			first = cross_t_s[k];
	}
	return first;
}

int crossing_accept(int judged)
{
	world_t *w = cosim_world;
	int found = 0;
	if (!judged) /* the operating point */
		return 0;
	for (int64_t k = 0; k < w->n_probes; k++) {
		crossing_t *c = &cosim_crossings[w->n_crossings];
		older_probe[k] = cosim_probes[k].volts;
		if (cross_t_s[k] < 0.0 || w->n_crossings >= MAX_CROSSINGS)
			continue;
		cosim_probes[k].level = !cosim_probes[k].level;
		c->probe = k;
		c->level = cosim_probes[k].level;
		c->t_ps = crossing_ps(cross_t_s[k]);
		c->t_exact_s = cross_t_s[k];
		w->n_crossings++;
		found = 1;
	}
	older_t_s = w->t_s;
	return found;
}
