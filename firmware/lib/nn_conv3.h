/* SPDX-License-Identifier: Apache-2.0 */
/* nn_conv3.h : 3x3 convolution with a border of zeros, two output channels at a time */
#ifndef NN_CONV3_H
#define NN_CONV3_H

#include <stdint.h>

#include "nn_conv.h"

/**
 * Planes with their border: place (r, c) of a plane, r and c from -1, is byte (r + 1) * pitch + c + 1.
 * A row's right border is the next row's left one (pitch > cols), a plane's lower border the next
 * plane's upper one, so planes lie (rows + 1) * pitch bytes apart. Rows and columns are even.
 */
typedef struct {
	uint32_t channels;
	uint32_t rows;
	uint32_t cols;
	uint32_t pitch;
} nn_planes_t;

/** Output channels that one call of nn_conv3 works out. */
#define NN_CONV3_GROUP 2u

/** Bytes of planes with their border, whole words. */
uint32_t nn_planes_bytes(const nn_planes_t *planes);

/** Writes zeros everywhere; x is word-aligned. */
void nn_planes_clear(const nn_planes_t *planes, uint8_t *x);

/**
 * acc[2][rows][cols] = bias + sum of weight * x, for one group of two output channels.
 * @param x values 0..255 or 0..127, border zero
 * @param group bias[2] int32, then weights int8 [c_in][3][2][3]; word-aligned
 * @param acc written by the call, owned by the caller
 */
void nn_conv3(const nn_planes_t *planes, const uint8_t *x, const int32_t *group, int32_t *acc);

/**
 * Pools, shifts down and clips to 0..127 (ReLU) two planes acc[2][rows][cols] into the planes of `out`
 * from number `first` on. `out` may have fewer planes left than two.
 */
void nn_pool_planes(const int32_t *acc, uint32_t rows, uint32_t cols, nn_pool_t pool, uint32_t shift,
		    const nn_planes_t *planes, uint32_t first, uint8_t *out);

/** Pools, shifts down and clips to low..127 planes of acc into `features`, channel-major. */
void nn_pool_features(const int32_t *acc, uint32_t channels, uint32_t rows, uint32_t cols,
		      nn_pool_t pool, uint32_t shift, int32_t low, int8_t *features);

/** bits[n / 32 + 1]: 1 where the feature is not negative, first in the LSB, the rest 0. */
void nn_sign_bits(const int8_t *features, uint32_t n, uint32_t *bits);

/** What one block needs beside its pixels and weights (nn_conv3_block.S). */
typedef struct {
	uint32_t pitch;
	uint32_t next_channel; /* from the fourth row of a plane to the first of the next one */
	const int8_t *end;     /* of the weights */
	const int32_t *bias;   /* two */
	uint32_t plane_bytes;  /* from a channel's sums to the other's */
	uint32_t row_bytes;    /* of sums */
} nn_block_t;

/** Sums of 2 channels, 1 row, 8 columns; x is the place above and left of the first one. */
void nn_block_1x8(const uint8_t *x, const int8_t *weight, const nn_block_t *block, int32_t *acc);

/** Of 2 channels, 2 rows, 4 columns. */
void nn_block_2x4(const uint8_t *x, const int8_t *weight, const nn_block_t *block, int32_t *acc);

/** Of 2 channels, 2 rows, 2 columns. */
void nn_block_2x2(const uint8_t *x, const int8_t *weight, const nn_block_t *block, int32_t *acc);

#endif
