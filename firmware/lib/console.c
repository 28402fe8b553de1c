/* SPDX-License-Identifier: Apache-2.0 */
/* console.c : text for the host */
#include "console.h"

#include "imac_regs.h"

static const char digits[] = "0123456789abcdef";

void console_putc(char c) {
	*(volatile uint8_t *)CONSOLE_DATA = (uint8_t)c;
}

void console_puts(const char *text) {
	while (*text != '\0') {
		console_putc(*text++);
	}
}

void console_u32(uint32_t value) {
	char text[10];
	uint32_t n = 0;

	do {
		text[n++] = digits[value % 10u];
		value /= 10u;
	} while (value != 0u);
	while (n != 0u) {
		console_putc(text[--n]);
	}
}

void console_hex(uint32_t value) {
	console_puts("0x");
	for (uint32_t shift = 32; shift != 0u; shift -= 4u) {
		console_putc(digits[(value >> (shift - 4u)) & 15u]);
	}
}

void console_bytes(const uint8_t *bytes, uint32_t n) {
	for (uint32_t i = 0; i < n; i++) {
		console_putc(digits[bytes[i] >> 4]);
		console_putc(digits[bytes[i] & 15u]);
	}
}
