/* SPDX-License-Identifier: Apache-2.0 */
/* vgg_cpu : the whole network on the CPU: the twin of vgg */
#include "report.h"
#include "sys.h"

int main(void);

#define CLASSES_MAX 256u

static external_t net;
static uint8_t codes[CLASSES_MAX];

int main(void) {
	report_t report;
	external_status_t status;

	sys_region_close(REGION_BOOT);
	sys_region_open(REGION_PROGRAM);
	status = external_open(&net);
	sys_region_close(REGION_PROGRAM);
	if (status != EXTERNAL_OK || net.header.classes > CLASSES_MAX) {
		return report_error("external memory", status | 0x40u);
	}
	for (uint32_t i = 0; i < net.header.images && status == EXTERNAL_OK; i++) {
		report_begin(&report);
		sys_region_open(REGION_LOAD);
		status = external_load(&net, i);
		sys_region_close(REGION_LOAD);
		if (status == EXTERNAL_OK) {
			status = external_features(&net, report_conv);
		}
		if (status == EXTERNAL_OK) {
			sys_region_open(REGION_FC_STACK);
			const uint32_t fc_start = sys_cycles();
			status = external_stack(&net, codes, report_fc);
			report.fc_cycles = sys_cycles() - fc_start;
			sys_region_close(REGION_FC_STACK);
		}
		report_end(&report, &net, codes);
		if (status == EXTERNAL_OK) {
			report_print(&report, &net, i, codes);
		}
	}
	return status == EXTERNAL_OK ? 0 : report_error("external memory", status | 0x40u);
}
