/* SPDX-License-Identifier: Apache-2.0 */
/* fast_stage.h : what an op-amp and the neuron behind it do at rest, WIDE of them side by side. */
#ifndef FAST_STAGE_H
#define FAST_STAGE_H

#include "fast_vector.h"

static const double APART = 40.0; /* swing over soft: from here on only one rail is near, e^-40 of the other */

/* current into a neuron at signal v, and its slope */
static inline wide neuron(const struct amplifier *p, wide v, wide *slope)
{
	wide free = (v - p->low) * p->per_v, most = same((double)p->points);
	wide at = lesser(larger(free, (wide){0}), most);
	wide found = splined(p->spline, p->points, 1.0 / p->per_v, at, slope);

	*slope = pick(free == at, *slope, (wide){0});
	return found;
}

/* what the rails take from a stage at w: 2 (up - down) and its slope */
static inline wide clamped(const struct amplifier *p, wide w, wide *slope)
{
	const double per_soft = 1.0 / p->soft;
	wide size = magnitude(w), found = softplus((size - p->swing) * per_soft, slope);

	if (p->swing < APART * p->soft) {
		wide other, far = softplus((-size - p->swing) * per_soft, &other);
		found -= far;
		*slope += other;
	}
	*slope *= 2.0 * per_soft;
	return 2.0 * signed_as(found, w);
}

#endif
