/* SPDX-License-Identifier: Apache-2.0 */
/* crossbar_join.c : joins conductance matrices at their common nodes and eliminates some: Y_kk - Y_ke Y_ee^-1 Y_ek.
 *
 * One matrix a [n][stride] of all nodes, the eliminated ones first, filled up to whole blocks of rows. Upper Cholesky
 * rows u of those, block by block, and what they leave of the others are the same product: a_ij -= sum u_qi u_qj.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 8, COLS = 16, STRIP = 64 };
typedef double wide __attribute__((vector_size(64), may_alias));
typedef double loose __attribute__((vector_size(64), aligned(8), may_alias));

struct run { long own, place, size; }; /* ports of a part from `own` on are nodes from `place` on */

/* a [ROWS][COLS] at row i, column j -= sum over the first `e` rows */
static inline void tile(double *a, long stride, long i, long j, long e)
{
	wide sum[ROWS][2];
	const double *row = a;

	for (long r = 0; r < ROWS; r++)
		for (long c = 0; c < 2; c++)
			sum[r][c] = *(wide *)(a + (i + r) * stride + j + 8 * c);
	for (long q = 0; q < e; q++, row += stride) {
		wide b0 = *(const wide *)(row + j), b1 = *(const wide *)(row + j + 8);
#pragma GCC unroll 8
		for (long r = 0; r < ROWS; r++) {
			sum[r][0] -= row[i + r] * b0;
			sum[r][1] -= row[i + r] * b1;
		}
	}
	for (long r = 0; r < ROWS; r++)
		for (long c = 0; c < 2; c++)
			*(wide *)(a + (i + r) * stride + j + 8 * c) = sum[r][c];
}

/* the first `e` rows become u, the rest of the upper triangle is reduced; 1 if a pivot is not above 0 */
static int eliminate(double *a, long n, long stride, long e)
{
	for (long i = 0; i < e; i += ROWS) {
		for (long j = i; j < n; j += COLS)
			tile(a, stride, i, j, i);
		for (long r = i; r < i + ROWS; r++) {
			double *own = a + r * stride;
			if (!(own[r] > 0.0))
				return 1;
			double scale = 1.0 / sqrt(own[r]);
			for (long j = r; j < n; j++)
				own[j] *= scale;
			for (long s = r + 1; s < i + ROWS; s++) {
				double *next = a + s * stride, f = own[s];
				for (long j = s; j < n; j++)
					next[j] -= f * own[j];
			}
		}
	}
	for (long strip = e; strip < n; strip += STRIP)
		for (long i = e; i < n && i < strip + STRIP; i += ROWS)
			for (long j = i > strip ? i - (i - strip) % COLS : strip; j < n && j < strip + STRIP; j += COLS)
				tile(a, stride, i, j, e);
	return 0;
}

/* y [p][p] from the upper triangle of a; every diagonal the sum of its row: no block has a path to ground */
static void write(const double *a, long stride, long p, double *y)
{
	for (long i = 0; i < p; i += ROWS) {
		long rows = p - i < ROWS ? p - i : ROWS;
		for (long r = i; r < i + rows; r++)
			memcpy(y + r * p + r, a + r * stride + r, sizeof(double) * (p - r));
		for (long c = i; c < p; c++) /* and mirrored */
			for (long r = i; r < i + rows && r < c; r++)
				y[c * p + r] = a[r * stride + c];
	}
	for (long i = 0; i < p; i++) {
		double *own = y + i * p, sum = 0.0;
		loose eight = {0};
		long j = 0;
		own[i] = 0.0;
		for (; j + 8 <= p; j += 8)
			eight += *(const loose *)(own + j);
		for (; j < p; j++)
			sum += own[j];
		for (long lane = 0; lane < 8; lane++)
			sum += eight[lane];
		own[i] = -sum;
	}
}

/* y [batch][p][p] of `parts` matrices [ports][ports] each, part [parts][batch], with runs [count] each, of which nodes below `e` go.
 * Returns 0, 1 without memory, 2 if a matrix is singular. */
long crossbar_join(long batch, long parts, const double *const *part, const long *ports, const long *count,
		   const struct run *runs, long e, long p, double *y)
{
	long fill = (ROWS - e % ROWS) % ROWS, first = e + fill;
	long n = (first + p + ROWS - 1) / ROWS * ROWS, stride = (n + COLS - 1) / COLS * COLS + COLS;
	double *a = aligned_alloc(64, sizeof(double) * n * stride);
	int failed = !a;

	for (long b = 0; b < batch && !failed; b++) {
		const struct run *own = runs;
		for (long q = 0; q < n; q++) { /* a tile may begin 8 columns before the diagonal's */
			long from = q < COLS ? 0 : q / ROWS * ROWS - ROWS;
			memset(a + q * stride + from, 0, sizeof(double) * (stride - from));
		}
		for (long q = e; q < first; q++)
			a[q * stride + q] = 1.0;
		for (long k = 0; k < parts; own += count[k++])
			for (const struct run *x = own; x < own + count[k]; x++)
				for (const struct run *z = own; z < own + count[k]; z++) {
					const double *from = part[k * batch + b] + x->own * ports[k] + z->own;
					double *to = a + (x->place + (x->place < e ? 0 : fill)) * stride
						     + z->place + (z->place < e ? 0 : fill);
					if (z->place < x->place)
						continue;
					for (long r = 0; r < x->size; r++)
						for (long c = 0; c < z->size; c++)
							to[r * stride + c] += from[r * ports[k] + c];
				}
		failed = eliminate(a, n, stride, first) ? 2 : 0;
		if (!failed)
			write(a + first * (stride + 1), stride, p, y + b * p * p);
	}
	free(a);
	return failed;
}
