/* SPDX-License-Identifier: Apache-2.0 */
/* fast_vector.h : arithmetic on WIDE doubles side by side: choices, reciprocals, exponentials, splines. */
#ifndef FAST_VECTOR_H
#define FAST_VECTOR_H

#include "fast_kernel.h"
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

typedef long mask __attribute__((vector_size(64)));

static inline wide pick(mask which, wide a, wide b)
{
	return (wide)((which & (mask)a) | (~which & (mask)b));
}

static inline wide same(double x) { return (wide){0} + x; }
static inline wide magnitude(wide x) { return (wide)((mask)x & 0x7fffffffffffffffL); }
static inline wide signed_as(wide size, wide x) { return (wide)((mask)size | ((mask)x & (long)(1UL << 63))); }
static inline wide lesser(wide a, wide b) { return pick(a < b, a, b); } /* b if one of them is no number */
static inline wide larger(wide a, wide b) { return pick(a > b, a, b); }

static inline int any(mask which)
{
	long found = 0;

	for (long e = 0; e < WIDE; e++)
		found |= which[e];
	return found != 0;
}

/* 1/d to two roundings, 0 < |d| < 1e300 */
static inline wide reciprocal(wide d)
{
#if defined(__AVX512F__)
	wide r = (wide)_mm512_rcp14_pd((__m512d)d);

	r *= 2.0 - d * r;
	return r * (2.0 - d * r);
#else
	return 1.0 / d;
#endif
}

/* e^x, relative error 3e-15, for |x| < 700 (beyond: as there); a polynomial in x less whole powers of 2 */
static inline wide exponential(wide x)
{
	const double part[] = {2.6306799030965201e-07, 2.7634303398340083e-06, 2.4805192210896912e-05,
			       0.00019841184669569734, 0.0013888885363285278, 0.0083333333744090212,
			       0.04166666668057812, 0.16666666666583849, 0.49999999999980466, 1.0, 1.0};
	const double whole = 6755399441055744.0; /* 1.5 2^52: what is added to it is rounded to an integer */

	x = larger(same(-700.0), lesser(same(700.0), x));
	wide shifted = x * 1.4426950408889634 + whole, n = shifted - whole, sum = same(part[0]);
	x = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;
	for (long p = 1; p < 11; p++)
		sum = sum * x + part[p];
	return (wide)((mask)sum + ((mask)shifted << 52));
}

/* tanh x, error 4e-15 */
static inline wide hyperbolic(wide x)
{
	return 1.0 - 2.0 * reciprocal(exponential(2.0 * larger(same(-20.0), lesser(same(20.0), x))) + 1.0);
}

/* ln(1 + e^x) = max(x, 0) + 2 artanh(z), z = e/(2 + e) with e = e^-|x|, relative error 1e-14; its slope */
static inline wide softplus(wide x, wide *slope)
{
	const double part[] = {0.093048079360262603, 0.059054872640454684, 0.077793661392261335,
			       0.090852363448338955, 0.11111324581895736, 0.14285709857894349, 0.20000000044610208,
			       0.33333333333174076, 1.0};
	wide e = exponential(-magnitude(x)), both = reciprocal((1.0 + e) * (2.0 + e)), sum = same(part[0]);
	wide s = (2.0 + e) * both, z = e * ((1.0 + e) * both), y = z * z;

	for (long p = 1; p < 9; p++)
		sum = sum * y + part[p];
	*slope = pick(x > 0, s, 1.0 - s);
	return larger((wide){0}, x) + 2.0 * z * sum;
}

/* ln x to 2e-6, 1e-300 < x < 1e300: for starts alone */
static inline wide rough_logarithm(wide x)
{
	mask n = ((mask)x - 0x3fe6a09e667f3bcdL) >> 52; /* mantissa from 0.707 to 1.414 */
	wide m = (wide)((mask)x - (n << 52)), z = (m - 1.0) * reciprocal(m + 1.0), y = z * z;

	return __builtin_convertvector(n, wide) * 0.6931471805599453 + 2.0 * z * (1.0 + y * (1.0 / 3 + y * 0.2));
}

/* part p (0: highest power) of intervals i of a spline [points][4] */
static inline wide gathered(const double *spline, mask i, long p)
{
#if defined(__AVX512F__)
	return (wide)_mm512_i64gather_pd((__m512i)(4 * i + p), spline, 8);
#else
	wide found;

	for (long e = 0; e < WIDE; e++)
		found[e] = spline[4 * i[e] + p];
	return found;
#endif
}

/* a spline at `at` intervals from its beginning, 0 <= at <= points, each `step` wide; slope where `slope` */
static inline wide splined(const double *spline, long points, double step, wide at, wide *slope)
{
	mask i = __builtin_convertvector(lesser(at, same((double)(points - 1))), mask);
	wide h = (at - __builtin_convertvector(i, wide)) * step;
	wide c0 = gathered(spline, i, 0), c1 = gathered(spline, i, 1), c2 = gathered(spline, i, 2);

	if (slope)
		*slope = (3.0 * c0 * h + 2.0 * c1) * h + c2;
	return ((c0 * h + c1) * h + c2) * h + gathered(spline, i, 3);
}

#endif
