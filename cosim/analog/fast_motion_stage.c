/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_stage.c : one implicit stage, states = hist + c * d(states)/dt, layer by layer.
 *
 * Sources and lines of a layer, its amplifiers (fast_motion_amplifiers.c), neurons as a delay behind their curve, then
 * what follows them, term by term as buffer_amp.va and sample_hold.va.
 */
#include "fast_motion.h"

/* currents less than linear: volts that the buffers lose before the rows, from the final currents, scaled */
void motion_sources(const struct stack *s, const struct layer *L, const struct goal *g, struct place *p, const double *next)
{
	if (!L[-1].buffered) {
		memcpy(p->x, next, (size_t)L->n_in * sizeof(double));
		p->x[L->n_in] = g->x[L->n_in];
		return;
	}
	for (long i = 0; i < L->n_in; i++) {
		double x_f = fabs(g->x[i]) > 0.02 ? g->x[i] : 0.02, scale = next[i] / x_f;
		scale = scale < 0.0 ? 0.0 : scale > 1.2 ? 1.2 : scale;
		double share = g->i[i] * scale / s->b_imax;
		share = share > 0.99 ? 0.99 : share < -0.99 ? -0.99 : share;
		p->x[i] = next[i] - s->b_rout * s->b_imax * share / sqrt(1.0 - share * share);
	}
	p->x[L->n_in] = g->x[L->n_in];
}

static void neurons(const struct stack *s, const struct layer *L, const struct goal *g, struct place *p, double c, double level)
{
	const long n = L->width;
	const double mean = 1.0 / (double)L->ports, tie = s->tie_ohm * mean, ref = s->ref * level;
	const double rate = 1.0 / L->delay_s, share = c * rate;
	const double *restrict hist = p->hist + p->n_w, *restrict live = L->live, *restrict os = L->neuron_os;
	double *restrict y = p->s + p->n_w, *restrict slopes = p->slope + p->n_w, *restrict signal = p->signal;
	const double *restrict shift = g->shift;

	memcpy(signal, p->out, (size_t)n * sizeof *signal);
	for (long k = 1; k < L->ports; k++)
		for (long j = 0; j < n; j++)
			signal[j] += p->out[k * n + j];
#pragma omp simd
	for (long j = 0; j < n; j++) {
		double load_s, a = signal[j] * mean - ref + os[j];
		if (tie > 0.0) {
			double load = neuron_at(s, 3, a, &load_s);
			a -= tie * load / (1.0 + tie * load_s);
		}
		signal[j] = a;
		y[j] = live[j] * (hist[j] + share * level * (neuron_at(s, 0, a, &load_s) + shift[j])) / (1.0 + share);
		slopes[j] = rate;
	}
}

static int buffers(const struct stack *s, const struct layer *L, struct place *p, double c, double level)
{
	const long n = L->width;
	const double *restrict y = p->s + p->n_w, *restrict hist = p->hist + p->n_w + n, *restrict live = L->live;
	double *restrict next = p->s + p->n_w + n, *restrict slopes = p->slope + p->n_w + n, worst = 1.0, none;
	const double mid = 0.5 * s->vdd * level, per_soft = 1.0 / s->b_soft, scale = c * s->b_slew;
	const double swing = s->b_soft * softplus(mid * per_soft, &none), *restrict f = p->f + p->n_w + n;

	const int both = swing < MOTION_FAR * s->b_soft;

	for (long j = 0; j < n; j++)
		next[j] = hist[j] + c * f[j];
	for (int turn = 0; turn < MOTION_TURNS && !(worst < MOTION_TOL_V); turn++) {
		worst = 0.0;
#pragma omp simd reduction(max : worst)
		for (long j = 0; j < n; j++) {
			double w = next[j], s_up, s_down;
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

static void holds(const struct stack *s, const struct layer *L, struct place *p, double c)
{
	const long n = L->width;
	const double *y = p->s + p->n_w, *hist = p->hist + p->n_w + n, share = c / s->hold_s;

	for (long j = 0; j < n; j++) {
		p->s[p->n_w + n + j] = (hist[j] + share * y[j]) / (1.0 + share);
		p->slope[p->n_w + n + j] = 1.0 / s->hold_s;
	}
}

/* neurons that feed the next layer themselves */
static void bare(const struct layer *L, struct place *p)
{
	for (long j = 0; j < L->width; j++) {
		p->s[p->n_w + L->width + j] = p->hist[p->n_w + L->width + j] = p->s[p->n_w + j];
		p->slope[p->n_w + L->width + j] = 0.0;
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
			motion_sources(s, L, m->goal + k, p, p[-1].s + p[-1].n_w + L[-1].width);
		int failed = motion_base(L, m->goal + k, p, share, ahead, rows);
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
