/* SPDX-License-Identifier: Apache-2.0 */
/* fast_spline.c : values and slopes of a cubic spline on an even grid, at any number of places inside it. */
#include "fast_vector.h"
#include <string.h>

struct curve { const double *spline; long points; double low, high, per_v; };

/* WIDE places; returns 1 + the first outside, 0 if there is none */
static inline long few(const struct curve *c, wide x, wide *value, wide *slope)
{
	mask inside = (x >= c->low) & (x <= c->high);

	if (any(~inside))
		for (long e = 0; e < WIDE; e++)
			if (!inside[e])
				return e + 1;
	wide at = lesser(larger((x - c->low) * c->per_v, (wide){0}), same((double)c->points));
	*value = splined(c->spline, c->points, 1.0 / c->per_v, at, slope);
	return 0;
}

/* spline [points][4], highest power first; `slope` may be NULL. Returns 1 + the first place outside low..high (NaN is),
 * 0 if there is none. */
long fast_spline(const double *spline, long points, double low, double high, double per_v, long n, const double *x,
		 double *value, double *slope)
{
	const struct curve c = {spline, points, low, high, per_v};
	long k = 0, lost = 0;
	wide found, lean, at = same(low);

	for (; k + WIDE <= n && !lost; k += WIDE) {
		memcpy(&at, x + k, sizeof at);
		lost = few(&c, at, &found, &lean);
		memcpy(value + k, &found, sizeof found);
		if (slope)
			memcpy(slope + k, &lean, sizeof lean);
	}
	if (lost)
		return k - WIDE + lost;
	if (k < n) {
		const size_t bytes = sizeof(double) * (size_t)(n - k);
		at = same(low);
		memcpy(&at, x + k, bytes);
		lost = few(&c, at, &found, &lean);
		memcpy(value + k, &found, bytes);
		if (slope)
			memcpy(slope + k, &lean, bytes);
	}
	return lost ? k + lost : 0;
}
