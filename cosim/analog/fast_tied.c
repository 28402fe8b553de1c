/* SPDX-License-Identifier: Apache-2.0 */
/* fast_tied.c : op-amps at rest whose outputs are tied: those of one output and the neuron that they feed together.
 *
 * Op-amp h stands at w_h behind r_out; from its output a tie leads to the common node a. With vid = A + alpha out and
 * feedback current b + beta out of the lines (as in fast_amplifier.c), c = 1 + r_out beta and d = c + r_out/tie:
 *
 *    out_h = (w_h - r_out b_h + a r_out/tie)/d             (out_h - a)/tie = (w_h - r_out b_h - c a)/(d tie)
 *    0 = F_h = tanh(k vid_h) - k w_h/a0 - 2 (up(w_h) - down(w_h))
 *    0 = G = sum_h (out_h - a)/tie - i_neuron(a)
 *
 * An arrow: F_h knows w_h and a alone. F_h falls in both, so w_h(a) falls and G(a) falls whatever saturates: Newton in a
 * bracket for a, the w_h eliminated, each by Newton in a bracket too: for what fast_tied_lanes.c leaves open.
 */
#include "fast_kernel.h"
#include <math.h>

enum { TURNS = 100 };
static const double CLOSE_V = 1e-7; /* quadratic: what remains is below 1e-11 V */

struct stage { /* an op-amp in its surroundings: r_out/tie, c, d; slope of vid in w; and of one input A, r_out b */
	double ratio, c, d, alpha, vid, back;
};

static struct stage surroundings(const struct layer *z)
{
	const struct amplifier *p = &z->amp;
	const double end = 1.0 / (p->r1 + p->r3);
	struct stage s = {.ratio = p->rout / z->tie, .c = 1.0 + p->rout * end, .alpha = -p->r1 * end};

	s.d = s.c + s.ratio;
	return s;
}

static void connect(const struct layer *z, const struct state *g, long q, long j, long e, struct stage *s)
{
	const struct amplifier *p = &z->amp;
	const long width = z->v * z->c;
	const double end = 1.0 / (p->r1 + p->r3), up = g->u[q * 2 * width + j][e], um = g->u[(q * 2 + 1) * width + j][e];

	s->vid = (up * p->r3 + p->ref * p->r1 - um * p->r3) * end + p->offset[q * z->n_out + j];
	s->back = -p->rout * um * end;
}

static double between(double low, double x, double high) { return x > low ? x < high ? x : high : low; }

/* softplus and its slope */
static double corner(double x, double *slope)
{
	if (x < -40.0) { /* e^-40 is nothing beside 1 */
		*slope = 0.0;
		return 0.0;
	}
	double e = exp(-fabs(x));
	*slope = (x > 0 ? 1.0 : e) / (1.0 + e);
	return (x > 0 ? x : 0.0) + log1p(e);
}

/* current into a neuron at signal v, and its slope; its last value beyond the curve, which nobody reads there */
static double neuron(const struct amplifier *p, double v, double *slope)
{
	const double free = (v - p->low) * p->per_v, at = between(0.0, free, (double)p->points);
	long i = (long)between(0.0, at, (double)(p->points - 1));
	const double *c = p->spline + 4 * i, h = (at - (double)i) / p->per_v;

	*slope = at == free ? (3.0 * c[0] * h + 2.0 * c[1]) * h + c[2] : 0.0;
	return ((c[0] * h + c[1]) * h + c[2]) * h + c[3];
}

/* Where a falling function is 0, next: Newton from x, or the bracket's far end while that was never tried, or its middle,
 * also where Newton moves by more than half of its last move. `most` is where the bracket began. */
static double next(double f, double df, double x, double most, double *low, double *high, double *last)
{
	double new = x - f / df, moved = fabs(new - x), before = *last;

	*(f > 0 ? low : high) = x;
	*last = moved;
	if (moved > 0.5 * before && *low > -most && *high < most)
		return 0.5 * (*low + *high);
	if (new > *high)
		return *high == most && x != most ? most : 0.5 * (*low + *high);
	if (new < *low)
		return *low == -most && x != -most ? -most : 0.5 * (*low + *high);
	return new == new ? new : 0.5 * (*low + *high);
}

/* An op-amp at w and a: its equation and what that has for slopes in w and in a. */
static double equation(const struct amplifier *p, const struct stage *s, double a, double w, double *by_w, double *by_a)
{
	const double ka = p->k / p->a0;
	double t = tanh(p->k * (s->vid + s->alpha * (w - s->back + s->ratio * a) / s->d)), s_up, s_down;
	double up = corner((w - p->swing) / p->soft, &s_up), down = corner((-w - p->swing) / p->soft, &s_down);
	double bend = p->k * s->alpha / s->d * (1.0 - t * t);

	*by_w = bend - ka - 2.0 / p->soft * (s_up + s_down);
	*by_a = bend * s->ratio;
	return t - ka * w - 2.0 * (up - down);
}

/* w of one op-amp while the common node stands at `a`, from a start in *w; its slope in `a`. Returns 1 if there is none. */
static long solve_stage(const struct amplifier *p, const struct stage *s, double a, double *w, double *slope)
{
	const double most = p->swing + 2.0 * p->soft; /* beyond, the clamp is above any tanh */
	double low = -most, high = most, x = between(low, *w, high), last = INFINITY;

	for (long turn = 0; turn < TURNS; turn++) {
		double df, by_a, f = equation(p, s, a, x, &df, &by_a), new = next(f, df, x, most, &low, &high, &last);
		double moved = fabs(new - x);
		*slope = -by_a / df;
		*w = x = new;
		if (moved < CLOSE_V)
			return f != f;
	}
	return 1;
}

/* Output j of input e where Newton in all at once has not closed: `out` holds a start of every w, *node of a, then the
 * solution. Returns 1 if there is none. */
static long solve_output(const struct layer *z, struct state *g, struct stage *s, long j, long e, double *node)
{
	const struct amplifier *p = &z->amp;
	const double g_tie = 1.0 / (s->d * z->tie), ports = (double)z->ports;
	double a = *node, back = 0.0, last = INFINITY;
	long lost = 0, close = 0;

	for (long q = 0; q < z->ports; q++) {
		connect(z, g, q, j, e, s);
		if (!isfinite(s->vid + s->back)) {
			*node = NAN; /* what is no number stays */
			return 1;
		}
		back = fmax(back, fabs(s->back));
	}
	/* beyond, every op-amp pulls back by more than the neuron can draw */
	const double most = (p->swing + 2.0 * p->soft + back + p->load_a / (ports * g_tie)) / s->c;
	double low = -most, high = most;
	a = between(low, a, high);
	for (long turn = 0; turn < TURNS; turn++) {
		double slope, dw, sum = -neuron(p, a + p->shift[j] - p->ref, &slope);
		slope = -slope;
		lost = 0;
		for (long q = 0; q < z->ports; q++) {
			double *w = &g->out[q * z->n_out + j][e];
			connect(z, g, q, j, e, s);
			lost += solve_stage(p, s, a, w, &dw);
			sum += g_tie * (*w - s->back - s->c * a);
			slope += g_tie * (dw - s->c);
		}
		lost += !(fabs(sum / slope) < CLOSE_V);
		if (close)
			break;
		double new = next(sum, slope, a, most, &low, &high, &last);
		close = fabs(new - a) < CLOSE_V; /* once more, so that every w belongs to this a */
		a = new;
	}
	*node = a;
	return lost > 0;
}

/* Outputs of all op-amps of a layer from the lines, `out` a start; returns 0, or 1 + output LANES + lane of one without
 * operating point. */
long tied_newton(const struct layer *z, struct state *g)
{
	struct stage s = surroundings(z);
	long lost = 0;

	for (long j = 0; j < z->n_out; j++) {
		double node[LANES];
		long open[LANES];
		tied_together(z, g, j, node, open); /* `out` holds w from here */
		for (long e = 0; e < LANES; e++) {
			if (open[e] && solve_output(z, g, &s, j, e, node + e) && !lost)
				lost = 1 + j * LANES + e;
			for (long q = 0; q < z->ports; q++) {
				double *w = &g->out[q * z->n_out + j][e];
				connect(z, g, q, j, e, &s);
				*w = (*w - s.back + s.ratio * node[e]) / s.d;
			}
		}
	}
	return lost;
}
