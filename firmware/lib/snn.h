/* SPDX-License-Identifier: Apache-2.0 */
/* snn.h : a binary spiking network: what both of its programs share */
#ifndef SNN_H
#define SNN_H

#include <stdint.h>

#include "snn_config.h"

#define SNN_PLACES 9u /* of a 3x3 surrounding */
#define SNN_ROWS 32u /* channels of every layer: a place's spikes are one word */

/** One layer; its side is that of its input. */
typedef struct {
	uint32_t side;
	uint32_t pool; /* 1: one spike of 2x2 is a spike */
	const uint32_t *plus; /* SNN_ROWS x SNN_PLACES words: where a weight is +1 */
	const int32_t *threshold; /* SNN_STEPS x SNN_ROWS */
	const int32_t *reset; /* SNN_ROWS */
	const int32_t *skip; /* SNN_ROWS */
	const uint32_t *program; /* of its tile: SNN_PROGRAM_WORDS */
	const uint16_t *codes; /* of its tile: SNN_ROWS x (SNN_STEPS + 2) */
} snn_layer_t;

/** Settings of a run. */
typedef struct {
	uint32_t settle_cycles;
	uint32_t sense_cycles;
	uint32_t prog_cycles;
} snn_settings_t;

extern const snn_settings_t snn_settings;
extern const snn_layer_t snn_layers[SNN_LAYERS];
extern const int8_t snn_encoder_weight[SNN_ROWS * SNN_PLACES];
extern const int32_t snn_encoder_bias[SNN_ROWS];
extern const int32_t snn_encoder_threshold[SNN_STEPS * SNN_ROWS];
extern const int32_t snn_encoder_reset[SNN_ROWS];
extern const uint32_t snn_readout[SNN_CLASSES * SNN_OUT_SIDE * SNN_OUT_SIDE];
extern const int32_t snn_readout_bias[SNN_CLASSES];
extern const uint8_t snn_pixels[SNN_COUNT][SNN_IMAGE_SIDE * SNN_IMAGE_SIDE];

/** Spikes of all steps with a border of none: word [step][(row + 1) * (side + 2) + column + 1]. */
typedef uint32_t snn_map_t[SNN_STEPS][(SNN_SIDE + 2u) * (SNN_SIDE + 2u)];

/**
 * One place of a layer, all steps.
 * @param words SNN_STEPS x SNN_PLACES words of input spikes @param spikes a word a step
 * @return 0, or what went wrong
 */
typedef uint32_t snn_place_t(const snn_layer_t *layer, uint32_t index, const uint32_t *words,
			     uint32_t *spikes);

/** A whole picture: encoder, layers by `place`, readout; prints its lines. @return 0, or what `place` gave. */
uint32_t snn_infer(uint32_t picture, snn_place_t *place);

/** One place on the CPU, in whole numbers: sums of what a row's weights meet, by counting bits. */
snn_place_t snn_place_cpu;

#endif
