/* SPDX-License-Identifier: Apache-2.0 */
/* crossbar_block.c : conductance matrices of small blocks of a crossbar's cells, LANES blocks side by side.
 *
 * Two halves are joined as larger blocks are (crossbar.py): the nodes between them go, Y = Y_kk - K^T E^-1 K, by LDL^T;
 * diagonals are sums of their rows. All matrices are upper triangles.
 */
#include "crossbar.h"

struct cells { const wide *in, *cell, *out; long w, lines; }; /* [h][w], [h][w][lines] twice */
struct port { long half, at; };
struct half { const wide *y; long ports, joint; }; /* its ports from `joint` on meet the other's */

static long ports_of(long h, long w, long lines)
{
	return 2 * (h + w * lines);
}

/* what a half has between two ports */
static inline wide between(const struct half *half, const struct port *one, const struct port *two)
{
	const struct half *own = &half[one->half];

	return one->half == two->half ? own->y[one->at * own->ports + two->at] : (wide){0};
}

/* y for rows i, i + 1 and columns j, j + 1: what the halves have there, less scaled k */
static inline __attribute__((always_inline)) void quad(wide *y, long p, long i, long j, const struct half *half,
						       const struct port *port, const wide *scaled, const wide *k,
						       long e, wide *sum)
{
	const wide *a = scaled + i * e, *b = a + e, *c = k + j * e, *d = c + e;
	wide ac = between(half, port + i, port + j), ad = between(half, port + i, port + j + 1);
	wide bc = between(half, port + i + 1, port + j), bd = between(half, port + i + 1, port + j + 1);

#pragma GCC unroll 8
	for (long q = 0; q < e; q++) {
		ac -= a[q] * c[q];
		ad -= a[q] * d[q];
		bc -= b[q] * c[q];
		bd -= b[q] * d[q];
	}
	y[i * p + j + 1] = ad;
	sum[i] += ad;
	sum[j + 1] += ad;
	if (j == i)
		return;
	y[i * p + j] = ac;
	y[(i + 1) * p + j] = bc;
	y[(i + 1) * p + j + 1] = bd;
	sum[i] += ac;
	sum[i + 1] += bc + bd;
	sum[j] += ac + bc;
	sum[j + 1] += bd;
}

static inline __attribute__((always_inline)) void fill(const struct half *half, const struct port *port, long p, long e,
						       const wide *scaled, const wide *k, wide *y, wide *sum)
{
	for (long i = 0; i < p; i += 2)
		for (long j = i; j < p; j += 2)
			quad(y, p, i, j, half, port, scaled, k, e, sum);
}

/* y [p][p]: both halves without the `e` ports they share; room for e (e + 2 p) + p */
static void join(const struct half *half, const struct port *port, long p, long e, wide *y, wide *room)
{
	wide *inner = room, *k = inner + e * e, *scaled = k + p * e, *sum = scaled + p * e;

	for (long q = 0; q < e; q++)
		for (long r = q; r < e; r++)
			inner[q * e + r] = half[0].y[(half[0].joint + q) * half[0].ports + half[0].joint + r]
					   + half[1].y[(half[1].joint + q) * half[1].ports + half[1].joint + r];
	for (long q = 0; q < e; q++) { /* rows become those of L^T */
		wide inverse = 1.0 / inner[q * e + q];
		for (long r = q + 1; r < e; r++) {
			wide f = inner[q * e + r] * inverse;
			for (long s = r; s < e; s++)
				inner[r * e + s] -= f * inner[q * e + s];
		}
		for (long r = q + 1; r < e; r++)
			inner[q * e + r] *= inverse;
		inner[q * e + q] = inverse;
	}
	for (long i = 0; i < p; i++) {
		const struct half *own = &half[port[i].half];
		const wide *from = port[i].at < own->joint ? own->y + port[i].at * own->ports + own->joint
							   : own->y + own->joint * own->ports + port[i].at;
		long step = port[i].at < own->joint ? 1 : own->ports;
		for (long q = 0; q < e; q++) {
			wide value = from[q * step];
			for (long r = 0; r < q; r++)
				value -= inner[r * e + q] * k[i * e + r];
			k[i * e + q] = value;
			scaled[i * e + q] = value * inner[q * e + q];
		}
		sum[i] = (wide){0};
	}
	switch (e) {
	case 1: fill(half, port, p, 1, scaled, k, y, sum); break;
	case 2: fill(half, port, p, 2, scaled, k, y, sum); break;
	case 4: fill(half, port, p, 4, scaled, k, y, sum); break;
	default: fill(half, port, p, e, scaled, k, y, sum);
	}
	for (long i = 0; i < p; i++) /* no block has a path to ground */
		y[i * p + i] = -sum[i];
}

/* y of one cell: left - in - right; right - cell - top, top - out - bottom for every bit line */
static void one(const struct cells *c, long at, wide *y)
{
	long lines = c->lines, p = ports_of(1, 1, lines);
	wide sum = c->in[at];

	for (long q = 0; q < p * p; q++)
		y[q] = (wide){0};
	y[0] = c->in[at];
	y[1] = -c->in[at];
	for (long b = 0; b < lines; b++) {
		wide cell = c->cell[at * lines + b], out = c->out[at * lines + b];
		long top = 2 + b, bottom = top + lines;
		sum += cell;
		y[p + top] = -cell;
		y[top * p + top] = cell + out;
		y[top * p + bottom] = -out;
		y[bottom * p + bottom] = out;
	}
	y[p + 1] = sum;
}

/* y of the h x w cells from `at` on; room behind it */
static void block(const struct cells *c, long at, long h, long w, wide *y, wide *room)
{
	long lines = c->lines, p = ports_of(h, w, lines), n = 0, beside = w * lines >= h && w > 1;

	if (h == 1 && w == 1) {
		one(c, at, y);
		return;
	}
	long h0 = beside ? h : h / 2, w0 = beside ? w / 2 : w, h1 = beside ? h : h - h0, w1 = beside ? w - w0 : w;
	long p0 = ports_of(h0, w0, lines), p1 = ports_of(h1, w1, lines), e = beside ? h : w * lines;
	struct port port[p];
	wide *y0 = room, *y1 = y0 + p0 * p0, *rest = y1 + p1 * p1;
	struct half half[2] = {{y0, p0, beside ? h0 : 2 * h0 + w0 * lines}, {y1, p1, beside ? 0 : 2 * h1}};
	long from[2][5] = {{0, h0, 2 * h0, 2 * h0 + w0 * lines, p0}, {0, h1, 2 * h1, 2 * h1 + w1 * lines, p1}};

	block(c, at, h0, w0, y0, y1); /* y1's place and beyond are free until now */
	block(c, beside ? at + w0 : at + h0 * c->w, h1, w1, y1, rest);
	for (long side = 0; side < SIDES; side++)
		for (long own = 0; own < 2; own++)
			for (long q = from[own][side]; q < from[own][side + 1]; q++)
				if (q < half[own].joint || q >= half[own].joint + e)
					port[n++] = (struct port){own, q};
	join(half, port, p, e, y, rest);
}

long crossbar_ports(const struct array *a)
{
	return ports_of(a->h, a->w, a->lines);
}

long crossbar_leaf_room(const struct array *a)
{
	long p = crossbar_ports(a);

	return a->h * a->w * (1 + 2 * a->lines) + 8 * p * p;
}

void crossbar_leaves(const struct array *a, long row, long col, long count, long across, double *y, wide *room)
{
	long h = a->h, w = a->w, lines = a->lines, p = crossbar_ports(a);
	wide *in = room, *cell = in + h * w, *out = cell + h * w * lines, *found = out + h * w * lines;
	struct cells c = {in, cell, out, w, lines};

	for (long lane = 0; lane < LANES; lane++) {
		long b = lane < count ? lane : 0;
		long r0 = row + b / across * h, c0 = col + b % across * w;
		for (long i = 0; i < h; i++)
			for (long j = 0; j < w; j++) {
				long at = i * w + j, own = (r0 + i) * a->cols + c0 + j;
				in[at][lane] = c0 + j ? a->in_s : a->left[r0 + i];
				for (long b = 0; b < lines; b++) {
					cell[at * lines + b][lane] = a->cell[own * lines + b];
					out[at * lines + b][lane] = r0 + i < a->rows - 1 ? a->out_s
									: a->below[(c0 + j) * lines + b];
				}
			}
	}
	block(&c, 0, h, w, found, found + p * p);
	for (long lane = 0; lane < count; lane++, y += panels_size(p))
		for (long i = 0; i < p; i++) {
			double *row = y + row_at(p, i);
			for (long j = i; j < p; j++)
				row[j] = found[i * p + j][lane];
		}
}
