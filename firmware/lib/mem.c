/* SPDX-License-Identifier: Apache-2.0 */
/* mem.c : the three functions that GCC calls on its own */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int value, size_t n);
void *memmove(void *to, const void *from, size_t n);

void *memcpy(void *restrict to, const void *restrict from, size_t n) {
	uint8_t *d = to;
	const uint8_t *s = from;

	while (n-- != 0u) {
		*d++ = *s++;
	}
	return to;
}

void *memset(void *to, int value, size_t n) {
	uint8_t *d = to;

	while (n-- != 0u) {
		*d++ = (uint8_t)value;
	}
	return to;
}

void *memmove(void *to, const void *from, size_t n) {
	uint8_t *d = to;
	const uint8_t *s = from;

	if (d <= s) {
		return memcpy(to, from, n);
	}
	while (n-- != 0u) {
		d[n] = s[n];
	}
	return to;
}
