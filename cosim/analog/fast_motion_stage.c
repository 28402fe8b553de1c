/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_stage.c : one implicit stage, states = hist + c * d(states)/dt, layer by layer.
 *
 * Sources and lines of a layer, its amplifiers (fast_motion_amplifiers.c), neurons as a delay behind their curve, then
 * what follows them, term by term as buffer_amp.va and sample_hold.va.
 */
#include "fast_motion.h"

/* currents less than linear: volts that the buffers lose before the rows, from the final currents, scaled */
void motion_sources(const struct stack *s, const struct layer *L, const struct goal *g, struct place *p, double level, const double *next)
{
	if (!L[-1].buffered) {
		memcpy(p->x, next, (size_t)L->n_in * sizeof(double));
		p->x[L->n_in] = level * g->x[L->n_in];
		return;
	}
	for (long i = 0; i < L->n_in; i++) {
		double x_f = fabs(g->x[i]) > 0.02 ? g->x[i] : 0.02, scale = next[i] / x_f;
		scale = scale < 0.0 ? 0.0 : scale > 1.2 ? 1.2 : scale;
		double share = g->i[i] * scale / s->b_imax;
		share = share > 0.99 ? 0.99 : share < -0.99 ? -0.99 : share;
		p->x[i] = next[i] - s->b_rout * s->b_imax * share / sqrt(1.0 - share * share);
	}
	p->x[L->n_in] = level * g->x[L->n_in];
}

/* A neuron's signal comes late by its delay; its output is on the curve there. */
static void neurons(const struct stack *s, const struct layer *L, const struct goal *g, struct place *p, double c, double level)
{
	const long n = L->width;
	const double mean = 1.0 / (double)L->ports, tie = s->tie_ohm * mean, ref = s->ref * level;
	const double *restrict hist = p->hist + p->n_late, *restrict live = L->live, *restrict os = L->neuron_os;
	double *restrict y = p->s + p->n_y, *restrict late = p->s + p->n_late, *restrict signal = p->signal;
	double *restrict y_hist = p->hist + p->n_y, *restrict slopes = p->slope;
	const double *restrict shift = g->shift;
	const long n_y = p->n_y, n_late = p->n_late;
	const double powered = level * level * level; /* FETs need supply to conduct */

	memcpy(signal, p->out, (size_t)n * sizeof *signal);
	for (long k = 1; k < L->ports; k++)
		for (long j = 0; j < n; j++)
			signal[j] += p->out[k * n + j];
#pragma omp simd
	for (long j = 0; j < n; j++) {
		double slope, a = signal[j] * mean - ref + os[j];
		if (tie > 0.0) {
			double load = neuron_at(s, N_IN, a, &slope);
			a -= tie * load / (1.0 + tie * slope);
		}
		signal[j] = a;
		double delay = neuron_at(s, N_DELAY, hist[j], &slope);
		late[j] = live[j] * (delay * hist[j] + c * a) / (delay + c);
		y[j] = live[j] * powered * (neuron_at(s, N_OUT, late[j], &slope) + shift[j]);
		y_hist[j] = y[j] - live[j] * powered * slope * (late[j] - hist[j]); /* the rate of y is the chain rule's */
		slopes[n_late + j] = slopes[n_y + j] = 1.0 / delay;
	}
}

static int buffers(const struct stack *s, const struct layer *L, struct place *p, double c, double level)
{
	const long n = L->width;
	const double *restrict y = p->s + p->n_y, *restrict hist = p->hist + p->n_next, *restrict live = L->live;
	double *restrict next = p->s + p->n_next, *restrict slopes = p->slope + p->n_next, worst = 1.0, none;
	const double mid = 0.5 * s->vdd * level, per_soft = 1.0 / s->b_soft, scale = c * s->b_slew;
	const double swing = s->b_soft * softplus(mid * per_soft, &none), *restrict f = p->f + p->n_next;

	const int both = swing < MOTION_FAR * s->b_soft;

	for (long j = 0; j < n; j++)
		next[j] = hist[j] + c * f[j];
	for (int turn = 0; turn < MOTION_TURNS && !(worst < MOTION_TOL_V); turn++) {
		worst = 0.0;
#pragma omp simd reduction(max : worst)
		for (long j = 0; j < n; j++) {
			double w = next[j];
			double t, clamp, clamp_s, other = 0.0, other_s = 0.0, from = w - mid;
			t = tanh_and_softplus(s->b_k * (s->b_gain * y[j] - w), (fabs(from) - swing) * per_soft, &clamp, &clamp_s);
			if (both)
				other = softplus((-fabs(from) - swing) * per_soft, &other_s);
			double rate = t - 2.0 * (from < 0.0 ? other - clamp : clamp - other);
			double slope = -s->b_k * (1.0 - t * t) - 2.0 * per_soft * (clamp_s + other_s);
			double move = -live[j] * (w - hist[j] - scale * rate) / (1.0 - scale * slope);
			move = move > MOTION_STEP_V ? MOTION_STEP_V : move < -MOTION_STEP_V ? -MOTION_STEP_V : move;
			next[j] = live[j] * (w + move);
			slopes[j] = -s->b_slew * slope;
			double size = fabs(move);
			size = size == size ? size : 1.0;
			worst = worst > size ? worst : size;
		}
	}
	return worst < MOTION_TOL_V ? DONE : NO_CONVERGENCE;
}

/* A hold draws its charge through the neuron's output: y lies between the curve and the hold. */
static void holds(const struct stack *s, const struct layer *L, struct place *p, double c)
{
	double *y = p->s + p->n_y, *hold = p->s + p->n_next, *y_hist = p->hist + p->n_y;
	const double *hist = p->hist + p->n_next, *late = p->s + p->n_late;

	for (long j = 0; j < L->width; j++) {
		double none, whole_s = s->hold_s + neuron_at(s, N_HOLD_LAG, late[j], &none);
		double share = c / whole_s, near = s->hold_s / whole_s;
		hold[j] = (hist[j] + share * y[j]) / (1.0 + share);
		y[j] = near * y[j] + (1.0 - near) * hold[j];
		y_hist[j] = near * y_hist[j] + (1.0 - near) * hist[j];
		p->slope[p->n_next + j] = 1.0 / whole_s;
	}
}

/* neurons that feed the next layer themselves */
static void bare(const struct layer *L, struct place *p)
{
	for (long j = 0; j < L->width; j++) {
		p->s[p->n_next + j] = p->hist[p->n_next + j] = p->s[p->n_y + j];
		p->slope[p->n_next + j] = 0.0;
	}
}

/* All layers; p->hist is set, p->s, p->f and p->out are those of the last stage. `share` of the inputs' ramp is left. */
int motion_stage(struct motion *m, double c, double share, double level, double ahead, int rows)
{
	const struct stack *s = m->stack;

	for (long k = 0; k < s->n_layers; k++) {
		const struct layer *L = s->layers + k;
		struct place *p = m->place + k;
		if (k)
			motion_sources(s, L, m->goal + k, p, level, p[-1].s + p[-1].n_next);
		int failed = motion_base(L, m->goal + k, p, share, level, ahead, rows);
		m->head[H_LAYER] = (double)k;
		if (failed)
			return failed;
		if (L->exact)
			motion_exact_amplifiers(s, L, m->goal + k, p, level);
		else if (motion_amplifiers(s, L, m->goal + k, p, c, level))
			return NO_CONVERGENCE;
		neurons(s, L, m->goal + k, p, c, level);
		if (L->last)
			holds(s, L, p, c);
		else if (!L->buffered)
			bare(L, p);
		else if (buffers(s, L, p, c, level))
			return NO_CONVERGENCE;
		for (long j = 0; j < p->n_s; j++)
			p->f[j] = (p->s[j] - p->hist[j]) / c;
	}
	return DONE;
}
