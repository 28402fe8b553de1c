/* SPDX-License-Identifier: Apache-2.0 */
/* nn_conv.c : 5x5 convolution, two output channels by a few columns at a time */
#include "nn_conv.h"

#define K NN_KERNEL
#define MAX_COLS 5u

/*
 * One block: `CO` output channels by `N` neighbouring columns of one row, sums in registers.
 * Each loaded pixel serves up to five columns and both channels, each weight all columns. CO and N
 * are constants at every call, so the loops over them unroll.
 */
static inline __attribute__((always_inline)) void block(const nn_shape_t *s, const uint8_t *x,
							const int8_t *weight, const int32_t *bias,
							int32_t *acc, const uint32_t CO,
							const uint32_t N) {
	const uint32_t plane = (s->rows - K + 1u) * (s->cols - K + 1u);
	const uint32_t per_output = s->c_in * K * K;
	const uint32_t next_channel = (s->rows - K) * s->cols;
	int32_t sum[2][MAX_COLS];

#pragma GCC unroll 8
	for (uint32_t co = 0; co < CO; co++) {
#pragma GCC unroll 8
		for (uint32_t n = 0; n < N; n++) {
			sum[co][n] = bias[co];
		}
	}
	const int8_t *w0 = weight;
	for (uint32_t ci = 0; ci < s->c_in; ci++) {
		const int8_t *const end = w0 + K * K;
		do {
			int32_t w[2][K];
#pragma GCC unroll 8
			for (uint32_t k = 0; k < K; k++) {
				w[0][k] = w0[k];
				w[1][k] = CO > 1u ? w0[per_output + k] : 0;
			}
#pragma GCC unroll 16
			for (uint32_t i = 0; i < N + K - 1u; i++) {
				const int32_t pixel = x[i];
#pragma GCC unroll 8
				for (uint32_t k = 0; k < K; k++) {
					if (i >= k && i - k < N) {
						sum[0][i - k] += w[0][k] * pixel;
						if (CO > 1u) {
							sum[1][i - k] += w[1][k] * pixel;
						}
					}
				}
			}
			w0 += K;
			x += s->cols;
		} while (w0 != end);
		x += next_channel;
	}
#pragma GCC unroll 8
	for (uint32_t co = 0; co < CO; co++) {
#pragma GCC unroll 8
		for (uint32_t n = 0; n < N; n++) {
			acc[co * plane + n] = sum[co][n];
		}
	}
}

/* All rows and columns of CO output channels. */
static inline __attribute__((always_inline)) void planes(const nn_shape_t *s, const uint8_t *x,
							 const int8_t *weight, const int32_t *bias,
							 int32_t *acc, const uint32_t CO) {
	const uint32_t out_rows = s->rows - K + 1u;
	const uint32_t out_cols = s->cols - K + 1u;

	for (uint32_t row = 0; row < out_rows; row++) {
		const uint8_t *from = x + row * s->cols;
		int32_t *to = acc + row * out_cols;
		uint32_t left = out_cols;

		if (left % 5u == 0u) {
			for (; left != 0u; left -= 5u, from += 5, to += 5) {
				block(s, from, weight, bias, to, CO, 5);
			}
		} else {
			for (; left >= 4u; left -= 4u, from += 4, to += 4) {
				block(s, from, weight, bias, to, CO, 4);
			}
			for (; left != 0u; left--, from++, to++) {
				block(s, from, weight, bias, to, CO, 1);
			}
		}
	}
}

void nn_conv5(const nn_shape_t *shape, const uint8_t *x, const int8_t *weight,
	      const int32_t *bias, int32_t *acc) {
	const uint32_t plane = (shape->rows - K + 1u) * (shape->cols - K + 1u);
	const uint32_t per_output = shape->c_in * K * K;
	uint32_t co = 0;

	for (; co + 2u <= shape->c_out; co += 2u) {
		planes(shape, x, weight + co * per_output, bias + co, acc + co * plane, 2);
	}
	if (co < shape->c_out) {
		planes(shape, x, weight + co * per_output, bias + co, acc + co * plane, 1);
	}
}
