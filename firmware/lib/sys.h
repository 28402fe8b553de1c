/* SPDX-License-Identifier: Apache-2.0 */
/* sys.h : exit, cycle counters, region marks, interrupts */
#ifndef SYS_H
#define SYS_H

#include <stdint.h>

#include "imac_regs.h"
#include "regions.h"

/** Ends the simulation. @param code 0 is the only pass. */
__attribute__((noreturn)) void sys_exit(uint32_t code);

/** @return low 32 bits of the cycle counter: differences hold for up to 4e9 cycles. */
static inline uint32_t sys_cycles(void) {
	uint32_t value;
	__asm__ volatile("csrr %0, mcycle" : "=r"(value));
	return value;
}

/** @return low 32 bits of the counter of retired instructions. */
static inline uint32_t sys_instret(void) {
	uint32_t value;
	__asm__ volatile("csrr %0, minstret" : "=r"(value));
	return value;
}

/** Opens region `id` (regions.h) in the event file: one store. */
static inline void sys_region_open(uint32_t id) {
	*(volatile uint32_t *)SIM_MARK_OPEN = id;
}

/** Closes region `id`. */
static inline void sys_region_close(uint32_t id) {
	*(volatile uint32_t *)SIM_MARK_CLOSE = id;
}

/** Start-up calls this before anything else; it opens region REGION_BOOT, main closes it. */
void sys_boot(void);

/** Lets the macro's interrupt wake `wfi`; whether it also traps is sys_interrupts(). */
static inline void sys_wake_on_external(void) {
	__asm__ volatile("csrs mie, %0" : : "r"(1u << IRQ_EXTERNAL));
}

/** Turns traps by interrupts on or off. */
static inline void sys_interrupts(uint32_t on) {
	if (on != 0u) {
		__asm__ volatile("csrsi mstatus, 8" : : : "memory");
	} else {
		__asm__ volatile("csrci mstatus, 8" : : : "memory");
	}
}

/** Sleeps until an enabled interrupt is pending. */
static inline void sys_wait_for_interrupt(void) {
	__asm__ volatile("wfi" : : : "memory");
}

/** Called on an interrupt; one that is not taken care of ends the program. */
typedef void (*sys_irq_handler_t)(uint32_t cause);

/** Installs the interrupt handler; the caller owns it. */
void sys_on_interrupt(sys_irq_handler_t handler);

#endif
