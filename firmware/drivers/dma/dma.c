/* SPDX-License-Identifier: Apache-2.0 */
/* dma.c : moves rows of words between external memory and the RAM */
#include "dma.h"

#include "sys.h"

static inline void store(uint32_t reg, uint32_t value) {
	*(volatile uint32_t *)reg = value;
}

static void start(const dma_rows_t *rows, uint32_t direction) {
	store(DMA_EXT_ADDR, rows->ext);
	store(DMA_RAM_ADDR, (uint32_t)(uintptr_t)rows->ram);
	store(DMA_ROW_BYTES, rows->row_bytes);
	store(DMA_ROWS, rows->rows);
	store(DMA_EXT_STRIDE, rows->ext_stride);
	store(DMA_RAM_STRIDE, rows->ram_stride);
	__asm__ volatile("" : : : "memory"); /* what was written to the RAM is there */
	store(DMA_CTRL, DMA_CTRL_START_MASK | DMA_CTRL_IRQ_EN_MASK | direction);
}

void dma_get_rows(const dma_rows_t *rows) {
	start(rows, 0);
}

void dma_get(uint32_t ext, void *ram, uint32_t bytes) {
	const dma_rows_t rows = {ext, ram, bytes, 1, 0, 0};

	start(&rows, 0);
}

void dma_put_rows(const dma_rows_t *rows) {
	start(rows, DMA_CTRL_TO_EXT_MASK);
}

dma_status_t dma_wait(void) {
	uint32_t status = *(volatile uint32_t *)DMA_STATUS;

	sys_wake_on_external();
	while ((status & DMA_STATUS_BUSY_MASK) != 0u) {
		sys_wait_for_interrupt(); /* an error while busy wakes too: then this polls */
		status = *(volatile uint32_t *)DMA_STATUS;
	}
	store(DMA_CTRL, DMA_CTRL_CLEAR_MASK);
	__asm__ volatile("" : : : "memory");
	if ((status & DMA_STATUS_ERR_ALIGN_MASK) != 0u) {
		return DMA_ERR_ALIGN;
	}
	if ((status & DMA_STATUS_ERR_RANGE_MASK) != 0u) {
		return DMA_ERR_RANGE;
	}
	return (status & DMA_STATUS_ERR_BUSY_MASK) != 0u ? DMA_ERR_BUSY : DMA_OK;
}
