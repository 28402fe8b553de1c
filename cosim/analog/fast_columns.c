/* SPDX-License-Identifier: Apache-2.0 */
/* fast_columns.c : op-amps of one partition of linear cells, which couple through its tiles; LANES inputs at a time.
 *
 * vid = a + C out and feedback = b + D out, C and D [count][count]. Gauss-Seidel over TOGETHER columns at a time; off
 * their diagonals C and D are a hundredth or less.
 */
#include "fast_network.h"
#include "fast_vector.h"
#include <math.h>
#include <string.h>

enum { SWEEPS = 100 };

struct few { double alpha[TOGETHER], beta[TOGETHER], shift[TOGETHER]; wide a[TOGETHER * PAIR], b[TOGETHER * PAIR]; };

static long column(const struct columns *k, long j) { return j < k->count ? j : k->count - 1; }

/* columns from j, what the others do to them included if they have `out` */
static void surround(const struct columns *k, long j, int coupled, struct few *f)
{
	for (long t = 0; t < TOGETHER; t++) {
		long own = column(k, j + t);
		const double *vid = k->vid + own * k->stride, *back = k->back + own * k->stride;
		wide a[PAIR], b[PAIR];
		f->alpha[t] = vid[own];
		f->beta[t] = back[own];
		f->shift[t] = k->shift[own];
		for (long q = 0; q < PAIR; q++) {
			a[q] = k->a[own][q];
			b[q] = k->b[own][q];
			if (coupled) {
				a[q] -= vid[own] * k->out[own][q];
				b[q] -= back[own] * k->out[own][q];
			}
		}
		for (long i = 0; coupled && i < k->count; i++)
			for (long q = 0; q < PAIR; q++) {
				a[q] += vid[i] * k->out[i][q];
				b[q] += back[i] * k->out[i][q];
			}
		memcpy(f->a + t * PAIR, a, sizeof a);
		memcpy(f->b + t * PAIR, b, sizeof b);
	}
}

/* one sweep; the largest move of a column in `found`. Returns 1 + j LANES + lane if an amplifier was lost. */
static long sweep(const struct amplifier *p, const struct columns *k, double *found)
{
	wide worst = {0};

	for (long j = 0; j < k->count; j += TOGETHER) {
		struct few f;
		wide out[TOGETHER * PAIR];
		surround(k, j, 1, &f);
		for (long t = 0; t < TOGETHER; t++)
			memcpy(out + t * PAIR, k->out[column(k, j + t)], sizeof(both));
		long lost = amplifier_newton(p, f.alpha, f.beta, f.shift, f.a, f.b, out);
		if (lost)
			return 1 + column(k, j + (lost - 1) / LANES) * LANES + (lost - 1) % LANES;
		for (long t = 0; t < TOGETHER; t++)
			for (long q = 0; q < PAIR; q++) {
				wide *own = &k->out[column(k, j + t)][q], move = out[t * PAIR + q] - *own;
				worst = larger(magnitude(move), worst);
				*own = out[t * PAIR + q];
			}
	}
	*found = 0.0;
	for (long e = 0; e < WIDE; e++)
		*found = fmax(*found, worst[e]);
	return 0;
}

/* how much a column follows the others at most: what a sweep leaves of the last one's moves */
static double coupled(const struct columns *k)
{
	double worst = 0.0;

	for (long j = 0; j < k->count; j++) {
		double sum = 0.0;
		for (long i = 0; i < k->count; i++)
			sum += i == j ? 0.0 : fabs(k->vid[j * k->stride + i]) + fabs(k->back[j * k->stride + i]);
		worst = fmax(worst, sum / fabs(k->vid[j * k->stride + j]));
	}
	return worst;
}

/* Outputs from `out` if `warm`; `left` bounds what is left of the moves. Returns 0, -1 if the columns did not settle
 * below `tol`, 1 + j LANES + lane if amplifier j has no operating point. */
long solve_columns(const struct amplifier *p, const struct columns *k, int warm, double tol, double *left)
{
	const double next = coupled(k);

	for (long j = 0; !warm && j < k->count; j += TOGETHER) {
		struct few f;
		wide out[TOGETHER * PAIR];
		surround(k, j, 0, &f);
		amplifier_start(p, f.alpha, f.beta, f.shift, f.a, f.b, out);
		for (long t = 0; t < TOGETHER; t++)
			memcpy(k->out[column(k, j + t)], out + t * PAIR, sizeof(both));
	}
	for (long turn = 0; turn < SWEEPS; turn++) {
		double moved = 0.0;
		long lost = sweep(p, k, &moved);
		if (lost)
			return lost;
		*left = moved * next;
		if (*left < tol)
			return 0;
	}
	return -1;
}
