/* SPDX-License-Identifier: Apache-2.0 */
/* nn_conv.c : 5x5 convolution, one output channel by several columns at a time */
#include "nn_conv.h"

/* GCC's scheduler would spill the sums: 15 % more cycles, measured on the SoC. */
#pragma GCC optimize("no-schedule-insns")

#define K NN_KERNEL
#define MAX_COLS 10u

/*
 * One block: N neighbouring columns of one output row, their sums in registers. A loaded weight
 * serves all N columns, a loaded pixel up to five of them: per product little more than one multiply
 * and one addition. N is a constant at every call, so the loops over it unroll.
 */
static inline __attribute__((always_inline)) void block(const nn_shape_t *s, const uint8_t *x,
							const int8_t *weight, int32_t bias,
							int32_t *acc, const uint32_t N) {
	const uint32_t next_row = s->cols;
	const uint32_t next_channel = (s->rows - K) * s->cols;
	const int8_t *const end = weight + s->c_in * K * K;
	int32_t sum[MAX_COLS];

#pragma GCC unroll 16
	for (uint32_t n = 0; n < N; n++) {
		sum[n] = bias;
	}
	while (weight != end) {
		const int8_t *const plane_end = weight + K * K;
		do {
			int32_t w[K];
#pragma GCC unroll 8
			for (uint32_t k = 0; k < K; k++) {
				w[k] = weight[k];
			}
#pragma GCC unroll 16
			for (uint32_t i = 0; i < N + K - 1u; i++) {
				const int32_t pixel = x[i];
#pragma GCC unroll 8
				for (uint32_t k = 0; k < K; k++) {
					if (i >= k && i - k < N) {
						sum[i - k] += w[k] * pixel;
					}
				}
			}
			weight += K;
			x += next_row;
		} while (weight != plane_end);
		x += next_channel;
	}
#pragma GCC unroll 16
	for (uint32_t n = 0; n < N; n++) {
		acc[n] = sum[n];
	}
}

void nn_conv5(const nn_shape_t *shape, const uint8_t *x, const int8_t *weight,
	      const int32_t *bias, int32_t *acc) {
	const uint32_t out_cols = shape->cols - K + 1u;

	for (uint32_t co = 0; co < shape->c_out; co++) {
		const uint8_t *line = x;

		for (uint32_t row = 0; row < shape->rows - K + 1u; row++) {
			const uint8_t *from = line;
			const int32_t *const end = acc + out_cols;

			if (out_cols % 10u == 0u) {
				for (; acc != end; from += 10, acc += 10) {
					block(shape, from, weight, *bias, acc, 10);
				}
			} else {
				for (; end - acc >= 7; from += 7, acc += 7) {
					block(shape, from, weight, *bias, acc, 7);
				}
				for (; acc != end; from++, acc++) {
					block(shape, from, weight, *bias, acc, 1);
				}
			}
			line += shape->cols;
		}
		weight += shape->c_in * K * K;
		bias++;
	}
}
