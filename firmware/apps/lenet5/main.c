/* SPDX-License-Identifier: Apache-2.0 */
/* lenet5 : convolutions on the CPU, fully-connected stack in the macro */
#include "console.h"
#include "imac.h"
#include "infer.h"
#include "sys.h"

int main(void);

static uint8_t codes[IMAC_CODE_BYTES(IMAGE_CLASSES)] __attribute__((aligned(4)));

static int fail(imac_status_t status, uint32_t macro) {
	console_puts("error: imac status ");
	console_u32(status);
	console_puts(" macro ");
	console_u32(macro);
	console_puts(" flags ");
	console_hex(imac_read_status(macro));
	console_putc('\n');
	return (int)status;
}

/* With several macros each holds the whole stack; pictures go round them. */
int main(void) {
	imac_macro_t macro = {
		.n_in = IMAGE_FEATURES,
		.n_out = IMAGE_CLASSES,
		.settle_cycles = image_settings.settle_cycles,
		.conv_cycles = image_settings.conv_cycles,
		.prog_cycles = image_settings.prog_cycles,
		.wait = image_settings.wait_interrupt != 0u ? IMAC_WAIT_INTERRUPT
							    : IMAC_WAIT_INSTRUCTION,
		.twin = &image_twin,
	};
	infer_result_t result;
	imac_status_t status;

	sys_region_close(REGION_BOOT);
	sys_region_open(REGION_PROGRAM);
	for (macro.index = 0; macro.index < image_settings.n_macro; macro.index++) {
		status = imac_open(&macro);
		if (status == IMAC_OK) {
			status = imac_program(&macro, image_program, IMAGE_PROGRAM_WORDS);
		}
		if (status != IMAC_OK) {
			return fail(status, macro.index);
		}
	}
	sys_region_close(REGION_PROGRAM);
	macro.index = 0;
	for (uint32_t i = 0; i < IMAGE_COUNT; i++) {
		infer_begin(&result);
		const uint32_t *const bits = infer_features(i);

		sys_region_open(REGION_FC_STACK);
		const uint32_t fc_start = sys_cycles();
		status = imac_mvm(&macro, bits, codes);
		result.fc_cycles = sys_cycles() - fc_start;
		sys_region_close(REGION_FC_STACK);
		if (status != IMAC_OK) {
			return fail(status, macro.index);
		}
		infer_end(&result, codes);
		infer_report(i, &result, codes);
		macro.index = macro.index + 1u == image_settings.n_macro ? 0u : macro.index + 1u;
	}
	return 0;
}
