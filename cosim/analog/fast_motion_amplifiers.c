/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_amplifiers.c : the amplifiers of a layer in one implicit stage, term by term as diff_amp.va.
 *
 * They are solved together in their outputs: Newton with each one's own slope, while the lines that they share follow
 * every move. Exact op-amps have no states: their outputs follow their lines.
 */
#include "fast_motion_math.h"

enum { LOADED = 2 }; /* turns in which the neurons' currents are looked up; then their slopes will do */

void motion_exact_amplifiers(const struct stack *s, const struct layer *L, struct place *p, const float *level)
{
	const float a = (float)(L->r3 / (L->r1 + L->r3)), gain = (float)(L->r3 / L->r1), ref = (float)s->ref, rail = (float)s->a_rail;

	for (long k = 0; k < L->ports; k++)
		for (long j = 0; j < L->width; j++) {
			long plus = motion_line(L, k, j), minus = plus + L->cols, n = k * L->width + j;
			FOR_LANES {
				float up = AT(p->u_f, plus) + AT(p->base, plus), um = AT(p->u_f, minus) + AT(p->base, minus);
				float in = a * up + (1.0f - a) * ref * level[e] + L->amplifier_os[n];
				float out = in - (um - in) * gain;
				out = out > rail ? rail : out < -rail ? -rail : out;
				out = L->live[j] * out;
				AT(p->s, n) = AT(p->hist, n) = out;
				AT(p->d, n) = out - AT(p->out_f, n);
				AT(p->s, p->n_lag + n) = AT(p->hist, p->n_lag + n) = 0.0f;
			}
		}
}

/* first guess: on along the last slope */
void motion_predict(const struct layer *L, struct place *p, const float *c)
{
	for (long k = 0; k < L->ports; k++) {
		const long at = k * L->width;
		EACH(j, L->width) {
			float move = L->live[j] * (AT(p->hist, at + j) + c[e] * AT(p->f, at + j) - AT(p->s, at + j));
			AT(p->pend, at + j) += move;
			AT(p->d, at + j) += move;
		}
	}
	motion_by_amplifiers(L, p->pend, p->by_amp);
}

/* currents into the neurons and their slopes */
static void loads(const struct stack *s, const struct layer *L, struct place *p, const float *ref)
{
	const float *nos = L->neuron_os;

	EACH(j, L->width) {
		float slope, out = AT(p->out_f, j) + AT(p->d, j);
		float load = neuron_at(s, N_IN, out - ref[e] + nos[j], &slope);
		AT(p->load_s, j) = slope;
		AT(p->load, j) = load - slope * out;
	}
}

/* One Newton move of the amplifiers of one block into p->pend. `both`: they may be near both rails, else one is far. */
static inline __attribute__((always_inline)) void amplifier_block(int both, const struct stack *s, const struct layer *L,
								   struct place *p, long block, const float *c,
								   const float *ref, const float *swing)
{
	const long n = L->cols, from = block * n, line = block * L->wide;
	const float end = (float)(1.0 / (L->r1 + L->r3)), e3 = (float)L->r3 * end, e1 = (float)L->r1 * end;
	const float per_soft = (float)(1.0 / s->a_soft), k = (float)s->a_k, leak = (float)(s->a_k / s->a_a0);
	const float rout = (float)s->a_rout, slew = (float)s->a_slew, v_ref = (float)s->ref;
	float *out = p->d + from * LANES, *pend = p->pend + from * LANES, *w_now = p->s + from * LANES;
	float *slopes = p->slope + from * LANES, *lag = p->s + (p->n_lag + from) * LANES;
	float *lag_slope = p->slope + (p->n_lag + from) * LANES;
	const float *out_f = p->out_f + from * LANES, *in_f = p->in_f + from * LANES, *load = p->load + from * LANES;
	const float *load_s = p->load_s + from * LANES, *hist = p->hist + from * LANES, *lag_0 = p->hist + (p->n_lag + from) * LANES;
	const float *u_f = p->u_f + line * LANES, *base = p->base + line * LANES, *by = p->by_amp + line * LANES;
	const float *own = L->own + line, *live = L->live + from % L->width, *os = L->amplifier_os + from, *per_lag = L->per_lag + from;

	EACH(j, n) {
		float scale = c[e] * slew, q = c[e] * per_lag[j], late = 1.0f / (1.0f + q);
		float up = AT(base, j) + AT(by, j), um = AT(base, n + j) + AT(by, n + j); /* beyond the operating point */
		float d = AT(out, j), now = AT(out_f, j) + d;
		float w = now + rout * ((now - AT(u_f, n + j) - um) * end + AT(load, j) + AT(load_s, j) * now);
		float dw = 1.0f + rout * (end * (1.0f - own[n + j]) + AT(load_s, j));
		float in = (AT(lag_0, j) + q * (AT(in_f, j) + e3 * (up - um) + e1 * (ref[e] - v_ref - d))) * late;
		float clamp, clamp_s, t = tanh_and_softplus(k * (in + os[j]), (fabsf(w) - swing[e]) * per_soft, &clamp, &clamp_s);
		clamp = w < 0.0f ? -clamp : clamp;
		if (both) {
			float other, other_s;
			other = softplus((-fabsf(w) - swing[e]) * per_soft, &other_s);
			clamp += w < 0.0f ? other : -other;
			clamp_s += other_s;
		}
		float rate = t - leak * w - 2.0f * clamp, by_in = q * late * (e3 * (own[j] - own[n + j]) - e1);
		float slope = k * (1.0f - t * t) * by_in - (leak + 2.0f * per_soft * clamp_s) * dw;
		float move = -live[j] * (w - AT(hist, j) - scale * rate) / (dw - scale * slope);
		move = move > MOTION_STEP_V ? MOTION_STEP_V : move < -MOTION_STEP_V ? -MOTION_STEP_V : move;
		AT(out, j) = d + move;
		AT(pend, j) = move;
		AT(lag, j) = live[j] * (in + by_in * move);
		AT(w_now, j) = live[j] * (w + dw * move);
		AT(lag_slope, j) = per_lag[j];
		AT(slopes, j) = -slew * slope; /* over dw, which is nearly 1 */
	}
}

/* p->base stands, the outputs are a first guess that the lines follow already */
void motion_amplifiers(struct motion *m, long k, const float *c, const float *level)
{
	const struct stack *s = m->stack;
	const struct layer *L = s->layers + k;
	struct place *p = m->place + k;
	float ref[LANES], swing[LANES], worst[LANES], none, soft = (float)s->a_soft;
	int both = 0;

	for (int e = 0; e < LANES; e++) {
		ref[e] = (float)s->ref * level[e];
		swing[e] = soft * softplus(((float)s->a_rail * level[e] - (float)s->a_head) / soft, &none);
		both |= swing[e] < MOTION_FAR * soft;
	}
	for (int turn = 0; turn < MOTION_TURNS; turn++) {
		if (turn < LOADED)
			loads(s, L, p, ref);
		for (long b = 0; b < L->ports * L->v; b++)
			both ? amplifier_block(1, s, L, p, b, c, ref, swing) : amplifier_block(0, s, L, p, b, c, ref, swing);
		lane_most(p->pend, p->n_w, worst);
		if (largest(worst) < MOTION_TOL_V)
			return;
		motion_by_amplifiers(L, p->pend, p->by_amp);
	}
	for (int e = 0; e < LANES; e++)
		m->failed[e] = worst[e] < MOTION_TOL_V ? m->failed[e] : NO_CONVERGENCE;
}
