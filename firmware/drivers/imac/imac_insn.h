/* SPDX-License-Identifier: Apache-2.0 */
/* imac_insn.h : one C function per co-processor instruction */
#ifndef IMAC_INSN_H
#define IMAC_INSN_H

#include <stdint.h>

#include "imac_regs.h"

/* rd = op(rs1, rs2); an operand that an instruction does not use is x0 */
#define IMAC_INSN(f3, rd, rs1, rs2)                                                                \
	__asm__ volatile(".insn r %1, %2, 0, %0, %z3, %z4"                                         \
			 : "=r"(rd)                                                                \
			 : "i"(IMAC_OPCODE), "i"(f3), "rJ"(rs1), "rJ"(rs2)                         \
			 : "memory")
#define IMAC_INSN_NO_RD(f3, rs1, rs2)                                                              \
	__asm__ volatile(".insn r %0, %1, 0, x0, %z2, %z3"                                         \
			 :                                                                         \
			 : "i"(IMAC_OPCODE), "i"(f3), "rJ"(rs1), "rJ"(rs2)                         \
			 : "memory")

#define IMAC_REG(index, reg) ((reg) | ((index) << 8))

static inline uint32_t insn_cfg(uint32_t index, uint32_t reg, uint32_t value) {
	uint32_t old;
	IMAC_INSN(IMAC_F3_CFG, old, IMAC_REG(index, reg), value);
	return old;
}

static inline uint32_t insn_rdcfg(uint32_t index, uint32_t reg) {
	uint32_t value;
	IMAC_INSN(IMAC_F3_RDCFG, value, IMAC_REG(index, reg), 0);
	return value;
}

static inline void insn_push(uint32_t index, uint32_t bits) {
	IMAC_INSN_NO_RD(IMAC_F3_PUSH, bits, index);
}

static inline void insn_prog(uint32_t index, uint32_t word) {
	IMAC_INSN_NO_RD(IMAC_F3_PROG, word, index);
}

static inline uint32_t insn_start(uint32_t index) {
	uint32_t status;
	IMAC_INSN(IMAC_F3_START, status, index, 0);
	return status;
}

static inline uint32_t insn_wait(uint32_t index) {
	uint32_t status;
	IMAC_INSN(IMAC_F3_WAIT, status, index, 0);
	return status;
}

static inline uint32_t insn_pop(uint32_t index) {
	uint32_t codes;
	IMAC_INSN(IMAC_F3_POP, codes, index, 0);
	return codes;
}

static inline uint32_t insn_stat(uint32_t index) {
	uint32_t status;
	IMAC_INSN(IMAC_F3_STAT, status, index, 0);
	return status;
}

#endif
