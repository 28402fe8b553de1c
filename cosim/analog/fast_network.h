/* SPDX-License-Identifier: Apache-2.0 */
/* fast_network.h : a layer of linear cells as the kernel takes it: products, coupled columns, sources. */
#ifndef FAST_NETWORK_H
#define FAST_NETWORK_H

#include "fast_kernel.h"

enum { PACK = 8 }; /* rows of a product side by side */

typedef wide both[PAIR]; /* of LANES inputs */

struct product {                    /* y = A x + constant */
	long rows, cols;
	const double *packed;       /* [rows/PACK, rounded up][cols][PACK], zeros beyond */
	const double *constant;     /* as many rows */
};

struct network {
	long n_rows, n_out, v, c;
	double drop_ohm, drop_a;    /* of buffers: resistance and current limit; 0: sources are stiff */
	const double *coupling;     /* [2][v][c][c]: vid and feedback current of columns over their outputs */
	struct product given;       /* vid of all columns, then their feedback currents, over sources */
	struct product near, first; /* outputs between hard rails and source currents over sources before their drop */
	struct product taken;       /* source currents over sources behind it, then outputs */
	struct amplifier amp;
};

struct columns { long count, stride; const double *vid, *back, *shift; both *a, *b, *out; };

long solve_columns(const struct amplifier *p, const struct columns *k, int warm, double tol, double *left);

#endif
