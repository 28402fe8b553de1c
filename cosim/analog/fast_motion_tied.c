/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_tied.c : op-amps whose outputs are tied to one node, in one implicit stage.
 *
 * Unknown are their inner voltages w; the node a and the outputs follow, however small the ties are:
 *   P (1 + rho) a + (rout + tie (1 + rho)) load(a) = sum (w + rho u-)     rho = rout/(R1 + R3), P op-amps
 *   out = (w + rout/tie a + rho u-)/g                                     g = 1 + rout/tie + rho
 * Newton in all w of a column at once: a diagonal, and through a a rank of one.
 */
#include "fast_motion_math.h"

enum { NODE_TURNS = 3 };
static const float MOST_V = 0.4f; /* of one Newton move; rates are bounded, so w seldom goes further in a step */

struct ties { float rho, per_tie, g, into; }; /* per_tie: rout/tie; into: ohm from the load to P (1 + rho) a */

static struct ties ties_of(const struct stack *s, const struct layer *L)
{
	float rout = (float)s->a_rout, rho = rout * (float)(1.0 / (L->r1 + L->r3)), per_tie = (float)(s->a_rout / s->tie_ohm);
	return (struct ties){rho, per_tie, 1.0f + per_tie + rho, rout + (float)s->tie_ohm * (1.0f + rho)};
}

/* The nodes `a` of op-amps at `w` on lines u_f, or with `moved` those of now; p->load_s: slope of what sets a. */
static void nodes(const struct stack *s, const struct layer *L, struct place *p, const float *w, int moved, const float *ref, float *a)
{
	const struct ties by = ties_of(s, L);
	const float whole = (float)L->ports * (1.0f + by.rho), *os = L->neuron_os, *live = L->live;

	memset(p->some, 0, (size_t)L->width * LANES * sizeof(float));
	for (long k = 0; k < L->ports; k++)
		for (long b = 0; b < L->v; b++) {
			const long from = k * L->width + b * L->cols, minus = (k * L->v + b) * L->wide + L->cols;
			float *sum = p->some + b * L->cols * LANES;
			EACH(j, L->cols) {
				float u = AT(p->u_f, minus + j);
				u += moved ? AT(p->base, minus + j) + AT(p->by_amp, minus + j) : 0.0f;
				AT(sum, j) += AT(w, from + j) + by.rho * u;
			}
		}
	for (int turn = 0; turn < NODE_TURNS; turn++)
		EACH(j, L->width) {
			float slope, load = neuron_at(s, N_IN, AT(a, j) - ref[e] + os[j], &slope), all = whole + by.into * slope;
			AT(a, j) = live[j] * (AT(a, j) - (whole * AT(a, j) + by.into * load - AT(p->some, j)) / all);
			AT(p->load_s, j) = all;
		}
}

/* What is tied at the operating point. */
void motion_tied_goal(const struct stack *s, const struct layer *L, struct place *p)
{
	float ref[LANES];

	FOR_LANES ref[e] = (float)s->ref;
	memcpy(p->tie_f, p->out_f, (size_t)L->width * LANES * sizeof(float));
	nodes(s, L, p, p->w_f, 0, ref, p->tie_f);
}

/* Outputs that follow w and their nodes: p->d, and what the lines have not followed. */
static void outputs(const struct stack *s, const struct layer *L, struct place *p)
{
	const struct ties by = ties_of(s, L);
	const float per_g = 1.0f / by.g;

	for (long k = 0; k < L->ports; k++)
		for (long b = 0; b < L->v; b++) {
			const long at = b * L->cols, from = k * L->width + at, minus = (k * L->v + b) * L->wide + L->cols;
			EACH(j, L->cols) {
				float u = AT(p->base, minus + j) + AT(p->by_amp, minus + j);
				float a = AT(p->tie, at + j) - AT(p->tie_f, at + j), w = AT(p->s, from + j) - AT(p->w_f, from + j);
				float d = L->live[at + j] * (w + by.per_tie * a + by.rho * u) * per_g;
				AT(p->pend, from + j) += d - AT(p->d, from + j);
				AT(p->d, from + j) = d;
			}
		}
}

/* Moves of w while its node stays (p->move), and by how much w moves against it (p->pull). */
static void moves(const struct stack *s, const struct layer *L, struct place *p, long block, const float *c, const float *ref,
		  const float *swing)
{
	const long n = L->cols, from = block * n, line = block * L->wide;
	const struct ties by = ties_of(s, L);
	const float end = (float)(1.0 / (L->r1 + L->r3)), e3 = (float)L->r3 * end, e1 = (float)L->r1 * end;
	const float per_soft = (float)(1.0 / s->a_soft), k = (float)s->a_k, leak = (float)(s->a_k / s->a_a0);
	const float slew = (float)s->a_slew, v_ref = (float)s->ref;
	const float *live = L->live + from % L->width, *own = L->own + line;

	EACH(j, n) {
		const long i = from + j, plus = line + j, minus = plus + n;
		float per_lag = L->per_lag[i], scale = c[e] * slew, q = c[e] * per_lag, late = 1.0f / (1.0f + q), w = AT(p->s, i);
		float apart = AT(p->base, plus) + AT(p->by_amp, plus) - AT(p->base, minus) - AT(p->by_amp, minus);
		float now = AT(p->in_f, i) + e3 * apart + e1 * (ref[e] - v_ref - AT(p->d, i));
		float in = (AT(p->hist, p->n_lag + i) + q * now) * late, other, other_s, clamp, clamp_s;
		float t = tanh_and_softplus(k * (in + L->amplifier_os[i]), (fabsf(w) - swing[e]) * per_soft, &clamp, &clamp_s);
		other = softplus((-fabsf(w) - swing[e]) * per_soft, &other_s);
		clamp = w < 0.0f ? other - clamp : clamp - other;
		float per_out = k * (1.0f - t * t) * q * late * (e3 * (own[j] - own[n + j]) - e1);
		float g = by.g - by.rho * own[n + j], fade = leak + 2.0f * per_soft * (clamp_s + other_s);
		float whole = 1.0f / (1.0f + scale * (fade - per_out / g));
		AT(p->move, i) = -live[j] * (w - AT(p->hist, i) - scale * (t - leak * w - 2.0f * clamp)) * whole;
		AT(p->pull, i) = -live[j] * scale * per_out * by.per_tie / g * whole;
		AT(p->s, p->n_lag + i) = live[j] * in;
		AT(p->slope, p->n_lag + i) = per_lag;
		AT(p->slope, i) = slew * (fade - per_out); /* of all op-amps together, in which a moves as w does */
	}
}

/* p->base stands; w is p->s, from which on a first guess is made along the last slope. */
void motion_tied(struct motion *m, long k, const float *c, const float *level)
{
	const struct stack *s = m->stack;
	const struct layer *L = s->layers + k;
	struct place *p = m->place + k;
	float ref[LANES], swing[LANES], worst[LANES], none, soft = (float)s->a_soft;

	for (int e = 0; e < LANES; e++) {
		ref[e] = (float)s->ref * level[e];
		swing[e] = soft * softplus(((float)s->a_rail * level[e] - (float)s->a_head) / soft, &none);
	}
	EACH(j, p->n_w) AT(p->s, j) = AT(p->hist, j) + c[e] * AT(p->f, j);
	for (int turn = 0; turn < MOTION_TURNS; turn++) {
		nodes(s, L, p, p->s, 1, ref, p->tie);
		outputs(s, L, p);
		motion_by_amplifiers(L, p->pend, p->by_amp);
		memset(p->pend, 0, (size_t)p->n_w * LANES * sizeof(float));
		for (long b = 0; b < L->ports * L->v; b++)
			moves(s, L, p, b, c, ref, swing);
		EACH(j, L->width) {
			float sum = 0.0f, all = AT(p->load_s, j), most = 0.0f;
			for (long q = 0; q < L->ports; q++) {
				sum += AT(p->move, q * L->width + j);
				all += AT(p->pull, q * L->width + j);
			}
			float a = sum / all;
			for (long q = 0; q < L->ports; q++) {
				float move = AT(p->move, q * L->width + j) - AT(p->pull, q * L->width + j) * a;
				AT(p->move, q * L->width + j) = move;
				most = fabsf(move) > most ? fabsf(move) : most;
			}
			float part = most > MOST_V ? MOST_V / most : 1.0f;
			for (long q = 0; q < L->ports; q++)
				AT(p->s, q * L->width + j) += part * AT(p->move, q * L->width + j);
		}
		lane_most(p->move, p->n_w, worst);
		if (largest(worst) < MOTION_TOL_V)
			break;
	}
	nodes(s, L, p, p->s, 1, ref, p->tie);
	outputs(s, L, p);
	for (int e = 0; e < LANES; e++)
		m->failed[e] = worst[e] < MOTION_TOL_V ? m->failed[e] : NO_CONVERGENCE;
}

/* w has moved by -p->some: its outputs do, as if their load stayed. */
void motion_tied_refine(const struct stack *s, const struct layer *L, struct place *p)
{
	const struct ties by = ties_of(s, L);
	const float mean = by.per_tie / ((float)L->ports * (1.0f + by.rho));

	EACH(j, L->width) {
		float sum = 0.0f;
		for (long q = 0; q < L->ports; q++)
			sum += AT(p->some, q * L->width + j);
		for (long q = 0; q < L->ports; q++) {
			float off = (AT(p->some, q * L->width + j) + mean * sum) / by.g;
			AT(p->d, q * L->width + j) -= off;
			AT(p->pend, q * L->width + j) -= off;
		}
	}
}
