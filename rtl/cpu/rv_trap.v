// rv_trap.v : names the exception of the instruction in execute, with its mtval
// SPDX-License-Identifier: Apache-2.0
//
// Timing: combinational. Early exceptions are known before the instruction acts; late ones come
// with the answer of the memory or the co-processor. mtval: faulting address, or the instruction
// for an illegal one, else 0.

`default_nettype none
`include "rv_defs.vh"

module rv_trap (
   input  wire [`RV_CTL_W-1:0] i_ctl,
   input  wire [31:0]          i_instr,
   input  wire [31:0]          i_pc,
   input  wire [31:0]          i_address,       // of a load or store
   input  wire [31:0]          i_jump_target,
   input  wire                 i_csr_illegal,
   input  wire                 i_jump_misaligned,
   input  wire                 i_mem_misaligned,
   input  wire                 i_mem_fault,     // answered: nothing lives there
   input  wire                 i_xif_reject,    // answered: not the co-processor's
   output wire                 o_early,
   output wire                 o_late,
   output reg  [4:0]           o_cause,
   output reg  [31:0]          o_value
);

   wire load    = i_ctl[`RV_CTL_LOAD];
   wire mem     = load || i_ctl[`RV_CTL_STORE];
   wire illegal = i_ctl[`RV_CTL_ILLEGAL] || (i_ctl[`RV_CTL_CSR] && i_csr_illegal);
   wire mem_bad = mem && i_mem_misaligned;
   wire jump_bad = (i_ctl[`RV_CTL_BRANCH] || i_ctl[`RV_CTL_JUMP]) && i_jump_misaligned;

   assign o_early = i_ctl[`RV_CTL_FAULT] || illegal || i_ctl[`RV_CTL_ECALL]
                    || i_ctl[`RV_CTL_EBREAK] || jump_bad || mem_bad;
   assign o_late  = (mem && i_mem_fault) || (i_ctl[`RV_CTL_XIF] && i_xif_reject);

   always @* begin
      if (i_ctl[`RV_CTL_FAULT]) begin
         o_cause = `RV_EXC_FETCH_FAULT;
         o_value = i_pc;
      end else if (i_ctl[`RV_CTL_ECALL]) begin
         o_cause = `RV_EXC_ECALL_M;
         o_value = 32'd0;
      end else if (i_ctl[`RV_CTL_EBREAK]) begin
         o_cause = `RV_EXC_BREAKPOINT;
         o_value = 32'd0;
      end else if (jump_bad) begin
         o_cause = `RV_EXC_FETCH_MISALIGNED;
         o_value = i_jump_target;
      end else if (mem_bad) begin
         o_cause = load ? `RV_EXC_LOAD_MISALIGNED : `RV_EXC_STORE_MISALIGNED;
         o_value = i_address;
      end else if (mem) begin
         o_cause = load ? `RV_EXC_LOAD_FAULT : `RV_EXC_STORE_FAULT;
         o_value = i_address;
      end else begin
         o_cause = `RV_EXC_ILLEGAL;
         o_value = i_instr;
      end
   end

endmodule

`default_nettype wire
