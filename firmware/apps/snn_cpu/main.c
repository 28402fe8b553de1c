/* SPDX-License-Identifier: Apache-2.0 */
/* main.c : the program of snn with every layer on the CPU */
#include "snn.h"
#include "sys.h"

int main(void) {
	sys_region_close(REGION_BOOT);
	for (uint32_t picture = 0; picture < SNN_COUNT; picture++) {
		snn_infer(picture, snn_place_cpu);
	}
	return 0;
}
