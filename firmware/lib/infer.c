/* SPDX-License-Identifier: Apache-2.0 */
/* infer.c : features of one picture and the lines printed about it */
#include "infer.h"

#include "console.h"
#include "sys.h"

/* written before they are read, so start-up need not clear them */
#define SCRATCH __attribute__((section(".noinit"), aligned(4)))

static int8_t features[IMAGE_FEATURES] __attribute__((aligned(4)));
static uint32_t bits[INFER_BIT_WORDS];

#if IMAGE_STAGES == 0

#define TOP_BITS 0x80808080u
#define GATHER 0x10204080u /* moves bits 0, 8, 16, 24 to 28, 29, 30, 31 */
#define SPREAD 0x00204081u /* moves bits 0, 1, 2, 3 to 0, 8, 16, 24 */

typedef uint32_t __attribute__((may_alias)) pixels_t; /* four of them */

/* Without convolutions the features are pixels - 128, so a pixel's top bit is its feature's sign.
 * Pictures are whole words (cosim/image/emit.py). */
const uint32_t *infer_features(uint32_t index) {
	const pixels_t *x = (const pixels_t *)(const void *)image_pixels[index];
	const pixels_t *const end = x + IMAGE_FEATURES / 4u;

	sys_region_open(REGION_LOAD);
	for (uint32_t *out = bits; x != end; out++) {
		uint32_t word = 0;

		for (uint32_t shift = 0; shift < 32u && x != end; shift += 4u) {
			word |= ((((*x++ & TOP_BITS) >> 7) * GATHER) >> 28) << shift;
		}
		*out = word;
	}
	sys_region_close(REGION_LOAD);
	return bits;
}

/* Pixels - 128 with the signs that went out: only the report reads them. */
static void expand(uint32_t index) {
	const pixels_t *x = (const pixels_t *)(const void *)image_pixels[index];
	pixels_t *out = (pixels_t *)(void *)features;

	for (uint32_t i = 0; i < IMAGE_FEATURES; i += 4u) {
		const uint32_t four = bits[i / 32u] >> (i % 32u) & 0xfu;

		*out++ = (*x++ & ~TOP_BITS) | (TOP_BITS ^ (four * SPREAD & TOP_BITS / 128u) * 128u);
	}
}

#else

static uint8_t activations[2][IMAGE_ACTIVATION_BYTES] SCRATCH;
static int32_t accumulators[IMAGE_ACCUMULATORS] SCRATCH;

static void load(uint32_t index) {
	const uint32_t plane = IMAGE_ROWS * IMAGE_COLS;
	const uint32_t padded = (IMAGE_ROWS + 2u * IMAGE_PAD) * (IMAGE_COLS + 2u * IMAGE_PAD);

	for (uint32_t c = 0; c < IMAGE_CHANNELS; c++) {
		nn_pad(image_pixels[index] + c * plane, IMAGE_ROWS, IMAGE_COLS, IMAGE_PAD,
		       activations[0] + c * padded);
	}
}

const uint32_t *infer_features(uint32_t index) {
	sys_region_open(REGION_LOAD);
	load(index);
	sys_region_close(REGION_LOAD);
	for (uint32_t k = 0; k < IMAGE_STAGES; k++) {
		const image_stage_t *stage = &image_stages[k];
		const uint32_t rows = stage->shape.rows - NN_KERNEL + 1u;
		const uint32_t cols = stage->shape.cols - NN_KERNEL + 1u;
		const uint32_t channels = stage->shape.c_out;

		sys_region_open(REGION_CONV(k));
		nn_conv5(&stage->shape, activations[k % 2u], stage->weight, stage->bias,
			 accumulators);
		sys_region_close(REGION_CONV(k));
		sys_region_open(REGION_POOL(k));
		if (k + 1u == IMAGE_STAGES) {
			nn_pool_sign(accumulators, channels, rows, cols, stage->pool, stage->shift,
				     features, bits);
		} else {
			nn_pool_relu(accumulators, channels, rows, cols, stage->pool, stage->shift,
				     activations[(k + 1u) % 2u]);
		}
		sys_region_close(REGION_POOL(k));
	}
	return bits;
}

static void expand(uint32_t index) {
	(void)index; /* they are there */
}

#endif

void infer_begin(infer_result_t *result) {
	sys_region_open(REGION_IMAGE);
	result->start = sys_cycles();
	result->instret = sys_instret();
}

void infer_end(infer_result_t *result, const uint8_t *codes) {
	sys_region_open(REGION_ARGMAX);
	result->label = nn_argmax(codes, IMAGE_CLASSES);
	sys_region_close(REGION_ARGMAX);
	result->instret = sys_instret() - result->instret;
	result->cycles = sys_cycles() - result->start;
	sys_region_close(REGION_IMAGE);
}

static void field(const char *name, uint32_t value) {
	console_puts(name);
	console_u32(value);
}

void infer_report(uint32_t index, const infer_result_t *result, const uint8_t *codes) {
	sys_region_open(REGION_REPORT);
	expand(index);
	field("image ", index);
	field(" class ", result->label);
	field(" cycles ", result->cycles);
	field(" fc_cycles ", result->fc_cycles);
	field(" instret ", result->instret);
	field("\ncodes ", index);
	for (uint32_t i = 0; i < IMAGE_CLASSES; i++) {
		field(" ", codes[i]);
	}
	console_putc('\n');
	if (image_settings.print_checksum != 0u) {
		field("checksum ", index);
		console_putc(' ');
		console_hex(nn_fnv1a((const uint8_t *)features, IMAGE_FEATURES));
		console_putc('\n');
	}
	if (image_settings.print_features != 0u) {
		field("features ", index);
		console_putc(' ');
		console_bytes((const uint8_t *)features, IMAGE_FEATURES);
		console_putc('\n');
	}
	sys_region_close(REGION_REPORT);
}
