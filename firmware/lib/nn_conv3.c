/* SPDX-License-Identifier: Apache-2.0 */
/* nn_conv3.c : 3x3 convolution and pooling on planes with a border */
#include "nn_conv3.h"

#define K 3u

uint32_t nn_planes_bytes(const nn_planes_t *planes) {
	const uint32_t lines = planes->channels * (planes->rows + 1u) + 1u;

	return (lines * planes->pitch + 1u + 3u) / 4u * 4u;
}

void nn_planes_clear(const nn_planes_t *planes, uint8_t *x) {
	uint32_t *word = __builtin_assume_aligned(x, 4);
	const uint32_t *const end = word + nn_planes_bytes(planes) / 4u;

	while (word != end) {
		*word++ = 0;
	}
}

void nn_conv3(const nn_planes_t *planes, const uint8_t *x, const int32_t *group, int32_t *acc) {
	const int8_t *const weight = (const int8_t *)(group + NN_CONV3_GROUP);
	const uint32_t cols = planes->cols;
	const nn_block_t block = {
		.pitch = planes->pitch,
		.next_channel = (planes->rows + 1u - K) * planes->pitch,
		.end = weight + planes->channels * K * K * NN_CONV3_GROUP,
		.bias = group,
		.plane_bytes = planes->rows * cols * 4u,
		.row_bytes = cols * 4u,
	};

	if (cols % 8u == 0u) {
		for (uint32_t row = 0; row < planes->rows; row++) {
			for (uint32_t col = 0; col < cols; col += 8u) {
				nn_block_1x8(x + col, weight, &block, acc + col);
			}
			x += planes->pitch;
			acc += cols;
		}
		return;
	}
	for (uint32_t row = 0; row < planes->rows; row += 2u) {
		uint32_t col = 0;

		for (; col + 4u <= cols; col += 4u) {
			nn_block_2x4(x + col, weight, &block, acc + col);
		}
		for (; col < cols; col += 2u) {
			nn_block_2x2(x + col, weight, &block, acc + col);
		}
		x += 2u * planes->pitch;
		acc += 2u * cols;
	}
}

static inline int32_t max2(int32_t a, int32_t b) {
	return a > b ? a : b;
}

/* GCC shifts signed values arithmetically, which is the floor the reference states. */
static inline int32_t clip(int32_t value, int32_t low) {
	if (value > 127) {
		return 127;
	}
	return value < low ? low : value;
}

/* One plane; `kind` and `low` are constants at every call. */
static inline __attribute__((always_inline)) void pool(const int32_t *acc, uint32_t rows,
						       uint32_t cols, nn_pool_t kind, uint32_t shift,
						       int32_t low, uint8_t *out, uint32_t pitch) {
	const uint32_t step = kind == NN_POOL_NONE ? 1u : 2u;

	for (uint32_t row = 0; row < rows; row += step) {
		const int32_t *const end = acc + cols;
		uint8_t *to = out;

		for (; acc != end; acc += step) {
			int32_t value = acc[0];

			if (kind == NN_POOL_MAX) {
				value = max2(max2(acc[0], acc[1]), max2(acc[cols], acc[cols + 1u]));
			} else if (kind == NN_POOL_SUM) {
				value = acc[0] + acc[1] + acc[cols] + acc[cols + 1u];
			}
			*to++ = (uint8_t)clip(value >> shift, low);
		}
		acc += (step - 1u) * cols;
		out += pitch;
	}
}

void nn_pool_planes(const int32_t *acc, uint32_t rows, uint32_t cols, nn_pool_t kind, uint32_t shift,
		    const nn_planes_t *planes, uint32_t first, uint8_t *out) {
	for (uint32_t k = 0; k < NN_CONV3_GROUP && first + k < planes->channels; k++) {
		const int32_t *const from = acc + k * rows * cols;
		const uint32_t line = (first + k) * (planes->rows + 1u) + 1u;
		uint8_t *const to = out + line * planes->pitch + 1u;

		if (kind == NN_POOL_MAX) {
			pool(from, rows, cols, NN_POOL_MAX, shift, 0, to, planes->pitch);
		} else if (kind == NN_POOL_SUM) {
			pool(from, rows, cols, NN_POOL_SUM, shift, 0, to, planes->pitch);
		} else {
			pool(from, rows, cols, NN_POOL_NONE, shift, 0, to, planes->pitch);
		}
	}
}

void nn_pool_features(const int32_t *acc, uint32_t channels, uint32_t rows, uint32_t cols,
		      nn_pool_t kind, uint32_t shift, int32_t low, int8_t *features) {
	const uint32_t step = kind == NN_POOL_NONE ? 1u : 2u;
	uint8_t *out = (uint8_t *)features;

	for (uint32_t k = 0; k < channels; k++) {
		pool(acc, rows, cols, kind, shift, low, out, cols / step);
		acc += rows * cols;
		out += rows / step * (cols / step);
	}
}

void nn_sign_bits(const int8_t *features, uint32_t n, uint32_t *bits) {
	for (uint32_t i = 0; i < n; i += 32u) {
		const uint32_t left = n - i < 32u ? n - i : 32u;
		uint32_t word = 0;

		for (uint32_t k = 0; k < left; k++) {
			word |= (uint32_t)(*features++ >= 0) << k;
		}
		*bits++ = word;
	}
	if (n % 32u == 0u) {
		*bits = 0;
	}
}
