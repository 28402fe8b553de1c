/* SPDX-License-Identifier: Apache-2.0 */
/* fast_tile.c : one chord step over the cells of one tile, LANES inputs at a time.
 *
 * Unknown are the cell voltages v. Exact are
 *    i(v)      sot_synapse_read.va, one Newton step from its own starting point
 *    rho = x - K_in (i0 + i1) - u - K_out i - v     Kirchhoff around the loop source, input line, cell, I line, port
 * and approximate is only the step: K_in and K_out keep their M strongest modes and every cell has the slope g.
 * Three passes over the cells: currents and input lines, I lines and residual, step.
 */
#include "fast_kernel.h"
#include <string.h>
#if defined(__AVX512F__) && SINGLE
#include <immintrin.h>
#endif

/* 1/d, rough to 6e-5 and refined to the last digit but one */
static inline vec rough(vec d)
{
#if defined(__AVX512F__) && SINGLE
	return (vec)_mm512_rcp14_ps((__m512)d);
#else
	return 1 / d;
#endif
}

static inline vec inverse(vec d)
{
	vec r = rough(d);

	if (SINGLE)
		r *= 2 - d * r;
	return r;
}

static inline vec current(vec v, real g_p, real a, real r_s, real k)
{
	const real q = r_s * g_p;
	vec u = k * v, y = u * u, x = u * (y + a) * rough(y + a + q * (y + 1));
	y = x * x;
	vec h = inverse(y + a), s = q * (y + 1) * h;
	x = x - (x + s * x - u) * rough(1 + s + 2 * q * (a - 1) * y * h * h);
	y = x * x;
	return g_p * v * (y + 1) * inverse(y + a + q * (y + 1));
}

static void add(double *sum, vec x)
{
	for (long e = 0; e < LANES; e++)
		sum[e] += (double)x[e];
}

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

/* cell currents i, input line potentials top, line sums */
static void currents(const struct layer *z, struct tile *t, int react, vec *i0, vec *i1, vec *top, vec *sum, vec *room)
{
	const long C = t->c, cells = t->r * C;
	const real r_in = (real)z->r_in, r_s = (real)z->r_s, kk = (real)z->k;
	vec *qd = room, *z0 = room + C, *zl = room + 2 * C, *seg = room + (2 + M) * C;

	if (react)
		port_reaction(t, qd, z0, zl);
	memset(sum, 0, 2 * (size_t)C * sizeof *sum);
	for (long r = t->r0; r < t->r; r++) {
		vec total = {0}, heat = {0}, wire = {0};
		for (long c = t->cc - 1; c >= 0; c--) {
			long e = r * C + c;
			vec v0 = t->v[e], v1 = t->v[cells + e];
			if (react) {
				vec s = z0[c], d = t->eta[r] * qd[c];
				for (long l = 0; l < M; l++)
					s += t->psi[l * t->r + r] * zl[l * C + c];
				t->v[e] = v0 -= (real)0.5 * (s + d);
				t->v[cells + e] = v1 -= (real)0.5 * (s - d);
			}
			vec c0 = current(v0, t->g_p[e], t->a[e], r_s, kk);
			vec c1 = current(v1, t->g_p[cells + e], t->a[cells + e], r_s, kk);
			i0[e] = c0;
			i1[e] = c1;
			sum[c] += c0;
			sum[C + c] += c1;
			heat += v0 * c0 + v1 * c1;
			seg[c] = total += c0 + c1;
		}
		t->row[r] = total;
		vec at = t->x[r] - t->feed[r] * total;
		for (long c = 0; c < t->cc; c++) {
			at -= r_in * seg[c];
			wire += seg[c] * seg[c];
			top[r * C + c] = at;
		}
		add(t->heat, heat);
		add(t->wire, r_in * wire);
	}
}

/* residuals rs = rho0 + rho1 and rd = rho0 - rho1 in place of i0, i1, and their sums over psi */
static void residuals(const struct layer *z, struct tile *t, vec *i0, vec *i1, const vec *top, const vec *sum,
		      vec *room, vec *ps, vec *pd)
{
	const long C = t->c, cells = t->r * C;
	const real r_out = (real)z->r_out;
	vec *b = room, *line = room + 2 * C, wire = {0};

	for (long c = 0; c < 2 * C; c++) {
		line[c] = sum[c];
		b[c] = t->u[c] + t->foot[c] * sum[c];
		if (c % C < t->cc)
			wire += t->foot[c] * sum[c] * sum[c];
	}
	memset(ps, 0, 2 * M * (size_t)C * sizeof *ps); /* pd adjoins */
	add(t->wire, wire);
	for (long r = t->r - 1; r >= t->r0; r--) {
		wire = (vec){0};
		for (long c = 0; c < t->cc; c++) {
			long e = r * C + c;
			vec l0 = line[c], l1 = line[C + c], b0 = b[c] + r_out * l0, b1 = b[C + c] + r_out * l1;
			vec e0 = top[e] - b0 - t->v[e], e1 = top[e] - b1 - t->v[cells + e];
			wire += l0 * l0 + l1 * l1;
			b[c] = b0;
			b[C + c] = b1;
			line[c] = l0 - i0[e];
			line[C + c] = l1 - i1[e];
			t->worst = worse(worse(t->worst, e0), e1);
			i0[e] = e0 + e1;
			i1[e] = e0 - e1;
			for (long l = 0; l < M; l++) {
				ps[l * C + c] += t->psi[l * t->r + r] * (e0 + e1);
				pd[l * C + c] += t->psi[l * t->r + r] * (e0 - e1);
			}
		}
		add(t->wire, r_out * wire);
	}
}

/* v += d = M^-1 rho; currents into ports and out of rows follow by the slope */
void tile_step(const struct layer *z, struct tile *t, int react)
{
	const long C = t->c, cells = t->r * C;
	vec *i0 = t->work, *i1 = i0 + cells, *top = i1 + cells, *sum = top + cells, *ps = sum + 2 * C, *pd = ps + M * C;
	vec *room = pd + M * C, g = (vec){0} + (real)z->g;

	currents(z, t, react, i0, i1, top, sum, room);
	residuals(z, t, i0, i1, top, sum, room, ps, pd);
	for (long l = 0; l < M; l++) {
		vec mix[M];
		for (long k = 0; k < M; k++) {
			mix[k] = (vec){0};
			for (long c = 0; c < t->cc; c++)
				mix[k] += t->phi[k * C + c] * ps[l * C + c];
		}
		for (long c = 0; c < t->cc; c++) {
			ps[l * C + c] *= t->fb[l];
			pd[l * C + c] *= t->fb[l];
			for (long k = 0; k < M; k++)
				ps[l * C + c] += t->hkl[l * M + k] * t->phi[k * C + c] * mix[k];
		}
	}
	for (long r = t->r0; r < t->r; r++) {
		vec proj[M] = {0}, total = {0};
		for (long c = 0; c < t->cc; c++)
			for (long k = 0; k < M; k++)
				proj[k] += t->phi[k * C + c] * i0[r * C + c];
		for (long k = 0; k < M; k++)
			proj[k] *= t->fa[k];
		for (long c = 0; c < t->cc; c++) {
			long e = r * C + c;
			vec s = i0[e], d = i1[e];
			for (long k = 0; k < M; k++)
				s += t->phi[k * C + c] * proj[k];
			for (long l = 0; l < M; l++) {
				s += t->psi[l * t->r + r] * ps[l * C + c];
				d += t->psi[l * t->r + r] * pd[l * C + c];
			}
			total += s;
			s *= (real)0.5;
			d *= (real)0.5;
			t->v[e] += s + d;
			t->v[cells + e] += s - d;
			sum[c] += g * (s + d);
			sum[C + c] += g * (s - d);
		}
		t->row[r] += g * total;
	}
	memcpy(t->s, sum, 2 * (size_t)C * sizeof *sum);
}
