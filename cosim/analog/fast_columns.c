/* SPDX-License-Identifier: Apache-2.0 */
/* fast_columns.c : all amplifiers of a layer of linear cells, which couple through their column partition's tiles.
 *
 * vid = a + C out and feedback = b + D out, C and D [v][c][c]. Gauss-Seidel over the columns of a partition, LANES
 * inputs at a time; off their diagonals C and D are a tenth or less.
 */
#include "fast_kernel.h"
#include <math.h>

typedef wide both[PAIR];
enum { SWEEPS = 100, MOST = 1024 };

struct block { long columns, stride; const double *vid, *back, *shift; both *a, *b, *out; };

/* one sweep; the largest move of a column, -1 if an amplifier was lost */
static double sweep(const struct amplifier *p, const struct block *k)
{
	double worst = 0.0;

	for (long j = 0; j < k->columns; j++) {
		const double *vid = k->vid + j * k->stride, *back = k->back + j * k->stride;
		wide *own = k->out[j], was[PAIR], a[PAIR], b[PAIR];
		for (long q = 0; q < PAIR; q++) {
			was[q] = own[q];
			a[q] = k->a[j][q] - vid[j] * was[q];
			b[q] = k->b[j][q] - back[j] * was[q];
		}
		for (long i = 0; i < k->columns; i++)
			for (long q = 0; q < PAIR; q++) {
				a[q] += vid[i] * k->out[i][q];
				b[q] += back[i] * k->out[i][q];
			}
		if (amplifier_newton(p, vid[j], back[j], k->shift[j], a, b, own))
			return -1.0;
		for (long q = 0; q < PAIR; q++)
			for (long e = 0; e < WIDE; e++) {
				double move = fabs(own[q][e] - was[q][e]);
				worst = move > worst || move != move ? move : worst;
			}
	}
	return worst;
}

/* how much a column follows the others at most: what a sweep leaves of the last one's moves */
static double coupled(const struct block *k)
{
	double worst = 0.0;

	for (long j = 0; j < k->columns; j++) {
		double sum = 0.0;
		for (long i = 0; i < k->columns; i++)
			sum += i == j ? 0.0 : fabs(k->vid[j * k->stride + i]) + fabs(k->back[j * k->stride + i]);
		sum /= fabs(k->vid[j * k->stride + j]);
		worst = worst < sum ? sum : worst;
	}
	return worst;
}

/* near an output: where tanh is a straight line, or at the rail where 2 up(w) = tanh(k vid); no neuron */
static double start(const struct amplifier *p, double alpha, double beta, double a, double b)
{
	double lean = 1.0 + p->rout * beta, back = p->rout * b;
	double w = lean * (a - back / p->a0) / (lean / p->a0 - alpha) + back;
	double sign = w < 0.0 ? -1.0 : 1.0;

	if (sign * w > p->swing - 3.0 * p->soft) {
		double z = sign * p->k * (a + alpha * (sign * p->swing - back) / lean), y = z * z;
		double t = z > 3.0 ? 1.0 : z * (27.0 + y) / (27.0 + 9.0 * y), u = t > 1e-3 ? 0.5 * t : 5e-4;
		double most = p->swing + p->soft * ((double)logf((float)u) + 0.5 * u); /* ln(e^u - 1) */
		w = sign * w > most ? sign * most : w;
	}
	return (w - back) / lean;
}

/* a, b [n_out][n] in, out [n_out][n] out; coupling [2][v][c][c]. Returns 0, 2 if a partition did not settle below
 * `tol`, 3 if an amplifier has no operating point, 4 if c is too large; `worst` bounds what is left. */
long fast_columns(const struct amplifier *p, long n, long v, long c, long n_out, double tol, const double *coupling,
		  const double *a, const double *b, double *out, double *worst)
{
	static _Thread_local both work[3 * MOST];

	*worst = 0.0;
	if (c > MOST)
		return 4;
	for (long q = 0; q < v; q++)
		for (long first = 0; first < n; first += LANES) {
			struct block k = {.columns = n_out - q * c < c ? n_out - q * c : c, .stride = c,
					  .vid = coupling + q * c * c, .back = coupling + (v + q) * c * c,
					  .shift = p->shift + q * c, .a = work, .b = work + MOST, .out = work + 2 * MOST};
			double moved = 1.0, next = coupled(&k);
			for (long j = 0; j < k.columns; j++)
				for (long e = 0; e < LANES; e++) {
					long at = (q * c + j) * n + (first + e < n ? first + e : n - 1);
					k.a[j][e / WIDE][e % WIDE] = a[at];
					k.b[j][e / WIDE][e % WIDE] = b[at];
					k.out[j][e / WIDE][e % WIDE] =
						start(p, k.vid[j * c + j], k.back[j * c + j], a[at], b[at]);
				}
			for (long turn = 0; turn < SWEEPS && !(moved * next < tol); turn++)
				if ((moved = sweep(p, &k)) < 0)
					return 3;
			if (!(moved * next < tol))
				return 2;
			*worst = *worst < moved * next ? moved * next : *worst;
			for (long j = 0; j < k.columns; j++)
				for (long e = 0; e < LANES && first + e < n; e++)
					out[(q * c + j) * n + first + e] = k.out[j][e / WIDE][e % WIDE];
		}
	return 0;
}
