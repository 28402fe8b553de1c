/* SPDX-License-Identifier: Apache-2.0 */
/* selftest : every macro operation, its errors, its interrupt, and the macro beside its C twin */
#include "console.h"
#include "imac.h"
#include "infer.h"
#include "sys.h"

int main(void);

#define CLEAR_ERRORS (IMAC_CTRL_CLR_ERRORS_MASK | IMAC_CTRL_CLR_IN_PTR_MASK)

static uint8_t codes[IMAC_CODE_BYTES(IMAGE_CLASSES)] __attribute__((aligned(4)));
static uint8_t codes_ref[IMAC_CODE_BYTES(IMAGE_CLASSES)] __attribute__((aligned(4)));
static volatile uint32_t interrupts;
static uint32_t interrupt_macro;
static uint32_t failures;

static void check(const char *what, uint32_t macro, uint32_t got, uint32_t expected) {
	if (got == expected) {
		return;
	}
	failures++;
	console_puts("fail ");
	console_puts(what);
	console_puts(" macro ");
	console_u32(macro);
	console_puts(" got ");
	console_hex(got);
	console_puts(" expected ");
	console_hex(expected);
	console_putc('\n');
}

static uint32_t take_errors(uint32_t m) {
	const uint32_t errors = imac_read_status(m) & IMAC_ERROR_MASK;

	imac_write_config(m, IMAC_CFG_CTRL, CLEAR_ERRORS);
	return errors;
}

/* The line stays up until the next start, so the handler also turns the interrupt off. */
static void on_interrupt(uint32_t cause) {
	check("interrupt cause", interrupt_macro, cause, IRQ_EXTERNAL);
	interrupts++;
	imac_write_config(interrupt_macro, IMAC_CFG_CTRL, 0);
}

static void check_registers(const imac_macro_t *macro) {
	const uint32_t m = macro->index;

	check("id", m, imac_read_config(m, IMAC_CFG_ID), IMAC_RESET_ID);
	check("settle", m, imac_read_config(m, IMAC_CFG_SETTLE_CYCLES), macro->settle_cycles);
	check("n_in", m, imac_read_config(m, IMAC_CFG_N_IN), macro->n_in);
	check("n_out", m, imac_read_config(m, IMAC_CFG_N_OUT), macro->n_out);
	check("old value", m, imac_write_config(m, IMAC_CFG_SETTLE_CYCLES, 9),
	      macro->settle_cycles);
	check("new value", m, imac_write_config(m, IMAC_CFG_SETTLE_CYCLES, macro->settle_cycles),
	      9);
	check("quiet", m, take_errors(m), 0);
}

static void check_errors(const imac_macro_t *macro) {
	const uint32_t m = macro->index;

	(void)imac_read_config(m, 0xffu);
	check("config index", m, take_errors(m), IMAC_STATUS_ERR_CONFIG_INDEX_MASK);
	(void)imac_write_config(m, IMAC_CFG_ID, 1);
	check("read-only register", m, take_errors(m), IMAC_STATUS_ERR_CONFIG_INDEX_MASK);
}

static void check_against_twin(const imac_macro_t *macro, uint32_t picture) {
	const uint32_t m = macro->index;
	const uint32_t count = imac_read_config(m, IMAC_CFG_COUNT);
	const uint32_t *const bits = infer_features(picture);
	uint32_t largest = 0;

	check("product", m, imac_mvm(macro, bits, codes), IMAC_OK);
	check("count", m, imac_read_config(m, IMAC_CFG_COUNT), count + 1u);
	check("twin", m, imac_mvm_ref(macro, bits, codes_ref), IMAC_OK);
	check("class", m, nn_argmax(codes, IMAGE_CLASSES), nn_argmax(codes_ref, IMAGE_CLASSES));
	for (uint32_t i = 0; i < IMAGE_CLASSES; i++) {
		const uint32_t a = codes[i];
		const uint32_t b = codes_ref[i];
		const uint32_t apart = a > b ? a - b : b - a;

		largest = apart > largest ? apart : largest;
	}
	console_puts("twin macro ");
	console_u32(m);
	console_puts(" picture ");
	console_u32(picture);
	console_puts(" largest code difference ");
	console_u32(largest);
	console_putc('\n');
}

static void check_interrupt(imac_macro_t *macro) {
	const uint32_t before = interrupts;

	interrupt_macro = macro->index;
	macro->wait = IMAC_WAIT_INSTRUCTION;
	imac_write_config(macro->index, IMAC_CFG_CTRL, IMAC_CTRL_IRQ_EN_MASK);
	sys_interrupts(1);
	check("trapped product", macro->index, imac_mvm(macro, infer_features(0), codes), IMAC_OK);
	sys_interrupts(0);
	check("interrupts", macro->index, interrupts - before, 1);
	macro->wait = IMAC_WAIT_INTERRUPT;
}

int main(void) {
	imac_macro_t macro = {
		.n_in = IMAGE_FEATURES,
		.n_out = IMAGE_CLASSES,
		.settle_cycles = image_settings.settle_cycles,
		.conv_cycles = image_settings.conv_cycles,
		.prog_cycles = image_settings.prog_cycles,
		.wait = IMAC_WAIT_INTERRUPT,
		.twin = &image_twin,
	};

	sys_region_close(REGION_BOOT);
	sys_on_interrupt(on_interrupt);
	sys_wake_on_external();
	for (macro.index = 0; macro.index < image_settings.n_macro; macro.index++) {
		macro.wait = IMAC_WAIT_INSTRUCTION;
		check("open", macro.index, imac_open(&macro), IMAC_OK);
		check_registers(&macro);
		check_errors(&macro);
		check("program", macro.index,
		      imac_program(&macro, image_program, IMAGE_PROGRAM_WORDS), IMAC_OK);
		for (uint32_t i = 0; i < IMAGE_COUNT; i++) {
			check_against_twin(&macro, i);
		}
		check_interrupt(&macro);
		check("open for interrupts", macro.index, imac_open(&macro), IMAC_OK);
		check_against_twin(&macro, 0);
		imac_write_config(macro.index, IMAC_CFG_CTRL, 0);
	}
	console_puts("selftest ");
	console_puts(failures == 0u ? "pass\n" : "fail\n");
	return failures == 0u ? 0 : 1;
}
