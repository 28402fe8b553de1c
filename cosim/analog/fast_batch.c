/* SPDX-License-Identifier: Apache-2.0 */
/* fast_batch.c : any number of inputs through one layer, LANES at a time; the kernel's way in. */
#include "fast_kernel.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t rounded(size_t bytes) { return (bytes + 63) / 64 * 64; }

static void *take(char **memory, size_t bytes)
{
	void *got = *memory;

	*memory += rounded(bytes);
	return got;
}

/* the arrays of a state in `memory`; returns how many bytes they take */
static size_t lay_out(const struct layer *z, struct state *g, char *memory)
{
	const size_t one = sizeof(lane), tiles = (size_t)(z->h * z->v), R = (size_t)z->r, C = (size_t)z->c;
	const size_t lines = (size_t)z->ports * 2 * (size_t)z->v * C, rows = (size_t)z->h * R;
	char *at = memory;

	g->source = take(&at, (size_t)z->n_rows * one);
	g->next = take(&at, (size_t)z->n_rows * one);
	g->x = take(&at, rows * one);
	g->row = take(&at, rows * one);
	g->u = take(&at, lines * one);
	g->s = take(&at, lines * one);
	g->du = take(&at, lines * one);
	g->out = take(&at, (size_t)(z->ports * z->n_out) * one);
	g->cut_x = take(&at, tiles * R * one);
	g->cut_u = take(&at, tiles * 2 * C * one);
	g->v = take(&at, tiles * 2 * R * C * sizeof(vec));
	size_t access = z->per_a > 0 ? 2 * R * C : 0;
	g->room = take(&at, (access + 2 * R + 6 * C + 3 * R * C + 2 * C + (2 * M + M + 4) * C) * sizeof(vec));
	return (size_t)(at - memory);
}

/* inputs first .. first + LANES - 1, the last one repeated beyond n, in or out of lanes */
static void gather(lane *to, const double *from, long first, long n, long width)
{
	for (long e = 0; e < LANES; e++) {
		long k = first + e < n ? first + e : n - 1;
		for (long i = 0; i < width; i++)
			to[i][e] = from[k * width + i];
	}
}

static void scatter(double *to, const lane *from, long first, long n, long width)
{
	for (long e = 0; e < LANES && first + e < n; e++)
		for (long i = 0; i < width; i++)
			to[(first + e) * width + i] = from[i][e];
}

/* 1 + source LANES + lane of a source that delivers more than it can; 0 if there is none */
static long beyond(const struct layer *z, const struct state *g)
{
	for (long i = 0; z->drop_ohm > 0 && i < z->n_rows - 1; i++)
		for (long e = 0; e < LANES; e++)
			if (!(fabs(g->row[z->place[i]][e]) <= MOST_SHARE * z->drop_a))
				return 1 + i * LANES + e;
	return 0;
}

/* turns until every lane is below tol; a lane that is not a number never is. Returns as fast_solve(). */
static long converge(const struct layer *z, struct state *g, double tol, long max_turns, long *turns, long *where)
{
	const long lines = z->ports * 2 * z->v * z->c;

	for (long turn = 1; turn <= max_turns; turn++) {
		g->share = turn <= CYCLES * CYCLE ? z->share[(turn - 1) % CYCLE] : 1.0;
		long lost = fast_turn(z, g, turn == 1, turn > 1), done = 1;
		for (long e = 0; e < LANES; e++)
			done &= g->worst[e] < tol;
		*turns = *turns < turn ? turn : *turns;
		*where = lost;
		if (lost && (done || turn == max_turns))
			return 3;
		if (done) {
			*where = beyond(z, g);
			return *where ? 5 : 0;
		}
		for (long p = 0; p < lines; p++)
			for (long e = 0; e < LANES; e++)
				g->u[p][e] += g->du[p][e] *= g->share;
		for (long i = 0; z->drop_ohm > 0 && i < z->n_rows - 1; i++)
			memcpy(g->x[z->place[i]], g->next[i], sizeof(lane));
	}
	return 2;
}

/* Solves n inputs. In: source [n][n_rows], u (a guess), *turns (at most). Out: x before and amps into the rows' feeds
 * [n][n_rows], u [n][ports][2][v*c], out [n][ports][n_out], heat, wire, worst [n], *turns (taken). Returns 0, 1 without
 * memory, 2 if it did not end, 3 if an amplifier has no operating point, 5 if a source is beyond its limit; where[2]: input,
 * output or source of the last two. */
long fast_solve(const struct layer *z, long n, double tol, long *turns, const double *source, double *x, double *amps,
		double *u, double *out, double *heat, double *wire, double *worst, long *where)
{
	struct state g;
	const long lines = z->ports * 2 * z->v * z->c, outs = z->ports * z->n_out, most = *turns;
	char *memory = aligned_alloc(64, lay_out(z, &g, NULL));
	long failed = 0, place = 0;

	if (memory == NULL)
		return 1;
	*turns = 0;
	lay_out(z, &g, memory);
	for (long first = 0; first < n && !failed; first += LANES) {
		gather(g.source, source, first, n, z->n_rows);
		gather(g.u, u, first, n, lines);
		gather(g.out, out, first, n, outs);
		memset(g.x, 0, (size_t)(z->h * z->r) * sizeof(lane));
		memset(g.du, 0, (size_t)lines * sizeof(lane));
		memset(g.cut_x, 0, (size_t)(z->h * z->v * z->r) * sizeof(lane));
		memset(g.cut_u, 0, (size_t)(z->h * z->v * 2 * z->c) * sizeof(lane));
		for (long i = 0; i < z->n_rows; i++)
			memcpy(g.x[z->place[i]], g.source[i], sizeof(lane));
		failed = converge(z, &g, tol, most, turns, &place);
		if (failed && place > 0) {
			where[0] = first + (place - 1) % LANES < n ? first + (place - 1) % LANES : n - 1;
			where[1] = (place - 1) / LANES;
		}
		for (long i = 0; i < z->n_rows; i++)
			for (long e = 0; e < LANES && first + e < n; e++) {
				x[(first + e) * z->n_rows + i] = g.x[z->place[i]][e];
				amps[(first + e) * z->n_rows + i] = g.row[z->place[i]][e];
			}
		scatter(u, g.u, first, n, lines);
		scatter(out, g.out, first, n, outs);
		scatter(heat, &g.heat, first, n, 1);
		scatter(wire, &g.wire, first, n, 1);
		scatter(worst, &g.worst, first, n, 1);
	}
	free(memory);
	return failed;
}
