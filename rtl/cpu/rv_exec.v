// rv_exec.v : wires the units of the execute stage, with the late halves of load and multiply
// SPDX-License-Identifier: Apache-2.0
//
// Timing: everything works on the instruction in the decode/execute register; a unit with effects
// starts with i_go and ends with i_fire or i_retire (rv_ctrl.v).

`default_nettype none
`include "rv_defs.vh"

module rv_exec #(
   parameter [31:0] HART_ID = 32'd0,
   parameter        ID_W    = 4
) (
   input  wire                 i_clk,
   input  wire                 i_rst,
   // decode/execute register
   input  wire                 i_x_valid,
   input  wire [31:0]          i_x_instr,
   input  wire [31:0]          i_x_pc,
   input  wire [`RV_CTL_W-1:0] i_x_ctl,
   input  wire [31:0]          i_x_op1,
   input  wire [31:0]          i_x_op2,
   input  wire [31:0]          i_x_base,
   input  wire [31:0]          i_x_imm,
   // stage control
   input  wire                 i_go,
   input  wire                 i_fire,
   input  wire                 i_irq,
   input  wire                 i_trap,
   input  wire                 i_retire,
   output wire                 o_taken,
   output wire                 o_exc_early,
   output wire                 o_exc_late,
   output wire                 o_div_done,
   output wire                 o_xif_done,
   output wire                 o_irq_pending,
   output wire                 o_irq_wake,
   output wire [31:0]          o_trap_target,
   output wire [31:0]          o_mepc,
   output wire [31:0]          o_jump_target,
   // data memory, request
   output wire                 o_dmem_valid,
   output wire                 o_dmem_we,
   output wire [31:0]          o_dmem_addr,
   output wire [3:0]           o_dmem_be,
   output wire [31:0]          o_dmem_wdata,
   input  wire                 i_dmem_fault,
   // value handed on
   output wire                 o_x_we,
   output wire                 o_x_late,
   output wire [31:0]          o_x_result,
   // late values, write-back stage
   input  wire [2:0]           i_w_funct3,
   input  wire [1:0]           i_w_offset,
   input  wire [31:0]          i_dmem_rdata,
   output wire [31:0]          o_w_mem_data,
   output wire [31:0]          o_w_mul,
   // interrupt lines, time, counters
   input  wire                 i_irq_timer,
   input  wire                 i_irq_external,
   input  wire [63:0]          i_time,
   output wire [63:0]          o_cycle,
   output wire [63:0]          o_instret,
   output wire [31:0]          o_mcause,
   // co-processor
   output wire                 o_xif_issue_valid,
   input  wire                 i_xif_issue_ready,
   output wire [31:0]          o_xif_issue_instr,
   output wire [ID_W-1:0]      o_xif_issue_id,
   input  wire                 i_xif_issue_accept,
   input  wire                 i_xif_issue_writeback,
   output wire [31:0]          o_xif_register_rs1,
   output wire [31:0]          o_xif_register_rs2,
   output wire [1:0]           o_xif_register_rs_valid,
   output wire                 o_xif_commit_valid,
   output wire [ID_W-1:0]      o_xif_commit_id,
   output wire                 o_xif_commit_kill,
   input  wire                 i_xif_result_valid,
   output wire                 o_xif_result_ready,
   input  wire [ID_W-1:0]      i_xif_result_id,
   input  wire [31:0]          i_xif_result_data,
   input  wire [4:0]           i_xif_result_rd,
   input  wire                 i_xif_result_we
);

   wire [2:0]  funct3 = i_x_instr[14:12];
   wire [31:0] alu_result, csr_rdata, div_result, xif_result, exc_value;
   wire        eq, lt_signed, lt_unsigned, jump_misaligned, mem_misaligned, csr_illegal;
   wire        xif_reject, xif_we;
   wire [4:0]  exc_cause;

   assign o_dmem_valid = i_go && (i_x_ctl[`RV_CTL_LOAD] || i_x_ctl[`RV_CTL_STORE]);
   assign o_dmem_we    = i_x_ctl[`RV_CTL_STORE];

   rv_alu u_alu (
      .i_op          (i_x_ctl[`RV_CTL_ALU]),
      .i_op1         (i_x_op1),
      .i_op2         (i_x_op2),
      .o_result      (alu_result),
      .o_eq          (eq),
      .o_lt_signed   (lt_signed),
      .o_lt_unsigned (lt_unsigned)
   );

   rv_branch u_branch (
      .i_branch      (i_x_ctl[`RV_CTL_BRANCH]),
      .i_jump        (i_x_ctl[`RV_CTL_JUMP]),
      .i_funct3      (funct3),
      .i_eq          (eq),
      .i_lt_signed   (lt_signed),
      .i_lt_unsigned (lt_unsigned),
      .i_base        (i_x_base),
      .i_imm         (i_x_imm),
      .o_address     (o_dmem_addr),
      .o_jump_target (o_jump_target),
      .o_taken       (o_taken),
      .o_misaligned  (jump_misaligned)
   );

   rv_lsu u_lsu (
      .i_x_funct3     (funct3[1:0]),
      .i_x_offset     (o_dmem_addr[1:0]),
      .i_x_data       (i_x_op2),
      .o_x_misaligned (mem_misaligned),
      .o_x_be         (o_dmem_be),
      .o_x_wdata      (o_dmem_wdata),
      .i_w_funct3     (i_w_funct3),
      .i_w_offset     (i_w_offset),
      .i_w_rdata      (i_dmem_rdata),
      .o_w_data       (o_w_mem_data)
   );

   rv_mul u_mul (
      .i_clk    (i_clk),
      .i_en     (i_fire && i_x_ctl[`RV_CTL_MUL]),
      .i_funct3 (funct3[1:0]),
      .i_op1    (i_x_op1),
      .i_op2    (i_x_op2),
      .o_result (o_w_mul)
   );

   rv_div u_div (
      .i_clk    (i_clk),
      .i_rst    (i_rst),
      .i_valid  (i_go && i_x_ctl[`RV_CTL_DIV]),
      .i_funct3 (funct3[1:0]),
      .i_op1    (i_x_op1),
      .i_op2    (i_x_op2),
      .o_done   (o_div_done),
      .o_result (div_result)
   );

   rv_xif #(
      .ID_W (ID_W)
   ) u_xif (
      .i_clk                   (i_clk),
      .i_rst                   (i_rst),
      .i_valid                 (i_go && i_x_ctl[`RV_CTL_XIF]),
      .i_instr                 (i_x_instr),
      .i_rs1                   (i_x_op1),
      .i_rs2                   (i_x_op2),
      .o_done                  (o_xif_done),
      .o_reject                (xif_reject),
      .o_we                    (xif_we),
      .o_result                (xif_result),
      .o_xif_issue_valid       (o_xif_issue_valid),
      .i_xif_issue_ready       (i_xif_issue_ready),
      .o_xif_issue_instr       (o_xif_issue_instr),
      .o_xif_issue_id          (o_xif_issue_id),
      .i_xif_issue_accept      (i_xif_issue_accept),
      .i_xif_issue_writeback   (i_xif_issue_writeback),
      .o_xif_register_rs1      (o_xif_register_rs1),
      .o_xif_register_rs2      (o_xif_register_rs2),
      .o_xif_register_rs_valid (o_xif_register_rs_valid),
      .o_xif_commit_valid      (o_xif_commit_valid),
      .o_xif_commit_id         (o_xif_commit_id),
      .o_xif_commit_kill       (o_xif_commit_kill),
      .i_xif_result_valid      (i_xif_result_valid),
      .o_xif_result_ready      (o_xif_result_ready),
      .i_xif_result_id         (i_xif_result_id),
      .i_xif_result_data       (i_xif_result_data),
      .i_xif_result_rd         (i_xif_result_rd),
      .i_xif_result_we         (i_xif_result_we)
   );

   rv_csr #(
      .HART_ID (HART_ID)
   ) u_csr (
      .i_clk          (i_clk),
      .i_rst          (i_rst),
      .i_csr          (i_x_ctl[`RV_CTL_CSR]),
      .i_address      (i_x_instr[31:20]),
      .i_funct3       (funct3[1:0]),
      .i_source_x0    (i_x_instr[19:15] == 5'd0),
      .i_operand      (i_x_op1),
      .i_retire       (i_retire),
      .i_mret         (i_retire && i_x_ctl[`RV_CTL_MRET]),
      .o_rdata        (csr_rdata),
      .o_illegal      (csr_illegal),
      .i_trap         (i_trap),
      .i_trap_irq     (i_irq),
      .i_exc_cause    (exc_cause),
      .i_exc_value    (exc_value),
      .i_trap_pc      (i_x_pc[31:2]),
      .o_trap_target  (o_trap_target),
      .o_mepc         (o_mepc),
      .o_mcause       (o_mcause),
      .i_irq_timer    (i_irq_timer),
      .i_irq_external (i_irq_external),
      .i_time         (i_time),
      .o_irq_pending  (o_irq_pending),
      .o_irq_wake     (o_irq_wake),
      .o_cycle        (o_cycle),
      .o_instret      (o_instret)
   );

   rv_trap u_trap (
      .i_ctl             (i_x_ctl),
      .i_instr           (i_x_instr),
      .i_pc              (i_x_pc),
      .i_address         (o_dmem_addr),
      .i_jump_target     (o_jump_target),
      .i_csr_illegal     (csr_illegal),
      .i_jump_misaligned (jump_misaligned),
      .i_mem_misaligned  (mem_misaligned),
      .i_mem_fault       (i_dmem_fault),
      .i_xif_reject      (xif_reject),
      .o_early           (o_exc_early),
      .o_late            (o_exc_late),
      .o_cause           (exc_cause),
      .o_value           (exc_value)
   );

   rv_result u_result (
      .i_valid  (i_x_valid),
      .i_ctl    (i_x_ctl),
      .i_rd     (i_x_instr[11:7]),
      .i_alu    (alu_result),
      .i_csr    (csr_rdata),
      .i_div    (div_result),
      .i_xif    (xif_result),
      .i_xif_we (xif_we),
      .o_we     (o_x_we),
      .o_late   (o_x_late),
      .o_result (o_x_result)
   );

endmodule

`default_nettype wire
