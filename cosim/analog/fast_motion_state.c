/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_state.c : where a motion's states lie, where it stands, where it heads for, what it takes from supplies. */
#include "fast_motion.h"

static void *take(double **at, size_t bytes)
{
	void *found = *at;
	*at += (bytes + 63) / 64 * 8;
	return found;
}

/* Lays out `work` (may be NULL) and picks operating point `b` of a batch; returns the doubles that it takes. */
size_t motion_place(struct motion *m, const struct stack *s, const struct goal *goals, long b, double *work)
{
	double *at = work;

	m->stack = s;
	m->head = take(&at, H_SIZE * sizeof(double));
	for (long k = 0; k < s->n_layers; k++) {
		const struct layer *L = s->layers + k;
		struct place *p = m->place + k;
		size_t n = (size_t)L->n_in + 1, pad = (size_t)L->pad;
		p->n_w = L->ports * L->width;
		p->n_y = p->n_w, p->n_next = p->n_y + L->width, p->n_late = p->n_next + L->width;
		p->n_lag = p->n_late + L->width, p->n_s = p->n_lag + p->n_w;
		double **lines[] = {&p->u, &p->still, &p->base, &p->by_bend, &p->was_bend, &p->by_amp};
		double **outs[] = {&p->out, &p->out0, &p->pend, &p->signal};
		double **states[] = {&p->s, &p->f, &p->s0, &p->f0, &p->fg, &p->hist, &p->slope};
		for (int e = 0; e < 6; e++)
			*lines[e] = take(&at, pad * sizeof(double));
		for (int e = 0; e < 4; e++)
			*outs[e] = take(&at, (size_t)p->n_w * sizeof(double));
		for (int e = 0; e < 7; e++)
			*states[e] = take(&at, (size_t)p->n_s * sizeof(double));
		p->x = take(&at, n * sizeof(double));
		p->rows = take(&at, n * sizeof(double));
		p->watts = take(&at, 3 * sizeof(double));
		p->dx = take(&at, (size_t)L->pad_in * sizeof(float));
		p->du = take(&at, pad * sizeof(float));
		p->lines = take(&at, pad * sizeof(float));
		p->lines_f = take(&at, pad * sizeof(float));
		p->row = take(&at, (size_t)L->pad_in * sizeof(float));
		p->rows_b = take(&at, n * LANES * sizeof(float));
		p->rows_f = take(&at, n * LANES * sizeof(float));
		p->slopes = take(&at, pad * sizeof(float));
		p->relax = take(&at, pad * sizeof(float));
		p->rise = take(&at, TERMS * pad * sizeof(float));
		if (goals == NULL)
			continue;
		const struct goal *g = goals + k;
		m->goal[k] = (struct goal){g->u + b * L->pad, g->out + b * p->n_w, g->w + b * p->n_w,
					   g->x + (size_t)b * n, g->i + (size_t)b * n, g->y + b * L->width,
					   g->next + b * L->width, g->signal + b * L->width, g->drive_t + b * L->pad,
					   g->shift + b * L->width, g->sums + b * 4};
	}
	return (size_t)(at - work);
}

/* share of the enabled supplies now */
double motion_level(const struct motion *m)
{
	double done = m->head[H_DONE] / m->stack->rise_s, from = m->head[H_FROM];
	return done < 1.0 ? from + (1.0 - from) * done : 1.0;
}

/* unpowered and at rest */
void motion_off(struct motion *m)
{
	memset(m->head, 0, H_SIZE * sizeof(double));
	for (long k = 0; k < m->stack->n_layers; k++) {
		struct place *p = m->place + k;
		memset(p->u, 0, (size_t)m->stack->layers[k].pad * sizeof(double));
		memset(p->out, 0, (size_t)p->n_w * sizeof(double));
		memset(p->s, 0, (size_t)p->n_s * sizeof(double));
		for (long j = 0; j < m->stack->layers[k].width; j++)
			p->signal[j] = p->s[p->n_late + j] = m->stack->layers[k].neuron_os[j];
		memset(p->f, 0, (size_t)p->n_s * sizeof(double));
	}
}

static double dot(const double *a, const double *b, long n)
{
	double sum = 0.0;
#pragma omp simd reduction(+ : sum)
	for (long j = 0; j < n; j++)
		sum += a[j] * b[j];
	return sum;
}

/* Sources begin their ramp towards m->goal now. */
void motion_head(struct motion *m, int from_off)
{
	const struct stack *s = m->stack;

	m->head[H_FROM] = from_off ? 0.0 : 1.0;
	m->head[H_DONE] = 0.0;
	m->head[H_STEP] = s->first_s;
	m->head[H_LAST] = 0.0;
	for (long k = 0; k < s->n_layers; k++) {
		const struct layer *L = s->layers + k;
		const struct goal *g = m->goal + k;
		struct place *p = m->place + k;
		long n = L->pad;
		if (k)
			motion_sources(s, L, g, p, from_off ? 0.0 : 1.0, p[-1].s + p[-1].n_next);
		motion_bend_goal(L, g, p);
		motion_follow(L, g, p);
		for (int turn = 0; turn < 2; turn++) { /* first without the bend, which needs the lines as they are */
			memset(p->by_bend, 0, (size_t)L->pad * sizeof(double));
			if (turn == 0)
				memset(p->still, 0, (size_t)L->pad * sizeof(double));
			(void)motion_base(L, g, p, 1.0, from_off ? 0.0 : 1.0, 0.0, 0);
			for (long l = 0; l < n; l++)
				p->still[l] = turn ? p->still[l] - p->by_bend[l]
						   : p->u[l] - g->u[l] - p->by_amp[l] - (p->base[l] - p->by_bend[l]);
			if (!L->bent)
				break;
		}
		p->watts[0] = g->sums[0] + dot(g->drive_t, g->u, n);
		p->watts[1] = s->vdd * g->i[L->n_in] + dot(L->bias_t, g->u, n);
		p->watts[2] = k ? dot(g->x, g->i, L->n_in + 1) : g->sums[0] + s->vdd * g->i[L->n_in];
	}
}

static double pair(double out_a, double pair_a)
{
	return 0.5 * (out_a + sqrt(out_a * out_a + 4.0 * pair_a * pair_a + 1e-18));
}

/* Watts of every supply, of the cells and of the wires into the head; lines p->u. Of the power that its sources
 * give, a layer's cells and wires keep the share that they have at the operating point. */
int motion_watts(struct motion *m)
{
	const struct stack *s = m->stack;
	const double level = motion_level(m);
	double power[POWERS] = {0}, line[3] = {0}, square = level * level;

	for (long k = 0; k < s->n_layers; k++) {
		const struct layer *L = s->layers + k;
		const struct goal *g = m->goal + k;
		struct place *p = m->place + k;
		double net, end = 1.0 / (L->r1 + L->r3), ref = s->ref * level;
		for (long n = 0; n < L->pad; n++)
			p->u[n] = g->u[n] + p->base[n] + p->by_amp[n];
		if (k == 0) {
			double drive = square * p->watts[0] - level * dot(g->drive_t, p->u, L->pad);
			double bias = square * p->watts[1] - level * dot(L->bias_t, p->u, L->pad);
			line[DRIVERS] += drive;
			line[2] += bias;
			net = drive + bias;
		} else {
			motion_rows(L, g, p);
			net = dot(p->x, p->rows, L->n_in + 1);
			line[2] += p->x[L->n_in] * p->rows[L->n_in];
			double high = 0.0;
			for (long i = 0; i < L->n_in; i++)
				high += pair(p->rows[i], s->b_pair) + s->b_quiet;
			line[BUFFER_VDD] += L[-1].buffered ? square * s->vdd * high : 0.0;
		}
		power[HEAT] += g->sums[1] * net / p->watts[2];
		power[WIRE] += g->sums[2] * net / p->watts[2];
		double supply = 0.0, up = 0.0, down = 0.0, into_ref = 0.0, slope, out_of = 0.0;
		double top = s->low_v + (double)s->points / s->per_v;
		for (long j = 0; j < L->width; j++) {
			double signal = L->live[j] * p->signal[j];
			supply += L->live[j] * neuron_at(s, N_SUPPLY, L->live[j] * p->s[p->n_late + j], &slope);
			double beyond = signal > top ? signal - top : s->low_v > signal ? s->low_v - signal : 0.0;
			if (!(beyond <= out_of)) {
				out_of = beyond;
				m->head[H_WORST] = signal;
			}
		}
		m->head[H_LAYER] = (double)k;
		if (!(out_of <= 1e-9))
			return NEURON_RANGE;
		for (long c = 0; c < L->ports; c++)
			for (long j = 0; j < L->width; j++) {
				double out_a = (p->s[c * L->width + j] - p->out[c * L->width + j]) / s->a_rout;
				double high = pair(out_a, s->a_pair) + s->a_quiet;
				into_ref += L->live[j] * (p->u[motion_line(L, c, j)] - ref) * end;
				up += L->live[j] * high;
				down += L->live[j] * (high - out_a);
			}
		power[NEURON_VDD] += square * (s->vdd * supply + g->sums[3]);
		power[AMP_REF] -= square * s->ref * into_ref;
		if (!L->exact) {
			power[AMP_VDD] += square * s->a_rail * up;
			power[AMP_VSS] += square * s->a_rail * down;
		}
	}
	power[DRIVERS] = line[0], power[BUFFER_VDD] = line[1], power[BIAS] = line[2];
	memcpy(m->head + H_POWER, power, sizeof power);
	return DONE;
}
