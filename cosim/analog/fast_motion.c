/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion.c : what Python calls: one motion in slices of time, or whole evaluation windows of a batch. */
#include "fast_motion.h"

enum { AT_OFF, TO_GOAL, TO_GOAL_FROM_OFF, AT_REST };

/* doubles of workspace that LANES motions need, set to zero before first use */
size_t fast_motion_size(const struct stack *s)
{
	struct motion m;
	return motion_place(&m, s, NULL);
}

/* Puts motions to rest unpowered, starts them towards their operating points (`n`, the last one again in lanes beyond), or
 * puts the first to rest at its own. */
int fast_motion_set(const struct stack *s, const struct goal *goals, long n, int how, double *work)
{
	long which[LANES];
	struct motion m;

	for (int e = 0; e < LANES; e++)
		which[e] = e < n ? e : n - 1;
	(void)motion_place(&m, s, work);
	if (how == AT_OFF) {
		motion_off(&m);
		return DONE;
	}
	if (how != AT_REST) {
		motion_head(&m, goals, which, how == TO_GOAL_FROM_OFF);
		return DONE;
	}
	motion_rest(&m, goals, which);
	if (m.failed[0])
		return m.failed[0];
	motion_watts(&m);
	return m.failed[0];
}

/* A layer's neuron inputs (before their offsets), neurons and what follows them, [3][width][LANES]. */
void fast_motion_read(const struct stack *s, long k, double *work, double *to)
{
	const struct layer *L = s->layers + k;
	struct motion m;
	float level[LANES];

	(void)motion_place(&m, s, work);
	motion_level(&m, level);
	for (long j = 0; j < L->width; j++)
		for (int e = 0; e < LANES; e++) {
			const struct place *p = m.place + k;
			AT(to, j) = L->live[j] * (AT(p->signal, j) - L->neuron_os[j] + s->ref * level[e]);
			AT(to, L->width + j) = AT(p->s, p->n_y + j);
			AT(to, 2 * L->width + j) = AT(p->s, p->n_next + j);
		}
}

/* Moves on by `duration`; joules and the sum of moves are counted from 0. */
int fast_motion_advance(const struct stack *s, double duration, double *work)
{
	struct motion m;

	(void)motion_place(&m, s, work);
	memset(m.head + H_ENERGY * LANES, 0, POWERS * LANES * sizeof(double));
	memset(m.head + H_MOVED * LANES, 0, LANES * sizeof(double));
	return motion_advance(&m, duration, NULL);
}

/* Moves on by `n` durations in turn. After each: heads [H_SIZE][LANES], and the layers as fast_motion_read() gives them, one
 * after the other; `done` are the slices that did not fail. */
int fast_motion_slices(const struct stack *s, const double *durations, long n, double *heads, double *volts, long *done,
		       double *work)
{
	for (*done = 0; *done < n; ++*done) {
		int failed = fast_motion_advance(s, durations[*done], work);
		if (failed)
			return failed;
		memcpy(heads, work, H_SIZE * LANES * sizeof(double));
		heads += H_SIZE * LANES;
		for (long k = 0; k < s->n_layers; volts += 3 * s->layers[k].width * LANES, k++)
			fast_motion_read(s, k, work, volts);
	}
	return DONE;
}

/* n windows from off: times settled [n][width] of the last neurons, joules [n][POWERS], steps taken and refused; `times`
 * [width][LANES] is room for some. */
int fast_motion_windows(const struct stack *s, const struct goal *goals, long n, double window, double band,
			double *settled, double *joules, long *counts, double *times, double *work)
{
	const long width = s->layers[s->n_layers - 1].width;
	long which[LANES];
	struct motion m;

	(void)motion_place(&m, s, work);
	for (long first = 0; first < n; first += LANES) {
		double now[LANES] = {0};
		struct watch seen = {band, now, times};
		for (int e = 0; e < LANES; e++)
			which[e] = first + e < n ? first + e : n - 1;
		memset(times, 0, (size_t)width * LANES * sizeof(double));
		motion_off(&m);
		motion_head(&m, goals, which, 1);
		int failed = motion_advance(&m, window, &seen);
		if (failed)
			return failed;
		for (int e = 0; e < LANES && first + e < n; e++) {
			long b = first + e;
			for (long j = 0; j < width; j++)
				settled[b * width + j] = AT(times, j);
			for (int w = 0; w < POWERS; w++)
				joules[b * POWERS + w] = m.head[(H_ENERGY + w) * LANES + e];
			counts[2 * b] = (long)m.head[H_STEPS * LANES + e];
			counts[2 * b + 1] = (long)m.head[H_REJECTED * LANES + e];
		}
	}
	return DONE;
}
