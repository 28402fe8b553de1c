/* SPDX-License-Identifier: Apache-2.0 */
/* fast_blocks.h : the three passes of fast_tile.c over the cells, ROWS rows of a tile at a time.
 *
 * What rows of a block share (sums over lines and modes) stays in registers while they are passed.
 */
#ifndef FAST_BLOCKS_H
#define FAST_BLOCKS_H

#include "fast_kernel.h"
#include <stddef.h>
#if defined(__AVX512F__) && SINGLE
#include <immintrin.h>
#endif

enum { ROWS = 4 };
#define BLOCK static inline __attribute__((always_inline)) /* so that `rows` is a constant in it */

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

static inline void add(double *sum, vec x)
{
	for (long e = 0; e < LANES; e++)
		sum[e] += (double)x[e];
}

/* what rows r .. r + ROWS - 1 of a block share with the next: arrays over columns */
struct sums { vec *line, *b, *ps, *pd; };

/* cell currents i of `rows` rows from r, after the ports' reaction; their sums over rows so far */
BLOCK void block_currents(const struct tile *t, long r, const long rows, int react,
		const vec *restrict qd, const vec *restrict z0, const vec *restrict zl, real r_s, real kk,
		vec *restrict v, vec *restrict i, vec *restrict sum)
{
	const long C = t->c, R = t->r, cells = R * C, live = t->cc;
	const real *restrict g_p = t->g_p, *restrict a = t->a, *restrict psi = t->psi, *restrict eta = t->eta;
	vec heat[ROWS] = {0};

	for (long c = 0; c < live; c++) {
		vec sum0 = sum[c], sum1 = sum[C + c];
		for (long k = 0; k < rows; k++) {
			long e = (r + k) * C + c;
			vec v0 = v[e], v1 = v[cells + e];
			if (react) {
				vec s = z0[c], d = eta[r + k] * qd[c];
				for (long l = 0; l < M; l++)
					s += psi[l * R + r + k] * zl[l * C + c];
				v[e] = v0 -= (real)0.5 * (s + d);
				v[cells + e] = v1 -= (real)0.5 * (s - d);
			}
			vec c0, c1;
			if (t->paired) { /* one of the two is P: a straight line */
				const long ap = t->ap[e], p = cells - ap;
				vec even = t->g_even[e] * v[p + e];
				vec bent = current(v[ap + e], t->g_bent[e], t->a_bent[e], r_s, kk);
				i[ap + e] = bent;
				i[p + e] = even;
				heat[k] += v[ap + e] * bent + v[p + e] * even;
				c0 = i[e];
				c1 = i[cells + e];
			} else {
				i[e] = c0 = current(v0, g_p[e], a[e], r_s, kk);
				i[cells + e] = c1 = current(v1, g_p[cells + e], a[cells + e], r_s, kk);
				heat[k] += v0 * c0 + v1 * c1;
			}
			sum0 += c0;
			sum1 += c1;
		}
		sum[c] = sum0;
		sum[C + c] = sum1;
	}
	for (long k = 0; k < rows; k++)
		add(t->heat, heat[k]);
}

/* volts across the access transistors beyond their mean resistance, and the heat of that */
static inline void access_drops(const struct layer *z, const struct tile *t, const vec *restrict i,
		const vec *restrict top, vec *restrict drop)
{
	const long cells = t->r * t->c;
	vec heat = {0};

	for (long side = 0; side < 2; side++)
		for (long r = t->r0; r < t->r; r++)
			for (long c = 0; c < t->cc; c++) {
				long e = r * t->c + c;
				vec amps = i[side * cells + e], share = amps * (real)z->per_a, ohm = {0};
				for (long b = POWERS_I - 1; b >= 0; b--) {
					vec of_x = {0};
					for (long a = POWERS_X - 1; a >= 0; a--)
						of_x = of_x * top[e] + z->series[b * POWERS_X + a];
					ohm = ohm * share + of_x;
				}
				drop[side * cells + e] = amps * ohm;
				heat += amps * amps * ohm;
			}
	add(t->heat, heat);
}

/* residuals of `rows` rows upwards from r: rs = rho0 + rho1, rd = rho0 - rho1 in place of i; their sums over psi */
BLOCK vec block_residuals(const struct tile *t, long r, const long rows, real r_out, const struct sums *z,
		const vec *restrict top, const vec *restrict v, vec *restrict i, const vec *restrict drop)
{
	const long C = t->c, R = t->r, cells = R * C, live = t->cc;
	const real *restrict psi = t->psi;
	vec *restrict line = z->line, *restrict b = z->b, *restrict ps = z->ps, *restrict pd = z->pd;
	vec wire = {0}, worst = {0};

	for (long c = 0; c < live; c++) {
		vec l0 = line[c], l1 = line[C + c], b0 = b[c], b1 = b[C + c], s[M], d[M];
		for (long l = 0; l < M; l++) {
			s[l] = ps[l * C + c];
			d[l] = pd[l * C + c];
		}
		for (long k = 0; k < rows; k++) {
			long e = (r - k) * C + c;
			vec at = top[e];
			b0 += r_out * l0;
			b1 += r_out * l1;
			wire += l0 * l0 + l1 * l1;
			vec e0 = at - b0 - v[e], e1 = at - b1 - v[cells + e];
			if (drop) {
				e0 -= drop[e];
				e1 -= drop[cells + e];
			}
			vec both = e0 + e1, half = e0 - e1;
			l0 -= i[e];
			l1 -= i[cells + e];
			worst = worse(worse(worst, e0), e1);
			i[e] = both;
			i[cells + e] = half;
			for (long l = 0; l < M; l++) {
				s[l] += psi[l * R + r - k] * both;
				d[l] += psi[l * R + r - k] * half;
			}
		}
		line[c] = l0;
		line[C + c] = l1;
		b[c] = b0;
		b[C + c] = b1;
		for (long l = 0; l < M; l++) {
			ps[l * C + c] = s[l];
			pd[l * C + c] = d[l];
		}
	}
	add(t->wire, r_out * wire);
	return worst;
}

/* the step of `rows` rows from r; line sums get the slope times it */
BLOCK void block_step(const struct tile *t, long r, const long rows, real g, real half,
		const struct sums *z, const vec *restrict rho, vec *restrict v, vec *restrict sum)
{
	const long C = t->c, R = t->r, cells = R * C, live = t->cc;
	const real *restrict psi = t->psi, *restrict phi = t->phi, *restrict fa = t->fa;
	const vec *restrict ps = z->ps, *restrict pd = z->pd;
	vec proj[ROWS][M] = {{{0}}}, total[ROWS] = {{0}};

	for (long c = 0; c < live; c++)
		for (long k = 0; k < rows; k++)
			for (long m = 0; m < M; m++)
				proj[k][m] += phi[m * C + c] * rho[(r + k) * C + c];
	for (long k = 0; k < rows; k++)
		for (long m = 0; m < M; m++)
			proj[k][m] *= fa[m];
	for (long c = 0; c < live; c++) {
		vec sum0 = {0}, sum1 = {0};
		for (long k = 0; k < rows; k++) {
			long e = (r + k) * C + c;
			vec s = rho[e], d = rho[cells + e];
			__builtin_prefetch(v + 2 * cells + e, 1, 2);
			__builtin_prefetch(v + 3 * cells + e, 1, 2);
			for (long m = 0; m < M; m++)
				s += phi[m * C + c] * proj[k][m];
			for (long l = 0; l < M; l++) {
				s += psi[l * R + r + k] * ps[l * C + c];
				d += psi[l * R + r + k] * pd[l * C + c];
			}
			total[k] += s;
			v[e] += half * (s + d);
			v[cells + e] += half * (s - d);
			sum0 += s + d;
			sum1 += s - d;
		}
		sum[c] += (real)0.5 * g * sum0;
		sum[C + c] += (real)0.5 * g * sum1;
	}
	for (long k = 0; k < rows; k++)
		t->row[r + k] += g * total[k];
}

#endif
