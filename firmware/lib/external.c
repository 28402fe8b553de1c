/* SPDX-License-Identifier: Apache-2.0 */
/* external.c : the network in external memory: its buffers and its FC layers on the CPU */
#include "external.h"

#include "dma.h"

extern uint8_t __ram_used[];
extern uint8_t __stack_top[];
extern uint8_t STACK_BYTES[]; /* a number: its address counts */

static external_status_t fetch(uint32_t at, void *to, uint32_t bytes) {
	dma_get(at, to, bytes);
	return dma_wait() == DMA_OK ? EXTERNAL_OK : EXTERNAL_ERR_DMA;
}

static void *take(uint8_t **at, uint32_t bytes) {
	void *const from = *at;

	*at += (bytes + 3u) / 4u * 4u;
	return from;
}

static uint32_t larger(uint32_t a, uint32_t b) {
	return a > b ? a : b;
}

external_status_t external_open(external_t *net) {
	external_header_t *const h = &net->header;
	uint8_t *at = __ram_used;
	const uint8_t *const end = __stack_top - (uintptr_t)STACK_BYTES;

	if (fetch(0, h, sizeof(*h)) != EXTERNAL_OK) {
		return EXTERNAL_ERR_DMA;
	}
	if (h->magic != EXTERNAL_MAGIC) {
		return EXTERNAL_ERR_MAGIC;
	}
	const uint32_t stage_bytes = h->stages * (uint32_t)sizeof(external_stage_t);
	const uint32_t layer_bytes = h->layers * (uint32_t)sizeof(external_layer_t);
	const uint32_t part_bytes = larger(h->group_bytes, h->chunk_bytes);

	for (uint32_t k = 0; k < 2u; k++) {
		net->planes[k] = take(&at, h->plane_bytes);
		net->parts[k] = take(&at, part_bytes);
	}
	net->sums = take(&at, 4u * h->sums);
	net->features = take(&at, h->features);
	net->bits = take(&at, 4u * (h->features / 32u + 1u));
	net->codes = take(&at, 2u * h->widest);
	net->tables = take(&at, EXTERNAL_LUT_MAX * h->layers);
	external_stage_t *const stages = take(&at, stage_bytes);
	external_layer_t *const layers = take(&at, layer_bytes);

	if (at > end) {
		return EXTERNAL_ERR_RAM;
	}
	net->stages = stages;
	net->layers = layers;
	if (fetch(h->stage_table, stages, stage_bytes) != EXTERNAL_OK) {
		return EXTERNAL_ERR_DMA;
	}
	return fetch(h->layer_table, layers, layer_bytes);
}

/* One layer, its weights in parts; the next part comes while the present one is worked with. */
static external_status_t layer(external_t *net, uint32_t index, const uint8_t *from, uint8_t *to) {
	const external_layer_t *const l = &net->layers[index];
	const nn_lut_t lut = {net->tables + index * EXTERNAL_LUT_MAX, l->table_size, l->lut_shift,
			      l->lut_offset};
	uint32_t at = l->rows;
	uint32_t turn = 0;

	if (fetch(l->table, net->tables + index * EXTERNAL_LUT_MAX, EXTERNAL_LUT_MAX) !=
	    EXTERNAL_OK) {
		return EXTERNAL_ERR_DMA;
	}
	dma_get(at, net->parts[0], l->chunk_bytes);
	for (uint32_t done = 0; done < l->n_out; done += EXTERNAL_ROWS_A_CHUNK) {
		const uint32_t left = l->n_out - done;
		const uint32_t n = left < EXTERNAL_ROWS_A_CHUNK ? left : EXTERNAL_ROWS_A_CHUNK;
		const void *const part = net->parts[turn];

		if (dma_wait() != DMA_OK) {
			return EXTERNAL_ERR_DMA;
		}
		turn ^= 1u;
		at += l->chunk_bytes;
		if (n != left) {
			dma_get(at, net->parts[turn], l->chunk_bytes);
		}
		if (l->words != 0u) {
			const uint32_t *const plus = part;
			const uint32_t *const used = plus + EXTERNAL_ROWS_A_CHUNK * l->words;
			const uint32_t *const n_used = used + EXTERNAL_ROWS_A_CHUNK * l->words;

			nn_fc_binary(net->bits, l->words, plus, used, (const int16_t *)n_used, n,
				     &lut, to + done);
		} else {
			nn_fc_codes(from, l->n_in, part, n, &lut, to + done);
		}
	}
	return EXTERNAL_OK;
}

external_status_t external_stack(external_t *net, uint8_t *codes, external_mark_t mark) {
	const uint32_t n_in = net->layers[0].n_in;
	uint8_t *from = net->codes;
	external_status_t status = EXTERNAL_OK;

	net->bits[n_in / 32u] |= 1u << (n_in % 32u); /* the bias counts as a last input of 1 */
	for (uint32_t k = 0; k < net->header.layers && status == EXTERNAL_OK; k++) {
		uint8_t *const to = k + 1u == net->header.layers ? codes
				    : k % 2u == 0u ? net->codes + net->header.widest
						   : net->codes;

		mark(k, 1);
		status = layer(net, k, from, to);
		mark(k, 0);
		from = to;
	}
	return status;
}
