/* SPDX-License-Identifier: Apache-2.0 */
/* nn_stack.c : a whole stack of fully-connected layers in integers */
#include "nn_stack.h"

static inline void tell(nn_mark_t mark, uint32_t index, uint32_t open) {
	if (mark != 0) {
		mark(index, open);
	}
}

void nn_stack_run(const nn_stack_t *stack, const uint32_t *bits, uint8_t *codes, nn_mark_t mark) {
	uint8_t *from = stack->codes;
	uint8_t *to = stack->n_layers == 0u ? codes : from;
	const uint32_t input_words = (stack->n_in + 31u) / 32u;

	for (uint32_t i = 0; i < stack->words; i++) {
		stack->bits[i] = i < input_words ? bits[i] : 0u;
	}
	stack->bits[stack->n_in / 32u] |= 1u << (stack->n_in % 32u);
	tell(mark, 0, 1);
	nn_fc_binary(stack->bits, stack->words, stack->plus, stack->used, stack->n_used,
		     stack->n_out, &stack->lut, to);
	tell(mark, 0, 0);
	for (uint32_t k = 0; k < stack->n_layers; k++) {
		const nn_layer_t *layer = &stack->layers[k];

		to = from == stack->codes ? stack->codes + stack->widest : stack->codes;
		if (k + 1u == stack->n_layers) {
			to = codes;
		}
		tell(mark, k + 1u, 1);
		nn_fc_codes(from, layer->n_in, layer->weight, layer->n_out, &layer->lut, to);
		tell(mark, k + 1u, 0);
		from = to;
	}
}
