/* SPDX-License-Identifier: Apache-2.0 */
/* crossbar_join.c : joins the conductance matrices of two halves and eliminates nodes: Y_kk - Y_ke Y_ee^-1 Y_ek.
 *
 * Rows u of the eliminated nodes, filled up to whole panels, become Cholesky rows a block of DEEP at a time; what a block
 * leaves of the rows behind it is a product, c_ij -= sum u_qi u_qj. Two halves share no nodes but those that go.
 */
#include <math.h>
#include <string.h>

#include "crossbar.h"

enum { COLS = 16, STRIP = 64, DEEP = 128 };
typedef double loose __attribute__((vector_size(64), aligned(8), may_alias));

/* columns [0, first) of u are eliminated, from `first` on those of y */
struct front { double *u, *y; long first, n, stride, kept; };

/* an odd number of vectors: rows spread over the cache */
static long stride_of(long n)
{
	return up(n, 2 * LANES) + LANES;
}

/* c [ROWS][8 vectors] -= sum over `deep` rows of u at a (ROWS columns) and b */
static inline __attribute__((always_inline)) void tile(double *c, long step, const double *a, const double *b,
						       long stride, long deep, long vectors)
{
	wide sum[ROWS][2];

#pragma GCC unroll 8
	for (long r = 0; r < ROWS; r++)
		for (long v = 0; v < vectors; v++)
			sum[r][v] = *(wide *)(c + r * step + LANES * v);
	for (long q = 0; q < deep; q++, a += stride, b += stride) {
		wide b0 = *(const wide *)b, b1 = vectors > 1 ? *(const wide *)(b + LANES) : b0;
#pragma GCC unroll 8
		for (long r = 0; r < ROWS; r++) {
			sum[r][0] -= a[r] * b0;
			if (vectors > 1)
				sum[r][1] -= a[r] * b1;
		}
	}
#pragma GCC unroll 8
	for (long r = 0; r < ROWS; r++)
		for (long v = 0; v < vectors; v++)
			*(wide *)(c + r * step + LANES * v) = sum[r][v];
}

/* rows [i, i + ROWS) at columns [from, to) less what rows [top, top + deep) of u have there */
static void update(const struct front *f, long i, long from, long to, long top, long deep)
{
	long own = i - f->first, panel = own / ROWS;
	double *c = own < 0 ? f->u + i * f->stride : f->y + row_at(f->kept, own) - f->first;
	long step = own < 0 ? f->stride : up(f->kept, ROWS) - ROWS * panel, j = from;
	const double *u = f->u + top * f->stride;

	for (; j + COLS <= to; j += COLS)
		tile(c + j, step, u + i, u + j, f->stride, deep, 2);
	if (j < to)
		tile(c + j, step, u + i, u + j, f->stride, deep, 1);
}

/* rows [top, top + deep) of u become Cholesky rows; 1 if a pivot is not above 0 */
static int factorise(const struct front *f, long top, long deep)
{
	for (long i = top; i < top + deep; i += ROWS) {
		update(f, i, i, f->n, top, i - top);
		for (long r = i; r < i + ROWS; r++) {
			double *own = f->u + r * f->stride;
			if (!(own[r] > 0.0))
				return 1;
			double scale = 1.0 / sqrt(own[r]);
			for (long j = r; j < f->n; j++)
				own[j] *= scale;
			for (long s = r + 1; s < i + ROWS; s++) {
				double *next = f->u + s * f->stride, share = own[s];
				for (long j = s; j < f->n; j++)
					next[j] -= share * own[j];
			}
		}
	}
	return 0;
}

static int eliminate(const struct front *f)
{
	for (long top = 0; top < f->first; top += DEEP) {
		long deep = f->first - top < DEEP ? f->first - top : DEEP, rest = top + deep;
		if (factorise(f, top, deep))
			return 1;
		for (long strip = rest; strip < f->n; strip += STRIP) {
			long end = strip + STRIP < f->n ? strip + STRIP : f->n;
			for (long i = rest; i < end; i += ROWS)
				update(f, i, i > strip ? i : strip, end, top, deep);
		}
	}
	return 0;
}

/* every diagonal the sum of its row: no block has a path to ground */
static void balance(double *y, long kept, double *sum)
{
	memset(sum, 0, sizeof(double) * kept);
	for (long i = 0; i < kept; i++) {
		double *row = y + row_at(kept, i), own = sum[i];
		loose eight = {0};
		long j = i + 1;
		for (; j + LANES <= kept; j += LANES) {
			loose value = *(const loose *)(row + j);
			*(loose *)(sum + j) += value;
			eight += value;
		}
		for (; j < kept; j++) {
			sum[j] += row[j];
			own += row[j];
		}
		for (long lane = 0; lane < LANES; lane++)
			own += eight[lane];
		row[i] = -own;
	}
}

/* u += what lies at ports x and z of a part, if x go and z lie behind them or go too */
static void add(const struct front *f, const struct part *part, const struct run *x, const struct run *z)
{
	for (long r = 0; r < x->size; r++) {
		const double *from = part->y + row_at(part->ports, x->own + r) + z->own;
		if (x->place <= z->place) {
			double *to = f->u + (x->place + r) * f->stride + z->place;
			for (long c = x == z ? r : 0; c < z->size; c++)
				to[c] += from[c];
		} else {
			double *to = f->u + z->place * f->stride + x->place + r;
			for (long c = 0; c < z->size; c++)
				to[c * f->stride] += from[c];
		}
	}
}

/* y as the halves have it: each row by runs, nothing between ports of different halves */
static void copy(const struct front *f, const struct part part[2], long gone)
{
	long broad = up(f->kept, ROWS);

	for (long own = 0; own < 2; own++)
		for (const struct run *x = part[own].run; x < part[own].run + SIDES; x++)
			for (long r = 0; r < (x->place < gone ? 0 : x->size); r++) {
				long i = x->place - gone + r;
				double *to = f->y + row_at(f->kept, i);
				const double *from = part[own].y + row_at(part[own].ports, x->own + r);
				memset(to + i / ROWS * ROWS, 0, sizeof(double) * (broad - i / ROWS * ROWS));
				memcpy(to + i, from + x->own + r, sizeof(double) * (x->size - r));
				for (const struct run *z = x + 1; z < part[own].run + SIDES; z++)
					if (z->place >= gone)
						memcpy(to + z->place - gone, from + z->own, sizeof(double) * z->size);
			}
	for (long i = f->kept; i < broad; i++)
		memset(f->y + row_at(f->kept, i) + broad - ROWS, 0, sizeof(double) * ROWS);
}

long crossbar_join_room(long gone, long kept)
{
	long first = up(gone, ROWS), n = first + up(kept, ROWS);

	return first * stride_of(n) + up(kept, LANES);
}

int crossbar_join(const struct part part[2], long gone, long kept, double *y, double *room)
{
	long first = up(gone, ROWS), n = first + up(kept, ROWS);
	struct front f = {room, y, first, n, stride_of(n), kept};

	memset(f.u, 0, sizeof(double) * first * f.stride);
	for (long q = gone; q < first; q++)
		f.u[q * f.stride + q] = 1.0;
	for (const struct part *own = part; own < part + 2; own++) {
		struct run moved[SIDES];
		for (long k = 0; k < SIDES; k++) {
			moved[k] = own->run[k];
			moved[k].place += moved[k].place < gone ? 0 : first - gone;
		}
		for (long x = 0; x < SIDES; x++)
			for (long z = x; z < SIDES; z++)
				if (own->run[x].place < gone || own->run[z].place < gone)
					add(&f, own, moved + x, moved + z);
	}
	copy(&f, part, gone);
	if (eliminate(&f))
		return 1;
	balance(y, kept, f.u + first * f.stride);
	return 0;
}
