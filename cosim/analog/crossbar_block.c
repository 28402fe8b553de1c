/* SPDX-License-Identifier: Apache-2.0 */
/* crossbar_block.c : conductance matrices of small blocks of a crossbar's cells, LANES blocks side by side.
 *
 * A block of h x w cells has 2h + 2w ports: left, right (words), top, bottom (bits). Two of them are joined as in
 * crossbar.py: the nodes between them go, Y = Y_kk - K^T E^-1 K, by LDL^T; diagonals are sums of their rows.
 */
#include <stdlib.h>

enum { LANES = 8 };
typedef double wide __attribute__((vector_size(64)));

struct part { const wide *y; long ports, joint; };       /* a half; its ports from `joint` on meet the other's */
struct port { long half, at; };

/* y += -a b for two rows and two columns: k [.][e] divided by the pivots and not */
static void quad(wide *y, long p, long i, long j, const wide *scaled, const wide *k, long e)
{
	const wide *a = scaled + i * e, *b = scaled + (i + 1) * e, *c = k + j * e, *d = k + (j + 1) * e;
	wide ac = y[i * p + j], ad = y[i * p + j + 1], bc = y[(i + 1) * p + j], bd = y[(i + 1) * p + j + 1];

	for (long q = 0; q < e; q++) {
		ac -= a[q] * c[q];
		ad -= a[q] * d[q];
		bc -= b[q] * c[q];
		bd -= b[q] * d[q];
	}
	y[i * p + j] = y[j * p + i] = ac;
	y[i * p + j + 1] = y[(j + 1) * p + i] = ad;
	y[(i + 1) * p + j] = y[j * p + i + 1] = bc;
	y[(i + 1) * p + j + 1] = y[(j + 1) * p + i + 1] = bd;
}

/* every port's own conductance is the sum of those to the others: a block has no path to ground */
static void balance(wide *y, long p)
{
	for (long i = 0; i < p; i++) {
		wide sum = {0};
		y[i * p + i] = sum;
		for (long j = 0; j < p; j++)
			sum += y[i * p + j];
		y[i * p + i] = -sum;
	}
}

/* y [p][p]: both halves without the `e` ports they share; room for e (e + 2 p) */
static void join(const struct part *half, const struct port *port, long p, long e, wide *y, wide *room)
{
	wide *inner = room, *k = inner + e * e, *scaled = k + p * e;
	const wide *one = half[0].y + half[0].joint * (half[0].ports + 1);
	const wide *two = half[1].y + half[1].joint * (half[1].ports + 1);

	for (long q = 0; q < e; q++)
		for (long r = 0; r < e; r++)
			inner[q * e + r] = one[q * half[0].ports + r] + two[q * half[1].ports + r];
	for (long i = 0; i < p; i++) {
		const struct part *own = &half[port[i].half];
		const wide *row = own->y + port[i].at * own->ports;
		for (long q = 0; q < e; q++)
			k[i * e + q] = row[own->joint + q];
		for (long j = 0; j <= i; j++)
			y[i * p + j] = y[j * p + i] = port[i].half == port[j].half ? row[port[j].at] : (wide){0};
	}
	for (long q = 0; q < e; q++)
		for (long r = q + 1; r < e; r++) {
			wide f = inner[r * e + q] / inner[q * e + q];
			for (long s = q + 1; s < e; s++)
				inner[r * e + s] -= f * inner[q * e + s];
			inner[r * e + q] = f;
		}
	for (long i = 0; i < p; i++)
		for (long q = 0; q < e; q++) {
			wide sum = k[i * e + q];
			for (long r = 0; r < q; r++)
				sum -= inner[q * e + r] * k[i * e + r];
			k[i * e + q] = sum;
		}
	for (long q = 0; q < e; q++) {
		wide inverse = 1.0 / inner[q * e + q];
		for (long i = 0; i < p; i++)
			scaled[i * e + q] = k[i * e + q] * inverse;
	}
	for (long i = 0; i < p; i += 2)
		for (long j = 0; j <= i; j += 2)
			quad(y, p, i, j, scaled, k, e);
	balance(y, p);
}

/* y of the h x w cells at g, whose rows are `stride` apart; returns the room behind what it used */
static void block(const wide *g, long stride, long h, long w, double in_s, double out_s, wide *y, wide *room)
{
	long p = 2 * (h + w), n = 0, beside = w >= h, e = beside ? h : w;

	if (h == 1 && w == 1) { /* left - word node = right - cell - bit node = top - bottom */
		for (long q = 0; q < 16; q++)
			y[q] = (wide){0};
		y[0 * 4 + 1] = y[1 * 4 + 0] = (wide){0} - in_s;
		y[1 * 4 + 2] = y[2 * 4 + 1] = -g[0];
		y[2 * 4 + 3] = y[3 * 4 + 2] = (wide){0} - out_s;
		balance(y, p);
		return;
	}
	long h0 = beside ? h : h / 2, w0 = beside ? w / 2 : w, h1 = beside ? h : h - h0, w1 = beside ? w - w0 : w;
	long p0 = 2 * (h0 + w0), p1 = 2 * (h1 + w1);
	struct port port[p];
	wide *y0 = room, *y1 = y0 + p0 * p0, *rest = y1 + p1 * p1;
	struct part half[2] = {{y0, p0, beside ? h0 : 2 * h0 + w0}, {y1, p1, beside ? 0 : 2 * h1}};
	long from[2][5] = {{0, h0, 2 * h0, 2 * h0 + w0, p0}, {0, h1, 2 * h1, 2 * h1 + w1, p1}};

	block(g, stride, h0, w0, in_s, out_s, y0, y1); /* y1's place and beyond are free until now */
	block(beside ? g + w0 : g + h0 * stride, stride, h1, w1, in_s, out_s, y1, rest);
	for (long side = 0; side < 4; side++)
		for (long own = 0; own < 2; own++)
			for (long at = from[own][side]; at < from[own][side + 1]; at++)
				if (at < half[own].joint || at >= half[own].joint + e)
					port[n++] = (struct port){own, at};
	join(half, port, p, e, y, rest);
}

/* y [n][p][p] of all n = rows/h x cols/w blocks of g [rows][cols]; returns 0, or 1 without memory */
long crossbar_blocks(const double *g, long rows, long cols, long h, long w, double in_s, double out_s, double *y)
{
	long n = rows / h * (cols / w), p = 2 * (h + w), across = cols / w;
	wide *cells = aligned_alloc(64, sizeof(wide) * (h * w + 8 * p * p));
	wide *found = cells + h * w, *room = found + p * p;

	if (!cells)
		return 1;
	for (long first = 0; first < n; first += LANES) {
		for (long e = 0; e < LANES; e++) {
			long b = first + e < n ? first + e : n - 1;
			const double *own = g + b / across * h * cols + b % across * w;
			for (long q = 0; q < h * w; q++)
				cells[q][e] = own[q / w * cols + q % w];
		}
		block(cells, w, h, w, in_s, out_s, found, room);
		for (long e = 0; e < LANES && first + e < n; e++)
			for (long q = 0; q < p * p; q++)
				y[(first + e) * p * p + q] = found[q][e];
	}
	free(cells);
	return 0;
}
