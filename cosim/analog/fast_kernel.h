/* SPDX-License-Identifier: Apache-2.0 */
/* fast_kernel.h : what the files of engine fast's kernel share: lanes of inputs, a layer, its amplifiers.
 *
 * Every number that depends on the input is a vector of LANES inputs side by side. Cells are solved in `real` (float
 * if SINGLE, double for tolerances below float's floor); ports, amplifiers and sums over tiles are double. Of the wires'
 * modes M are kept (fast_modes.py).
 */
#ifndef FAST_KERNEL_H
#define FAST_KERNEL_H

#if SINGLE
typedef float real;
#else
typedef double real;
#endif
enum { M = MODES, LANES = 16, WIDE = 8, PAIR = LANES / WIDE, TOGETHER = 2 }; /* columns that amplifiers are solved in */
enum { CYCLE = 6, CYCLES = 4 }; /* turns until shares of a step repeat; so often they do, then steps are whole */
enum { POWERS_I = 6, POWERS_X = 8 };

typedef real vec __attribute__((vector_size(LANES * sizeof(real))));
typedef double wide __attribute__((vector_size(64), may_alias)); /* PAIR of them are the LANES */

static const double MOST_SHARE = 0.99; /* of a source's current limit: beyond, its drop grows without bounds */

struct amplifier { /* of a layer; vid = A + alpha out, feedback current = beta out + B; see fast_amplifier.py */
	double k, a0, rout, swing, soft, r1, r3, rail, ref, low, per_v, load_a; /* load_a: most a neuron draws */
	long points, ideal;
	const double *offset;  /* [ports][n_out], adds to v(inp) */
	const double *shift;   /* [n_out], adds to a neuron's input */
	const double *spline;  /* [points][4], input current of a neuron, highest power first */
};

struct layer {             /* h x v tiles of r x c synapses; port p of row partition h is h or 0 */
	long h, v, r, c, ports, n_out, n_rows;
	double g, r_in, r_out, r_s, k;        /* chord slope; ohm per segment; strip, 1/v_h (0: linear) */
	double drop_ohm, drop_a;              /* source resistance and its current limit; 0: none */
	double per_a;                         /* access transistors: 1/amperes of `series`; 0: none */
	double tie;                           /* ohm from an op-amp's output to the neuron; 0: one op-amp, no tie */
	const long *live_r, *live_c, *place;  /* [h] rows, [v] columns that exist; [n_rows] source to (h, row) */
	const real *g_p, *a;                  /* [h][v][2][r][c] 1/R_P and 1 + TMR (1: P) */
	const long *paired;                   /* [h][v] no synapse has two AP cells; for these, [h][v][r][c]: */
	const int *ap;                        /* 0 or r c: which cell of a synapse may be AP, */
	const real *g_bent, *a_bent, *g_even; /* its 1/R_P and 1 + TMR, and the conductance of the other */
	const real *feed, *foot;              /* [h][v][r], [h][v][2][c] ohm; 0 where cut */
	const double *cut_row, *cut_line;     /* [h][v][r][2], [h][v][2][c][2]: 0, or V per A, S of the leak */
	const real *phi, *fa, *psi, *fb, *y, *eta, *hkl;  /* fast_modes.py */
	const double *port_step;              /* [ports][v][2c][2c] volts per ampere */
	const real *series;                   /* [POWERS_I][POWERS_X] ohm beyond r_s: fast_access.py */
	struct amplifier amp;
	double share[CYCLE];                  /* of each turn's step that is taken: fast_chord.py */
};

struct tile {              /* one tile: x [r], u, du [2c] in, cells v [2][r][c] in place; amperes s [2c], row [r] out */
	long r, c, r0, cc;     /* rows from r0, columns below cc exist */
	long paired;
	const int *ap;
	const real *g_bent, *a_bent, *g_even;
	const real *g_p, *a, *feed, *foot, *phi, *fa, *psi, *fb, *y, *eta, *hkl;
	vec *x, *u, *du, *v, *s, *row, *work;
	vec worst;             /* largest residual */
	double *heat, *wire;   /* [LANES], added to */
};

typedef double lane[LANES];

struct state {             /* of LANES inputs; arrays as in fast_batch.c */
	double share;          /* of a step that is taken */
	lane *source, *x, *next, *row, *u, *s, *du, *out, *cut_x, *cut_u;
	lane heat, wire, worst;
	vec *v, *room;
};

long fast_turn(const struct layer *z, struct state *g, int first, int react);
void tile_start(const struct tile *t);
void tile_step(const struct layer *z, struct tile *t, int react, double share);
void amplifier_start(const struct amplifier *p, const double *alpha, const double *beta, const double *shift,
		     const wide *a, const wide *b, wide *out);
long amplifier_newton(const struct amplifier *p, const double *alpha, const double *beta, const double *shift,
		      const wide *a, const wide *b, wide *out);
void tied_together(const struct layer *z, struct state *g, long j, double *node, long *open);
long tied_newton(const struct layer *z, struct state *g);

typedef __typeof__((vec){0} > (vec){0}) choice;

/* the larger of a and |b| */
static inline vec worse(vec a, vec b)
{
	choice less = b < 0, more;
	vec size = (vec)((less & (choice)-b) | (~less & (choice)b));

	more = size > a;
	return (vec)((more & (choice)size) | (~more & (choice)a));
}

#endif
