/* SPDX-License-Identifier: Apache-2.0 */
/* image.h : what the image builder puts beside the program: network, pictures, settings */
#ifndef IMAGE_H
#define IMAGE_H

#include <stdint.h>

#include "image_config.h"
#include "nn_conv.h"
#include "nn_stack.h"

/** One convolution stage. */
typedef struct {
	nn_shape_t shape;
	nn_pool_t pool;
	uint32_t shift;
	const int8_t *weight;
	const int32_t *bias;
} image_stage_t;

/** Settings of a run; the builder's manifest holds the same values. */
typedef struct {
	uint32_t n_macro;
	uint32_t settle_cycles;
	uint32_t conv_cycles;
	uint32_t prog_cycles;
	uint32_t wait_interrupt; /* 1: wfi and interrupt, 0: imac.wait */
	uint32_t print_checksum; /* 1: a line with the features' checksum */
	uint32_t print_features; /* 1: a line with all features */
} image_settings_t;

extern const image_settings_t image_settings;
#if IMAGE_STAGES != 0
extern const image_stage_t image_stages[IMAGE_STAGES];
#endif
extern const nn_stack_t image_twin;
extern const uint32_t image_program[IMAGE_PROGRAM_WORDS];
extern const uint8_t image_pixels[IMAGE_COUNT][IMAGE_CHANNELS * IMAGE_ROWS * IMAGE_COLS];

#endif
