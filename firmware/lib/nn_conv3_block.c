/* SPDX-License-Identifier: Apache-2.0 */
/* nn_conv3_block.c : the same as nn_conv3_block.S in C, for other machines and for tests */
#include "nn_conv3.h"

static void block(const uint8_t *x, const int8_t *weight, const nn_block_t *b, int32_t *acc,
		  uint32_t rows, uint32_t cols) {
	for (uint32_t m = 0; m < NN_CONV3_GROUP; m++) {
		for (uint32_t r = 0; r < rows; r++) {
			for (uint32_t c = 0; c < cols; c++) {
				const uint8_t *from = x + r * b->pitch + c;
				int32_t sum = b->bias[m];

				for (const int8_t *w = weight + 3u * m; w < b->end; w += 18) {
					for (uint32_t k = 0; k < 9u; k++) {
						sum += w[k / 3u * 6u + k % 3u] *
						       from[k / 3u * b->pitch + k % 3u];
					}
					from += 3u * b->pitch + b->next_channel;
				}
				acc[(m * b->plane_bytes + r * b->row_bytes) / 4u + c] = sum;
			}
		}
	}
}

void nn_block_1x8(const uint8_t *x, const int8_t *weight, const nn_block_t *b, int32_t *acc) {
	block(x, weight, b, acc, 1, 8);
}

void nn_block_2x4(const uint8_t *x, const int8_t *weight, const nn_block_t *b, int32_t *acc) {
	block(x, weight, b, acc, 2, 4);
}

void nn_block_2x2(const uint8_t *x, const int8_t *weight, const nn_block_t *b, int32_t *acc) {
	block(x, weight, b, acc, 2, 2);
}
