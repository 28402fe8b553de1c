/* SPDX-License-Identifier: Apache-2.0 */
/* fast_tied_lanes.c : op-amps at rest with tied outputs, LANES inputs side by side: all of an output and its node at once.
 *
 * Newton on the arrow of fast_tied.c from what they were. Where it closes it has found the same as nested brackets, and
 * lines that move little need no more; what stays open is left to those.
 */
#include "fast_stage.h"

enum { TURNS = 12, MOST_PORTS = 64 };
static const double CLOSE_V = 1e-7, MOST_V = 0.3; /* quadratic: what remains is below 1e-11 V; of one move */

/* Output j: `out` holds a start of every output, then w; `node` a. Lanes without an answer are `open`. */
void tied_together(const struct layer *z, struct state *g, long j, double *node, long *open)
{
	const struct amplifier *p = &z->amp;
	const long width = z->v * z->c, ports = z->ports;
	const double end = 1.0 / (p->r1 + p->r3), ratio = p->rout / z->tie, c = 1.0 + p->rout * end, d = c + ratio;
	const double g_tie = 1.0 / (d * z->tie), by_out = -p->k * p->r1 * end, ka = p->k / p->a0;

	for (long e = 0; e < PAIR; e++) {
		wide in[MOST_PORTS], back[MOST_PORTS], move[MOST_PORTS], pull[MOST_PORTS], a = {0}, most = {0};
		for (long q = 0; q < ports; q++)
			a += ((wide *)g->out[q * z->n_out + j])[e] / (double)ports;
		for (long q = 0; q < ports; q++) {
			const wide up = ((wide *)g->u[q * 2 * width + j])[e], um = ((wide *)g->u[(q * 2 + 1) * width + j])[e];
			wide *w = (wide *)g->out[q * z->n_out + j] + e, own = -p->rout * end * um;
			*w = d * *w + own - ratio * a;
			if (q >= MOST_PORTS)
				continue;
			in[q] = p->k * ((up * p->r3 + p->ref * p->r1 - um * p->r3) * end + p->offset[q * z->n_out + j]);
			back[q] = own;
		}
		mask left = (mask){0} - 1;
		for (long turn = 0; turn < TURNS && ports <= MOST_PORTS && any(left); turn++) {
			wide slope, sum = -neuron(p, a + (p->shift[j] - p->ref), &slope);
			for (long q = 0; q < ports; q++) {
				wide w = ((wide *)g->out[q * z->n_out + j])[e], steep;
				wide t = hyperbolic(in[q] + by_out / d * (w - back[q] + ratio * a));
				wide f = t - ka * w - clamped(p, w, &steep), bend = by_out / d * (1.0 - t * t);
				wide per = reciprocal(bend - ka - steep);
				move[q] = -f * per;
				pull[q] = bend * ratio * per;
				sum += g_tie * (w - back[q] - c * a + move[q]);
				slope += g_tie * (c + pull[q]);
			}
			wide moved = sum * reciprocal(slope);
			most = magnitude(moved);
			for (long q = 0; q < ports; q++) {
				move[q] -= pull[q] * moved;
				most = larger(most, magnitude(move[q]));
			}
			wide part = pick(most > MOST_V, MOST_V * reciprocal(most), same(1.0));
			for (long q = 0; q < ports; q++)
				((wide *)g->out[q * z->n_out + j])[e] += part * move[q];
			a += part * moved;
			left = ~(most < CLOSE_V);
		}
		for (long i = 0; i < WIDE; i++) {
			node[e * WIDE + i] = a[i];
			open[e * WIDE + i] = left[i] != 0;
		}
	}
}
