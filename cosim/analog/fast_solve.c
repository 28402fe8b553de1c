/* SPDX-License-Identifier: Apache-2.0 */
/* fast_solve.c : a layer of bias-dependent cells between its sources and its amplifiers, to a stated residual.
 *
 * A turn is one chord step of every tile (fast_tile.c), then of the ports: what the lines bring less what the
 * amplifiers take, through the constant matrix port_step. A cut row or line has a potential of its own, which steps
 * until its current is that of the leak. It ends when every residual and every such step is below `tol` volts.
 */
#include "fast_kernel.h"
#include <math.h>
#include <string.h>

static vec narrow(const lane from)
{
	vec to;
	for (long e = 0; e < LANES; e++)
		to[e] = (real)from[e];
	return to;
}

static void raise_to(lane worst, double by, long e)
{
	by = fabs(by);
	worst[e] = by > worst[e] || by != by ? by : worst[e]; /* what is no number stays */
}

/* one tile: feeds of its rows, feet of its lines */
static void visit(const struct layer *z, struct state *g, long h, long j, int first, int react)
{
	const long R = z->r, C = z->c, id = h * z->v + j, port = (z->ports > 1 ? h : 0) * 2 * z->v * C + j * C;
	const double *cut_row = z->cut_row + id * R * 2, *cut_line = z->cut_line + id * 2 * C * 2;
	struct tile t = {.r = R, .c = C, .r0 = R - z->live_r[h], .cc = z->live_c[j], .g_p = z->g_p + id * 2 * R * C,
			 .a = z->a + id * 2 * R * C, .feed = z->feed + id * R, .foot = z->foot + id * 2 * C,
			 .phi = z->phi + j * M * C, .fa = z->fa + j * M, .psi = z->psi + h * M * R, .fb = z->fb + h * M,
			 .y = z->y + h * M, .eta = z->eta + h * R, .hkl = z->hkl + id * M * M, .v = g->v + id * 2 * R * C,
			 .paired = z->paired[id], .ap = z->ap + id * R * C, .g_bent = z->g_bent + id * R * C,
			 .a_bent = z->a_bent + id * R * C, .g_even = z->g_even + id * R * C};
	t.x = g->room;
	t.row = t.x + R;
	t.u = t.row + R;
	t.du = t.u + 2 * C;
	t.s = t.du + 2 * C;
	t.work = t.s + 2 * C;
	t.heat = g->heat;
	t.wire = g->wire;
	t.worst = (vec){0};
	for (long r = 0; r < R; r++)
		t.x[r] = narrow(cut_row[2 * r] > 0 ? g->cut_x[id * R + r] : g->x[h * R + r]);
	for (long c = 0; c < 2 * C; c++) {
		long p = port + c % C + c / C * z->v * C, cut = cut_line[2 * c] > 0;
		t.u[c] = narrow(cut ? g->cut_u[id * 2 * C + c] : g->u[p]);
		t.du[c] = cut ? (vec){0} : narrow(g->du[p]);
	}
	if (first) { /* cells of one slope behind these rows and lines */
		tile_start(&t);
		memcpy(t.du, t.u, 2 * (size_t)C * sizeof *t.u);
		react = 1;
	}
	tile_step(z, &t, react, g->share);
	for (long e = 0; e < LANES; e++) {
		raise_to(g->worst, (double)t.worst[e], e);
		for (long r = t.r0; r < R; r++) {
			double amps = (double)t.row[r][e];
			if (cut_row[2 * r] > 0) {
				double *own = &g->cut_x[id * R + r][e];
				double leak = (g->x[h * R + r][e] - *own) * cut_row[2 * r + 1];
				double step = (leak - amps) * cut_row[2 * r];
				*own += step;
				raise_to(g->worst, step, e);
				amps = leak;
			}
			g->row[h * R + r][e] += amps;
		}
		for (long c = 0; c < 2 * C; c++) {
			long p = port + c % C + c / C * z->v * C;
			double amps = c % C < t.cc ? (double)t.s[c][e] : 0.0;
			if (cut_line[2 * c] > 0) {
				double *own = &g->cut_u[id * 2 * C + c][e];
				double leak = (*own - g->u[p][e]) * cut_line[2 * c + 1];
				double step = (amps - leak) * cut_line[2 * c];
				*own += step;
				raise_to(g->worst, step, e);
				amps = leak;
			}
			g->s[p][e] += amps;
		}
	}
}

/* amplifiers take their currents from the ports; returns 0, or 1 + output LANES + lane of one that did not converge */
static long amplifiers(const struct layer *z, struct state *g)
{
	const struct amplifier *p = &z->amp;
	const long width = z->v * z->c;
	const double end = 1.0 / (p->r1 + p->r3);
	const int tied = !p->ideal && z->tie > 0;
	long lost = tied ? tied_newton(z, g) : 0;

	for (long q = 0; q < z->ports; q++)
		for (long j = 0; j < z->n_out; j += TOGETHER) {
			double alpha[TOGETHER], beta[TOGETHER], shift[TOGETHER];
			wide a[TOGETHER * PAIR], b[TOGETHER * PAIR], x[TOGETHER * PAIR];
			for (long t = 0; t < TOGETHER; t++) {
				const long own = j + t < z->n_out ? j + t : j, from = t * PAIR;
				const wide *line = (wide *)g->u[q * 2 * width + own];
				alpha[t] = -p->r1 * end;
				beta[t] = end;
				shift[t] = p->shift[own];
				for (long e = 0; e < PAIR; e++) {
					wide up = line[e], um = line[width * PAIR + e];
					wide inp = (up * p->r3 + p->ref * p->r1) * end + p->offset[q * z->n_out + own];
					a[from + e] = inp - um * (p->r3 * end);
					b[from + e] = -um * end;
					x[from + e] = inp - (um - inp) * (p->r3 / p->r1);
				}
				if (!p->ideal)
					memcpy(x + from, g->out[q * z->n_out + own], sizeof(lane));
			}
			if (!p->ideal && !tied) {
				long bad = amplifier_newton(p, alpha, beta, shift, a, b, x);
				lost = bad && !lost ? bad + j * LANES : lost;
			}
			for (long t = 0; t < TOGETHER && j + t < z->n_out; t++) {
				wide *line = (wide *)g->u[q * 2 * width + j + t], *s = (wide *)g->s[q * 2 * width + j + t];
				memcpy(g->out[q * z->n_out + j + t], x + t * PAIR, sizeof(lane));
				for (long e = 0; e < PAIR; e++) {
					s[e] -= (line[e] - p->ref) * end;
					s[width * PAIR + e] -= (line[width * PAIR + e] - x[t * PAIR + e]) * end;
				}
			}
		}
	return lost;
}

/* du = port_step x what is left over */
static void port_steps(const struct layer *z, struct state *g)
{
	const long C = z->c, width = z->v * C;

	for (long q = 0; q < z->ports; q++)
		for (long j = 0; j < z->v; j++) {
			const double *m = z->port_step + (q * z->v + j) * 4 * C * C;
			for (long a = 0; a < 2 * C; a++) {
				lane sum = {0};
				for (long b = 0; b < 2 * C; b++) {
					const double *s = g->s[(q * 2 + b / C) * width + j * C + b % C];
					for (long e = 0; e < LANES; e++)
						sum[e] += m[a * 2 * C + b] * s[e];
				}
				memcpy(g->du[(q * 2 + a / C) * width + j * C + a % C], sum, sizeof sum);
				for (long e = 0; e < LANES; e++)
					raise_to(g->worst, sum[e], e);
			}
		}
}

/* volts lost inside the sources but the last (the bias): buffer_amp.va's soft limit, inverted */
static void source_steps(const struct layer *z, struct state *g)
{
	for (long i = 0; z->drop_ohm > 0 && i < z->n_rows - 1; i++)
		for (long e = 0; e < LANES; e++) {
			double share = g->row[z->place[i]][e] / z->drop_a;
			share = share > MOST_SHARE ? MOST_SHARE : share < -MOST_SHARE ? -MOST_SHARE : share;
			double new = g->source[i][e] - z->drop_ohm * z->drop_a * share / sqrt(1 - share * share);
			raise_to(g->worst, new - g->x[z->place[i]][e], e);
			g->next[i][e] = new;
		}
}

/* Everything once, from the state's x and u; leaves steps in du and next. Returns as amplifiers(). */
long fast_turn(const struct layer *z, struct state *g, int first, int react)
{
	memset(g->s, 0, (size_t)(z->ports * 2 * z->v * z->c) * sizeof(lane));
	memset(g->row, 0, (size_t)(z->h * z->r) * sizeof(lane));
	memset(g->heat, 0, 3 * sizeof(lane)); /* wire and worst adjoin */
	for (long h = 0; h < z->h; h++)
		for (long j = 0; j < z->v; j++)
			visit(z, g, h, j, first, react);
	long lost = amplifiers(z, g);
	port_steps(z, g);
	source_steps(z, g);
	return lost;
}
