/* SPDX-License-Identifier: Apache-2.0 */
/* fast_amplifier.c : op-amps at rest, LANES inputs of two columns at a time: diff_amp.va's one falling equation.
 *
 *    0 = tanh(k vid) - k w/a0 - 2 (up(w) - down(w)),   w = out + r_out (i_feedback + i_neuron(out))
 * with vid = a + alpha out and i_feedback = b + beta out of whatever linear network surrounds it. Newton in a bracket:
 * at |w| = swing + 2 soft the clamp is above any tanh, and |w| >= (1 + r_out beta) |out| - r_out (|b| + load_a), where
 * load_a bounds the neuron's current. So the root lies inside, wherever the rails are. A neuron's current keeps its
 * last value beyond its curve: who reads the curve at such an output refuses it.
 */
#include "fast_stage.h"

enum { TURNS = 60, SETS = TOGETHER * PAIR };
static const double CLOSE_V = 5e-6; /* quadratic: what remains is below CLOSE_V^2/(2 soft), 3e-9 V */

/* Near an output: where tanh is a straight line, or at the rail: a step of Newton's on w = swing + soft ln(e^u - 1),
 * 2 u = tanh(k vid) - k w/a0, from a few `soft` inside; signs are those of w. */
void amplifier_start(const struct amplifier *p, const double *alpha, const double *beta, const double *shift,
		     const wide *a, const wide *b, wide *out)
{
	const double ka = p->k / p->a0;
	const wide most = same(p->swing);

	for (long q = 0; q < SETS; q++) {
		const double of = alpha[q / PAIR], lean = 1.0 + p->rout * beta[q / PAIR];
		const double open = 1.0 / (lean / p->a0 - of), per_lean = 1.0 / lean;
		wide back = p->rout * b[q], w = (a[q] * lean - of * back) * open, slope;
		wide near = (larger(lesser(w, most), -most) - back) * per_lean;
		back += p->rout * neuron(p, near + (shift[q / PAIR] - p->ref), &slope);
		w = (a[q] * lean - of * back) * open;
		wide at = lesser(magnitude(w) - p->soft, most - 5.0 * p->soft);
		wide vid = signed_as(same(1.0), w) * (a[q] - of * per_lean * back) + of * per_lean * at;
		wide t = hyperbolic(p->k * vid), u = larger(0.5 * (t - ka * at), same(5e-4));
		wide off = at - p->swing - p->soft * (rough_logarithm(u) + u * (0.5 + u / 24.0));
		wide lead = 0.5 * (ka - p->k * of * per_lean * (1.0 - t * t)); /* -du/dw */
		wide rail = at - off * reciprocal(1.0 + p->soft * lead * (reciprocal(u) + 0.5 + u / 12.0));
		w = signed_as(larger(lesser(magnitude(w), rail), (wide){0}), w);
		out[q] = (w - back) * per_lean;
	}
}

/* which lane of which column is set first: 1 + column LANES + lane; 0 if none is */
static long found(const mask *which)
{
	for (long q = 0; q < SETS; q++)
		for (long e = 0; e < WIDE; e++)
			if (which[q][e])
				return 1 + q * WIDE + e;
	return 0;
}

/* Outputs of LANES inputs of TOGETHER columns from a start in `out`; returns 0, or 1 + column LANES + lane of one that did
 * not converge. All vectors take each step side by side: one alone would wait for itself. */
long amplifier_newton(const struct amplifier *p, const double *alpha, const double *beta, const double *shift,
		     const wide *a, const wide *b, wide *out)
{
	const double ka = p->k / p->a0, widest = p->swing + 2.0 * p->soft;
	wide low[SETS], high[SETS], w[SETS], dw[SETS], t[SETS], clamp[SETS], slope[SETS];
	mask moving[SETS], all;

	all = (mask){0};
	for (long q = 0; q < SETS; q++) {
		double lean = 1.0 + p->rout * beta[q / PAIR];
		high[q] = (widest + p->rout * (magnitude(b[q]) + p->load_a)) / lean;
		low[q] = -high[q];
		out[q] = larger(lesser(out[q], high[q]), low[q]);
		moving[q] = ~((a[q] - a[q] == 0) & (b[q] - b[q] == 0)); /* what is not finite has no output */
		all |= moving[q];
	}
	if (any(all))
		return found(moving);
	for (long turn = 0; turn < TURNS; turn++) {
		all = (mask){0};
		for (long q = 0; q < SETS; q++) {
			double own = beta[q / PAIR];
			wide load = neuron(p, out[q] + (shift[q / PAIR] - p->ref), &slope[q]);
			w[q] = out[q] + p->rout * (b[q] + own * out[q] + load);
			dw[q] = 1.0 + p->rout * (own + slope[q]);
		}
		for (long q = 0; q < SETS; q++)
			t[q] = hyperbolic(p->k * (a[q] + alpha[q / PAIR] * out[q]));
		for (long q = 0; q < SETS; q++)
			clamp[q] = clamped(p, w[q], &slope[q]);
		for (long q = 0; q < SETS; q++) {
			wide f = t[q] - ka * w[q] - clamp[q], x = out[q];
			wide df = p->k * alpha[q / PAIR] * (1.0 - t[q] * t[q]) - (ka + slope[q]) * dw[q];
			low[q] = pick(f > 0, x, low[q]);
			high[q] = pick(f > 0, high[q], x);
			wide new = x - f * reciprocal(df);
			new = pick((new >= low[q]) & (new <= high[q]), new, 0.5 * (low[q] + high[q]));
			moving[q] = ~(magnitude(new - x) < CLOSE_V);
			all |= moving[q];
			out[q] = new;
		}
		if (!any(all))
			return 0;
	}
	return found(moving);
}
