/* account.c : reads a solution, sums energy at every source, decides when the macro has settled
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>
#include <stdlib.h>

#include "world.h"

static double *ref_probe, *ref_amps; /* the point that later ones are compared with */
static double ref_t_s = -1.0;
static double quiet_after_s; /* last ramp's end */

double cosim_source_volts(const source_t *source, double t_s)
{
	if (t_s >= source->t1_s)
		return source->v1_v;
	if (t_s <= source->t0_s)
		return source->v0_v;
	return source->v0_v + (source->v1_v - source->v0_v) * (t_s - source->t0_s) /
				      (source->t1_s - source->t0_s);
}

void account_read(double *volts, double *probe_volts, double *amps, double t_s)
{
	const double *rhs = cosim_solver.rhs;
	for (int64_t k = 0; k < cosim_world->n_sources; k++) {
		volts[k] = cosim_source_volts(&cosim_sources[k], t_s);
		amps[k] = -rhs[cosim_solver.source_branch[k]];
	}
	for (int64_t k = 0; k < cosim_world->n_probes; k++) {
		uint32_t node = cosim_solver.probe_node[k];
		probe_volts[k] = node ? rhs[node] : 0.0; /* node 0 is ground */
	}
}

int account_nan(const double *probe_volts, const double *amps)
{
	for (int64_t k = 0; k < cosim_world->n_probes; k++)
		if (!isfinite(probe_volts[k])) {
			cosim_world->bad_probe = k;
			return 1;
		}
	for (int64_t k = 0; k < cosim_world->n_sources; k++)
		if (!isfinite(amps[k])) {
			cosim_world->bad_probe = -1 - k;
			return 1;
		}
	return 0;
}

/* An input begins to move at t_s: nothing can be settled before its ramp has ended. */
void account_disturbed(double t_s)
{
	if (t_s > quiet_after_s)
		quiet_after_s = t_s;
	ref_t_s = -1.0;
}

static int moved(const double *probe_volts, const double *amps)
{
	const world_t *w = cosim_world;
	for (int64_t k = 0; k < w->n_probes; k++)
		if (fabs(probe_volts[k] - ref_probe[k]) > w->settle_v)
			return 1;
	for (int64_t k = 0; k < w->n_sources; k++)
		if (fabs(amps[k] - ref_amps[k]) > w->settle_a + w->settle_rel * fabs(ref_amps[k]))
			return 1;
	return 0;
}

static void update_settled(const double *probe_volts, const double *amps, double t_s)
{
	world_t *w = cosim_world;
	if (!ref_probe) {
		ref_probe = calloc((size_t)w->n_probes + 1, sizeof *ref_probe);
		ref_amps = calloc((size_t)w->n_sources + 1, sizeof *ref_amps);
	}
	if (ref_t_s < 0.0 || t_s < quiet_after_s || moved(probe_volts, amps)) {
		for (int64_t k = 0; k < w->n_probes; k++)
			ref_probe[k] = probe_volts[k];
		for (int64_t k = 0; k < w->n_sources; k++)
			ref_amps[k] = amps[k];
		ref_t_s = t_s;
	}
	w->settled = t_s - ref_t_s >= w->settle_s * (1.0 - 1e-9);
}

void account_accept(const double *volts, const double *probe_volts, const double *amps, double t_s,
		    int after_restart)
{
	world_t *w = cosim_world;
	double dt = t_s - w->t_s;
	for (int64_t k = 0; k < w->n_sources; k++) {
		source_t *s = &cosim_sources[k];
		/* the first step after a corner is backward Euler: its charge is the new current's */
		double before = after_restart ? amps[k] : s->amps;
		if (s->kind == KIND_METER) /* one ampere into the meter's node is one watt */
			s->energy_j -= 0.5 * (before + amps[k]) * dt;
		else
			s->energy_j += 0.5 * (s->volts * before + volts[k] * amps[k]) * dt;
		s->volts = volts[k];
		s->amps = amps[k];
		if (fabs(amps[k]) > s->peak_a)
			s->peak_a = fabs(amps[k]);
	}
	for (int64_t k = 0; k < w->n_probes; k++)
		cosim_probes[k].volts = probe_volts[k];
	update_settled(probe_volts, amps, t_s);
	w->t_s = t_s;
	w->accepted++;
}
