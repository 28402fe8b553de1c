/* SPDX-License-Identifier: Apache-2.0 */
/* nn_conv.h : integer convolution and pooling, bit for bit as cosim/model/integer.py */
#ifndef NN_CONV_H
#define NN_CONV_H

#include <stdint.h>

/** Shape of one stage's input and kernel count; the kernel is 5x5, stride 1, no padding. */
typedef struct {
	uint32_t c_in;
	uint32_t c_out;
	uint32_t rows;
	uint32_t cols;
} nn_shape_t;

typedef enum { NN_POOL_NONE = 0, NN_POOL_MAX = 1, NN_POOL_SUM = 2 } nn_pool_t;

/** Side of the kernel. */
#define NN_KERNEL 5u

/**
 * acc[c_out][rows - 4][cols - 4] = bias + sum of weight * x.
 * @param x values 0..255 or 0..127, [c_in][rows][cols]
 * @param weight [c_out][c_in][5][5]
 * @param acc written by the call, owned by the caller
 */
void nn_conv5(const nn_shape_t *shape, const uint8_t *x, const int8_t *weight,
	      const int32_t *bias, int32_t *acc);

/** Pads one image with zeros: out[rows + 2 pad][cols + 2 pad]. */
void nn_pad(const uint8_t *x, uint32_t rows, uint32_t cols, uint32_t pad, uint8_t *out);

/** Pools `channels` planes of acc, shifts down, clips to 0..127 (ReLU). */
void nn_pool_relu(const int32_t *acc, uint32_t channels, uint32_t rows, uint32_t cols,
		  nn_pool_t pool, uint32_t shift, uint8_t *out);

/**
 * Pools as above but keeps the sign (-128..127), and packs the features' signs on the way.
 * @param features int8, one per pooled place, channel-major
 * @param bits 1 where the feature is not negative, 32 a word, first in the LSB, rest 0
 */
void nn_pool_sign(const int32_t *acc, uint32_t channels, uint32_t rows, uint32_t cols,
		  nn_pool_t pool, uint32_t shift, int8_t *features, uint32_t *bits);

#endif
