/* SPDX-License-Identifier: Apache-2.0 */
/* report.c : counters of one picture of a network in external memory, and the lines about it */
#include "report.h"

#include "console.h"
#include "sys.h"

static void mark(uint32_t id, uint32_t open) {
	if (open != 0u) {
		sys_region_open(id);
	} else {
		sys_region_close(id);
	}
}

void report_conv(uint32_t index, uint32_t open) {
	mark(REGION_CONV(index), open);
}

void report_fc(uint32_t index, uint32_t open) {
	mark(REGION_FC(index), open);
}

void report_begin(report_t *report) {
	sys_region_open(REGION_IMAGE);
	report->start = sys_cycles();
	report->instret = sys_instret();
}

void report_end(report_t *report, const external_t *net, const uint8_t *codes) {
	sys_region_open(REGION_ARGMAX);
	report->label = nn_argmax(codes, net->header.classes);
	sys_region_close(REGION_ARGMAX);
	report->instret = sys_instret() - report->instret;
	report->cycles = sys_cycles() - report->start;
	sys_region_close(REGION_IMAGE);
}

static void field(const char *name, uint32_t value) {
	console_puts(name);
	console_u32(value);
}

void report_print(const report_t *report, const external_t *net, uint32_t index,
		  const uint8_t *codes) {
	const uint8_t *const features = (const uint8_t *)net->features;

	sys_region_open(REGION_REPORT);
	field("image ", index);
	field(" class ", report->label);
	field(" cycles ", report->cycles);
	field(" fc_cycles ", report->fc_cycles);
	field(" instret ", report->instret);
	field("\ncodes ", index);
	for (uint32_t i = 0; i < net->header.classes; i++) {
		field(" ", codes[i]);
	}
	console_putc('\n');
	if (net->header.print_checksum != 0u) {
		field("checksum ", index);
		console_putc(' ');
		console_hex(nn_fnv1a(features, net->header.features));
		console_putc('\n');
	}
	if (net->header.print_features != 0u) {
		field("features ", index);
		console_putc(' ');
		console_bytes(features, net->header.features);
		console_putc('\n');
	}
	sys_region_close(REGION_REPORT);
}

int report_error(const char *what, uint32_t status) {
	console_puts("error: ");
	console_puts(what);
	field(" status ", status);
	console_putc('\n');
	return (int)status;
}
