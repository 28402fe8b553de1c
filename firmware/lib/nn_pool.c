/* SPDX-License-Identifier: Apache-2.0 */
/* nn_pool.c : padding, 2x2 pooling, requantisation and sign packing */
#include "nn_conv.h"

void nn_pad(const uint8_t *x, uint32_t rows, uint32_t cols, uint32_t pad, uint8_t *out) {
	const uint32_t width = cols + 2u * pad;

	for (uint32_t i = 0; i < pad * width; i++) {
		*out++ = 0;
	}
	for (uint32_t row = 0; row < rows; row++) {
		for (uint32_t i = 0; i < pad; i++) {
			*out++ = 0;
		}
		for (uint32_t i = 0; i < cols; i++) {
			*out++ = *x++;
		}
		for (uint32_t i = 0; i < pad; i++) {
			*out++ = 0;
		}
	}
	for (uint32_t i = 0; i < pad * width; i++) {
		*out++ = 0;
	}
}

static inline int32_t max2(int32_t a, int32_t b) {
	return a > b ? a : b;
}

/* One pooled value; `pool` is a constant at every call. */
static inline __attribute__((always_inline)) int32_t pooled(const int32_t *acc, uint32_t cols,
							    nn_pool_t pool) {
	if (pool == NN_POOL_MAX) {
		return max2(max2(acc[0], acc[1]), max2(acc[cols], acc[cols + 1u]));
	}
	if (pool == NN_POOL_SUM) {
		return acc[0] + acc[1] + acc[cols] + acc[cols + 1u];
	}
	return acc[0];
}

/* GCC shifts signed values arithmetically, which is the floor the reference states. */
static inline int32_t clip(int32_t value, int32_t low) {
	if (value > 127) {
		return 127;
	}
	return value < low ? low : value;
}

static inline __attribute__((always_inline)) void relu_planes(const int32_t *acc, uint32_t channels,
							      uint32_t rows, uint32_t cols,
							      nn_pool_t pool, uint32_t shift,
							      uint8_t *out) {
	const uint32_t step = pool == NN_POOL_NONE ? 1u : 2u;

	for (uint32_t line = 0; line < channels * rows; line += step) {
		const int32_t *const end = acc + cols;
		for (; acc != end; acc += step) {
			*out++ = (uint8_t)clip(pooled(acc, cols, pool) >> shift, 0);
		}
		acc += (step - 1u) * cols;
	}
}

void nn_pool_relu(const int32_t *acc, uint32_t channels, uint32_t rows, uint32_t cols,
		  nn_pool_t pool, uint32_t shift, uint8_t *out) {
	if (pool == NN_POOL_MAX) {
		relu_planes(acc, channels, rows, cols, NN_POOL_MAX, shift, out);
	} else if (pool == NN_POOL_SUM) {
		relu_planes(acc, channels, rows, cols, NN_POOL_SUM, shift, out);
	} else {
		relu_planes(acc, channels, rows, cols, NN_POOL_NONE, shift, out);
	}
}

static inline __attribute__((always_inline)) void sign_planes(const int32_t *acc, uint32_t channels,
							      uint32_t rows, uint32_t cols,
							      nn_pool_t pool, uint32_t shift,
							      int8_t *features, uint32_t *bits) {
	const uint32_t step = pool == NN_POOL_NONE ? 1u : 2u;
	uint32_t word = 0;
	uint32_t mask = 1;

	for (uint32_t line = 0; line < channels * rows; line += step) {
		const int32_t *const end = acc + cols;
		for (; acc != end; acc += step) {
			const int32_t value = clip(pooled(acc, cols, pool) >> shift, -128);

			*features++ = (int8_t)value;
			if (value >= 0) {
				word |= mask;
			}
			mask <<= 1;
			if (mask == 0u) {
				*bits++ = word;
				word = 0;
				mask = 1;
			}
		}
		acc += (step - 1u) * cols;
	}
	if (mask != 1u) {
		*bits = word;
	}
}

void nn_pool_sign(const int32_t *acc, uint32_t channels, uint32_t rows, uint32_t cols,
		  nn_pool_t pool, uint32_t shift, int8_t *features, uint32_t *bits) {
	if (pool == NN_POOL_MAX) {
		sign_planes(acc, channels, rows, cols, NN_POOL_MAX, shift, features, bits);
	} else if (pool == NN_POOL_SUM) {
		sign_planes(acc, channels, rows, cols, NN_POOL_SUM, shift, features, bits);
	} else {
		sign_planes(acc, channels, rows, cols, NN_POOL_NONE, shift, features, bits);
	}
}
