/* SPDX-License-Identifier: Apache-2.0 */
/* fast_tile.c : one chord step over the cells of one tile, LANES inputs at a time.
 *
 * Unknown are the cell voltages v. Exact are
 *    i(v)      sot_synapse_read.va, one Newton step from its own starting point
 *    rho = x - K_in (i0 + i1) - u - K_out i - v     Kirchhoff around the loop source, input line, cell, I line, port
 * and approximate is only the step: K_in and K_out keep their M strongest modes and every cell has the slope g.
 * Three passes over the cells: currents and input lines, I lines and residual, step.
 */
#include "fast_blocks.h"
#include <string.h>

/* what a step du of the ports does to the cells: v -= (s +- d)/2, s = z0 + sum_l psi_l zl, d = eta qd */
static void port_reaction(const struct tile *t, vec *qd, vec *z0, vec *zl)
{
	const long C = t->c;
	vec proj[M];

	for (long k = 0; k < M; k++) {
		proj[k] = (vec){0};
		for (long c = 0; c < t->cc; c++)
			proj[k] += t->phi[k * C + c] * (t->du[c] + t->du[C + c]);
	}
	for (long c = 0; c < t->cc; c++) {
		vec sum = t->du[c] + t->du[C + c], total = sum;
		qd[c] = t->du[c] - t->du[C + c];
		for (long k = 0; k < M; k++)
			total += t->fa[k] * t->phi[k * C + c] * proj[k];
		z0[c] = total;
		for (long l = 0; l < M; l++) {
			total = t->fb[l] * t->y[l] * sum;
			for (long k = 0; k < M; k++)
				total += t->y[l] * t->hkl[l * M + k] * t->phi[k * C + c] * proj[k];
			zl[l * C + c] = total;
		}
	}
}

/* cell voltages of linear cells of slope g while the ports stand at 0: M^-1 x. The ports' reaction does the rest. */
void tile_start(const struct tile *t)
{
	const long C = t->c, R = t->r;
	vec *w = t->work; /* [M][C] */

	for (long l = 0; l < M; l++) {
		vec sum = {0};
		for (long r = t->r0; r < R; r++)
			sum += t->psi[l * R + r] * t->x[r];
		for (long c = 0; c < t->cc; c++)
			w[l * C + c] = sum;
	}
	real whole[M] = {0};
	for (long k = 0; k < M; k++)
		for (long c = 0; c < t->cc; c++)
			whole[k] += t->phi[k * C + c];
	for (long c = 0; c < t->cc; c++) {
		real own = 1;
		for (long k = 0; k < M; k++)
			own += t->fa[k] * whole[k] * t->phi[k * C + c];
		for (long l = 0; l < M; l++) {
			real both = t->fb[l];
			for (long k = 0; k < M; k++)
				both += t->hkl[l * M + k] * whole[k] * t->phi[k * C + c];
			w[l * C + c] *= both;
		}
		for (long r = t->r0; r < R; r++) {
			vec v = own * t->x[r];
			for (long l = 0; l < M; l++)
				v += t->psi[l * R + r] * w[l * C + c];
			t->v[r * C + c] = t->v[(R + r) * C + c] = v;
		}
	}
}

/* input line of row r: potentials `top` of its cells */
static void row_line(const struct tile *t, long r, real r_in, const vec *restrict i, vec *restrict seg, vec *restrict top)
{
	const long C = t->c, cells = t->r * C, live = t->cc;
	vec total = {0}, wire = {0};

	for (long c = live - 1; c >= 0; c--)
		seg[c] = total += i[r * C + c] + i[cells + r * C + c];
	t->row[r] = total;
	vec at = t->x[r] - t->feed[r] * total;
	for (long c = 0; c < live; c++) {
		at -= r_in * seg[c];
		wire += seg[c] * seg[c];
		top[r * C + c] = at;
	}
	add(t->wire, r_in * wire);
}

/* ps, pd: what the modes of K_out add to the step of every cell */
static void mix(const struct tile *t, const struct sums *z)
{
	const long C = t->c;

	for (long l = 0; l < M; l++) {
		vec part[M], *ps = z->ps + l * C, *pd = z->pd + l * C;
		for (long k = 0; k < M; k++) {
			part[k] = (vec){0};
			for (long c = 0; c < t->cc; c++)
				part[k] += t->phi[k * C + c] * ps[c];
		}
		for (long c = 0; c < t->cc; c++) {
			ps[c] *= t->fb[l];
			pd[c] *= t->fb[l];
			for (long k = 0; k < M; k++)
				ps[c] += t->hkl[l * M + k] * t->phi[k * C + c] * part[k];
		}
	}
}

/* v += M^-1 rho; currents into ports and out of rows follow by the slope */
void tile_step(const struct layer *z, struct tile *t, int react, double share)
{
	const long C = t->c, cells = t->r * C, R = t->r;
	const real r_in = (real)z->r_in, r_out = (real)z->r_out, r_s = (real)z->r_s, kk = (real)z->k, g = (real)z->g;
	vec *i = t->work, *top = i + 2 * cells, *room = top + cells, wire = {0};
	struct sums q = {.line = room, .b = room + 2 * C, .ps = room + 4 * C, .pd = room + (4 + M) * C};
	vec *qd = q.pd + M * C, *z0 = qd + C, *zl = z0 + C, *sum = t->s;
	long r;

	if (react)
		port_reaction(t, qd, z0, zl);
	memset(sum, 0, 2 * (size_t)C * sizeof *sum);
	for (r = t->r0; r + ROWS <= R; r += ROWS)
		block_currents(t, r, ROWS, react, qd, z0, zl, r_s, kk, t->v, i, sum);
	for (; r < R; r++)
		block_currents(t, r, 1, react, qd, z0, zl, r_s, kk, t->v, i, sum);
	for (r = t->r0; r < R; r++)
		row_line(t, r, r_in, i, qd, top);
	for (long c = 0; c < 2 * C; c++) {
		q.line[c] = sum[c];
		q.b[c] = t->u[c] + t->foot[c] * sum[c];
		wire += t->foot[c] * sum[c] * sum[c];
	}
	add(t->wire, wire);
	memset(q.ps, 0, 2 * M * (size_t)C * sizeof *q.ps); /* pd adjoins */
	if (z->per_a > 0) {
		vec *drop = zl + M * C;
		access_drops(z, t, i, top, drop);
		for (r = R - 1; r >= t->r0; r--)
			t->worst = worse(t->worst, block_residuals(t, r, 1, r_out, &q, top, t->v, i, drop));
	} else {
		for (r = R - 1; r - ROWS + 1 >= t->r0; r -= ROWS)
			t->worst = worse(t->worst, block_residuals(t, r, ROWS, r_out, &q, top, t->v, i, NULL));
		for (; r >= t->r0; r--)
			t->worst = worse(t->worst, block_residuals(t, r, 1, r_out, &q, top, t->v, i, NULL));
	}
	mix(t, &q);
	for (r = t->r0; r + ROWS <= R; r += ROWS)
		block_step(t, r, ROWS, g, (real)(0.5 * share), &q, i, t->v, sum);
	for (; r < R; r++)
		block_step(t, r, 1, g, (real)(0.5 * share), &q, i, t->v, sum);
}
