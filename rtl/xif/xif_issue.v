// xif_issue.v : decides which offered instructions the co-processor takes, and when
// SPDX-License-Identifier: Apache-2.0
//
// CV-X-IF 1.0 with X_NUM_RS = 2, X_RFR_WIDTH = X_RFW_WIDTH = 32, X_NUM_HARTS = 1 (no hartid port),
// X_DUALREAD = X_DUALWRITE = 0 and X_ISSUE_REGISTER_SPLIT = 0: register_valid is issue_valid and
// register_ready is issue_ready, so the register channel has no handshake ports of its own.
//
// Issue channel, CPU to co-processor:
//    xif_issue_valid     an instruction is offered; the CPU may take the offer back
//    xif_issue_ready     the offer is answered in this cycle (accept says how)
//    xif_issue_instr     the 32 instruction bits; stable while the offer stands
//    xif_issue_id        names the instruction on all channels; rises (modulo 2^ID_W) from one offer
//                        to the next; at most 2^(ID_W-1) instructions may be in flight
// Issue channel, answer, meaningful while valid and ready:
//    xif_issue_accept    1: the co-processor executes it; 0: not ours, the CPU traps
//    xif_issue_writeback the result will be written to rd (0 for rd = x0 and for rejected ones)
//    xif_issue_register_read  bit k: operand k is needed (0 for rejected ones)
// Register channel, CPU to co-processor, same cycle as the offer:
//    xif_register_rs1, xif_register_rs2  operand values, stable once valid
//    xif_register_rs_valid  bit k: operand k is valid; rises during an offer, never falls
// The commit channel is explained in xif_commit.v, the result channel in xif_result.v.
//
// Timing: combinational. A foreign instruction is rejected at once, whatever the state. Ours is
// accepted when its operands are valid and the queue has room; imac.prog also waits until the
// macro's program word before it, queued or being written, is complete, so no word is lost.

`default_nettype none
`include "regmap.vh"

module xif_issue #(
   parameter N_MACRO = 1,
   parameter ID_W    = 4
) (
   // CPU
   input  wire               i_xif_issue_valid,
   output wire               o_xif_issue_ready,
   input  wire [31:0]        i_xif_issue_instr,
   input  wire [ID_W-1:0]    i_xif_issue_id,
   output wire               o_xif_issue_accept,
   output wire               o_xif_issue_writeback,
   output wire [1:0]         o_xif_issue_register_read,
   input  wire [31:0]        i_xif_register_rs1,
   input  wire [31:0]        i_xif_register_rs2,
   input  wire [1:0]         i_xif_register_rs_valid,
   // queue of accepted instructions
   input  wire               i_queue_full,
   input  wire               i_queue_empty,
   output wire               o_queue_push,
   output wire [ID_W-1:0]    o_queue_id,
   output wire [2:0]         o_queue_f3,
   output wire [4:0]         o_queue_rd,
   output wire               o_queue_we,
   output wire [31:0]        o_queue_rs1,
   output wire [31:0]        o_queue_rs2,
   // macros
   input  wire [N_MACRO-1:0] i_macro_prog_busy
);

   wire [2:0] f3 = i_xif_issue_instr[14:12];
   wire [4:0] rd = i_xif_issue_instr[11:7];

   wire ours = (i_xif_issue_instr[6:0] == `IMAC_OPCODE) && (i_xif_issue_instr[31:25] == 7'd0);

   // every instruction reads rs1; three of them read rs2 too
   wire reads_rs2 = (f3 == `IMAC_F3_CFG) || (f3 == `IMAC_F3_PUSH) || (f3 == `IMAC_F3_PROG);
   wire writes_rd = (f3 != `IMAC_F3_PUSH) && (f3 != `IMAC_F3_PROG) && (rd != 5'd0);

   wire operands_valid = i_xif_register_rs_valid[0] && (i_xif_register_rs_valid[1] || !reads_rs2);

   // an unknown macro never stalls: its error is recorded when the instruction executes
   wire [N_MACRO-1:0] prog_target;
   genvar k;
   generate
      for (k = 0; k < N_MACRO; k = k + 1) begin : gen_prog_target
         assign prog_target[k] = (i_xif_register_rs2 == k);
      end
   endgenerate

   wire prog_blocked = (f3 == `IMAC_F3_PROG)
                       && (!i_queue_empty || |(prog_target & i_macro_prog_busy));
   wire take         = operands_valid && !i_queue_full && !prog_blocked;

   assign o_xif_issue_ready         = i_xif_issue_valid && (!ours || take);
   assign o_xif_issue_accept        = ours;
   assign o_xif_issue_writeback     = ours && writes_rd;
   assign o_xif_issue_register_read = {ours && reads_rs2, ours};

   assign o_queue_push = i_xif_issue_valid && ours && take;
   assign o_queue_id   = i_xif_issue_id;
   assign o_queue_f3   = f3;
   assign o_queue_rd   = rd;
   assign o_queue_we   = writes_rd;
   assign o_queue_rs1  = i_xif_register_rs1;
   assign o_queue_rs2  = i_xif_register_rs2;

   // register numbers are the CPU's business: it delivers the values
   wire unused_ok = &{1'b0, i_xif_issue_instr[24:15]};

endmodule

`default_nettype wire
