/* SPDX-License-Identifier: Apache-2.0 */
/* lenet5_cpu : the whole network on the CPU: the twin of lenet5 */
#include "infer.h"
#include "sys.h"

int main(void);

static uint8_t codes[IMAGE_CLASSES];

static void mark(uint32_t layer, uint32_t open) {
	if (open != 0u) {
		sys_region_open(REGION_FC(layer));
	} else {
		sys_region_close(REGION_FC(layer));
	}
}

int main(void) {
	infer_result_t result;

	sys_region_close(REGION_BOOT);
	for (uint32_t i = 0; i < IMAGE_COUNT; i++) {
		infer_begin(&result);
		const uint32_t *const bits = infer_features(i);

		sys_region_open(REGION_FC_STACK);
		const uint32_t fc_start = sys_cycles();
		nn_stack_run(&image_twin, bits, codes, mark);
		result.fc_cycles = sys_cycles() - fc_start;
		sys_region_close(REGION_FC_STACK);
		infer_end(&result, codes);
		infer_report(i, &result, codes);
	}
	return 0;
}
