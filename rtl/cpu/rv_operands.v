// rv_operands.v : gives the decoder's instruction its newest operands, or stalls it
// SPDX-License-Identifier: Apache-2.0
//
// Timing: combinational. Forwards from the execute stage first, then from write-back, then from the
// register file. A value that does not exist yet (load or product still in execute, load data not
// yet back) stalls the decoder.

`default_nettype none

module rv_operands (
   // decoder
   input  wire [4:0]  i_rs1_addr,
   input  wire [4:0]  i_rs2_addr,
   input  wire        i_rs1_used,
   input  wire        i_rs2_used,
   input  wire        i_op1_pc,
   input  wire        i_op1_zero,
   input  wire        i_op1_zimm,
   input  wire        i_op2_imm,
   input  wire        i_op2_four,
   input  wire        i_base_pc,
   input  wire [31:0] i_pc,
   input  wire [31:0] i_imm,
   // register file
   input  wire [31:0] i_rs1_data,
   input  wire [31:0] i_rs2_data,
   // execute stage: we is only high with a register other than x0
   input  wire        i_x_we,
   input  wire        i_x_late,      // its value comes in write-back
   input  wire [4:0]  i_x_rd,
   input  wire [31:0] i_x_result,
   // write-back stage
   input  wire        i_w_we,
   input  wire        i_w_done,
   input  wire [4:0]  i_w_rd,
   input  wire [31:0] i_w_result,
   // to the decode/execute register
   output wire        o_stall,
   output wire [31:0] o_rs1,
   output wire [31:0] o_rs2,
   output wire [31:0] o_op1,
   output wire [31:0] o_op2,
   output wire [31:0] o_base
);

   wire rs1_x = i_x_we && (i_x_rd == i_rs1_addr);
   wire rs2_x = i_x_we && (i_x_rd == i_rs2_addr);
   wire rs1_w = i_w_we && (i_w_rd == i_rs1_addr);
   wire rs2_w = i_w_we && (i_w_rd == i_rs2_addr);

   wire rs1_missing = rs1_x ? i_x_late : (rs1_w && !i_w_done);
   wire rs2_missing = rs2_x ? i_x_late : (rs2_w && !i_w_done);

   assign o_stall = (i_rs1_used && rs1_missing) || (i_rs2_used && rs2_missing);

   assign o_rs1 = rs1_x ? i_x_result : rs1_w ? i_w_result : i_rs1_data;
   assign o_rs2 = rs2_x ? i_x_result : rs2_w ? i_w_result : i_rs2_data;

   assign o_op1 = i_op1_pc   ? i_pc
                : i_op1_zero ? 32'd0
                : i_op1_zimm ? {27'd0, i_rs1_addr}
                :              o_rs1;
   assign o_op2 = i_op2_imm  ? i_imm
                : i_op2_four ? 32'd4
                :              o_rs2;
   assign o_base = i_base_pc ? i_pc : o_rs1;

endmodule

`default_nettype wire
