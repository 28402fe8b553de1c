/* SPDX-License-Identifier: Apache-2.0 */
/* nn_fc.c : fully-connected layers in integers */
#include "nn_fc.h"

#define BIAS_CODE 255

static inline int32_t popcount(uint32_t v) {
	v -= (v >> 1) & 0x55555555u;
	v = (v & 0x33333333u) + ((v >> 2) & 0x33333333u);
	v = (v + (v >> 4)) & 0x0f0f0f0fu;
	return (int32_t)((v * 0x01010101u) >> 24);
}

static inline uint8_t neuron(const nn_lut_t *lut, int32_t sum) {
	int32_t place = (sum >> lut->shift) + lut->offset;

	if (place < 0) {
		place = 0;
	}
	if (place >= (int32_t)lut->size) {
		place = (int32_t)lut->size - 1;
	}
	return lut->table[place];
}

/* With m used weights of which d differ from their input, the sum is m - 2 d. */
void nn_fc_binary(const uint32_t *bits, uint32_t words, const uint32_t *plus, const uint32_t *used,
		  uint32_t n_out, const nn_lut_t *lut, uint8_t *codes) {
	for (uint32_t j = 0; j < n_out; j++) {
		int32_t sum = 0;

		for (uint32_t i = 0; i < words; i++) {
			sum += popcount(used[i]) - 2 * popcount((bits[i] ^ plus[i]) & used[i]);
		}
		codes[j] = neuron(lut, sum);
		plus += words;
		used += words;
	}
}

void nn_fc_codes(const uint8_t *x, uint32_t n_in, const int8_t *weight, uint32_t n_out,
		 const nn_lut_t *lut, uint8_t *codes) {
	for (uint32_t j = 0; j < n_out; j++) {
		const int8_t *const end = weight + n_in;
		const uint8_t *from = x;
		int32_t sum = 0;

#pragma GCC unroll 4
		while (weight != end) {
			sum += *weight++ * *from++;
		}
		sum += *weight++ * BIAS_CODE;
		codes[j] = neuron(lut, sum);
	}
}

uint32_t nn_argmax(const uint8_t *codes, uint32_t n) {
	uint32_t best = 0;

	for (uint32_t i = 1; i < n; i++) {
		if (codes[i] > codes[best]) {
			best = i;
		}
	}
	return best;
}

uint32_t nn_fnv1a(const uint8_t *bytes, uint32_t n) {
	uint32_t digest = 0x811c9dc5u;

	for (uint32_t i = 0; i < n; i++) {
		digest = (digest ^ bytes[i]) * 0x01000193u;
	}
	return digest;
}
