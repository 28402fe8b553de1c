/* SPDX-License-Identifier: Apache-2.0 */
/* sys.c : exit device and trap handling */
#include "sys.h"

#include "console.h"

#define CAUSE_INTERRUPT 0x80000000u
#define EXIT_TRAP 0x80u

static sys_irq_handler_t irq_handler;

void trap_handle(uint32_t mcause, uint32_t mepc, uint32_t mtval);

void sys_boot(void) {
	sys_region_open(REGION_BOOT);
}

void sys_exit(uint32_t code) {
	*(volatile uint32_t *)SIM_EXIT_CODE = code;
	for (;;) {
	}
}

void sys_on_interrupt(sys_irq_handler_t handler) {
	irq_handler = handler;
}

/* A trap nobody asked for ends the run: what follows it could only be wrong. */
void trap_handle(uint32_t mcause, uint32_t mepc, uint32_t mtval) {
	if ((mcause & CAUSE_INTERRUPT) != 0u && irq_handler != 0) {
		irq_handler(mcause & ~CAUSE_INTERRUPT);
		return;
	}
	console_puts("trap mcause ");
	console_hex(mcause);
	console_puts(" mepc ");
	console_hex(mepc);
	console_puts(" mtval ");
	console_hex(mtval);
	console_puts("\n");
	sys_exit(EXIT_TRAP | (mcause & 0x3fu));
}
