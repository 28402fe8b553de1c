/* SPDX-License-Identifier: Apache-2.0 */
/* trap : traps in the way TRAP_KIND says, and must never reach its end */
#include "sys.h"

int main(void);

int main(void) {
	sys_region_close(REGION_BOOT);
#if TRAP_KIND == 0
	__asm__ volatile(".word 0"); /* illegal instruction */
#elif TRAP_KIND == 1
	static uint32_t words[2];
	__asm__ volatile("lw t0, 2(%0)" : : "r"(words) : "t0"); /* misaligned load */
#elif TRAP_KIND == 2
	*(volatile uint32_t *)TIMER_MTIMECMP_HI = 0;
	*(volatile uint32_t *)TIMER_MTIMECMP_LO = 0;
	__asm__ volatile("csrs mie, %0" : : "r"(1u << IRQ_TIMER));
	sys_interrupts(1); /* an interrupt without a handler */
	for (uint32_t i = 0; i < 100u; i++) {
		sys_wait_for_interrupt();
	}
#endif
	return 0;
}
