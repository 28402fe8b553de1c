/* SPDX-License-Identifier: Apache-2.0 */
/* external.h : a network whose tables, weights and pictures lie in external memory */
#ifndef EXTERNAL_H
#define EXTERNAL_H

#include <stdint.h>

#include "external_layout.h"
#include "nn_fc.h"

typedef enum {
	EXTERNAL_OK = 0,
	EXTERNAL_ERR_MAGIC = 1, /* external memory holds no network */
	EXTERNAL_ERR_RAM = 2,   /* its buffers do not fit in the RAM */
	EXTERNAL_ERR_DMA = 3,   /* a transfer ended with an error */
} external_status_t;

/** A network and its buffers in the RAM, all owned by external_open. */
typedef struct {
	external_header_t header;
	const external_stage_t *stages;
	const external_layer_t *layers;
	uint8_t *planes[2]; /* input and output of a stage in turns */
	void *parts[2];     /* weights: one is computed with while the other one is filled */
	int32_t *sums;
	int8_t *features;
	uint32_t *bits; /* signs of the features, one word more than they need at most */
	uint8_t *codes; /* twice the widest FC layer */
	uint8_t *tables; /* EXTERNAL_LUT_MAX bytes an FC layer */
} external_t;

/** Called at the start (`open` 1) and the end (0) of stage or layer `index`, from 0. */
typedef void (*external_mark_t)(uint32_t index, uint32_t open);

/** Reads the header and tables, lays out the buffers behind the program. */
external_status_t external_open(external_t *net);

/** Fetches picture `index` into the planes of the first stage. */
external_status_t external_load(external_t *net, uint32_t index);

/** All convolution stages on the loaded picture: fills `features` and `bits`. */
external_status_t external_features(external_t *net, external_mark_t mark);

/**
 * FC layers on the CPU.
 * @param codes the last layer's codes, header.classes of them, owned by the caller
 */
external_status_t external_stack(external_t *net, uint8_t *codes, external_mark_t mark);

#endif
