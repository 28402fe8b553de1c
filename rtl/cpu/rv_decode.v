// rv_decode.v : turns an instruction word into a control word, an immediate and operand choices
// SPDX-License-Identifier: Apache-2.0
//
// Timing: combinational. Every 32-bit encoding that is not RV32IM, Zicsr, mret or wfi becomes a
// co-processor instruction: it traps only if the co-processor does not take it.

`default_nettype none
`include "rv_defs.vh"

module rv_decode (
   input  wire [31:0]          i_instr,
   input  wire                 i_instr_fault,
   output wire [`RV_CTL_W-1:0] o_ctl,
   output reg  [31:0]          o_imm,
   output wire                 o_rs1_used,
   output wire                 o_rs2_used,
   output wire                 o_op1_pc,      // operand 1: pc, else zero, else zimm, else rs1
   output wire                 o_op1_zero,
   output wire                 o_op1_zimm,
   output wire                 o_op2_imm,     // operand 2: immediate, else 4, else rs2
   output wire                 o_op2_four,
   output wire                 o_base_pc      // address base: pc, else rs1
);

   localparam [4:0] OP_LOAD   = 5'h00;
   localparam [4:0] OP_FENCE  = 5'h03;
   localparam [4:0] OP_IMM    = 5'h04;
   localparam [4:0] OP_AUIPC  = 5'h05;
   localparam [4:0] OP_STORE  = 5'h08;
   localparam [4:0] OP_OP     = 5'h0c;
   localparam [4:0] OP_LUI    = 5'h0d;
   localparam [4:0] OP_BRANCH = 5'h18;
   localparam [4:0] OP_JALR   = 5'h19;
   localparam [4:0] OP_JAL    = 5'h1b;
   localparam [4:0] OP_SYSTEM = 5'h1c;

   wire [4:0] op   = i_instr[6:2];
   wire [2:0] f3   = i_instr[14:12];
   wire [6:0] f7   = i_instr[31:25];
   wire       wide = (i_instr[1:0] == 2'b11);
   wire       ok   = wide && !i_instr_fault;

   wire f7_zero  = (f7 == 7'h00);
   wire f7_alt   = (f7 == 7'h20);
   wire is_shift = (f3[1:0] == 2'b01);

   wire lui    = ok && (op == OP_LUI);
   wire auipc  = ok && (op == OP_AUIPC);
   wire jal    = ok && (op == OP_JAL);
   wire jalr   = ok && (op == OP_JALR) && (f3 == 3'd0);
   wire branch = ok && (op == OP_BRANCH) && (f3[2:1] != 2'b01);
   wire load   = ok && (op == OP_LOAD) && (f3 != 3'd3) && (f3[2:1] != 2'b11);
   wire store  = ok && (op == OP_STORE) && (f3 < 3'd3);
   wire fence  = ok && (op == OP_FENCE) && (f3 == 3'd0);
   wire op_imm = ok && (op == OP_IMM)
                 && (!is_shift || f7_zero || (f3[2] && f7_alt));
   wire op_op  = ok && (op == OP_OP);
   wire alu_rr = op_op && (f7_zero || (f7_alt && ((f3 == 3'd0) || (f3 == 3'd5))));
   wire muldiv = op_op && (f7 == 7'h01);
   wire system = ok && (op == OP_SYSTEM);
   wire csr    = system && (f3[1:0] != 2'b00);
   wire priv   = system && (f3 == 3'd0) && (i_instr[19:7] == 13'd0);
   wire ecall  = priv && (i_instr[31:20] == 12'h000);
   wire ebreak = priv && (i_instr[31:20] == 12'h001);
   wire mret   = priv && (i_instr[31:20] == 12'h302);
   wire wfi    = priv && (i_instr[31:20] == 12'h105);

   wire known  = lui || auipc || jal || jalr || branch || load || store || fence || op_imm
                 || alu_rr || muldiv || csr || ecall || ebreak || mret || wfi;
   wire xif    = ok && !known;

   wire alt    = (alu_rr || (op_imm && (f3 == 3'd5))) && f7[5];
   wire adds   = lui || auipc || jal || jalr;

   assign o_ctl[`RV_CTL_ALU]     = adds ? 4'd0 : {alt, f3};
   assign o_ctl[`RV_CTL_WE]      = adds || load || op_imm || alu_rr || muldiv || csr;
   assign o_ctl[`RV_CTL_BRANCH]  = branch;
   assign o_ctl[`RV_CTL_JUMP]    = jal || jalr;
   assign o_ctl[`RV_CTL_LOAD]    = load;
   assign o_ctl[`RV_CTL_STORE]   = store;
   assign o_ctl[`RV_CTL_MUL]     = muldiv && !f3[2];
   assign o_ctl[`RV_CTL_DIV]     = muldiv && f3[2];
   assign o_ctl[`RV_CTL_CSR]     = csr;
   assign o_ctl[`RV_CTL_XIF]     = xif;
   assign o_ctl[`RV_CTL_MRET]    = mret;
   assign o_ctl[`RV_CTL_WFI]     = wfi;
   assign o_ctl[`RV_CTL_ECALL]   = ecall;
   assign o_ctl[`RV_CTL_EBREAK]  = ebreak;
   assign o_ctl[`RV_CTL_ILLEGAL] = !wide && !i_instr_fault;
   assign o_ctl[`RV_CTL_FAULT]   = i_instr_fault;

   assign o_rs1_used = jalr || branch || load || store || op_imm || alu_rr || muldiv || xif
                       || (csr && !f3[2]);
   assign o_rs2_used = branch || store || alu_rr || muldiv || xif;
   assign o_op1_pc   = auipc || jal || jalr;
   assign o_op1_zero = lui;
   assign o_op1_zimm = csr && f3[2];
   assign o_op2_imm  = lui || auipc || op_imm;
   assign o_op2_four = jal || jalr;
   assign o_base_pc  = branch || jal;

   always @* begin
      case (op)
         OP_LUI, OP_AUIPC:
            o_imm = {i_instr[31:12], 12'd0};
         OP_JAL:
            o_imm = {{12{i_instr[31]}}, i_instr[19:12], i_instr[20], i_instr[30:21], 1'b0};
         OP_BRANCH:
            o_imm = {{20{i_instr[31]}}, i_instr[7], i_instr[30:25], i_instr[11:8], 1'b0};
         OP_STORE:
            o_imm = {{20{i_instr[31]}}, i_instr[31:25], i_instr[11:7]};
         default:
            o_imm = {{20{i_instr[31]}}, i_instr[31:20]};
      endcase
   end

endmodule

`default_nettype wire
