// SPDX-License-Identifier: Apache-2.0
// rv_defs.vh : bits of the control word that the decoder hands to the execute stage
`ifndef RV_DEFS_VH
`define RV_DEFS_VH

`define RV_CTL_W        19
`define RV_CTL_ALU      3:0   // {alternate function, funct3}
`define RV_CTL_WE       4     // writes rd (co-processor instructions decide with their result)
`define RV_CTL_BRANCH   5
`define RV_CTL_JUMP     6     // jal, jalr
`define RV_CTL_LOAD     7
`define RV_CTL_STORE    8
`define RV_CTL_MUL      9
`define RV_CTL_DIV      10
`define RV_CTL_CSR      11
`define RV_CTL_XIF      12    // unknown here: offered to the co-processor
`define RV_CTL_MRET     13
`define RV_CTL_WFI      14
`define RV_CTL_ECALL    15
`define RV_CTL_EBREAK   16
`define RV_CTL_ILLEGAL  17    // never offered: not a 32-bit encoding
`define RV_CTL_FAULT    18    // the fetch itself failed

// exception codes of mcause
`define RV_EXC_FETCH_MISALIGNED 5'd0
`define RV_EXC_FETCH_FAULT      5'd1
`define RV_EXC_ILLEGAL          5'd2
`define RV_EXC_BREAKPOINT       5'd3
`define RV_EXC_LOAD_MISALIGNED  5'd4
`define RV_EXC_LOAD_FAULT       5'd5
`define RV_EXC_STORE_MISALIGNED 5'd6
`define RV_EXC_STORE_FAULT      5'd7
`define RV_EXC_ECALL_M          5'd11

`endif
