/* SPDX-License-Identifier: Apache-2.0 */
/* dma.h : moves rows of words between external memory and the RAM */
#ifndef DMA_H
#define DMA_H

#include <stdint.h>

typedef enum {
	DMA_OK = 0,
	DMA_ERR_ALIGN = 1, /* not whole words, or nothing */
	DMA_ERR_RANGE = 2, /* a row beyond a memory */
	DMA_ERR_BUSY = 3,  /* started before the transfer before had ended */
} dma_status_t;

/** One transfer. Addresses, bytes and strides are multiples of 4. */
typedef struct {
	uint32_t ext; /* first byte in external memory */
	void *ram;
	uint32_t row_bytes;
	uint32_t rows;
	uint32_t ext_stride;
	uint32_t ram_stride;
} dma_rows_t;

/** Starts a transfer from external memory to the RAM and returns at once. */
void dma_get_rows(const dma_rows_t *rows);

/** The same for one run of `bytes`. */
void dma_get(uint32_t ext, void *ram, uint32_t bytes);

/** Starts a transfer from the RAM to external memory. */
void dma_put_rows(const dma_rows_t *rows);

/** Sleeps until the transfer has ended, and clears its status. @return the first error found. */
dma_status_t dma_wait(void);

#endif
