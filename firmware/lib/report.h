/* SPDX-License-Identifier: Apache-2.0 */
/* report.h : counters of one picture of a network in external memory, and the lines about it */
#ifndef REPORT_H
#define REPORT_H

#include "external.h"

/** Counters of one picture; its lines are those of firmware/README.md. */
typedef struct {
	uint32_t start;
	uint32_t cycles;
	uint32_t instret;
	uint32_t fc_cycles;
	uint32_t label;
} report_t;

/** Starts the counters of a picture and opens its region. */
void report_begin(report_t *report);

/** Finds the class, stops the counters, closes the region. */
void report_end(report_t *report, const external_t *net, const uint8_t *codes);

/** Prints the result line, the codes, and what the settings ask for. */
void report_print(const report_t *report, const external_t *net, uint32_t index,
		  const uint8_t *codes);

/** Prints why the program ends. @return the exit code. */
int report_error(const char *what, uint32_t status);

/** Region marks of convolution stages. */
void report_conv(uint32_t index, uint32_t open);

/** Region marks of FC layers. */
void report_fc(uint32_t index, uint32_t open);

#endif
