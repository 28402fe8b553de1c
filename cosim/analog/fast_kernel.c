/* SPDX-License-Identifier: Apache-2.0 */
/* fast_kernel.c : one chord step over all cells of a layer, for a batch of inputs.
 *
 * A tile is R x C synapses, two cells each (side 0 on I+, side 1 on I-). Unknown are the cell voltages v. Exact are
 *    i(v)      sot_synapse_read.va, term by term
 *    rho = x - K_in (i0 + i1) - u - K_out i - v     Kirchhoff around the loop source, input line, cell, I line, port
 * and approximate is only the step: K_in and K_out keep their M strongest modes and every cell has the slope `g`.
 * With e = 1/(1 + 2 g alpha + g beta) the step splits into e = 1 + fa_k + fb_l + h_kl on the modes (fast_modes.py).
 * Layout: w (1/R_P, 0: no cell), a (1 + TMR) [h][v][2][R][C]; feed (ohm from source to a row) [h][v][R]; x [n][h][R]; u, du, s [n][ports][2][v*C]; v, d [n][h][v][2][R][C]; t [n][h][v][R].
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct cell { double r_s, k; };                        /* series resistance, 1/v_h (0: linear) */
struct lines { double r_in, r_out, r_join; };          /* ohm: segment of an input line, of an I line, join */

enum { M = 4 }; /* modes in each direction, a constant so that loops over them unroll */

struct shape { long n, h, v, r, c, ports; };

struct modes {            /* per row partition h: psi [h][M][R], fb, y, eta; per column partition: phi [v][M][C], fa */
	double g;
	const double *phi, *fa, *psi, *fb, *y, *eta, *hkl; /* hkl [h][v][M(l)][M(k)] */
};

static void tile_current(const struct cell *p, long n, const double *restrict g_p, const double *restrict a,
			 const double *restrict v, double *restrict i)
{
	const double k = p->k, r_s = p->r_s;

	for (long j = 0; j < n; j++) {
		double u = k * v[j], y = u * u, q = r_s * g_p[j];
		double x = u * (y + a[j]) / (y + a[j] + q * (y + 1.0));
		y = x * x;
		double hh = 1.0 / (y + a[j]), s = q * (y + 1.0) * hh;
		x = x - (x + s * x - u) / (1.0 + s + 2.0 * q * y * (a[j] - 1.0) * hh * hh);
		y = x * x;
		i[j] = g_p[j] * v[j] * (y + 1.0) / (y + a[j] + q * (y + 1.0));
	}
}

/* v += d - M^-1 (1 x du): the part of a port's step that reaches the cells */
static void take_step(const struct shape *z, const struct modes *md, long h, long v, const double *restrict w,
		      const double *restrict du0, const double *restrict du1, double *restrict v0,
		      double *restrict v1, const double *restrict d0, const double *restrict d1, double *restrict row)
{
	const long R = z->r, C = z->c;
	const double *restrict phi = md->phi + v * M * C, *fa = md->fa + v * M;
	const double *restrict psi = md->psi + h * M * R, *fb = md->fb + h * M, *y = md->y + h * M;
	const double *eta = md->eta + h * R, *hkl = md->hkl + (h * z->v + v) * M * M;
	double *restrict qs = row, *restrict qd = row + C, *restrict z0 = row + 2 * C, *restrict zl = row + 3 * C;
	double proj[M];

	for (long c = 0; c < C; c++) {
		qs[c] = du0[c] + du1[c];
		qd[c] = du0[c] - du1[c];
		z0[c] = qs[c];
	}
	for (long k = 0; k < M; k++) {
		double sum = 0.0;
		for (long c = 0; c < C; c++)
			sum += phi[k * C + c] * qs[c];
		proj[k] = sum;
		for (long c = 0; c < C; c++)
			z0[c] += fa[k] * sum * phi[k * C + c];
	}
	for (long l = 0; l < M; l++) {
		double *zz = zl + l * C;
		for (long c = 0; c < C; c++)
			zz[c] = fb[l] * y[l] * qs[c];
		for (long k = 0; k < M; k++)
			for (long c = 0; c < C; c++)
				zz[c] += y[l] * hkl[l * M + k] * proj[k] * phi[k * C + c];
	}
	for (long r = 0; r < R; r++) {
		double *restrict a0 = v0 + r * C, *restrict a1 = v1 + r * C;
		const double *b0 = d0 + r * C, *b1 = d1 + r * C, *ww = w + r * C;
		for (long c = 0; c < C; c++) {
			double s = z0[c], d = eta[r] * qd[c];
			for (long l = 0; l < M; l++)
				s += psi[l * R + r] * zl[l * C + c];
			double on = ww[c] > 0.0 ? 1.0 : 0.0;
			a0[c] += on * (b0[c] - 0.5 * (s + d));
			a1[c] += on * (b1[c] - 0.5 * (s - d));
		}
	}
}

/* rho of both sides into d0, d1; returns the largest */
static double residual(const struct shape *z, const struct lines *wire, const double *restrict w,
		       const double *restrict x, const double *restrict feed, const double *restrict u0,
		       const double *restrict u1, const double *restrict v0, const double *restrict v1, const double *restrict i0,
		       const double *restrict i1, double *restrict drop, double *restrict d0, double *restrict d1,
		       double *restrict row)
{
	const long R = z->r, C = z->c;
	double *acc0 = row, *acc1 = row + C, *b0 = row + 2 * C, *b1 = row + 3 * C, worst = 0.0;

	for (long r = 0; r < R; r += 8) { /* input lines: eight independent chains */
		long nr = R - r < 8 ? R - r : 8;
		double seg[8] = {0};
		for (long c = C - 1; c >= 0; c--)
			for (long e = 0; e < nr; e++) {
				seg[e] += i0[(r + e) * C + c] + i1[(r + e) * C + c];
				drop[(r + e) * C + c] = seg[e];
			}
		for (long e = 0; e < nr; e++)
			seg[e] *= feed[r + e];
		for (long c = 0; c < C; c++)
			for (long e = 0; e < nr; e++) {
				seg[e] += wire->r_in * drop[(r + e) * C + c];
				drop[(r + e) * C + c] = seg[e];
			}
	}
	memset(acc0, 0, 2 * (size_t)C * sizeof(double));
	for (long r = 0; r < R; r++) /* current in the segment after row r, kept in d */
		for (long c = 0; c < C; c++) {
			acc0[c] += i0[r * C + c];
			acc1[c] += i1[r * C + c];
			d0[r * C + c] = acc0[c];
			d1[r * C + c] = acc1[c];
		}
	for (long c = 0; c < C; c++) {
		b0[c] = u0[c] + wire->r_join * acc0[c];
		b1[c] = u1[c] + wire->r_join * acc1[c];
	}
	for (long r = R - 1; r >= 0; r--)
		for (long c = 0; c < C; c++) {
			double on = w[r * C + c] > 0.0 ? 1.0 : 0.0, top = x[r] - drop[r * C + c];
			b0[c] += wire->r_out * d0[r * C + c];
			b1[c] += wire->r_out * d1[r * C + c];
			double e0 = on * (top - b0[c] - v0[r * C + c]), e1 = on * (top - b1[c] - v1[r * C + c]);
			d0[r * C + c] = e0;
			d1[r * C + c] = e1;
			e0 = fabs(e0);
			e1 = fabs(e1);
			e0 = e0 > e1 ? e0 : e1;
			worst = worst > e0 ? worst : e0;
		}
	return worst;
}

/* d = M^-1 rho, in place */
static void precondition(const struct shape *z, const struct modes *md, long h, long v, double *restrict d0,
			 double *restrict d1, double *restrict row)
{
	const long R = z->r, C = z->c;
	const double *restrict phi = md->phi + v * M * C, *fa = md->fa + v * M;
	const double *restrict psi = md->psi + h * M * R, *fb = md->fb + h * M;
	const double *hkl = md->hkl + (h * z->v + v) * M * M;
	double *restrict ps = row, *restrict pd = row + M * C, mix[M * M];

	memset(row, 0, 2 * (size_t)(M * C) * sizeof(double));
	for (long r = 0; r < R; r++)
		for (long l = 0; l < M; l++) {
			double f = psi[l * R + r];
			for (long c = 0; c < C; c++) {
				ps[l * C + c] += f * (d0[r * C + c] + d1[r * C + c]);
				pd[l * C + c] += f * (d0[r * C + c] - d1[r * C + c]);
			}
		}
	for (long l = 0; l < M; l++) {
		for (long k = 0; k < M; k++) {
			double sum = 0.0;
			for (long c = 0; c < C; c++)
				sum += phi[k * C + c] * ps[l * C + c];
			mix[l * M + k] = sum * hkl[l * M + k];
		}
		for (long c = 0; c < C; c++) {
			ps[l * C + c] *= fb[l];
			pd[l * C + c] *= fb[l];
		}
		for (long k = 0; k < M; k++)
			for (long c = 0; c < C; c++)
				ps[l * C + c] += mix[l * M + k] * phi[k * C + c];
	}
	for (long r = 0; r < R; r++) {
		double *restrict a0 = d0 + r * C, *restrict a1 = d1 + r * C, proj[M];
		for (long k = 0; k < M; k++) {
			double sum = 0.0;
			for (long c = 0; c < C; c++)
				sum += phi[k * C + c] * (a0[c] + a1[c]);
			proj[k] = fa[k] * sum;
		}
		for (long c = 0; c < C; c++) {
			double s = a0[c] + a1[c], d = a0[c] - a1[c];
			for (long k = 0; k < M; k++)
				s += proj[k] * phi[k * C + c];
			for (long l = 0; l < M; l++) {
				s += psi[l * R + r] * ps[l * C + c];
				d += psi[l * R + r] * pd[l * C + c];
			}
			a0[c] = 0.5 * (s + d);
			a1[c] = 0.5 * (s - d);
		}
	}
}

/* One chord step. Returns 0, or 1 without memory. `worst` [n] is the largest rho before the step, `heat` [n]
 * what the cells turn into heat. */
int fast_step(const struct shape *z, const struct cell *cell, const struct lines *wire, const struct modes *md,
	      const double *w, const double *a, const double *feed, const double *x, const double *u, const double *du, double *v, double *d, double *s,
	      double *t, double *worst, double *heat)
{
	const long R = z->r, C = z->c, cells = R * C, width = z->v * C;
	double *work = malloc((size_t)(3 * cells + 2 * (M + 4) * C) * sizeof(double));

	if (work == NULL)
		return 1;
	double *i0 = work, *i1 = work + cells, *drop = work + 2 * cells, *row = work + 3 * cells;
	for (long b = 0; b < z->n; b++) {
		worst[b] = heat[b] = 0.0;
		for (long h = 0; h < z->h; h++)
			for (long j = 0; j < z->v; j++) {
				long tile = (b * z->h + h) * z->v + j;
				long port = (b * z->ports + (z->ports > 1 ? h : 0)) * 2 * width + j * C;
				const double *ww = w + (h * z->v + j) * 2 * cells, *aa = a + (h * z->v + j) * 2 * cells;
				double *v0 = v + tile * 2 * cells, *v1 = v0 + cells;
				double *d0 = d + tile * 2 * cells, *d1 = d0 + cells;
				take_step(z, md, h, j, ww, du + port, du + port + width, v0, v1, d0, d1, row);
				tile_current(cell, 2 * cells, ww, aa, v0, i0); /* both sides: v0, v1 and i0, i1 adjoin */
				double e = residual(z, wire, ww, x + (b * z->h + h) * R, feed + (h * z->v + j) * R, u + port,
						    u + port + width, v0, v1, i0, i1, drop, d0, d1, row);
				worst[b] = worst[b] > e ? worst[b] : e;
				precondition(z, md, h, j, d0, d1, row);
				for (long e0 = 0; e0 < cells; e0++) /* padding has no voltage */
					heat[b] += v0[e0] * i0[e0] + v1[e0] * i1[e0];
				double *s0 = s + port, *s1 = s0 + width, *tt = t + tile * R;
				for (long r = 0; r < R; r++) {
					double sum = 0.0;
					for (long c = 0; c < C; c++) {
						double on = ww[r * C + c] > 0.0 ? md->g : 0.0;
						double left = i0[r * C + c] + on * d0[r * C + c];
						double g = i1[r * C + c] + on * d1[r * C + c];
						s0[c] += left;
						s1[c] += g;
						sum += left + g;
					}
					tt[r] = sum;
				}
			}
	}
	free(work);
	return 0;
}

struct amplifier { double k, a0, rout, swing, soft, r1, r3, rail, ref, low, per_v; long points; };

/* softplus and its slope */
static double corner(double x, double *slope)
{
	if (x > 40.0 || x < -40.0) {
		*slope = x > 0.0;
		return x > 0.0 ? x : 0.0;
	}
	double e = exp(-fabs(x)), s = 1.0 / (1.0 + e);
	*slope = x > 0.0 ? s : 1.0 - s;
	return (x > 0.0 ? x : 0.0) + log1p(e);
}

/* Outputs at rest of n amplifiers, n_out a row, that feed neurons (spline [4][points] of their input current): Newton in a bracket.
 * Returns how many did not converge. */
long fast_amplifiers(const struct amplifier *p, long n, long n_out, const double *inp, const double *u_minus,
		     const double *shift, const double *spline, double *out)
{
	const double end = 1.0 / (p->r1 + p->r3);
	long lost = 0;

	for (long j = 0; j < n; j++) {
		double offset = shift[j % n_out] - p->ref - p->low;
		double x = out[j], low = -p->rail, high = p->rail, move = 1.0;
		if (!(x > low && x < high))
			x = x > 0.0 ? high : low;
		for (int turn = 0; turn < 60 && !(move < 1e-9); turn++) {
			double back = (x - u_minus[j]) * end, at = (x + offset) * p->per_v;
			long i = (long)at;
			i = i < 0 ? 0 : i > p->points - 1 ? p->points - 1 : i;
			double h = x + offset - (double)i / p->per_v;
			double c3 = spline[i], c2 = spline[p->points + i], c1 = spline[2 * p->points + i];
			double load = ((c3 * h + c2) * h + c1) * h + spline[3 * p->points + i];
			double slope = (3.0 * c3 * h + 2.0 * c2) * h + c1;
			double w = x + p->rout * (back + load), dw = 1.0 + p->rout * (end + slope);
			double s_up, s_down, up = corner((w - p->swing) / p->soft, &s_up);
			double down = corner((-w - p->swing) / p->soft, &s_down);
			double t = tanh(p->k * (inp[j] - u_minus[j] - back * p->r1));
			double f = t - p->k / p->a0 * w - 2.0 * (up - down);
			double df = -p->k * (1.0 - t * t) * p->r1 * end - p->k / p->a0 * dw
				    - 2.0 / p->soft * (s_up + s_down) * dw;
			if (f > 0.0)
				low = x;
			else
				high = x;
			double new = x - f / df;
			if (!(new > low && new < high))
				new = 0.5 * (low + high);
			move = fabs(new - x);
			x = new;
		}
		lost += !(move < 1e-9);
		out[j] = x;
	}
	return lost;
}
