/* SPDX-License-Identifier: Apache-2.0 */
/* fast_spline.c : values and slopes of a cubic spline on an even grid, at any number of places inside it. */

/* spline [points][4], highest power first; `slope` may be NULL. Returns how many x lie outside low..high (NaN does). */
long fast_spline(const double *spline, long points, double low, double high, double per_v, long n, const double *x,
		 double *value, double *slope)
{
	long lost = 0;

	for (long j = 0; j < n; j++) {
		int inside = x[j] >= low && x[j] <= high;
		double at = inside ? x[j] - low : 0.0;
		long i = (long)(at * per_v);
		i = i > points - 1 ? points - 1 : i;
		const double *c = spline + 4 * i;
		double h = at - (double)i / per_v;
		lost += !inside;
		value[j] = ((c[0] * h + c[1]) * h + c[2]) * h + c[3];
		if (slope)
			slope[j] = (3.0 * c[0] * h + 2.0 * c[1]) * h + c[2];
	}
	return lost;
}
