/* SPDX-License-Identifier: Apache-2.0 */
/* nn_stack.h : a whole stack of fully-connected layers in integers */
#ifndef NN_STACK_H
#define NN_STACK_H

#include <stdint.h>

#include "nn_fc.h"

/** One layer after the first. `weight` [n_out][n_in + 1], the bias last. */
typedef struct {
	uint32_t n_in;
	uint32_t n_out;
	const int8_t *weight;
	nn_lut_t lut;
} nn_layer_t;

/** A stack: a layer of bit planes (nn_fc.h), then `n_layers` layers on codes. */
typedef struct {
	uint32_t n_in;
	uint32_t words; /* of n_in inputs and the bias */
	uint32_t n_out;
	const uint32_t *plus;
	const uint32_t *used;
	const int16_t *n_used;
	nn_lut_t lut;
	const nn_layer_t *layers;
	uint32_t n_layers;
	uint32_t *bits; /* scratch of `words` words */
	uint8_t *codes; /* scratch of twice `widest` bytes */
	uint32_t widest; /* most outputs of any layer */
} nn_stack_t;

/** Called at the start (`open` 1) and the end (0) of layer `index`, from 0. */
typedef void (*nn_mark_t)(uint32_t index, uint32_t open);

/**
 * Runs the stack on input bits; `codes` gets the last layer's codes, owned by the caller.
 * @param mark may be 0
 */
void nn_stack_run(const nn_stack_t *stack, const uint32_t *bits, uint8_t *codes, nn_mark_t mark);

#endif
