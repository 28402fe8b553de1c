/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_stage.c : one implicit stage, states = hist + c * d(states)/dt, layer by layer.
 *
 * Sources and lines of a layer, its amplifiers (fast_motion_amplifiers.c), neurons as a delay behind their curve, then
 * what follows them, term by term as buffer_amp.va and sample_hold.va.
 */
#include "fast_motion_math.h"

/* currents less than linear: volts that the buffers lose before the rows, from the final currents, scaled */
void motion_sources(const struct stack *s, const struct layer *L, struct place *p, const float *level, const float *next)
{
	const float per_a = (float)(1.0 / s->b_imax), drop = (float)(s->b_rout * s->b_imax);

	if (L[-1].buffered)
		EACH(i, L->n_in) {
			float end = AT(p->i_f, i) * per_a, w_f = AT(p->x_f, i) + drop * end / sqrtf(1.0f - end * end);
			float scale = 1.0f + (AT(next, i) - w_f) / (w_f > 0.02f ? w_f : 0.02f); /* 1 at the end, so x is x_f there */
			scale = scale < 0.0f ? 0.0f : scale > 1.2f ? 1.2f : scale;
			float share = end * scale;
			share = share > 0.99f ? 0.99f : share < -0.99f ? -0.99f : share;
			AT(p->x, i) = AT(next, i) - drop * share / sqrtf(1.0f - share * share);
		}
	else
		memcpy(p->x, next, (size_t)L->n_in * LANES * sizeof(float));
	FOR_LANES AT(p->x, L->n_in) = level[e] * AT(p->x_f, L->n_in);
}

/* A neuron's signal comes late by its delay; its output is on the curve there. */
static void neurons(const struct stack *s, const struct layer *L, struct place *p, const float *c, const float *level)
{
	const long n = L->width, ports = L->ports;
	const float mean = 1.0f / (float)ports, tie = (float)s->tie_ohm * mean, ref = (float)s->ref;
	const float *live = L->live, *os = L->neuron_os;
	const float *hist = p->hist + p->n_late * LANES;
	float *y = p->s + p->n_y * LANES, *late = p->s + p->n_late * LANES, *y_hist = p->hist + p->n_y * LANES;
	float *y_slope = p->slope + p->n_y * LANES, *late_slope = p->slope + p->n_late * LANES;

	for (long k = 0; k < ports; k++)
		EACH(j, n) {
			float out = AT(p->out_f, k * n + j) + AT(p->d, k * n + j);
			AT(p->signal, j) = k ? AT(p->signal, j) + out : out;
		}
	if (tie > 0.0f)
		EACH(j, n) {
			float slope, a = AT(p->signal, j) * mean, load = neuron_at(s, N_IN, a - ref * level[e] + os[j], &slope);
			AT(p->signal, j) = (a - tie * load / (1.0f + tie * slope)) / mean;
		}
	EACH(j, n) {
		float slope, powered = live[j] * level[e] * level[e] * level[e]; /* FETs need supply to conduct */
		float a = AT(p->signal, j) * mean - ref * level[e] + os[j], was = AT(hist, j);
		float delay = neuron_at(s, N_DELAY, was, &slope), now = live[j] * (delay * was + c[e] * a) / (delay + c[e]);
		float curve = neuron_at(s, N_OUT, now, &slope), out = powered * (curve + AT(p->shift, j));
		AT(p->signal, j) = a;
		AT(late, j) = now;
		AT(y, j) = out;
		AT(y_hist, j) = out - powered * slope * (now - was); /* the rate of y is the chain rule's */
		AT(y_slope, j) = AT(late_slope, j) = 1.0f / delay;
	}
}

static void buffers(const struct stack *s, const struct layer *L, struct motion *m, struct place *p, const float *c, const float *level)
{
	const long n = L->width;
	const float *y = p->s + p->n_y * LANES, *hist = p->hist + p->n_next * LANES, *live = L->live, *f = p->f + p->n_next * LANES;
	float *next = p->s + p->n_next * LANES, *slopes = p->slope + p->n_next * LANES, mid[LANES], swing[LANES], worst[LANES];
	const float soft = (float)s->b_soft, per_soft = 1.0f / soft, slew = (float)s->b_slew, bk = (float)s->b_k, gain = (float)s->b_gain;
	float none;
	int both = 0;

	for (int e = 0; e < LANES; e++) {
		mid[e] = 0.5f * (float)s->vdd * level[e];
		swing[e] = soft * softplus(mid[e] * per_soft, &none);
		both |= swing[e] < MOTION_FAR * soft;
	}
	EACH(j, n) AT(next, j) = AT(hist, j) + c[e] * AT(f, j);
	for (int turn = 0; turn < MOTION_TURNS; turn++) {
		EACH(j, n) {
			float w = AT(next, j), clamp, clamp_s, other = 0.0f, other_s = 0.0f, from = w - mid[e], scale = c[e] * slew;
			float t = tanh_and_softplus(bk * (gain * AT(y, j) - w), (fabsf(from) - swing[e]) * per_soft, &clamp, &clamp_s);
			if (both)
				other = softplus((-fabsf(from) - swing[e]) * per_soft, &other_s);
			float rate = t - 2.0f * (from < 0.0f ? other - clamp : clamp - other);
			float slope = -bk * (1.0f - t * t) - 2.0f * per_soft * (clamp_s + other_s);
			float move = -live[j] * (w - AT(hist, j) - scale * rate) / (1.0f - scale * slope);
			move = move > MOTION_STEP_V ? MOTION_STEP_V : move < -MOTION_STEP_V ? -MOTION_STEP_V : move;
			AT(next, j) = live[j] * (w + move);
			AT(slopes, j) = -slew * slope;
			AT(p->some, j) = move;
		}
		lane_most(p->some, n, worst);
		if (largest(worst) < MOTION_TOL_V)
			return;
	}
	for (int e = 0; e < LANES; e++)
		m->failed[e] = worst[e] < MOTION_TOL_V ? m->failed[e] : NO_CONVERGENCE;
}

/* A hold draws its charge through the neuron's output: y lies between the curve and the hold. */
static void holds(const struct stack *s, const struct layer *L, struct place *p, const float *c)
{
	float *y = p->s + p->n_y * LANES, *hold = p->s + p->n_next * LANES, *y_hist = p->hist + p->n_y * LANES;
	const float *hist = p->hist + p->n_next * LANES, *late = p->s + p->n_late * LANES, hold_s = (float)s->hold_s;
	float *slopes = p->slope + p->n_next * LANES;

	EACH(j, L->width) {
		float none, whole_s = hold_s + neuron_at(s, N_HOLD_LAG, AT(late, j), &none);
		float share = c[e] / whole_s, near = hold_s / whole_s;
		float held = (AT(hist, j) + share * AT(y, j)) / (1.0f + share);
		AT(hold, j) = held;
		AT(y, j) = near * AT(y, j) + (1.0f - near) * held;
		AT(y_hist, j) = near * AT(y_hist, j) + (1.0f - near) * AT(hist, j);
		AT(slopes, j) = 1.0f / whole_s;
	}
}

/* neurons that feed the next layer themselves */
static void bare(const struct layer *L, struct place *p)
{
	EACH(j, L->width) {
		AT(p->s, p->n_next + j) = AT(p->hist, p->n_next + j) = AT(p->s, p->n_y + j);
		AT(p->slope, p->n_next + j) = 0.0f;
	}
}

/* All layers; p->hist is set, p->s, p->f and p->d are those of the last stage. `share` of the inputs' ramp is left. */
void motion_stage(struct motion *m, const float *c, const float *share, const float *level, const float *ahead, int rows)
{
	const struct stack *s = m->stack;

	memset(m->failed, 0, sizeof m->failed);
	for (long k = 0; k < s->n_layers; k++) {
		const struct layer *L = s->layers + k;
		struct place *p = m->place + k;
		int before[LANES];
		memcpy(before, m->failed, sizeof before);
		if (k)
			motion_sources(s, L, p, level, p[-1].s + p[-1].n_next * LANES);
		if (!L->exact && !motion_is_tied(s, L))
			motion_predict(L, p, c);
		motion_base(m, k, share, level, ahead, rows);
		if (L->exact)
			motion_exact_amplifiers(s, L, p, level);
		else if (motion_is_tied(s, L))
			motion_tied(m, k, c, level);
		else
			motion_amplifiers(m, k, c, level);
		neurons(s, L, p, c, level);
		if (L->last)
			holds(s, L, p, c);
		else if (!L->buffered)
			bare(L, p);
		else
			buffers(s, L, m, p, c, level);
		EACH(j, p->n_s) AT(p->f, j) = (AT(p->s, j) - AT(p->hist, j)) / c[e];
		for (int e = 0; e < LANES; e++)
			HEAD(m, H_LAYER)[e] = m->failed[e] && !before[e] ? (double)k : HEAD(m, H_LAYER)[e];
	}
}
