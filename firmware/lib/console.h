/* SPDX-License-Identifier: Apache-2.0 */
/* console.h : text for the host */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdint.h>

/** Prints one byte. */
void console_putc(char c);
/** Prints a string that ends with 0; the caller owns it. */
void console_puts(const char *text);
/** Prints `value` in decimal. */
void console_u32(uint32_t value);
/** Prints `value` as 0x and eight digits. */
void console_hex(uint32_t value);
/** Prints `n` bytes as two digits each, without spaces. */
void console_bytes(const uint8_t *bytes, uint32_t n);

#endif
