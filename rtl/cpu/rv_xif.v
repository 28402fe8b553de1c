// rv_xif.v : offers an unknown instruction to the co-processor, waits for its result
// SPDX-License-Identifier: Apache-2.0
//
// CV-X-IF 1.0, X_ISSUE_REGISTER_SPLIT = 0: registers travel with the issue handshake. One
// instruction at a time, offered when nothing older can still trap, so the verdict on the commit
// channel goes out with the handshake: commit when accepted, kill when rejected. Every accepted
// instruction ends with one result, also when it writes nothing.
//
// Timing: i_valid is high, operands stable, until o_done. Rejected: done in the cycle of the issue
// handshake. Accepted: done in the cycle of the result handshake, at least one cycle later. The
// result may be as late as the co-processor likes (imac.wait): the CPU stands still meanwhile and
// takes no interrupt.

`default_nettype none

module rv_xif #(
   parameter ID_W = 4
) (
   input  wire            i_clk,
   input  wire            i_rst,
   // execute stage
   input  wire            i_valid,
   input  wire [31:0]     i_instr,
   input  wire [31:0]     i_rs1,
   input  wire [31:0]     i_rs2,
   output wire            o_done,
   output wire            o_reject,
   output wire            o_we,
   output wire [31:0]     o_result,
   // co-processor: issue and register
   output wire            o_xif_issue_valid,
   input  wire            i_xif_issue_ready,
   output wire [31:0]     o_xif_issue_instr,
   output wire [ID_W-1:0] o_xif_issue_id,
   input  wire            i_xif_issue_accept,
   input  wire            i_xif_issue_writeback,
   output wire [31:0]     o_xif_register_rs1,
   output wire [31:0]     o_xif_register_rs2,
   output wire [1:0]      o_xif_register_rs_valid,
   // co-processor: commit
   output wire            o_xif_commit_valid,
   output wire [ID_W-1:0] o_xif_commit_id,
   output wire            o_xif_commit_kill,
   // co-processor: result
   input  wire            i_xif_result_valid,
   output wire            o_xif_result_ready,
   input  wire [ID_W-1:0] i_xif_result_id,
   input  wire [31:0]     i_xif_result_data,
   input  wire [4:0]      i_xif_result_rd,
   input  wire            i_xif_result_we
);

   reg            waiting_q;     // accepted, the result is due
   reg            writeback_q;
   reg [ID_W-1:0] id_q;

   wire issued = o_xif_issue_valid && i_xif_issue_ready;
   wire got    = i_xif_result_valid && o_xif_result_ready && (i_xif_result_id == id_q);

   assign o_xif_issue_valid       = i_valid && !waiting_q;
   assign o_xif_issue_instr       = i_instr;
   assign o_xif_issue_id          = id_q;
   assign o_xif_register_rs1      = i_rs1;
   assign o_xif_register_rs2      = i_rs2;
   assign o_xif_register_rs_valid = {2{o_xif_issue_valid}};

   assign o_xif_commit_valid = issued;
   assign o_xif_commit_id    = id_q;
   assign o_xif_commit_kill  = !i_xif_issue_accept;

   assign o_xif_result_ready = waiting_q;

   assign o_reject = issued && !i_xif_issue_accept;
   assign o_done   = o_reject || got;
   assign o_we     = got && writeback_q && i_xif_result_we && (i_xif_result_rd != 5'd0);
   assign o_result = i_xif_result_data;

   always @(posedge i_clk) begin
      if (i_rst) begin
         waiting_q <= 1'b0;
         id_q      <= {ID_W{1'b0}};
      end else begin
         if (issued && i_xif_issue_accept) begin
            waiting_q <= 1'b1;
         end else if (got) begin
            waiting_q <= 1'b0;
         end
         if (o_done) begin
            id_q <= id_q + {{(ID_W - 1){1'b0}}, 1'b1};
         end
      end
   end

   always @(posedge i_clk) begin
      if (issued) begin
         writeback_q <= i_xif_issue_writeback;
      end
   end

endmodule

`default_nettype wire
