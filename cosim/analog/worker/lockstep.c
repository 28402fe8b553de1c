/* lockstep.c : decides where the next solver step ends, keeps or rejects it, waits for commands
 * SPDX-License-Identifier: Apache-2.0
 *
 * The solver asks three times a step: where it may end (location 0), whether the converged
 * candidate stands (location 1, where a 1 sends it back), and what to do with the accepted point
 * (lockstep_point). Commands are taken at accepted points, and at a candidate that is held.
 */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "world.h"

#define SHORT_S 2.01e-12 /* longest last step before a crossing */
#define HUNT_STEPS 8    /* picosecond steps after a predicted crossing before giving up on it */
#define MAX_CUTS 200
#define LOOKS 400       /* about 0.2 ms */

static int (*set_breakpoint)(double);
static int command_fd;
static double until_s;   /* stop of the present command */
static int proposing, holding, hunting, cuts;
static int restarted;    /* the next step begins at a corner of an input ... */
static double first_s;   /* ... and may be no longer than this */
static int fresh;        /* the candidate arrays hold the point that is about to be accepted */
static double *volts, *amps, *probe; /* the candidate */

void lockstep_open(int fd)
{
	size_t n = (size_t)cosim_world->n_sources + 1, m = (size_t)cosim_world->n_probes + 1;
	command_fd = fd;
	volts = calloc(n, sizeof *volts);
	amps = calloc(n, sizeof *amps);
	probe = calloc(m, sizeof *probe);
}

void lockstep_bind(int (*breakpoint)(double))
{
	set_breakpoint = breakpoint;
}

void lockstep_reply(int64_t status)
{
	char bell = 'r';
	cosim_world->status = status;
	cosim_world->phase = status == STATUS_OK ? PHASE_WAITING : PHASE_FAILED;
	if (write(command_fd, &bell, 1) != 1 || status != STATUS_OK)
		_exit(status == STATUS_OK ? 0 : 1);
}

static double whole_ps(double t_s)
{
	return floor(t_s / PS + NEAR_PS) * PS;
}

/* The largest step allowed from t_s when the solver would take delta_s. */
static double clamp(double t_s, double delta_s)
{
	const world_t *w = cosim_world;
	double stop = until_s, left;

	if (w->max_step_s > 0.0 && delta_s > w->max_step_s)
		delta_s = w->max_step_s;
	if (restarted && delta_s > first_s)
		delta_s = first_s;
	if (w->grid_ps > 0) {
		double grid = (double)w->grid_ps * PS, phase = (double)w->grid_phase_ps * PS;
		double edge = (floor((t_s - phase + TINY_S) / grid) + 1.0) * grid + phase;
		if (edge < stop)
			stop = edge;
	}
	for (int64_t k = 0; k < w->n_sources; k++) { /* a ramp's end is a corner too */
		double corner = cosim_sources[k].t1_s;
		if (corner > t_s + TINY_S && corner < stop)
			stop = corner;
	}
	if (hunting > 0 && whole_ps(t_s) + PS < stop)
		stop = whole_ps(t_s) + PS;
	if (proposing && t_s + delta_s < stop) { /* a proposal must end on a whole picosecond */
		double end = whole_ps(t_s + delta_s);
		stop = end > t_s + TINY_S ? end : whole_ps(t_s) + PS;
		if (end > t_s + TINY_S)
			return stop - t_s;
	}
	left = stop - t_s;
	if (delta_s >= left * (1.0 - 1e-9))
		return left;
	return delta_s > 0.5 * left ? 0.5 * left : delta_s; /* never leave a sliver behind */
}

/* An input bends at t_s: integrate afresh (backward Euler, short step), or charges that hang on a
 * source would ring for ever under the trapezoidal rule. */
static void restart(double t_s, double ramp_s)
{
	double step_s = cosim_world->first_part * ramp_s;
	first_s = restarted ? fmin(first_s, step_s) : step_s;
	restarted = 1;
	/* ngspice drops a breakpoint at the very present, and takes one a few roundings later for it;
	 * with a held candidate the present is already behind it */
	if (!holding)
		set_breakpoint(t_s > 0.0 ? t_s * (1.0 + 4e-15) : 1e-19);
}

static int cut(double t0_s, double end_s, double *delta_s)
{
	if (++cuts > MAX_CUTS)
		lockstep_reply(STATUS_HUNT);
	cosim_world->rejected++;
	*delta_s = end_s - t0_s;
	return 1;
}

/* A converged candidate from t0_s to t_s: 0 keeps it, 1 sends it back with a new delta. */
static int judge(double t0_s, double t_s, double *delta_s)
{
	double first, whole = 0.0;

	account_read(volts, probe, amps, t_s);
	if (account_nan(probe, amps))
		lockstep_reply(STATUS_NAN);
	first = crossing_find(probe, t0_s, t_s, restarted);
	if (first >= 0.0) {
		whole = (double)crossing_ps(first) * PS;
		if (t_s > whole + TINY_S || t_s - t0_s > SHORT_S) {
			double before = whole - PS; /* come close first, then step over it */
			hunting = HUNT_STEPS;
			if (before > t0_s + 0.25 * PS && before < t_s - TINY_S)
				return cut(t0_s, before, delta_s);
			if (t_s > whole + TINY_S)
				return cut(t0_s, whole, delta_s);
		}
	}
	if (proposing && fabs(t_s - whole_ps(t_s)) < TINY_S) {
		holding = 1;
		cosim_world->t_ps = llround(t_s / PS);
		lockstep_reply(STATUS_OK);
		lockstep_wait();
		holding = 0;
		if (restarted) /* an input moved at t0_s itself: solve the step again with it */
			return cut(t0_s, t0_s + clamp(t0_s, first_s), delta_s);
		if (until_s < t_s - TINY_S)
			return cut(t0_s, until_s, delta_s);
	}
	if (first >= 0.0 &&
	    (cosim_world->stop_on_crossing || cosim_world->n_crossings > MAX_CROSSINGS / 2))
		until_s = fmin(until_s, whole);
	fresh = 1;
	return 0;
}

int lockstep_sync(double t_s, double *delta_s, int redo, int location)
{
	if (location == 0 || redo) { /* redo: the solver gave up on the step; t_s is its start */
		if (redo && location == 1) { /* remember why, in case no shorter step does better */
			account_read(volts, probe, amps, t_s);
			cosim_world->saw_nan = account_nan(probe, amps);
		}
		*delta_s = clamp(t_s, *delta_s);
		return 0;
	}
	return judge(cosim_world->t_s, t_s, delta_s);
}

/* The solver accepted the point at t_s. */
void lockstep_point(double t_s)
{
	world_t *w = cosim_world;

	if (!fresh) { /* the operating point, the only one without a candidate */
		account_read(volts, probe, amps, t_s);
		if (account_nan(probe, amps))
			lockstep_reply(STATUS_NAN);
		for (int64_t k = 0; k < w->n_probes; k++) {
			probe_t *p = &cosim_probes[k];
			p->level = probe[k] > 0.5 * (p->rise_v + p->fall_v);
			p->volts = probe[k];
		}
		w->t_s = until_s = t_s;
	}
	if (crossing_accept(fresh))
		hunting = 0;
	account_accept(volts, probe, amps, t_s, restarted || !fresh);
	restarted = fresh = cuts = 0;
	w->saw_nan = 0;
	if (hunting > 0)
		hunting--;
	if (t_s > w->horizon_s)
		lockstep_reply(STATUS_HORIZON);
	for (int64_t k = 0; k < w->n_sources; k++) {
		const source_t *s = &cosim_sources[k];
		if (fabs(s->t1_s - t_s) < TINY_S && s->v1_v != s->v0_v)
			restart(t_s, s->t1_s - s->t0_s);
	}
	if (t_s < until_s - TINY_S)
		return;
	w->t_ps = llround(t_s / PS);
	lockstep_reply(STATUS_OK);
	lockstep_wait();
}

static void apply_changes(double t_s)
{
	for (int64_t k = 0; k < cosim_world->n_changes; k++) {
		const change_t *c = &cosim_changes[k];
		source_t *s = &cosim_sources[c->source];
		double now_v = cosim_source_volts(s, t_s);
		double end_s = (double)(llround(t_s / PS) + c->ramp_ps) * PS;
		s->v0_v = now_v;
		s->v1_v = c->volts;
		s->t0_s = t_s;
		s->t1_s = end_s;
		restart(t_s, end_s - t_s);
		account_disturbed(end_s);
	}
	cosim_world->n_changes = 0;
}

/* Looks for the next command a few hundred times before it sleeps: waking an idle core costs more
 * than the command of a small circuit. Yields in between, so a busy machine loses nothing. */
static int next_command(void)
{
	char bell;
	for (int look = 0; look < LOOKS; look++) {
		ssize_t got = recv(command_fd, &bell, 1, MSG_DONTWAIT);
		if (got >= 0 || (errno != EAGAIN && errno != EINTR))
			return got == 1;
		sched_yield();
	}
	return read(command_fd, &bell, 1) == 1;
}

/* Blocks until a command asks for time beyond the last accepted point. */
void lockstep_wait(void)
{
	world_t *w = cosim_world;
	for (;;) {
		if (!next_command() || w->op == OP_QUIT)
			_exit(0);
		if (w->op == OP_START)
			return;
		apply_changes(w->t_s);
		if (!proposing) /* what a proposed step went through belongs to the advance that keeps it */
			w->n_crossings = 0;
		until_s = (double)w->until_ps * PS;
		proposing = w->op == OP_PROPOSE;
		if (until_s > w->t_s + TINY_S) {
			w->phase = PHASE_STEPPING;
			return;
		}
		w->t_ps = llround(w->t_s / PS);
		lockstep_reply(STATUS_OK);
	}
}
