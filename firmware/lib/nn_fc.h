/* SPDX-License-Identifier: Apache-2.0 */
/* nn_fc.h : fully-connected layers in integers, bit for bit as cosim/model/twin.py */
#ifndef NN_FC_H
#define NN_FC_H

#include <stdint.h>

/** Neuron as a table: code = table[clip((s >> shift) + offset, 0, size - 1)]. */
typedef struct {
	const uint8_t *table;
	uint32_t size;
	uint32_t shift;
	int32_t offset;
} nn_lut_t;

/**
 * First layer: inputs +-1 as bits, weights -1, 0, +1 as two bit planes, by XNOR and popcount.
 * @param bits words of inputs, the bias a 1 bit behind the last input, unused bits 0
 * @param plus [n_out][words] 1 where the weight is +1
 * @param used [n_out][words] 1 where the weight is not 0
 * @param n_used [n_out] ones in each row of `used`
 * @param codes n_out codes, owned by the caller
 */
void nn_fc_binary(const uint32_t *bits, uint32_t words, const uint32_t *plus, const uint32_t *used,
		  const int16_t *n_used, uint32_t n_out, const nn_lut_t *lut, uint8_t *codes);

/**
 * Later layers: inputs are codes 0..255, the bias a last input of 255.
 * @param x n_in codes
 * @param weight [n_out][n_in + 1], the bias last
 */
void nn_fc_codes(const uint8_t *x, uint32_t n_in, const int8_t *weight, uint32_t n_out,
		 const nn_lut_t *lut, uint8_t *codes);

/** @return place of the largest code, the first among equals. */
uint32_t nn_argmax(const uint8_t *codes, uint32_t n);

/** @return 32-bit FNV-1a of `n` bytes. */
uint32_t nn_fnv1a(const uint8_t *bytes, uint32_t n);

#endif
