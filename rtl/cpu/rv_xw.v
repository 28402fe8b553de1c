// rv_xw.v : pipeline register between execute and write-back, with the choice of the value written
// SPDX-License-Identifier: Apache-2.0
//
// Timing: takes a new instruction whenever i_valid is high; rv_ctrl lets that happen only when the
// register is empty or o_done is high. o_done is low while load data are awaited; o_result is right
// in the cycle o_done is high.

`default_nettype none
`include "rv_defs.vh"

module rv_xw (
   input  wire                       i_clk,
   input  wire                       i_rst,
   // execute
   input  wire                       i_valid,       // an instruction retires or traps
   input  wire                       i_trap,
   input  wire                       i_we,          // it would write rd, which is not x0
   input  wire [`RV_CTL_W-1:0]       i_ctl,
   input  wire [31:0]                i_instr,
   input  wire [1:0]                 i_offset,
   input  wire [31:0]                i_result,
   // late values
   input  wire                       i_mem_rvalid,
   input  wire [31:0]                i_mem_data,
   input  wire [31:0]                i_mul_result,
   // write-back
   output wire                       o_valid,
   output wire                       o_done,
   output wire                       o_we,
   output wire [4:0]                 o_rd,
   output wire [2:0]                 o_funct3,
   output wire [1:0]                 o_offset,
   output wire [31:0]                o_result
);

   reg        valid_q;
   reg        we_q;
   reg        is_load_q;
   reg        is_mul_q;
   reg [4:0]  rd_q;
   reg [2:0]  funct3_q;
   reg [1:0]  offset_q;
   reg [31:0] result_q;

   assign o_valid  = valid_q;
   assign o_done   = !is_load_q || i_mem_rvalid;
   assign o_we     = we_q && valid_q;
   assign o_rd     = rd_q;
   assign o_funct3 = funct3_q;
   assign o_offset = offset_q;
   assign o_result = is_load_q ? i_mem_data : is_mul_q ? i_mul_result : result_q;

   always @(posedge i_clk) begin
      if (i_rst) begin
         valid_q <= 1'b0;
      end else if (i_valid || o_done) begin
         valid_q <= i_valid;
      end
   end

   always @(posedge i_clk) begin
      if (i_valid) begin
         we_q      <= i_we && !i_trap;
         is_load_q <= i_ctl[`RV_CTL_LOAD] && !i_trap;
         is_mul_q  <= i_ctl[`RV_CTL_MUL];
         rd_q      <= i_instr[11:7];
         funct3_q  <= i_instr[14:12];
         offset_q  <= i_offset;
         result_q  <= i_result;
      end
   end

endmodule

`default_nettype wire
