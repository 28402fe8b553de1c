/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion.c : what Python calls: one motion in slices of time, or whole evaluation windows of a batch. */
#include "fast_motion.h"

enum { OFF, HEAD, HEAD_FROM_OFF, REST };

/* doubles of workspace that a motion needs, set to zero before first use */
size_t fast_motion_size(const struct stack *s)
{
	struct motion m;
	return motion_place(&m, s, NULL, 0, NULL);
}

/* Puts a motion to rest unpowered or at the operating point, or starts it towards that. */
int fast_motion_set(const struct stack *s, const struct goal *goals, int how, double *work)
{
	struct motion m;

	(void)motion_place(&m, s, goals, 0, work);
	if (how == OFF) {
		motion_off(&m);
		return DONE;
	}
	if (how != REST) {
		motion_head(&m, how == HEAD_FROM_OFF);
		return DONE;
	}
	for (long k = 0; k < s->n_layers; k++) {
		const struct goal *g = m.goal + k;
		struct place *p = m.place + k;
		size_t width = (size_t)s->layers[k].width * sizeof(double);
		memcpy(p->u, g->u, (size_t)s->layers[k].pad * sizeof(double));
		memcpy(p->out, g->out, (size_t)p->n_w * sizeof(double));
		memcpy(p->s, g->w, (size_t)p->n_w * sizeof(double));
		memcpy(p->s + p->n_y, g->y, width);
		memcpy(p->s + p->n_next, g->next, width);
		memcpy(p->s + p->n_late, g->signal, width);
		motion_inputs(s->layers + k, g, s->ref, p->s + p->n_lag);
		memset(p->f, 0, (size_t)p->n_s * sizeof(double));
	}
	motion_head(&m, 0);
	m.head[H_DONE] = s->rise_s;
	for (long k = 0; k < s->n_layers; k++)
		memcpy(m.place[k].hist, m.place[k].s, (size_t)m.place[k].n_s * sizeof(double));
	int failed = motion_stage_at(&m, 1e-15, 0.0, 0.0, 1); /* everything that is no state follows */
	return failed ? failed : motion_watts(&m);
}

/* A layer's neuron inputs (before their offsets), neurons and what follows them, [3][width]. */
void fast_motion_read(const struct stack *s, long k, double *work, double *to)
{
	const struct layer *L = s->layers + k;
	struct motion m;

	(void)motion_place(&m, s, NULL, 0, work);
	for (long j = 0; j < L->width; j++) {
		to[j] = L->live[j] * (m.place[k].signal[j] - L->neuron_os[j] + s->ref * motion_level(&m));
		to[L->width + j] = m.place[k].s[m.place[k].n_y + j];
		to[2 * L->width + j] = m.place[k].s[m.place[k].n_next + j];
	}
}

/* Moves on by `duration`; joules and the sum of moves are counted from 0. */
int fast_motion_advance(const struct stack *s, const struct goal *goals, double duration, double *work)
{
	struct motion m;

	(void)motion_place(&m, s, goals, 0, work);
	memset(m.head + H_ENERGY, 0, POWERS * sizeof(double));
	m.head[H_MOVED] = 0.0;
	return motion_advance(&m, duration, NULL);
}

/* n windows from off: times settled [n][width] of the last neurons, joules [n][POWERS]. On failure *lost is which. */
int fast_motion_windows(const struct stack *s, const struct goal *goals, long n, double window, double band,
			double *settled, double *joules, long *counts, double *work)
{
	const long width = s->layers[s->n_layers - 1].width;
	struct motion m;

	for (long b = 0; b < n; b++) {
		(void)motion_place(&m, s, goals, b, work);
		memset(settled + b * width, 0, (size_t)width * sizeof(double));
		motion_off(&m);
		motion_head(&m, 1);
		struct watch seen = {band, 0.0, settled + b * width, m.goal[s->n_layers - 1].y};
		int failed = motion_advance(&m, window, &seen);
		if (failed)
			return failed;
		memcpy(joules + b * POWERS, m.head + H_ENERGY, POWERS * sizeof(double));
		counts[2 * b] = (long)m.head[H_STEPS];
		counts[2 * b + 1] = (long)m.head[H_REJECTED];
	}
	return DONE;
}
