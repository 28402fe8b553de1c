// rv_front.v : wires fetch, decode and operand read: the part of the CPU before execute
// SPDX-License-Identifier: Apache-2.0
//
// Timing: o_x_* are the decode/execute register; the stages in front of it are described in
// rv_fetch.v and rv_operands.v.

`default_nettype none
`include "rv_defs.vh"

module rv_front #(
   parameter [31:0] RESET_PC = 32'h00000000
) (
   input  wire                 i_clk,
   input  wire                 i_rst,
   // instruction memory
   output wire                 o_imem_valid,
   input  wire                 i_imem_ready,
   output wire [31:0]          o_imem_addr,
   input  wire                 i_imem_fault,
   input  wire                 i_imem_rvalid,
   input  wire [31:0]          i_imem_rdata,
   // stage control
   input  wire                 i_redirect,
   input  wire [31:0]          i_redirect_pc,
   output wire                 o_d_valid,
   output wire                 o_d_stall,
   input  wire                 i_d_ready,
   input  wire                 i_dx_load,
   input  wire                 i_dx_valid,
   // values on their way to the register file
   input  wire                 i_x_we,
   input  wire                 i_x_late,
   input  wire [4:0]           i_x_rd,
   input  wire [31:0]          i_x_result,
   input  wire                 i_w_we,
   input  wire                 i_w_done,
   input  wire [4:0]           i_w_rd,
   input  wire [31:0]          i_w_result,
   // execute stage
   output wire                 o_x_valid,
   output wire [31:0]          o_x_instr,
   output wire [31:0]          o_x_pc,
   output wire [`RV_CTL_W-1:0] o_x_ctl,
   output wire [31:0]          o_x_op1,
   output wire [31:0]          o_x_op2,
   output wire [31:0]          o_x_base,
   output wire [31:0]          o_x_imm,
   // retirement report
   output wire [31:0]          o_d_rs1,
   output wire [31:0]          o_d_rs2,
   output wire                 o_d_rs1_used,
   output wire                 o_d_rs2_used
);

   wire                 d_fault;
   wire [31:0]          d_instr, d_pc, d_imm, d_rs1_data, d_rs2_data, d_op1, d_op2, d_base;
   wire [`RV_CTL_W-1:0] d_ctl;
   wire                 d_op1_pc, d_op1_zero, d_op1_zimm, d_op2_imm, d_op2_four, d_base_pc;

   rv_fetch #(
      .RESET_PC (RESET_PC)
   ) u_fetch (
      .i_clk         (i_clk),
      .i_rst         (i_rst),
      .o_imem_valid  (o_imem_valid),
      .i_imem_ready  (i_imem_ready),
      .o_imem_addr   (o_imem_addr),
      .i_imem_fault  (i_imem_fault),
      .i_imem_rvalid (i_imem_rvalid),
      .i_imem_rdata  (i_imem_rdata),
      .i_redirect    (i_redirect),
      .i_redirect_pc (i_redirect_pc),
      .o_instr_valid (o_d_valid),
      .i_instr_ready (i_d_ready),
      .o_instr       (d_instr),
      .o_instr_pc    (d_pc),
      .o_instr_fault (d_fault)
   );

   rv_decode u_decode (
      .i_instr       (d_instr),
      .i_instr_fault (d_fault),
      .o_ctl         (d_ctl),
      .o_imm         (d_imm),
      .o_rs1_used    (o_d_rs1_used),
      .o_rs2_used    (o_d_rs2_used),
      .o_op1_pc      (d_op1_pc),
      .o_op1_zero    (d_op1_zero),
      .o_op1_zimm    (d_op1_zimm),
      .o_op2_imm     (d_op2_imm),
      .o_op2_four    (d_op2_four),
      .o_base_pc     (d_base_pc)
   );

   rv_regfile u_regfile (
      .i_clk      (i_clk),
      .i_rs1_addr (d_instr[19:15]),
      .i_rs2_addr (d_instr[24:20]),
      .o_rs1_data (d_rs1_data),
      .o_rs2_data (d_rs2_data),
      .i_rd_we    (i_w_we && i_w_done),
      .i_rd_addr  (i_w_rd),
      .i_rd_data  (i_w_result)
   );

   rv_operands u_operands (
      .i_rs1_addr (d_instr[19:15]),
      .i_rs2_addr (d_instr[24:20]),
      .i_rs1_used (o_d_rs1_used),
      .i_rs2_used (o_d_rs2_used),
      .i_op1_pc   (d_op1_pc),
      .i_op1_zero (d_op1_zero),
      .i_op1_zimm (d_op1_zimm),
      .i_op2_imm  (d_op2_imm),
      .i_op2_four (d_op2_four),
      .i_base_pc  (d_base_pc),
      .i_pc       (d_pc),
      .i_imm      (d_imm),
      .i_rs1_data (d_rs1_data),
      .i_rs2_data (d_rs2_data),
      .i_x_we     (i_x_we),
      .i_x_late   (i_x_late),
      .i_x_rd     (i_x_rd),
      .i_x_result (i_x_result),
      .i_w_we     (i_w_we),
      .i_w_done   (i_w_done),
      .i_w_rd     (i_w_rd),
      .i_w_result (i_w_result),
      .o_stall    (o_d_stall),
      .o_rs1      (o_d_rs1),
      .o_rs2      (o_d_rs2),
      .o_op1      (d_op1),
      .o_op2      (d_op2),
      .o_base     (d_base)
   );

   rv_dx u_dx (
      .i_clk   (i_clk),
      .i_rst   (i_rst),
      .i_load  (i_dx_load),
      .i_valid (i_dx_valid),
      .i_instr (d_instr),
      .i_pc    (d_pc),
      .i_ctl   (d_ctl),
      .i_op1   (d_op1),
      .i_op2   (d_op2),
      .i_base  (d_base),
      .i_imm   (d_imm),
      .o_valid (o_x_valid),
      .o_instr (o_x_instr),
      .o_pc    (o_x_pc),
      .o_ctl   (o_x_ctl),
      .o_op1   (o_x_op1),
      .o_op2   (o_x_op2),
      .o_base  (o_x_base),
      .o_imm   (o_x_imm)
   );

endmodule

`default_nettype wire
