/* SPDX-License-Identifier: Apache-2.0 */
/* fast_amplifier.c : op-amps at rest, LANES inputs at a time: diff_amp.va's one falling equation in the output.
 *
 *    0 = tanh(k vid) - k w/a0 - 2 (up(w) - down(w)),   w = out + r_out (i_feedback + i_neuron(out))
 * with vid = a + alpha out and i_feedback = b + beta out of whatever linear network surrounds it. Newton in a bracket.
 */
#include "fast_kernel.h"

typedef long index __attribute__((vector_size(64)));
enum { TURNS = 60 };
static const double CLOSE_V = 1e-6; /* quadratic: what remains is below 1e-9 V */

static inline wide pick(index which, wide a, wide b)
{
	return (wide)((which & (index)a) | (~which & (index)b));
}

static inline wide magnitude(wide x) { return pick(x < 0, -x, x); }

/* e^x to 1e-15 for |x| < 700 */
static inline wide exponential(wide x)
{
	const double part[] = {1 / 479001600.0, 1 / 39916800.0, 1 / 3628800.0, 1 / 362880.0, 1 / 40320.0, 1 / 5040.0,
			       1 / 720.0, 1 / 120.0, 1 / 24.0, 1 / 6.0, 0.5, 1.0, 1.0};
	wide sum = {0};

	x = pick(x > 700.0, (wide){0} + 700.0, pick(x < -700.0, (wide){0} - 700.0, x));
	index n = __builtin_convertvector(x * 1.4426950408889634 + pick(x < 0, (wide){0} - 0.5, (wide){0} + 0.5), index);
	wide whole = __builtin_convertvector(n, wide);
	x = (x - whole * 0.693147180369123816490) - whole * 1.90821492927058770002e-10;
	for (long p = 0; p < 13; p++)
		sum = sum * x + part[p];
	return sum * (wide)((n + 1023) << 52);
}

static inline wide hyperbolic(wide x)
{
	x = pick(x > 40.0, (wide){0} + 40.0, pick(x < -40.0, (wide){0} - 40.0, x));
	return 1.0 - 2.0 / (exponential(2.0 * x) + 1.0);
}

static inline int any(index which)
{
	long found = 0;

	for (long e = 0; e < WIDE; e++)
		found |= which[e];
	return found != 0;
}

/* softplus and its slope: ln(1 + e^x) = max(x, 0) + 2 artanh(e/(2 + e)) with e = e^-|x| */
static inline wide corner(wide x, wide *slope)
{
	const double part[] = {1 / 31.0, 1 / 29.0, 1 / 27.0, 1 / 25.0, 1 / 23.0, 1 / 21.0, 1 / 19.0, 1 / 17.0,
			       1 / 15.0, 1 / 13.0, 1 / 11.0, 1 / 9.0, 1 / 7.0, 1 / 5.0, 1 / 3.0, 1.0};
	wide sum = {0};

	if (!any(x > -40.0)) { /* e^-40 is nothing beside 1 */
		*slope = sum;
		return sum;
	}
	wide e = exponential(-magnitude(x)), s = 1.0 / (1.0 + e), z = e / (2.0 + e), y = z * z;
	for (long p = 0; p < 16; p++)
		sum = sum * y + part[p];
	*slope = pick(x > 0, s, 1.0 - s);
	return pick(x > 0, x, (wide){0}) + 2.0 * z * sum;
}

/* current into a neuron at signal v, and its slope */
static inline wide neuron(const struct amplifier *p, wide v, wide *slope)
{
	index i = __builtin_convertvector((v - p->low) * p->per_v, index);
	double c[4][WIDE] __attribute__((aligned(64)));

	for (long e = 0; e < WIDE; e++) {
		i[e] = i[e] < 0 ? 0 : i[e] > p->points - 1 ? p->points - 1 : i[e];
		for (long q = 0; q < 4; q++)
			c[q][e] = p->spline[4 * i[e] + q];
	}
	wide c0 = *(wide *)c[0], c1 = *(wide *)c[1], c2 = *(wide *)c[2], c3 = *(wide *)c[3];
	wide h = v - p->low - __builtin_convertvector(i, wide) / p->per_v;
	*slope = (3.0 * c0 * h + 2.0 * c1) * h + c2;
	return ((c0 * h + c1) * h + c2) * h + c3;
}

/* Outputs of LANES inputs from a start in `out`; returns 0, or 1 if some did not converge. Vectors of a pair take each
 * step side by side: one alone would wait for itself. */
int amplifier_newton(const struct amplifier *p, double alpha, double beta, double shift, const wide *a, const wide *b,
		     wide *out)
{
	const double ka = p->k / p->a0, corner2 = 2.0 / p->soft;
	wide low[PAIR], high[PAIR], w[PAIR], dw[PAIR], t[PAIR], up[PAIR], down[PAIR], s_up[PAIR], s_down[PAIR];
	int moving = 1;

	for (long q = 0; q < PAIR; q++) {
		low[q] = (wide){0} - p->rail;
		high[q] = (wide){0} + p->rail;
		out[q] = pick(out[q] > low[q], pick(out[q] < high[q], out[q], high[q]), low[q]);
	}
	for (long turn = 0; turn < TURNS && moving; turn++) {
		moving = 0;
		for (long q = 0; q < PAIR; q++) {
			wide slope, load = neuron(p, out[q] + (shift - p->ref), &slope);
			w[q] = out[q] + p->rout * (b[q] + beta * out[q] + load);
			dw[q] = 1.0 + p->rout * (beta + slope);
		}
		for (long q = 0; q < PAIR; q++)
			t[q] = hyperbolic(p->k * (a[q] + alpha * out[q]));
		for (long q = 0; q < PAIR; q++)
			up[q] = corner((w[q] - p->swing) / p->soft, &s_up[q]);
		for (long q = 0; q < PAIR; q++)
			down[q] = corner((-w[q] - p->swing) / p->soft, &s_down[q]);
		for (long q = 0; q < PAIR; q++) {
			wide f = t[q] - ka * w[q] - 2.0 * (up[q] - down[q]), x = out[q];
			wide df = p->k * alpha * (1.0 - t[q] * t[q]) - (ka + corner2 * (s_up[q] + s_down[q])) * dw[q];
			low[q] = pick(f > 0, x, low[q]);
			high[q] = pick(f > 0, high[q], x);
			wide new = x - f / df;
			new = pick((new >= low[q]) & (new <= high[q]), new, 0.5 * (low[q] + high[q]));
			moving |= any((magnitude(new - x) >= CLOSE_V) | (f != f));
			out[q] = new;
		}
	}
	return moving;
}
