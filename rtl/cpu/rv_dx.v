// rv_dx.v : pipeline register between decode and execute
// SPDX-License-Identifier: Apache-2.0
//
// Timing: loads when i_load is high; i_valid then says whether an instruction or a bubble enters.

`default_nettype none
`include "rv_defs.vh"

module rv_dx (
   input  wire                 i_clk,
   input  wire                 i_rst,
   input  wire                 i_load,
   input  wire                 i_valid,
   // decode
   input  wire [31:0]          i_instr,
   input  wire [31:0]          i_pc,
   input  wire [`RV_CTL_W-1:0] i_ctl,
   input  wire [31:0]          i_op1,
   input  wire [31:0]          i_op2,
   input  wire [31:0]          i_base,
   input  wire [31:0]          i_imm,
   // execute
   output wire                 o_valid,
   output wire [31:0]          o_instr,
   output wire [31:0]          o_pc,
   output wire [`RV_CTL_W-1:0] o_ctl,
   output wire [31:0]          o_op1,
   output wire [31:0]          o_op2,
   output wire [31:0]          o_base,
   output wire [31:0]          o_imm
);

   reg                 valid_q;
   reg [31:0]          instr_q;
   reg [31:0]          pc_q;
   reg [`RV_CTL_W-1:0] ctl_q;
   reg [31:0]          op1_q;
   reg [31:0]          op2_q;
   reg [31:0]          base_q;
   reg [31:0]          imm_q;

   assign o_valid = valid_q;
   assign o_instr = instr_q;
   assign o_pc    = pc_q;
   assign o_ctl   = ctl_q;
   assign o_op1   = op1_q;
   assign o_op2   = op2_q;
   assign o_base  = base_q;
   assign o_imm   = imm_q;

   always @(posedge i_clk) begin
      if (i_rst) begin
         valid_q <= 1'b0;
      end else if (i_load) begin
         valid_q <= i_valid;
      end
   end

   always @(posedge i_clk) begin
      if (i_load && i_valid) begin
         instr_q <= i_instr;
         pc_q    <= i_pc;
         ctl_q   <= i_ctl;
         op1_q   <= i_op1;
         op2_q   <= i_op2;
         base_q  <= i_base;
         imm_q   <= i_imm;
      end
   end

endmodule

`default_nettype wire
