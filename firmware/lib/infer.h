/* SPDX-License-Identifier: Apache-2.0 */
/* infer.h : convolutions of one picture and the lines printed about it */
#ifndef INFER_H
#define INFER_H

#include <stdint.h>

#include "image.h"

/** Words of feature signs that go to the FC stack. */
#define INFER_BIT_WORDS ((IMAGE_FEATURES + 31u) / 32u)

/** Cycles and codes of one picture. */
typedef struct {
	uint32_t start; /* cycle counter at the start */
	uint32_t cycles; /* from the start to the class */
	uint32_t instret; /* instructions in the same span */
	uint32_t fc_cycles; /* FC stack: CPU time, or first push to last pop */
	uint32_t label; /* the class found */
} infer_result_t;

/** Features of picture `index`, with region marks. @return their signs, INFER_BIT_WORDS words. */
const uint32_t *infer_features(uint32_t index);

/** Starts the counters of a picture and opens its region. */
void infer_begin(infer_result_t *result);

/** Finds the class, stops the counters, closes the region. */
void infer_end(infer_result_t *result, const uint8_t *codes);

/** Prints the result line, the codes, and what the settings ask for. */
void infer_report(uint32_t index, const infer_result_t *result, const uint8_t *codes);

#endif
