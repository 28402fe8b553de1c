/* SPDX-License-Identifier: Apache-2.0 */
/* fast_network.c : any number of inputs through a layer of linear cells, LANES at a time.
 *
 * Sources behind buffers lose D(i), i their current: buffer_amp.va's soft limit. Their resistance is in the matrices
 * `near` and `first`, so that the first guess lacks only what D is bent; then columns and drops in turn.
 */
#include "fast_network.h"
#include "fast_vector.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TURNS = 60 };
#if defined(__AVX512F__)
enum { STEP = PACK }; /* rows of a product in registers */
#else
enum { STEP = 2 };
#endif

struct room { both *source, *z, *amps, *given, *out; double left; }; /* of LANES inputs; z: sources behind D, then outputs */

static long padded(long rows) { return (rows + PACK - 1) / PACK * PACK; }

static void multiply(const struct product *m, const both *x, both *y)
{
	for (long r = 0; r < m->rows; r += PACK)
		for (long part = 0; part < PACK; part += STEP) {
			const double *a = m->packed + r * m->cols + part;
			wide sum[STEP][PAIR];
			for (long j = 0; j < STEP; j++)
				for (long q = 0; q < PAIR; q++)
					sum[j][q] = same(m->constant[r + part + j]);
			for (long k = 0; k < m->cols; k++)
				for (long j = 0; j < STEP; j++)
					for (long q = 0; q < PAIR; q++)
						sum[j][q] += a[k * PACK + j] * x[k][q];
			memcpy(y + r + part, sum, sizeof sum);
		}
}

/* sources but the last (the bias) behind their drop at currents `amps`; the largest move */
static double drop(const struct network *n, struct room *g)
{
	const wide most = same(MOST_SHARE);
	wide worst = {0};
	double found = 0.0;

	for (long s = 0; s < n->n_rows - 1; s++)
		for (long q = 0; q < PAIR; q++) {
			wide share = larger(-most, lesser(most, g->amps[s][q] * (1.0 / n->drop_a)));
			wide rest = 1.0 - share * share, was = g->z[s][q];
			for (long e = 0; e < WIDE; e++)
				rest[e] = sqrt(rest[e]);
			g->z[s][q] = g->source[s][q] - n->drop_ohm * n->drop_a * share * reciprocal(rest);
			worst = larger(magnitude(g->z[s][q] - was), worst);
		}
	for (long e = 0; e < WIDE; e++)
		found = fmax(found, worst[e]);
	return found;
}

/* 1 + s LANES + lane of a source beyond its limit, or whose current is no number; 0 if there is none */
static long beyond(const struct network *n, const struct room *g)
{
	for (long s = 0; s < n->n_rows - 1; s++)
		for (long e = 0; e < LANES; e++)
			if (!(fabs(g->amps[s][e / WIDE][e % WIDE]) <= MOST_SHARE * n->drop_a))
				return 1 + s * LANES + e;
	return 0;
}

/* all columns, from their outputs if `warm`; as solve_columns() */
static long columns(const struct network *n, struct room *g, int warm, double tol)
{
	both *out = g->z + n->n_rows;

	multiply(&n->given, g->z, g->given);
	g->left = 0.0;
	for (long q = 0; q < n->v; q++) {
		const long at = q * n->c, count = n->n_out - at < n->c ? n->n_out - at : n->c;
		struct columns k = {.count = count, .stride = n->c, .vid = n->coupling + at * n->c,
				    .back = n->coupling + (n->v * n->c + at) * n->c, .shift = n->amp.shift + at,
				    .a = g->given + at, .b = g->given + n->n_out + at, .out = out + at};
		double left = 0.0;
		long lost = solve_columns(&n->amp, &k, warm, tol, &left);
		if (lost)
			return lost < 0 ? lost : lost + at * LANES;
		g->left = fmax(g->left, left);
	}
	return 0;
}

/* what only sources with a drop have: a first guess of drops and outputs */
static void guess(const struct network *n, struct room *g)
{
	both *out = g->z + n->n_rows;

	multiply(&n->near, g->z, g->given);
	for (long j = 0; j < n->n_out; j++)
		for (long q = 0; q < PAIR; q++)
			out[j][q] = larger(same(-n->amp.swing), lesser(same(n->amp.swing), g->given[j][q]));
	multiply(&n->first, g->z, g->amps);
	drop(n, g);
}

/* Returns 0; 2 not settled, 3 an amplifier without operating point, 5 a source beyond its limit (`where`: 1 + which
 * LANES + lane). */
static long settle(const struct network *n, struct room *g, double tol, double share, long *turns, long *where)
{
	memcpy(g->z, g->source, (size_t)n->n_rows * sizeof(both));
	if (n->drop_ohm > 0)
		guess(n, g);
	for (long turn = 1; turn <= TURNS; turn++) {
		*turns = *turns < turn ? turn : *turns;
		*where = columns(n, g, turn > 1, share * tol);
		if (*where)
			return *where < 0 ? 2 : 3;
		if (!(n->drop_ohm > 0))
			return 0;
		multiply(&n->taken, g->z, g->amps);
		double moved = drop(n, g);
		g->left = fmax(g->left, moved);
		if (g->left < tol) {
			*where = beyond(n, g);
			return *where ? 5 : 0;
		}
	}
	return 2;
}

static void scatter(double *to, const both *from, long first, long count, long width)
{
	const long lanes = first + LANES < count ? LANES : count - first;

	for (long i = 0; i < width; i++)
		for (long e = 0; e < lanes; e++)
			to[(first + e) * width + i] = ((const double *)from[i])[e];
}

/* Solves `count` inputs, columns to `share` of `tol`. In: source [count][n_rows]. Out: x behind the drop and amps out of the
 * sources [count][n_rows] (both with drops alone), out [count][n_out], left; turns taken; where[2]: input, output or
 * source of a failure. Returns as settle(), 1 without memory. */
long fast_network(const struct network *n, long count, double tol, double share, const double *source, double *x,
		  double *amps, double *out, double *left, long *turns, long *where)
{
	const long rows = n->n_rows, all = rows + n->n_out, most = padded(2 * n->n_out);
	both *memory = aligned_alloc(64, (size_t)(rows + all + padded(rows) + most) * sizeof(both));
	struct room g = {.source = memory, .z = memory + rows, .amps = memory + rows + all};
	long failed = 0, place = 0;

	if (memory == NULL)
		return 1;
	g.given = g.amps + padded(rows);
	*left = 0.0;
	*turns = 0;
	for (long first = 0; first < count && !failed; first += LANES) {
		const double *from[LANES];
		for (long e = 0; e < LANES; e++)
			from[e] = source + (first + e < count ? first + e : count - 1) * rows;
		for (long i = 0; i < rows; i++)
			for (long e = 0; e < LANES; e++)
				((double *)g.source[i])[e] = from[e][i];
		memset(g.z + rows, 0, (size_t)n->n_out * sizeof(both));
		failed = settle(n, &g, tol, share, turns, &place);
		*left = fmax(*left, g.left);
		if (n->drop_ohm > 0) {
			scatter(x, g.z, first, count, rows);
			scatter(amps, g.amps, first, count, rows);
		}
		scatter(out, g.z + rows, first, count, n->n_out);
		if (failed && place > 0) {
			long input = first + (place - 1) % LANES;
			where[0] = input < count ? input : count - 1;
			where[1] = (place - 1) / LANES;
		}
	}
	free(memory);
	return failed;
}
