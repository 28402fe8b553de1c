/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion.h : what moves in a stack and what it moves in; smooth functions that vectorise.
 *
 * Lines are [port][v][side][column] with each block of two sides padded to `wide`, amplifiers [port][column], neurons
 * [column]; columns are padded to `width`, and `live` is 0 in the padding. All volts are followed as differences from the operating
 * point the motion heads for (`struct goal`), so single precision in the network leaves that exact.
 */
#ifndef FAST_MOTION_H
#define FAST_MOTION_H
#include <math.h>
#include <stddef.h>
#include <string.h>

enum { DRIVERS, BUFFER_VDD, BIAS, AMP_VDD, AMP_VSS, AMP_REF, NEURON_VDD, HEAT, WIRE, POWERS };
enum { DONE, NO_CONVERGENCE, NEURON_RANGE, BEND_RANGE, TOO_MANY_STEPS };
/* Newton: what is left of a move below TOL is its square; e^-FAR is nothing */
enum { MOTION_TURNS = 30 };
static const double MOTION_TOL_V = 1e-5, MOTION_STEP_V = 0.1, MOTION_FAR = 20.0;
enum { LANES = 16, TERMS = 8, MOST_LAYERS = 16, MOST_COLS = 4096 };

typedef float v16 __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

struct layer {
	long n_in, n_out, ports, v, cols, width;      /* blocks: ports*v, of `cols` columns; width = v*cols */
	long wide, pad, pad_in;                       /* stride of a block's lines, all of them, of the sources */
	long hidden, last, exact, bent, buffered;     /* exact: op-amps without dynamics; buffered: its neurons */
	double r1, r3, lag_s, load_f, reach_v; /* lag of the op-amps' inputs */
	const float *zt, *ztx, *tt, *q; /* [block][from][to], [n_in+1][pad], [pad][pad_in], [n_in+1][pad_in] */
	const float *bend, *share;      /* [n_in+1][pad] */
	const float *by;                       /* [v][from][wide]: volts of a block's lines per volt of an output */
	const double *own;                     /* [pad]: of a line per volt of its own column's output */
	const double *bias_t, *amplifier_os, *neuron_os, *live;
	float coef[TERMS];                     /* of an AP cell's bend, odd powers of its voltage */
};

enum { N_OUT, N_HOLD_LAG, N_SUPPLY, N_IN, N_DELAY };

struct stack {
	long n_layers, points;
	double vdd, ref, tie_ohm, rise_s, tol_v, first_s;
	double a_k, a_a0, a_rout, a_slew, a_rail, a_head, a_soft, a_quiet, a_pair;
	double b_k, b_gain, b_slew, b_soft, b_rout, b_imax, b_quiet, b_pair;
	double hold_s, hold_f, low_v, per_v;
	const double *spline; /* [column][power][interval] over a neuron's signal, columns as below */
	const struct layer *layers;
};

/* One layer of an operating point. `shift` is how far its neurons' outputs are from the unloaded curve; `sums` are
 * drive, heat, wire and what the neurons take beyond the curve, in watts. */
struct goal { const double *u, *out, *w, *x, *i, *y, *next, *signal, *drive_t, *shift, *sums; };

struct place { /* one layer's part of the workspace */
	double *u, *still, *base, *by_bend, *was_bend, *by_amp;       /* lines: now, left by the ramp, without amplifiers, parts */
	double *out, *out0, *pend, *signal;                /* amplifiers; moves that the lines have not followed; neurons */
	double *s, *f, *s0, *f0, *fg, *hist, *slope;       /* states in a row (below); rates; slopes of the rates */
	double *x, *rows, *watts;
	float *dx, *du, *lines, *lines_f, *row, *rows_b, *rows_f, *slopes, *relax, *rise; /* rise [TERMS][pad]: lines by the bend's terms */
	long n_w, n_s, n_y, n_next, n_late, n_lag; /* w, y, what follows, late signals, op-amps' inputs: where they begin */
};

struct motion {
	const struct stack *stack;
	struct goal goal[MOST_LAYERS];
	struct place place[MOST_LAYERS];
	double *head;
};

/* what stays in the workspace: ramp's start and seconds done, step, sum of moves, culprit, counts, last step, watts, joules */
enum { H_FROM, H_DONE, H_STEP, H_MOVED, H_LAYER, H_WORST, H_STEPS, H_REJECTED, H_LAST, H_POWER,
       H_ENERGY = H_POWER + POWERS, H_SIZE = H_ENERGY + POWERS };

struct watch { double band, now, *settled; const double *final; }; /* of outputs, (width,) */

/* fast_motion_bend.c */
void motion_bend(const struct layer *L, const float *x, const float *u, float *lines, float *rows);
void motion_bend_goal(const struct layer *L, const struct goal *g, struct place *p);
/* fast_motion_lines.c */
void motion_follow(const struct layer *L, const struct goal *g, struct place *p);
int motion_base(const struct layer *L, const struct goal *g, struct place *p, double share, double level, double ahead, int rows);
void motion_by_amplifiers(const struct layer *L, const double *change, double *u);
void motion_rows(const struct layer *L, const struct goal *g, struct place *p);
/* fast_motion_amplifiers.c */
void motion_exact_amplifiers(const struct stack *s, const struct layer *L, const struct goal *g, struct place *p, double level);
int motion_amplifiers(const struct stack *s, const struct layer *L, const struct goal *g, struct place *p, double c, double level);
void motion_inputs(const struct layer *L, const struct goal *g, double ref, double *in);
/* fast_motion_stage.c */
void motion_sources(const struct stack *s, const struct layer *L, const struct goal *g, struct place *p, double level, const double *next);
int motion_stage(struct motion *m, double c, double share, double level, double ahead, int rows);
/* fast_motion_state.c */
size_t motion_place(struct motion *m, const struct stack *s, const struct goal *goals, long b, double *work);
double motion_level(const struct motion *m);
void motion_off(struct motion *m);
void motion_head(struct motion *m, int from_off);
int motion_watts(struct motion *m);
/* fast_motion_step.c */
int motion_stage_at(struct motion *m, double c, double at, double ahead, int rows);
double motion_try(struct motion *m, double h, double *error, double *moved, int *failed);
void motion_back(struct motion *m);
void motion_refine(struct motion *m, double h);
/* fast_motion_advance.c */
int motion_advance(struct motion *m, double duration, struct watch *seen);

/* place of a column's line I+; its I- is `cols` further */
static inline long motion_line(const struct layer *L, long port, long column)
{
	return (port * L->v + column / L->cols) * L->wide + column % L->cols;
}

/* exp(-a) for a >= 0, to 1e-9; never so small that its square is denormal, which costs a hundred times more */
static inline double falling(double a)
{
	a = a < 60.0 ? a : 60.0;
	double k = rint(-1.4426950408889634 * a);
	double r = -a - k * 0.69314718055994529;
	double p = 1.0 / 40320;
	p = p * r + 1.0 / 5040;
	p = p * r + 1.0 / 720;
	p = p * r + 1.0 / 120;
	p = p * r + 1.0 / 24;
	p = p * r + 1.0 / 6;
	p = p * r + 0.5;
	p = p * r + 1.0;
	p = p * r + 1.0;
	long long bits = ((long long)(int)k + 1023) << 52;
	double scale;
	memcpy(&scale, &bits, sizeof scale);
	return p * scale;
}

/* ln(1 + e) = 2 atanh(z), z = e/(2 + e), by its series to 1e-8 */
static inline double log_of(double z)
{
	double y = z * z, p = 1.0 / 13;
	p = p * y + 1.0 / 11;
	p = p * y + 1.0 / 9;
	p = p * y + 1.0 / 7;
	p = p * y + 1.0 / 5;
	p = p * y + 1.0 / 3;
	return 2.0 * z * (p * y + 1.0);
}

/* softplus and its slope */
static inline double softplus(double x, double *slope)
{
	double e = falling(fabs(x)), share = 1.0 / (1.0 + e);
	*slope = x > 0.0 ? share : 1.0 - share;
	return (x > 0.0 ? x : 0.0) + log_of(e / (2.0 + e));
}

/* tanh(x); softplus(y) and its slope: with one division for all */
static inline double tanh_and_softplus(double x, double y, double *soft, double *slope)
{
	double f = falling(2.0 * fabs(x)), e = falling(fabs(y));
	double one = 1.0 + e, two = 2.0 + e, whole = 1.0 / ((1.0 + f) * one * two);
	double share = (1.0 + f) * two * whole, t = (1.0 - f) * one * two * whole;
	*slope = y > 0.0 ? share : 1.0 - share;
	*soft = (y > 0.0 ? y : 0.0) + log_of(e * (1.0 + f) * one * whole);
	return x < 0.0 ? -t : t;
}

static inline double smooth_tanh(double x)
{
	double f = falling(2.0 * fabs(x)), t = (1.0 - f) / (1.0 + f);
	return x < 0.0 ? -t : t;
}

/* spline of a neuron's curve and its slope; `signal` is kept inside */
static inline double neuron_at(const struct stack *s, int column, double signal, double *slope)
{
	const double *c = s->spline + (size_t)column * 4 * (size_t)s->points;
	double at = (signal - s->low_v) * s->per_v, top = (double)s->points;
	at = at > 0.0 ? at : 0.0;
	at = at < top ? at : top;
	int i = (int)at;
	i = i < (int)s->points ? i : (int)s->points - 1;
	double h = (at - (double)i) / s->per_v;
	double c3 = c[i], c2 = c[s->points + i], c1 = c[2 * s->points + i], c0 = c[3 * s->points + i];
	*slope = (3.0 * c3 * h + 2.0 * c2) * h + c1;
	return ((c3 * h + c2) * h + c1) * h + c0;
}
#endif
