/* SPDX-License-Identifier: Apache-2.0 */
/* snn.c : one picture through a spiking network, and the lines printed about it */
#include "snn.h"

#include "console.h"
#include "nn_fc.h"
#include "sys.h"

#define SCRATCH __attribute__((section(".noinit"), aligned(4)))

static snn_map_t maps[2] SCRATCH;
static uint8_t edged[(SNN_IMAGE_SIDE + 2u) * (SNN_IMAGE_SIDE + 2u)] SCRATCH;

static void clear(snn_map_t map) {
	for (uint32_t t = 0; t < SNN_STEPS; t++) {
		for (uint32_t i = 0; i < sizeof(map[t]) / sizeof(map[t][0]); i++) {
			map[t][i] = 0;
		}
	}
}

static void load(uint32_t picture) {
	const uint8_t *in = snn_pixels[picture];

	for (uint32_t i = 0; i < sizeof(edged); i++) {
		edged[i] = 0;
	}
	for (uint32_t row = 1; row <= SNN_IMAGE_SIDE; row++) {
		for (uint32_t col = 1; col <= SNN_IMAGE_SIDE; col++) {
			edged[row * (SNN_IMAGE_SIDE + 2u) + col] = *in++;
		}
	}
}

/* Largest sum of 2x2 places, the first at `at`. */
static int32_t current(const uint8_t *at, const int8_t *w) {
	const uint32_t wide = SNN_IMAGE_SIDE + 2u;
	int32_t most = INT32_MIN;

	for (uint32_t place = 0; place < 4u; place++) {
		const uint8_t *x = at + (place >> 1) * wide + (place & 1u);
		int32_t sum = 0;

		for (uint32_t k = 0; k < 3u; k++, x += wide) {
			sum += w[3u * k] * x[0] + w[3u * k + 1u] * x[1] + w[3u * k + 2u] * x[2];
		}
		most = sum > most ? sum : most;
	}
	return most;
}

/* Pixels to spikes of every step; the same current in all of them. */
static void encode(snn_map_t out) {
	const uint32_t side = SNN_IMAGE_SIDE / 2u;

	for (uint32_t row = 0; row < side; row++) {
		for (uint32_t col = 0; col < side; col++) {
			const uint8_t *at = edged + 2u * row * (SNN_IMAGE_SIDE + 2u) + 2u * col;
			uint32_t spikes[SNN_STEPS] = {0};

			for (uint32_t c = 0; c < SNN_ROWS; c++) {
				const int32_t more = current(at, snn_encoder_weight + SNN_PLACES * c) +
						     snn_encoder_bias[c];
				int32_t membrane = 0;

				for (uint32_t t = 0; t < SNN_STEPS; t++) {
					membrane += more;
					if (membrane >= snn_encoder_threshold[t * SNN_ROWS + c]) {
						spikes[t] |= 1u << c;
						membrane -= snn_encoder_reset[c];
					}
				}
			}
			for (uint32_t t = 0; t < SNN_STEPS; t++) {
				out[t][(row + 1u) * (side + 2u) + col + 1u] = spikes[t];
			}
		}
	}
}

static uint32_t run(const snn_layer_t *layer, uint32_t index, snn_map_t in, snn_map_t out,
		    snn_place_t *place) {
	const uint32_t wide = layer->side + 2u;
	const uint32_t shift = layer->pool;
	const uint32_t out_wide = (layer->side >> shift) + 2u;

	clear(out);
	for (uint32_t row = 0; row < layer->side; row++) {
		for (uint32_t col = 0; col < layer->side; col++) {
			uint32_t words[SNN_STEPS * SNN_PLACES];
			uint32_t spikes[SNN_STEPS];
			uint32_t *word = words;
			uint32_t status;

			for (uint32_t t = 0; t < SNN_STEPS; t++) {
				const uint32_t *at = in[t] + row * wide + col;

				for (uint32_t k = 0; k < 3u; k++, at += wide) {
					*word++ = at[0];
					*word++ = at[1];
					*word++ = at[2];
				}
			}
			status = place(layer, index, words, spikes);
			if (status != 0u) {
				return status;
			}
			for (uint32_t t = 0; t < SNN_STEPS; t++) {
				out[t][((row >> shift) + 1u) * out_wide + (col >> shift) + 1u] |= spikes[t];
			}
		}
	}
	return 0;
}

static uint32_t bits_of(uint32_t x) {
	x -= (x >> 1) & 0x55555555u;
	x = (x & 0x33333333u) + ((x >> 2) & 0x33333333u);
	x = (x + (x >> 4)) & 0x0f0f0f0fu;
	return (x * 0x01010101u) >> 24;
}

static uint32_t readout(snn_map_t in, int32_t *scores) {
	const uint32_t wide = SNN_OUT_SIDE + 2u;
	uint32_t best = 0;

	for (uint32_t c = 0; c < SNN_CLASSES; c++) {
		const uint32_t *plus = snn_readout + c * SNN_OUT_SIDE * SNN_OUT_SIDE;
		int32_t score = snn_readout_bias[c];

		for (uint32_t row = 1; row <= SNN_OUT_SIDE; row++) {
			for (uint32_t col = 1; col <= SNN_OUT_SIDE; col++, plus++) {
				for (uint32_t t = 0; t < SNN_STEPS; t++) {
					const uint32_t spikes = in[t][row * wide + col];

					score += (int32_t)(2u * bits_of(*plus & spikes)) -
						 (int32_t)bits_of(spikes);
				}
			}
		}
		scores[c] = score;
		best = score > scores[best] ? c : best;
	}
	return best;
}

static void field(const char *name, uint32_t value) {
	console_puts(name);
	console_u32(value);
}

uint32_t snn_infer(uint32_t picture, snn_place_t *place) {
	int32_t scores[SNN_CLASSES];
	uint32_t hash = 0;
	uint32_t layer_cycles, best, status = 0;

	sys_region_open(REGION_IMAGE);
	const uint32_t start = sys_cycles();
	const uint32_t instret = sys_instret();

	sys_region_open(REGION_LOAD);
	load(picture);
	sys_region_close(REGION_LOAD);
	sys_region_open(REGION_CONV(0));
	clear(maps[0]);
	encode(maps[0]);
	sys_region_close(REGION_CONV(0));
	layer_cycles = sys_cycles();
	for (uint32_t k = 0; k < SNN_LAYERS && status == 0u; k++) {
		sys_region_open(REGION_CONV(k + 1u));
		status = run(&snn_layers[k], k, maps[k % 2u], maps[(k + 1u) % 2u], place);
		sys_region_close(REGION_CONV(k + 1u));
	}
	layer_cycles = sys_cycles() - layer_cycles;
	if (status != 0u) {
		return status;
	}
	sys_region_open(REGION_ARGMAX);
	best = readout(maps[SNN_LAYERS % 2u], scores);
	sys_region_close(REGION_ARGMAX);

	const uint32_t retired = sys_instret() - instret;
	const uint32_t cycles = sys_cycles() - start;

	sys_region_close(REGION_IMAGE);
	sys_region_open(REGION_REPORT);
	for (uint32_t t = 0; t < SNN_STEPS; t++) {
		hash = (hash * 0x01000193u) ^ nn_fnv1a((const uint8_t *)maps[SNN_LAYERS % 2u][t],
						       4u * (SNN_OUT_SIDE + 2u) * (SNN_OUT_SIDE + 2u));
	}
	field("image ", picture);
	field(" class ", best);
	field(" cycles ", cycles);
	field(" fc_cycles ", layer_cycles);
	field(" instret ", retired);
	field("\nchecksum ", picture);
	console_putc(' ');
	console_hex(hash);
	console_putc('\n');
	sys_region_close(REGION_REPORT);
	return 0;
}
