// xif_result.v : hands each result to the CPU and keeps it stable until it is taken
// SPDX-License-Identifier: Apache-2.0
//
// Result channel, co-processor to CPU; one transaction for every accepted, committed instruction,
// in issue order, also when nothing is written back:
//    xif_result_valid  a result is offered; stays until taken
//    xif_result_ready  the CPU takes it in this cycle
//    xif_result_id     the instruction it belongs to
//    xif_result_data   value for rd; 0 when we is 0
//    xif_result_rd     destination register number of the instruction
//    xif_result_we     write data to rd; equals xif_issue_writeback of the same instruction
//
// Timing: a result is offered in the cycle its instruction executes (one register, passed by while
// empty). If the CPU does not take it then, it is held and o_exec_ready falls until it is taken.

`default_nettype none

module xif_result #(
   parameter ID_W = 4
) (
   input  wire            i_clk,
   input  wire            i_rst,
   // dispatcher
   input  wire            i_exec_valid,
   output wire            o_exec_ready,
   input  wire [ID_W-1:0] i_exec_id,
   input  wire [4:0]      i_exec_rd,
   input  wire            i_exec_we,
   input  wire [31:0]     i_exec_data,
   // CPU
   output wire            o_xif_result_valid,
   input  wire            i_xif_result_ready,
   output wire [ID_W-1:0] o_xif_result_id,
   output wire [31:0]     o_xif_result_data,
   output wire [4:0]      o_xif_result_rd,
   output wire            o_xif_result_we
);

   localparam RESULT_W = ID_W + 5 + 1 + 32;

   reg                held_q;
   reg [RESULT_W-1:0] result_q;

   wire [31:0]         exec_data = i_exec_we ? i_exec_data : 32'd0;
   wire [RESULT_W-1:0] exec      = {i_exec_id, i_exec_rd, i_exec_we, exec_data};

   assign o_exec_ready       = !held_q;
   assign o_xif_result_valid = held_q || i_exec_valid;
   assign {o_xif_result_id, o_xif_result_rd, o_xif_result_we, o_xif_result_data}
          = held_q ? result_q : exec;

   always @(posedge i_clk) begin
      if (i_rst) begin
         held_q <= 1'b0;
      end else begin
         held_q <= o_xif_result_valid && !i_xif_result_ready;
      end
   end

   always @(posedge i_clk) begin
      if (i_exec_valid && !held_q && !i_xif_result_ready) begin
         result_q <= exec;
      end
   end

endmodule

`default_nettype wire
