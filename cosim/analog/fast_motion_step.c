/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_step.c : one step of TR-BDF2 with an error of third order.
 *
 * A step h has stages at 0.586 h (trapezoid) and h (BDF2), both implicit with c = 0.293 h, L-stable together. Its error
 * is that of the embedded formula, divided by 1 + c*slope of each rate so that stiff states do not exaggerate theirs.
 */
#include "fast_motion.h"

static const double D = 0.29289321881345248, W = 0.35355339059327376; /* 1 - 1/sqrt(2), 1/sqrt(8) */
static const double LEAST_V = 2e-5;

struct weights { float c[LANES], w[LANES], e0[LANES], eg[LANES], e1[LANES]; }; /* of a step's rates: history, error */

static void weigh(const double *h, struct weights *to)
{
	for (int e = 0; e < LANES; e++) {
		to->c[e] = (float)(D * h[e]);
		to->w[e] = (float)(W * h[e]);
		to->e0[e] = (float)(h[e] * (4.0 * W - 1.0) / 3.0);
		to->eg[e] = (float)(-h[e] / 3.0);
		to->e1[e] = (float)(h[e] * 2.0 * D / 3.0);
	}
}

/* a stage `at` seconds from where the ramp stands */
void motion_stage_at(struct motion *m, const double *c, const double *at, const double *ahead, int rows)
{
	float c_s[LANES], share[LANES], level[LANES], on[LANES];

	for (int e = 0; e < LANES; e++) {
		double done = (HEAD(m, H_DONE)[e] + at[e]) / m->stack->rise_s, left = done < 1.0 ? 1.0 - done : 0.0;
		c_s[e] = (float)c[e];
		share[e] = (float)left;
		level[e] = (float)(1.0 - left * (1.0 - HEAD(m, H_FROM)[e]));
		on[e] = (float)ahead[e];
	}
	motion_stage(m, c_s, share, level, on, rows);
}

static void keep(struct motion *m)
{
	for (long k = 0; k < m->stack->n_layers; k++) {
		struct place *p = m->place + k;
		memcpy(p->s0, p->s, (size_t)p->n_s * LANES * sizeof(float));
		memcpy(p->f0, p->f, (size_t)p->n_s * LANES * sizeof(float));
		memcpy(p->d0, p->d, (size_t)p->n_w * LANES * sizeof(float));
	}
}

/* Lanes of `which` stand where they stood before the step. */
void motion_back(struct motion *m, const int *which)
{
	for (long k = 0; k < m->stack->n_layers; k++) {
		struct place *p = m->place + k;
		EACH(j, p->n_s) {
			AT(p->s, j) = which[e] ? AT(p->s0, j) : AT(p->s, j);
			AT(p->f, j) = which[e] ? AT(p->f0, j) : AT(p->f, j);
		}
		EACH(j, p->n_w) AT(p->d, j) = which[e] ? AT(p->d0, j) : AT(p->d, j);
		motion_follow(m->stack->layers + k, p);
	}
}

enum { HELD = 6 };

/* what a step leaves to the next one, or to who reads, besides states and head */
static void held(const struct layer *L, const struct place *p, float **what, long *count)
{
	float *const arrays[HELD] = {p->by_amp, p->by_bend, p->was_bend, p->pend, p->signal, p->tie};
	const long counts[HELD] = {L->pad, L->pad, L->pad, p->n_w, L->width, L->width};

	memcpy(what, arrays, sizeof arrays);
	memcpy(count, counts, sizeof counts);
}

/* Notes where lanes stand that will not take the next step: motion_try() notes the rest. */
void motion_hold(struct motion *m)
{
	float *what[HELD];
	long count[HELD];

	for (long k = 0; k < m->stack->n_layers; k++) {
		float *to = m->place[k].held;
		held(m->stack->layers + k, m->place + k, what, count);
		for (int a = 0; a < HELD; to += count[a] * LANES, a++)
			memcpy(to, what[a], (size_t)count[a] * LANES * sizeof(float));
	}
}

/* Lanes of `which` have not taken the step. */
void motion_stay(struct motion *m, const int *which)
{
	float *what[HELD];
	long count[HELD];

	for (long k = 0; k < m->stack->n_layers; k++) {
		struct place *p = m->place + k;
		const float *from = p->held;
		held(m->stack->layers + k, p, what, count);
		EACH(j, p->n_s) {
			AT(p->s, j) = which[e] ? AT(p->s0, j) : AT(p->s, j);
			AT(p->f, j) = which[e] ? AT(p->f0, j) : AT(p->f, j);
		}
		EACH(j, p->n_w) AT(p->d, j) = which[e] ? AT(p->d0, j) : AT(p->d, j);
		for (int a = 0; a < HELD; from += count[a] * LANES, a++)
			EACH(j, count[a]) AT(what[a], j) = which[e] ? AT(from, j) : AT(what[a], j);
	}
}

/* What a step may err: less as the amplifiers come close to where they head for, so that settling has its time. */
static void tolerance(const struct motion *m, double *tol)
{
	float far[LANES] = {0}, most[LANES];

	for (long k = 0; k < m->stack->n_layers; k++) {
		const struct place *p = m->place + k;
		EACH(j, p->n_w) AT(p->some, j) = AT(p->s0, j) - AT(p->w_f, j);
		lane_most(p->some, p->n_w, most);
		FOR_LANES far[e] = far[e] > most[e] ? far[e] : most[e];
	}
	for (int e = 0; e < LANES; e++) {
		double found = m->stack->share * far[e];
		found = found > LEAST_V ? found : LEAST_V;
		tol[e] = found < m->stack->tol_v ? found : m->stack->tol_v;
	}
}

/* Keeps the states and steps by h; the error that is allowed, the largest error and move in volts. */
void motion_try(struct motion *m, const double *h, double *tol, float *error, float *moved)
{
	double c[LANES], at[LANES], ahead[LANES];
	int failed[LANES];
	float most[LANES];
	struct weights by;

	keep(m);
	weigh(h, &by);
	for (int e = 0; e < LANES; e++) {
		double last = HEAD(m, H_LAST)[e], on = last > 0.0 ? 2.0 * sqrt(0.5) * h[e] / last : 0.0;
		c[e] = D * h[e];
		at[e] = 2.0 * c[e];
		ahead[e] = on < 1.5 ? on : 1.5;
		error[e] = moved[e] = 0.0f;
	}
	for (long k = 0; k < m->stack->n_layers; k++) {
		struct place *p = m->place + k;
		EACH(j, p->n_s) AT(p->hist, j) = AT(p->s0, j) + by.c[e] * AT(p->f0, j);
	}
	motion_stage_at(m, c, at, ahead, 0);
	memcpy(failed, m->failed, sizeof failed);
	for (long k = 0; k < m->stack->n_layers; k++) {
		struct place *p = m->place + k;
		EACH(j, p->n_s) {
			AT(p->fg, j) = AT(p->f, j);
			AT(p->hist, j) = AT(p->s0, j) + by.w[e] * (AT(p->f0, j) + AT(p->fg, j));
		}
	}
	for (int e = 0; e < LANES; e++)
		ahead[e] = 2.0 * W;
	motion_stage_at(m, c, h, ahead, 1);
	for (long k = 0; k < m->stack->n_layers; k++) {
		struct place *p = m->place + k;
		EACH(j, p->n_s) {
			float off = by.e0[e] * AT(p->f0, j) + by.eg[e] * AT(p->fg, j) + by.e1[e] * AT(p->f, j);
			AT(p->some, j) = off / (1.0f + by.c[e] * AT(p->slope, j));
		}
		lane_most(p->some, p->n_s, most);
		FOR_LANES error[e] = error[e] > most[e] ? error[e] : most[e];
		EACH(j, p->n_s) AT(p->some, j) = AT(p->s, j) - AT(p->s0, j);
		lane_most(p->some, p->n_s, most);
		FOR_LANES moved[e] = moved[e] > most[e] ? moved[e] : most[e];
	}
	for (int e = 0; e < LANES; e++)
		m->failed[e] = failed[e] ? failed[e] : m->failed[e];
	tolerance(m, tol);
}

/* The amplifiers take the third-order answer, unless they are stiff: y - e, and the rate that goes with it. */
void motion_refine(struct motion *m, const double *h)
{
	struct weights by;

	weigh(h, &by);
	for (long k = 0; k < m->stack->n_layers; k++) {
		struct place *p = m->place + k;
		if (m->stack->layers[k].exact)
			continue;
		EACH(j, p->n_s) {
			float slope = AT(p->slope, j), stiff = by.c[e] * slope;
			float off = by.e0[e] * AT(p->f0, j) + by.eg[e] * AT(p->fg, j) + by.e1[e] * AT(p->f, j);
			off /= 1.0f + stiff * stiff;
			AT(p->s, j) -= off;
			AT(p->f, j) += slope * off;
			AT(p->some, j) = off;
		}
		if (motion_is_tied(m->stack, m->stack->layers + k)) {
			motion_tied_refine(m->stack, m->stack->layers + k, p);
			continue;
		}
		EACH(j, p->n_w) {
			AT(p->d, j) -= AT(p->some, j);
			AT(p->pend, j) -= AT(p->some, j);
		}
	}
}
