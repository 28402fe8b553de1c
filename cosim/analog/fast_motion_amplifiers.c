/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_amplifiers.c : the amplifiers of a layer in one implicit stage, term by term as diff_amp.va.
 *
 * They are solved together in their outputs: Newton with each one's own slope, while the lines that they share follow
 * every move. Exact op-amps have no states: their outputs follow their lines.
 */
#include "fast_motion.h"

enum { NO_RAIL, ONE_RAIL, BOTH_RAILS }; /* that amplifiers of a block may be near */
static const double LOAD_A = 1e-4;      /* more than a neuron takes */

void motion_exact_amplifiers(const struct stack *s, const struct layer *L, const struct goal *g, struct place *p, double level)
{
	const double a = L->r3 / (L->r1 + L->r3), ref = s->ref * level;

	for (long k = 0; k < L->ports; k++)
		for (long j = 0; j < L->width; j++) {
			long plus = motion_line(L, k, j), minus = plus + L->cols, n = k * L->width + j;
			double up = g->u[plus] + p->base[plus], um = g->u[minus] + p->base[minus];
			double in = a * up + (1.0 - a) * ref + L->amplifier_os[n];
			double out = in - (um - in) * L->r3 / L->r1;
			out = out > s->a_rail ? s->a_rail : out < -s->a_rail ? -s->a_rail : out;
			p->s[n] = p->hist[n] = p->out[n] = L->live[j] * out;
			p->s[p->n_lag + n] = p->hist[p->n_lag + n] = 0.0;
		}
}

/* One Newton move of the amplifiers of one block; returns the largest. */
static inline __attribute__((always_inline)) double amplifier_block(
	int rails, const struct stack *s, const struct layer *L, const struct goal *g, struct place *p, long block, double c,
	double ref, double swing)
{
	const long n = L->cols, from = block * n, line = block * L->wide;
	const double end = 1.0 / (L->r1 + L->r3), e3 = L->r3 * end, e1 = L->r1 * end, per_soft = 1.0 / s->a_soft;
	const double k = s->a_k, leak = k / s->a_a0, scale = c * s->a_slew, rout = s->a_rout;
	double *restrict out = p->out + from, *restrict pend = p->pend + from, *restrict w_now = p->s + from;
	double *restrict slopes = p->slope + from, worst = 0.0;
	const double *restrict uf = g->u + line, *restrict base = p->base + line, *restrict by = p->by_amp + line;
	const double *restrict own = L->own + line, *restrict hist = p->hist + from, *restrict live = L->live + from;
	const double q = c / L->lag_s, late = 1.0 / (1.0 + q), *restrict lag_0 = p->hist + p->n_lag + from;
	double *restrict lag = p->s + p->n_lag + from, *restrict lag_slope = p->slope + p->n_lag + from;
	const double *restrict os = L->amplifier_os + from, *restrict nos = L->neuron_os + from;

#pragma omp simd reduction(max : worst)
	for (long j = 0; j < n; j++) {
		double up = uf[j] + base[j] + by[j], um = uf[n + j] + base[n + j] + by[n + j], load_s;
		double back = (out[j] - um) * end;
		double w = out[j] + rout * (back + neuron_at(s, N_IN, out[j] - ref + nos[j], &load_s));
		double dw = 1.0 + rout * (end * (1.0 - own[n + j]) + load_s);
		double in = (lag_0[j] + q * (e3 * (up - um) + e1 * (ref - out[j]))) * late, vid = k * (in + os[j]);
		double t, clamp = 0.0, clamp_s = 0.0;
		if (rails == NO_RAIL) {
			t = smooth_tanh(vid);
		} else { /* far from the middle the other rail is nothing */
			t = tanh_and_softplus(vid, (fabs(w) - swing) * per_soft, &clamp, &clamp_s);
			clamp = w < 0.0 ? -clamp : clamp;
		}
		if (rails == BOTH_RAILS) {
			double other, other_s;
			other = softplus((-fabs(w) - swing) * per_soft, &other_s);
			clamp += w < 0.0 ? other : -other;
			clamp_s += other_s;
		}
		double rate = t - leak * w - 2.0 * clamp;
		double slope = k * (1.0 - t * t) * q * late * (e3 * (own[j] - own[n + j]) - e1) - (leak + 2.0 * per_soft * clamp_s) * dw;
		double move = -live[j] * (w - hist[j] - scale * rate) / (dw - scale * slope);
		move = move > MOTION_STEP_V ? MOTION_STEP_V : move < -MOTION_STEP_V ? -MOTION_STEP_V : move;
		out[j] += move;
		pend[j] = move;
		lag[j] = live[j] * (in + q * late * (e3 * (own[j] - own[n + j]) - e1) * move);
		w_now[j] = live[j] * (w + dw * move);
		lag_slope[j] = 1.0 / L->lag_s;
		slopes[j] = -s->a_slew * slope; /* over dw, which is nearly 1 */
		double size = fabs(move);
		size = size == size ? size : 1.0;
		worst = worst > size ? worst : size;
	}
	return worst;
}

static double largest(const double *v, long n)
{
	double most = 0.0;
#pragma omp simd reduction(max : most)
	for (long j = 0; j < n; j++) {
		double size = fabs(v[j]);
		most = most > size ? most : size;
	}
	return most;
}

int motion_amplifiers(const struct stack *s, const struct layer *L, const struct goal *g, struct place *p, double c, double level)
{
	const long n = L->width;
	double none, ref = s->ref * level, worst = 1.0;
	double swing = s->a_soft * softplus((s->a_rail * level - s->a_head) / s->a_soft, &none);

	for (long j = 0; j < n; j++) { /* first guess: on along the last slope */
		double move = L->live[j] * (p->hist[j] + c * p->f[j] - p->s[j]);
		p->pend[j] += move;
		p->out[j] += move;
	}
	for (int turn = 0; turn < MOTION_TURNS && !(worst < MOTION_TOL_V); turn++) {
		motion_by_amplifiers(L, p->pend, p->by_amp);
		worst = 0.0;
		for (long block = 0; block < L->v; block++) {
			double room = swing - largest(p->out + block * L->cols, L->cols) - s->a_rout * LOAD_A;
			double most = swing < MOTION_FAR * s->a_soft ? amplifier_block(BOTH_RAILS, s, L, g, p, block, c, ref, swing)
				      : room < MOTION_FAR * s->a_soft ? amplifier_block(ONE_RAIL, s, L, g, p, block, c, ref, swing)
							       : amplifier_block(NO_RAIL, s, L, g, p, block, c, ref, swing);
			worst = worst > most ? worst : most;
		}
	}
	return worst < MOTION_TOL_V ? DONE : NO_CONVERGENCE;
}

/* differential input volts of the op-amps at the operating point */
void motion_inputs(const struct layer *L, const struct goal *g, double ref, double *in)
{
	const double end = 1.0 / (L->r1 + L->r3);

	for (long j = 0; j < L->ports * L->width; j++) {
		long line = motion_line(L, j / L->width, j % L->width);
		in[j] = L->exact ? 0.0 : L->live[j] * end * (L->r3 * (g->u[line] - g->u[line + L->cols]) + L->r1 * (ref - g->out[j]));
	}
}
