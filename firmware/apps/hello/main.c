/* SPDX-License-Identifier: Apache-2.0 */
/* hello : the smallest program: one line, exit code 0 */
#include "console.h"
#include "sys.h"

int main(void);

int main(void) {
	const uint32_t start = sys_cycles();

	sys_region_close(REGION_BOOT);
	console_puts("hello\n");
	return sys_cycles() - start != 0u ? 0 : 1;
}
