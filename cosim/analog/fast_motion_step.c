/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_step.c : one step of TR-BDF2 with an error of third order.
 *
 * A step h has stages at 0.586 h (trapezoid) and h (BDF2), both implicit with c = 0.293 h, L-stable together. Its error
 * is that of the embedded formula, divided by 1 + c*slope of each rate so that stiff states do not exaggerate theirs.
 */
#include "fast_motion.h"

static const double D = 0.29289321881345248, W = 0.35355339059327376; /* 1 - 1/sqrt(2), 1/sqrt(8) */
static const double SHARE = 0.003, LEAST_V = 2e-5;

static double left(const struct motion *m, double ahead)
{
	double done = (m->head[H_DONE] + ahead) / m->stack->rise_s;
	return done < 1.0 ? 1.0 - done : 0.0;
}

int motion_stage_at(struct motion *m, double c, double at, double ahead, int rows)
{
	double share = left(m, at);
	return motion_stage(m, c, share, 1.0 - share * (1.0 - m->head[H_FROM]), ahead, rows);
}

static void keep(struct motion *m)
{
	for (long k = 0; k < m->stack->n_layers; k++) {
		struct place *p = m->place + k;
		memcpy(p->s0, p->s, (size_t)p->n_s * sizeof(double));
		memcpy(p->f0, p->f, (size_t)p->n_s * sizeof(double));
		memcpy(p->out0, p->out, (size_t)p->n_w * sizeof(double));
	}
}

void motion_back(struct motion *m)
{
	for (long k = 0; k < m->stack->n_layers; k++) {
		struct place *p = m->place + k;
		memcpy(p->s, p->s0, (size_t)p->n_s * sizeof(double));
		memcpy(p->f, p->f0, (size_t)p->n_s * sizeof(double));
		memcpy(p->out, p->out0, (size_t)p->n_w * sizeof(double));
		motion_follow(m->stack->layers + k, m->goal + k, p);
	}
}

/* What a step may err: less as the amplifiers come close to where they head for, so that settling has its time. */
static double tolerance(const struct motion *m)
{
	double far = 0.0, most = m->stack->tol_v;

	for (long k = 0; k < m->stack->n_layers; k++) {
		const struct place *p = m->place + k;
		const double *w = m->goal[k].w;
#pragma omp simd reduction(max : far)
		for (long j = 0; j < p->n_w; j++) {
			double gap = fabs(p->s0[j] - w[j]);
			far = far > gap ? far : gap;
		}
	}
	far *= SHARE;
	return far > most ? most : far < LEAST_V ? LEAST_V : far;
}

/* One step of h from the kept states; largest error and move in volts. */
static int step(struct motion *m, double h, double *error, double *moved)
{
	const double c = D * h, e0 = h * (4.0 * W - 1.0) / 3.0, eg = -h / 3.0, e1 = h * 2.0 * D / 3.0;
	double worst = 0.0, most = 0.0;
	int failed;

	for (long k = 0; k < m->stack->n_layers; k++) {
		struct place *p = m->place + k;
		for (long j = 0; j < p->n_s; j++)
			p->hist[j] = p->s0[j] + c * p->f0[j];
	}
	double last = m->head[H_LAST], ahead = last > 0.0 ? 2.0 * sqrt(0.5) * h / last : 0.0;
	failed = motion_stage_at(m, c, 2.0 * c, ahead < 1.5 ? ahead : 1.5, 0);
	if (failed)
		return failed;
	for (long k = 0; k < m->stack->n_layers; k++) {
		struct place *p = m->place + k;
		for (long j = 0; j < p->n_s; j++) {
			p->fg[j] = p->f[j];
			p->hist[j] = p->s0[j] + h * W * (p->f0[j] + p->fg[j]);
		}
	}
	failed = motion_stage_at(m, c, h, 2.0 * W, 1);
	if (failed)
		return failed;
	for (long k = 0; k < m->stack->n_layers; k++) {
		struct place *p = m->place + k;
#pragma omp simd reduction(max : worst, most)
		for (long j = 0; j < p->n_s; j++) {
			double e = fabs(e0 * p->f0[j] + eg * p->fg[j] + e1 * p->f[j]) / (1.0 + c * p->slope[j]);
			double d = fabs(p->s[j] - p->s0[j]);
			worst = worst > e ? worst : e;
			most = most > d ? most : d;
		}
	}
	*error = worst;
	*moved = most;
	return DONE;
}

/* Keeps the states and steps by h; returns the error that is allowed. */
double motion_try(struct motion *m, double h, double *error, double *moved, int *failed)
{
	keep(m);
	*failed = step(m, h, error, moved);
	return tolerance(m);
}

/* The amplifiers take the third-order answer, unless they are stiff: y - e, and the rate that goes with it. */
void motion_refine(struct motion *m, double h)
{
	const double c = D * h, e0 = h * (4.0 * W - 1.0) / 3.0, eg = -h / 3.0, e1 = h * 2.0 * D / 3.0;

	for (long k = 0; k < m->stack->n_layers; k++) {
		struct place *p = m->place + k;
		if (m->stack->layers[k].exact)
			continue;
		for (long j = 0; j < p->n_s; j++) {
			double stiff = c * p->slope[j];
			double e = (e0 * p->f0[j] + eg * p->fg[j] + e1 * p->f[j]) / (1.0 + stiff * stiff);
			p->s[j] -= e;
			p->f[j] += p->slope[j] * e;
			if (j >= p->n_w)
				continue;
			p->out[j] -= e;
			p->pend[j] -= e;
		}
	}
}
