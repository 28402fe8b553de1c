/* world.h : memory that the worker shares with the program that drives it
 * SPDX-License-Identifier: Apache-2.0
 *
 * One header of 8-byte fields, then the tables, in the order of cosim/analog/ngspice_world.py,
 * which checks COSIM_MAGIC and writes every size. All times are circuit time, which stands still
 * while the macro sleeps.
 */
#ifndef COSIM_WORLD_H
#define COSIM_WORLD_H

#include <stdint.h>

#define COSIM_MAGIC 0x31305f4d49534f43LL /* "COSIM_01" */
#define PS 1e-12
#define MAX_CROSSINGS 1024
#define TINY_S 1e-17 /* far below a picosecond, far above the rounding of a time */
#define NEAR_PS 1e-4 /* a crossing this close behind a whole picosecond belongs to it */

enum { PHASE_BOOT, PHASE_LOADING, PHASE_OP, PHASE_WAITING, PHASE_STEPPING, PHASE_FAILED };
enum { OP_NONE, OP_START, OP_ADVANCE, OP_PROPOSE, OP_QUIT };
enum { STATUS_OK, STATUS_FAILED, STATUS_NAN, STATUS_HUNT, STATUS_HORIZON };
enum { KIND_SUPPLY, KIND_METER };

typedef struct {
	int64_t magic, n_sources, n_probes, n_changes_max;
	/* progress: written by the worker, read at any time */
	volatile int64_t phase, loads, accepted, rejected;
	double t_s; /* last accepted point */
	/* command */
	int64_t op, until_ps, grid_ps, grid_phase_ps, stop_on_crossing, n_changes;
	/* reply */
	int64_t status, t_ps, settled, n_crossings, bad_probe, saw_nan;
	/* options */
	double max_step_s, settle_v, settle_a, settle_rel, settle_s, horizon_s;
	double first_part; /* first step after a corner, as a part of the ramp */
} world_t;

typedef struct { /* an ideal voltage source: v0 until t0, then a straight line to v1 at t1 */
	double v0_v, v1_v, t0_s, t1_s;
	double volts, amps, energy_j, peak_a; /* at t_s; amps flow out of the plus terminal */
	int64_t kind;
} source_t;

typedef struct {
	double volts, rise_v, fall_v; /* crossings: up through rise_v, down through fall_v */
	int64_t asynchronous, level;
} probe_t;

typedef struct {
	int64_t source;
	double volts;
	int64_t ramp_ps;
} change_t;

typedef struct {
	int64_t probe, level, t_ps;
	double t_exact_s;
} crossing_t;

/* what the device library (pins.c) tells about the solver */
typedef struct {
	double *rhs;                   /* newest solution, indexed by node number */
	uint32_t *source_branch;       /* per source: number of its current */
	uint32_t *source_node[2];      /* per source: numbers of its two nodes */
	uint32_t *probe_node;          /* per probe */
} solver_t;

extern world_t *cosim_world;
extern source_t *cosim_sources;
extern probe_t *cosim_probes;
extern change_t *cosim_changes;
extern crossing_t *cosim_crossings;
extern solver_t cosim_solver;

double cosim_source_volts(const source_t *source, double t_s);

/* lockstep.c */
void lockstep_open(int command_fd);
void lockstep_bind(int (*set_breakpoint)(double));
void lockstep_point(double t_s);
int lockstep_sync(double t_s, double *delta_s, int redo, int location);
void lockstep_reply(int64_t status);
void lockstep_wait(void);

/* crossing.c: the first whole picosecond at or after t_s; the earliest crossing in a candidate (or a
 * negative time; `corner` says an input bends at t0_s); after acceptance, whether there was one */
int64_t crossing_ps(double t_s);
double crossing_find(const double *probe_volts, double t0_s, double t_s, int corner);
int crossing_accept(int judged);

/* account.c */
void account_read(double *volts, double *probe_volts, double *amps, double t_s);
int account_nan(const double *probe_volts, const double *amps);
void account_accept(const double *volts, const double *probe_volts, const double *amps,
		    double t_s, int after_restart);
void account_disturbed(double t_s);

#endif
