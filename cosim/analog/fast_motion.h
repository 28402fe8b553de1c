/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion.h : what moves in a stack and what it moves in.
 *
 * LANES motions stand side by side, each with its own time and steps: every array of volts is [index][LANES] (`lane`s).
 * Lines are [port][v][side][column] with each block of two sides padded to `wide`, amplifiers [port][column], neurons
 * [column]; columns are padded to `width`, and `live` is 0 in the padding. Lines and amplifiers' outputs are differences
 * from the operating point the motion heads for, so that single precision leaves its end exact.
 */
#ifndef FAST_MOTION_H
#define FAST_MOTION_H
#include <math.h>
#include <stddef.h>
#include <string.h>

#ifndef LANES
#define LANES 16
#endif
#if LANES == 1 /* columns side by side, else motions */
#define COLUMNS _Pragma("omp simd")
#define MOTIONS
typedef float lane;
#else
#define COLUMNS
#define MOTIONS _Pragma("omp simd")
typedef float lane __attribute__((vector_size(4 * LANES), aligned(64), may_alias));
#endif
#define EACH(j, n) COLUMNS for (long j = 0; j < (n); j++) MOTIONS for (int e = 0; e < LANES; e++)
#define FOR_LANES MOTIONS for (int e = 0; e < LANES; e++)
#define AT(array, j) (array)[(j) * LANES + e]

enum { DRIVERS, BUFFER_VDD, BIAS, AMP_VDD, AMP_VSS, AMP_REF, NEURON_VDD, HEAT, WIRE, POWERS };
enum { DONE, NO_CONVERGENCE, NEURON_RANGE, BEND_RANGE };
enum { MOTION_TURNS = 30, TERMS = 8, TAYLOR = 6, MOST_LAYERS = 16, MANY = 16 };
/* Newton: what is left of a move below TOL is its square; e^-FAR is nothing */
static const float MOTION_TOL_V = 1e-5f, MOTION_STEP_V = 0.1f, MOTION_FAR = 20.0f;

/* cells that bend: those of line (source) n are first[n] .. first[n+1]-1; `scale` holds scale*share */
struct cells { const int *first, *other; const float *scale, *share; };

struct layer {
	long n_in, n_out, ports, v, cols, width;      /* blocks: ports*v, of `cols` columns; width = v*cols */
	long wide, pad, pad_in;                       /* stride of a block's lines, all of them, of the sources */
	long hidden, last, exact, bent, buffered;     /* exact: op-amps without dynamics; buffered: its neurons */
	double r1, r3, load_f, reach_v;
	const float *zt, *ztx, *tt, *q; /* to from: a block's lines both, lines sources, sources lines, sources both */
	const float *by;                       /* to a block's lines from its outputs; all these [...][to / MANY][from][MANY] */
	const float *own;                      /* [pad]: of a line per volt of its own column's output */
	const float *bias_t, *amplifier_os, *per_lag, *neuron_os, *live; /* per_lag: of the op-amps' inputs, 1/s */
	struct cells by_line, by_row;
	float coef[TERMS];                     /* of an AP cell's bend, odd powers of its voltage */
	float taylor[TAYLOR][TERMS];           /* coef times the binomials of its powers */
};

enum { N_OUT, N_HOLD_LAG, N_SUPPLY, N_IN, N_DELAY };

struct stack {
	long n_layers, points;
	double vdd, ref, tie_ohm, rise_s, tol_v, share, first_s;
	double a_k, a_a0, a_rout, a_slew, a_rail, a_head, a_soft, a_quiet, a_pair;
	double b_k, b_gain, b_slew, b_soft, b_rout, b_imax, b_quiet, b_pair;
	double hold_s, hold_f, low_v, per_v;
	const float *spline; /* [column][power][interval] over a neuron's signal in intervals, columns as above */
	const struct layer *layers;
};

/* One layer of operating points, [n][...]. `shift` is how far its neurons' outputs are from the unloaded curve; `sums`
 * are drive, heat, wire and what the neurons take beyond the curve, in watts. */
struct goal { const double *u, *out, *w, *x, *i, *y, *next, *signal, *drive_t, *shift, *sums; };

struct place { /* one layer's part of the workspace */
	float *u_f, *out_f, *w_f, *in_f, *x_f, *i_f, *y_f, *shift, *drive_t; /* the operating point */
	double *sums, *watts;                                        /* of the operating point, from the sources */
	float *u, *still, *base, *by_bend, *was_bend, *by_amp; /* lines: now, left by the ramp, without amplifiers, parts */
	float *d, *d0, *pend, *load, *load_s, *signal; /* amplifiers, moves that the lines have not followed; neurons */
	float *tie, *tie_f, *move, *pull;              /* tied outputs: their nodes; how their op-amps move */
	float *s, *f, *s0, *f0, *fg, *hist, *slope;    /* states in a row (below); rates; slopes of the rates */
	float *x, *rows, *dx, *du, *lines, *lines_f, *rows_b, *rows_f, *relax, *some;
	float *rise, *taylor;             /* [TERMS][pad], [TAYLOR][pad]: lines by the bend's terms */
	float *held;                      /* of what motion_hold() notes */
	long n_w, n_s, n_y, n_next, n_late, n_lag; /* w, y, what follows, late signals, op-amps' inputs: where they begin */
};

struct motion {
	const struct stack *stack;
	struct place place[MOST_LAYERS];
	double *head;
	int failed[LANES];
};

/* what stays in the workspace, a lane each: ramp's start and seconds done, step, sum of moves, culprit, counts, last
 * step, watts, joules */
enum { H_FROM, H_DONE, H_STEP, H_MOVED, H_LAYER, H_WORST, H_STEPS, H_REJECTED, H_LAST, H_POWER,
       H_ENERGY = H_POWER + POWERS, H_SIZE = H_ENERGY + POWERS };
#define HEAD(m, what) ((m)->head + (what) * LANES)

struct watch { double band, *now, *settled; }; /* of outputs, [width][LANES] */

/* fast_motion_bend.c */
void motion_bend(const struct layer *L, const float *x, const float *u, float *lines, float *rows);
void motion_bend_goal(const struct layer *L, struct place *p);
/* fast_motion_lines.c */
void motion_follow(const struct layer *L, struct place *p);
void motion_base(struct motion *m, long k, const float *share, const float *level, const float *ahead, int rows);
void motion_by_amplifiers(const struct layer *L, const float *change, float *u);
void motion_rows(const struct layer *L, struct place *p);
/* fast_motion_amplifiers.c */
void motion_exact_amplifiers(const struct stack *s, const struct layer *L, struct place *p, const float *level);
void motion_predict(const struct layer *L, struct place *p, const float *c);
void motion_amplifiers(struct motion *m, long k, const float *c, const float *level);
/* fast_motion_tied.c */
void motion_tied_goal(const struct stack *s, const struct layer *L, struct place *p);
void motion_tied(struct motion *m, long k, const float *c, const float *level);
void motion_tied_refine(const struct stack *s, const struct layer *L, struct place *p);
/* fast_motion_stage.c */
void motion_sources(const struct stack *s, const struct layer *L, struct place *p, const float *level, const float *next);
void motion_stage(struct motion *m, const float *c, const float *share, const float *level, const float *ahead, int rows);
/* fast_motion_state.c */
size_t motion_place(struct motion *m, const struct stack *s, double *work);
void motion_level(const struct motion *m, float *level);
void motion_off(struct motion *m);
void motion_head(struct motion *m, const struct goal *goals, const long *which, int from_off);
void motion_rest(struct motion *m, const struct goal *goals, const long *which);
/* fast_motion_watts.c */
void motion_watts(struct motion *m);
/* fast_motion_step.c */
void motion_stage_at(struct motion *m, const double *c, const double *at, const double *ahead, int rows);
void motion_try(struct motion *m, const double *h, double *tol, float *error, float *moved);
void motion_back(struct motion *m, const int *which);
void motion_hold(struct motion *m);
void motion_stay(struct motion *m, const int *which);
void motion_refine(struct motion *m, const double *h);
/* fast_motion_advance.c */
int motion_advance(struct motion *m, double duration, struct watch *seen);

/* op-amps with dynamics whose outputs are tied */
static inline int motion_is_tied(const struct stack *s, const struct layer *L) { return s->tie_ohm > 0.0 && !L->exact; }

/* place of a column's line I+; its I- is `cols` further */
static inline long motion_line(const struct layer *L, long port, long column)
{
	return (port * L->v + column / L->cols) * L->wide + column % L->cols;
}

/* most[e]: largest size of n lanes, 1 where one is no number */
static inline void lane_most(const float *v, long n, float *most)
{
#if LANES == 1
	float found = 0.0f;
#pragma omp simd reduction(max : found)
	for (long j = 0; j < n; j++) {
		float size = fabsf(v[j]);
		size = size == size ? size : 1.0f;
		found = found > size ? found : size;
	}
	most[0] = found;
#else
	FOR_LANES most[e] = 0.0f;
	EACH(j, n) {
		float size = fabsf(AT(v, j));
		size = size == size ? size : 1.0f;
		most[e] = most[e] > size ? most[e] : size;
	}
#endif
}

static inline float largest(const float *most)
{
	float found = 0.0f;
	for (int e = 0; e < LANES; e++)
		found = found > most[e] ? found : most[e];
	return found;
}

static inline void lane_sum(const float *v, long n, float *sum)
{
#if LANES == 1
	float found = 0.0f;
#pragma omp simd reduction(+ : found)
	for (long j = 0; j < n; j++)
		found += v[j];
	sum[0] = found;
#else
	FOR_LANES sum[e] = 0.0f;
	EACH(j, n) sum[e] += AT(v, j);
#endif
}

static inline void lane_dot(const float *a, const float *b, long n, float *sum)
{
#if LANES == 1
	float found = 0.0f;
#pragma omp simd reduction(+ : found)
	for (long j = 0; j < n; j++)
		found += a[j] * b[j];
	sum[0] = found;
#else
	FOR_LANES sum[e] = 0.0f;
	EACH(j, n) sum[e] += AT(a, j) * AT(b, j);
#endif
}
#endif
