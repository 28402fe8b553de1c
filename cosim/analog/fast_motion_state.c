/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_state.c : where a motion's states lie, where it stands, where it heads for. */
#include "fast_motion.h"

static float *take(double **at, long lanes)
{
	float *found = (float *)*at;
	*at += (lanes * LANES * (long)sizeof(float) + 63) / 64 * 8;
	return found;
}

static long larger(long a, long b) { return a > b ? a : b; }

/* Lays out `work` (may be NULL); returns the doubles that it takes. */
size_t motion_place(struct motion *m, const struct stack *s, double *work)
{
	double *at = work;

	m->stack = s;
	m->head = at;
	at += (H_SIZE * LANES + 7) / 8 * 8;
	for (long k = 0; k < s->n_layers; k++) {
		const struct layer *L = s->layers + k;
		struct place *p = m->place + k;
		p->n_w = L->ports * L->width;
		p->n_y = p->n_w, p->n_next = p->n_y + L->width, p->n_late = p->n_next + L->width;
		p->n_lag = p->n_late + L->width, p->n_s = p->n_lag + p->n_w;
		float **lines[] = {&p->u_f, &p->drive_t, &p->u, &p->still, &p->base, &p->by_bend, &p->was_bend, &p->by_amp,
				   &p->du, &p->lines, &p->lines_f, &p->relax};
		float **outs[] = {&p->out_f, &p->w_f, &p->in_f, &p->d, &p->d0, &p->pend, &p->load, &p->load_s, &p->move, &p->pull};
		float **columns[] = {&p->y_f, &p->shift, &p->signal, &p->tie, &p->tie_f};
		float **states[] = {&p->s, &p->f, &p->s0, &p->f0, &p->fg, &p->hist, &p->slope};
		float **rows[] = {&p->x_f, &p->i_f, &p->x, &p->rows, &p->dx, &p->rows_b, &p->rows_f};
		for (size_t e = 0; e < sizeof lines / sizeof *lines; e++)
			*lines[e] = take(&at, L->pad);
		for (size_t e = 0; e < sizeof outs / sizeof *outs; e++)
			*outs[e] = take(&at, p->n_w);
		for (size_t e = 0; e < sizeof columns / sizeof *columns; e++)
			*columns[e] = take(&at, L->width);
		for (size_t e = 0; e < sizeof states / sizeof *states; e++)
			*states[e] = take(&at, p->n_s);
		for (size_t e = 0; e < sizeof rows / sizeof *rows; e++)
			*rows[e] = take(&at, L->pad_in);
		p->some = take(&at, larger(larger(p->n_s, L->pad), L->pad_in));
		p->rise = take(&at, TERMS * L->pad);
		p->taylor = take(&at, TAYLOR * L->pad);
		p->held = take(&at, 3 * L->pad + p->n_w + 2 * L->width);
		p->sums = at, at += 4 * LANES;
		p->watts = at, at += 3 * LANES + (8 - 7 * LANES % 8) % 8;
	}
	return (size_t)(at - work);
}

/* share of the enabled supplies now */
void motion_level(const struct motion *m, float *level)
{
	for (int e = 0; e < LANES; e++) {
		double done = HEAD(m, H_DONE)[e] / m->stack->rise_s, from = HEAD(m, H_FROM)[e];
		level[e] = (float)(done < 1.0 ? from + (1.0 - from) * done : 1.0);
	}
}

/* unpowered and at rest */
void motion_off(struct motion *m)
{
	memset(m->head, 0, H_SIZE * LANES * sizeof(double));
	for (long k = 0; k < m->stack->n_layers; k++) {
		const struct layer *L = m->stack->layers + k;
		struct place *p = m->place + k;
		memset(p->u, 0, (size_t)L->pad * LANES * sizeof(float));
		memset(p->d, 0, (size_t)p->n_w * LANES * sizeof(float));
		memset(p->tie, 0, (size_t)L->width * LANES * sizeof(float));
		memset(p->out_f, 0, (size_t)p->n_w * LANES * sizeof(float));
		memset(p->s, 0, (size_t)p->n_s * LANES * sizeof(float));
		memset(p->f, 0, (size_t)p->n_s * LANES * sizeof(float));
		EACH(j, L->width) AT(p->signal, j) = AT(p->s, p->n_late + j) = L->neuron_os[j];
	}
}

/* of operating points [n][width], those that the lanes head for */
static void pick(float *to, const double *from, const long *which, long width)
{
	for (long j = 0; j < width; j++)
		for (int e = 0; e < LANES; e++)
			AT(to, j) = (float)from[which[e] * width + j];
}

/* Takes a layer's operating points; lines' and outputs' volts stay what they are. */
static void aim(const struct stack *s, const struct layer *L, const struct goal *g, const long *which, struct place *p)
{
	const double end = 1.0 / (L->r1 + L->r3);

	EACH(j, p->n_w) AT(p->d, j) += AT(p->out_f, j);
	pick(p->u_f, g->u, which, L->pad);
	pick(p->drive_t, g->drive_t, which, L->pad);
	pick(p->out_f, g->out, which, p->n_w);
	pick(p->w_f, g->w, which, p->n_w);
	pick(p->x_f, g->x, which, L->n_in + 1);
	pick(p->i_f, g->i, which, L->n_in + 1);
	pick(p->y_f, g->y, which, L->width);
	pick(p->shift, g->shift, which, L->width);
	EACH(j, p->n_w) AT(p->d, j) -= AT(p->out_f, j);
	for (int e = 0; e < LANES; e++) {
		const double *u = g->u + which[e] * L->pad, *out = g->out + which[e] * p->n_w;
		for (int i = 0; i < 4; i++)
			p->sums[i * LANES + e] = g->sums[which[e] * 4 + i];
		for (long j = 0; j < p->n_w; j++) { /* in double: a small difference, times a large gain */
			long line = motion_line(L, j / L->width, j % L->width);
			double in = end * (L->r3 * (u[line] - u[line + L->cols]) + L->r1 * (s->ref - out[j]));
			AT(p->in_f, j) = L->exact ? 0.0f : (float)in * L->live[j % L->width];
		}
	}
}

/* Sources begin their ramp towards the operating points `which` now. */
void motion_head(struct motion *m, const struct goal *goals, const long *which, int from_off)
{
	const struct stack *s = m->stack;
	float level[LANES], whole[LANES], none[LANES] = {0}, sum[LANES];

	for (int e = 0; e < LANES; e++) {
		HEAD(m, H_FROM)[e] = from_off ? 0.0 : 1.0;
		HEAD(m, H_DONE)[e] = HEAD(m, H_LAST)[e] = 0.0;
		HEAD(m, H_STEP)[e] = s->first_s;
		level[e] = from_off ? 0.0f : 1.0f;
		whole[e] = 1.0f;
		m->failed[e] = DONE;
	}
	for (long k = 0; k < s->n_layers; k++) {
		const struct layer *L = s->layers + k;
		struct place *p = m->place + k;
		long n = L->pad, bias = L->n_in;
		aim(s, L, goals + k, which, p);
		if (motion_is_tied(s, L))
			motion_tied_goal(s, L, p);
		if (k)
			motion_sources(s, L, p, level, p[-1].s + p[-1].n_next * LANES);
		motion_bend_goal(L, p);
		motion_follow(L, p);
		for (int turn = 0; turn < 2; turn++) { /* first without the bend, which needs the lines as they are */
			memset(p->by_bend, 0, (size_t)n * LANES * sizeof(float));
			memset(p->was_bend, 0, (size_t)n * LANES * sizeof(float));
			if (turn == 0)
				memset(p->still, 0, (size_t)n * LANES * sizeof(float));
			motion_base(m, k, whole, level, none, 0);
			EACH(l, n) {
				float first = AT(p->u, l) - AT(p->u_f, l) - AT(p->by_amp, l) - (AT(p->base, l) - AT(p->by_bend, l));
				AT(p->still, l) = turn ? AT(p->still, l) - AT(p->by_bend, l) : first;
			}
			if (!L->bent)
				break;
		}
		const double *drive_w = p->sums;
		lane_dot(p->drive_t, p->u_f, n, sum);
		for (int e = 0; e < LANES; e++) {
			p->watts[e] = drive_w[e] + sum[e];
			p->watts[LANES + e] = s->vdd * AT(p->i_f, bias);
			p->watts[2 * LANES + e] = drive_w[e] + s->vdd * AT(p->i_f, bias);
		}
		EACH(l, n) AT(p->some, l) = L->bias_t[l] * AT(p->u_f, l);
		lane_sum(p->some, n, sum);
		for (int e = 0; e < LANES; e++)
			p->watts[LANES + e] += sum[e];
		lane_dot(p->x_f, p->i_f, L->n_in + 1, sum);
		for (int e = 0; e < LANES && k; e++)
			p->watts[2 * LANES + e] = sum[e];
	}
}

/* Everything stands at the operating points. */
void motion_rest(struct motion *m, const struct goal *goals, const long *which)
{
	double c[LANES], none[LANES] = {0};

	memset(m->head, 0, H_SIZE * LANES * sizeof(double));
	for (long k = 0; k < m->stack->n_layers; k++) {
		const struct layer *L = m->stack->layers + k;
		const struct goal *g = goals + k;
		struct place *p = m->place + k;
		pick(p->u, g->u, which, L->pad);
		pick(p->out_f, g->out, which, p->n_w);
		pick(p->s, g->w, which, p->n_w);
		pick(p->s + p->n_y * LANES, g->y, which, L->width);
		pick(p->s + p->n_next * LANES, g->next, which, L->width);
		pick(p->s + p->n_late * LANES, g->signal, which, L->width);
		memset(p->d, 0, (size_t)p->n_w * LANES * sizeof(float));
		memset(p->f, 0, (size_t)p->n_s * LANES * sizeof(float));
	}
	motion_head(m, goals, which, 0);
	for (long k = 0; k < m->stack->n_layers; k++) {
		struct place *p = m->place + k;
		memcpy(p->s + p->n_lag * LANES, p->in_f, (size_t)p->n_w * LANES * sizeof(float));
		memcpy(p->hist, p->s, (size_t)p->n_s * LANES * sizeof(float));
	}
	for (int e = 0; e < LANES; e++) {
		HEAD(m, H_DONE)[e] = m->stack->rise_s;
		c[e] = 1e-15;
	}
	motion_stage_at(m, c, none, none, 1); /* everything that is no state follows */
}
