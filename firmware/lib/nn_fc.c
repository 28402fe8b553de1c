/* SPDX-License-Identifier: Apache-2.0 */
/* nn_fc.c : fully-connected layers in integers */
#include "nn_fc.h"

#define BIAS_CODE 255

#define FLUSH_WORDS 31u /* a byte counts up to 8 a word: 31 words stay below 256 */

/* Number of ones in each byte of `v`. */
static inline uint32_t byte_ones(uint32_t v) {
	v -= (v >> 1) & 0x55555555u;
	v = (v & 0x33333333u) + ((v >> 2) & 0x33333333u);
	return (v + (v >> 4)) & 0x0f0f0f0fu;
}

/* Sum of the four bytes of `v`, which may exceed a byte. */
static inline uint32_t byte_sum(uint32_t v) {
	v = (v & 0x00ff00ffu) + ((v >> 8) & 0x00ff00ffu);
	return (v + (v >> 16)) & 0xffffu;
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
		  const int16_t *n_used, uint32_t n_out, const nn_lut_t *lut, uint8_t *codes) {
	for (uint32_t j = 0; j < n_out; j++) {
		uint32_t differ = 0;
		uint32_t left = words;

		for (const uint32_t *x = bits; left != 0u;) {
			uint32_t n = left < FLUSH_WORDS ? left : FLUSH_WORDS;
			uint32_t ones = 0;

			left -= n;
			for (; n != 0u; n--) {
				ones += byte_ones((*x++ ^ *plus++) & *used++);
			}
			differ += byte_sum(ones);
		}
		codes[j] = neuron(lut, n_used[j] - 2 * (int32_t)differ);
	}
}

void nn_fc_codes(const uint8_t *x, uint32_t n_in, const int8_t *weight, uint32_t n_out,
		 const nn_lut_t *lut, uint8_t *codes) {
	const uint32_t row = n_in + 1u;
	uint32_t j = 0;

	/* four outputs share each loaded input; the four rows end in their bias */
	for (; j + 4u <= n_out; j += 4u) {
		const int8_t *w1 = weight + row;
		const int8_t *w2 = w1 + row;
		const int8_t *w3 = w2 + row;
		const uint8_t *const end = x + n_in;
		int32_t s0 = 0;
		int32_t s1 = 0;
		int32_t s2 = 0;
		int32_t s3 = 0;

		for (const uint8_t *from = x; from != end; from++) {
			const int32_t value = *from;

			s0 += *weight++ * value;
			s1 += *w1++ * value;
			s2 += *w2++ * value;
			s3 += *w3++ * value;
		}
		codes[j] = neuron(lut, s0 + *weight * BIAS_CODE);
		codes[j + 1u] = neuron(lut, s1 + *w1 * BIAS_CODE);
		codes[j + 2u] = neuron(lut, s2 + *w2 * BIAS_CODE);
		codes[j + 3u] = neuron(lut, s3 + *w3 * BIAS_CODE);
		weight = w3 + 1;
	}
	for (; j < n_out; j++) {
		int32_t sum = weight[n_in] * BIAS_CODE;

		for (uint32_t i = 0; i < n_in; i++) {
			sum += weight[i] * x[i];
		}
		codes[j] = neuron(lut, sum);
		weight += row;
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
