/* SPDX-License-Identifier: Apache-2.0 */
/* fast_spline.c : values and slopes of a cubic spline on an even grid, at any number of places inside it. */
#include "fast_vector.h"
#include <string.h>

/* spline [points][4], highest power first; `slope` may be NULL. Returns 1 + the first place outside low..high (NaN is),
 * 0 if there is none. */
long fast_spline(const double *spline, long points, double low, double high, double per_v, long n, const double *x,
		 double *value, double *slope)
{
	const double step = 1.0 / per_v, most = (double)points;

	for (long first = 0; first < n; first += WIDE) {
		size_t bytes = sizeof(double) * (size_t)(n - first < WIDE ? n - first : WIDE);
		wide at = same(low), found, lean;
		memcpy(&at, x + first, bytes);
		mask inside = (at >= low) & (at <= high);
		for (long e = 0; any(~inside) && e < WIDE; e++)
			if (!inside[e])
				return first + e + 1;
		at = lesser(larger((at - low) * per_v, (wide){0}), same(most));
		found = splined(spline, points, step, at, &lean);
		memcpy(value + first, &found, bytes);
		if (slope)
			memcpy(slope + first, &lean, bytes);
	}
	return 0;
}
