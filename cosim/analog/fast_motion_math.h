/* SPDX-License-Identifier: Apache-2.0 */
/* fast_motion_math.h : smooth functions that vectorise, to single precision. */
#ifndef FAST_MOTION_MATH_H
#define FAST_MOTION_MATH_H
#include "fast_motion.h"

/* exp(-a) for a >= 0; never so small that its square is denormal, which costs a hundred times more */
static inline float falling(float a)
{
	a = a < 40.0f ? a : 40.0f;
	float k = rintf(-1.44269504f * a);
	float r = -a - k * 0.693147181f;
	float p = 1.0f / 720;
	p = p * r + 1.0f / 120;
	p = p * r + 1.0f / 24;
	p = p * r + 1.0f / 6;
	p = p * r + 0.5f;
	p = p * r + 1.0f;
	p = p * r + 1.0f;
	int bits = ((int)k + 127) << 23;
	float scale;
	memcpy(&scale, &bits, sizeof scale);
	return p * scale;
}

/* ln(1 + e) = 2 atanh(z), z = e/(2 + e) */
static inline float log_of(float z)
{
	float y = z * z, p = 1.0f / 11;
	p = p * y + 1.0f / 9;
	p = p * y + 1.0f / 7;
	p = p * y + 1.0f / 5;
	p = p * y + 1.0f / 3;
	return 2.0f * z * (p * y + 1.0f);
}

/* softplus and its slope */
static inline float softplus(float x, float *slope)
{
	float e = falling(fabsf(x)), share = 1.0f / (1.0f + e);
	*slope = x > 0.0f ? share : 1.0f - share;
	return (x > 0.0f ? x : 0.0f) + log_of(e / (2.0f + e));
}

/* tanh(x); softplus(y) and its slope: with one division for all */
static inline float tanh_and_softplus(float x, float y, float *soft, float *slope)
{
	float f = falling(2.0f * fabsf(x)), e = falling(fabsf(y));
	float one = 1.0f + e, two = 2.0f + e, whole = 1.0f / ((1.0f + f) * one * two);
	float share = (1.0f + f) * two * whole, t = (1.0f - f) * one * two * whole;
	float z = e * (1.0f + f) * one * whole, near = x * (1.0f - x * x * (1.0f / 3)); /* 1 - f has lost its digits there */
	*slope = y > 0.0f ? share : 1.0f - share;
	*soft = (y > 0.0f ? y : 0.0f) + log_of(z);
	t = x < 0.0f ? -t : t;
	return fabsf(x) < 0.03f ? near : t;
}

/* a column of the neuron's table and its slope; `signal` is kept inside */
static inline float neuron_at(const struct stack *s, int column, float signal, float *slope)
{
	const int points = (int)s->points;
	const float *c = s->spline + (long)column * 4 * points, per_v = (float)s->per_v;
	float at = (signal - (float)s->low_v) * per_v, top = (float)points;
	at = at > 0.0f ? at : 0.0f;
	at = at < top ? at : top;
	int i = (int)at;
	i = i < points ? i : points - 1;
	float h = at - (float)i;
	float c3 = c[i], c2 = c[points + i], c1 = c[2 * points + i], c0 = c[3 * points + i];
	*slope = ((3.0f * c3 * h + 2.0f * c2) * h + c1) * per_v;
	return ((c3 * h + c2) * h + c1) * h + c0;
}
#endif
