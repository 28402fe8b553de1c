/* SPDX-License-Identifier: Apache-2.0 */
/* external_conv.c : convolution stages with their weights streamed from external memory */
#include "dma.h"
#include "external.h"
#include "nn_conv3.h"

/* The planes of the first stage begin here, so that the DMA can write a picture's rows as words. */
#define FIRST_PLANE 3u

static nn_planes_t input_planes(const external_stage_t *s) {
	const nn_planes_t planes = {s->c_in, s->rows, s->cols, s->pitch};

	return planes;
}

external_status_t external_load(external_t *net, uint32_t index) {
	const external_header_t *const h = &net->header;
	const nn_planes_t planes = input_planes(net->stages);
	const uint32_t plane = h->rows * h->cols;
	uint32_t from = h->pixels + index * h->channels * plane;
	uint8_t *to = net->planes[0] + FIRST_PLANE + planes.pitch + 1u;

	nn_planes_clear(&planes, net->planes[0]);
	*(uint32_t *)(void *)(net->planes[0] + nn_planes_bytes(&planes)) = 0;
	for (uint32_t c = 0; c < h->channels; c++) {
		const dma_rows_t rows = {from, to, h->cols, h->rows, h->cols, planes.pitch};

		dma_get_rows(&rows);
		if (dma_wait() != DMA_OK) {
			return EXTERNAL_ERR_DMA;
		}
		from += plane;
		to += (h->rows + 1u) * planes.pitch;
	}
	return EXTERNAL_OK;
}

/* One stage; a group's weights come while the group before is worked out. */
static external_status_t stage(external_t *net, uint32_t index) {
	const external_stage_t *const s = &net->stages[index];
	const uint32_t last = index + 1u == net->header.stages;
	const nn_planes_t in = input_planes(s);
	const uint8_t *const x = net->planes[index % 2u] + (index == 0u ? FIRST_PLANE : 0u);
	const uint32_t step = s->pool == NN_POOL_NONE ? 1u : 2u;
	const uint32_t places = s->rows / step * (s->cols / step);
	uint8_t *const y = net->planes[(index + 1u) % 2u];
	nn_planes_t out = {s->c_out, s->rows / step, s->cols / step, 0};
	int8_t *feature = net->features;
	uint32_t at = s->weights;

	if (!last) {
		out.pitch = s[1].pitch;
		nn_planes_clear(&out, y);
	}
	dma_get(at, net->parts[0], s->group_bytes);
	for (uint32_t g = 0; g < s->groups; g++) {
		if (dma_wait() != DMA_OK) {
			return EXTERNAL_ERR_DMA;
		}
		at += s->group_bytes;
		if (g + 1u != s->groups) {
			dma_get(at, net->parts[(g + 1u) % 2u], s->group_bytes);
		}
		nn_conv3(&in, x, net->parts[g % 2u], net->sums);
		if (last) {
			const uint32_t left = s->c_out - g * NN_CONV3_GROUP;
			const uint32_t n = left < NN_CONV3_GROUP ? left : NN_CONV3_GROUP;

			nn_pool_features(net->sums, n, s->rows, s->cols, (nn_pool_t)s->pool,
					 s->shift, s->relu != 0u ? 0 : -128, feature);
			feature += n * places;
		} else {
			nn_pool_planes(net->sums, s->rows, s->cols, (nn_pool_t)s->pool, s->shift,
				       &out, g * NN_CONV3_GROUP, y);
		}
	}
	return EXTERNAL_OK;
}

external_status_t external_features(external_t *net, external_mark_t mark) {
	external_status_t status = EXTERNAL_OK;

	for (uint32_t k = 0; k < net->header.stages && status == EXTERNAL_OK; k++) {
		mark(k, 1);
		status = stage(net, k);
		if (k + 1u == net->header.stages) {
			nn_sign_bits(net->features, net->header.features, net->bits);
		}
		mark(k, 0);
	}
	return status;
}
