/* SPDX-License-Identifier: Apache-2.0 */
/* snn_place.c : one place of a spiking layer on the CPU, by counting bits */
#include "snn.h"

/* sum and carry of three words, bit by bit */
#define ADD3(a, b, c, sum, carry)                                                                  \
	do {                                                                                       \
		const uint32_t half = (a) ^ (b);                                                   \
		carry = ((a) & (b)) | (half & (c));                                                \
		sum = half ^ (c);                                                                  \
	} while (0)

static uint32_t bits_of(uint32_t x) {
	x -= (x >> 1) & 0x55555555u;
	x = (x & 0x33333333u) + ((x >> 2) & 0x33333333u);
	x = (x + (x >> 4)) & 0x0f0f0f0fu;
	return (x * 0x01010101u) >> 24;
}

/* Bits set in nine words: carries first, so that four words are left to count. */
static uint32_t bits_of_nine(const uint32_t *a) {
	uint32_t s0, s1, s2, c0, c1, c2, ones, c3, twos, f0;

	ADD3(a[0], a[1], a[2], s0, c0);
	ADD3(a[3], a[4], a[5], s1, c1);
	ADD3(a[6], a[7], a[8], s2, c2);
	ADD3(s0, s1, s2, ones, c3);
	ADD3(c0, c1, c2, twos, f0);
	return bits_of(ones) + 2u * (bits_of(twos) + bits_of(c3)) + 4u * bits_of(f0);
}

uint32_t snn_place_cpu(const snn_layer_t *layer, uint32_t index, const uint32_t *words,
		       uint32_t *spikes) {
	uint32_t total[SNN_STEPS];

	(void)index;
	for (uint32_t t = 0; t < SNN_STEPS; t++) {
		total[t] = bits_of_nine(words + t * SNN_PLACES);
		spikes[t] = 0;
	}
	for (uint32_t row = 0; row < SNN_ROWS; row++) {
		const uint32_t *const plus = layer->plus + row * SNN_PLACES;
		const uint32_t *in = words;
		int32_t membrane = 0;

		for (uint32_t t = 0; t < SNN_STEPS; t++) {
			uint32_t met[SNN_PLACES];

			for (uint32_t k = 0; k < SNN_PLACES; k++) {
				met[k] = plus[k] & in[k];
			}
			/* +1 where a weight is plus, -1 elsewhere, 0 without a spike */
			membrane += (int32_t)(2u * bits_of_nine(met)) - (int32_t)total[t];
			if ((in[SNN_PLACES / 2u] >> row & 1u) != 0u) {
				membrane += layer->skip[row];
			}
			if (membrane >= layer->threshold[t * SNN_ROWS + row]) {
				spikes[t] |= 1u << row;
				membrane -= layer->reset[row];
			}
			in += SNN_PLACES;
		}
	}
	return 0;
}
