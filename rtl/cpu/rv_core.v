// rv_core.v : wires the stages of the CPU together
// SPDX-License-Identifier: Apache-2.0
//
// RV32IM_Zicsr_Zicntr, machine mode, in order: fetch, decode (D), execute (X), write-back (W).
// Timing: one instruction a cycle; one lost slot after a taken branch, jump, mret or trap and when
// a load or product is used by the next instruction; 34 cycles for a division; co-processor
// instructions as long as they take, at least 2 cycles. Memory ports: valid/ready request, one
// answer later (rvalid) per fetch and load, none per store; fault is given with ready.

`default_nettype none
`include "rv_defs.vh"

module rv_core #(
   parameter [31:0] RESET_PC = 32'h00000000,
   parameter [31:0] HART_ID  = 32'd0,
   parameter        ID_W     = 4             // bits of xif ids
) (
   input  wire            i_clk,
   input  wire            i_rst,
   // instruction memory
   output wire            o_imem_valid,
   input  wire            i_imem_ready,
   output wire [31:0]     o_imem_addr,
   input  wire            i_imem_fault,
   input  wire            i_imem_rvalid,
   input  wire [31:0]     i_imem_rdata,
   // data memory
   output wire            o_dmem_valid,
   input  wire            i_dmem_ready,
   output wire            o_dmem_we,
   output wire [31:0]     o_dmem_addr,
   output wire [3:0]      o_dmem_be,         // bytes read or written
   output wire [31:0]     o_dmem_wdata,
   input  wire            i_dmem_fault,
   input  wire            i_dmem_rvalid,
   input  wire [31:0]     i_dmem_rdata,
   // interrupt lines and time
   input  wire            i_irq_timer,
   input  wire            i_irq_external,
   input  wire [63:0]     i_time,
   // counters
   output wire [63:0]     o_cycle,
   output wire [63:0]     o_instret,
   // co-processor
   output wire            o_xif_issue_valid,
   input  wire            i_xif_issue_ready,
   output wire [31:0]     o_xif_issue_instr,
   output wire [ID_W-1:0] o_xif_issue_id,
   input  wire            i_xif_issue_accept,
   input  wire            i_xif_issue_writeback,
   output wire [31:0]     o_xif_register_rs1,
   output wire [31:0]     o_xif_register_rs2,
   output wire [1:0]      o_xif_register_rs_valid,
   output wire            o_xif_commit_valid,
   output wire [ID_W-1:0] o_xif_commit_id,
   output wire            o_xif_commit_kill,
   input  wire            i_xif_result_valid,
   output wire            o_xif_result_ready,
   input  wire [ID_W-1:0] i_xif_result_id,
   input  wire [31:0]     i_xif_result_data,
   input  wire [4:0]      i_xif_result_rd,
   input  wire            i_xif_result_we,
   // retirement
   output wire            rvfi_valid,
   output wire [63:0]     rvfi_order,
   output wire [31:0]     rvfi_insn,
   output wire            rvfi_trap,
   output wire            rvfi_halt,
   output wire            rvfi_intr,
   output wire [1:0]      rvfi_mode,
   output wire [1:0]      rvfi_ixl,
   output wire [4:0]      rvfi_rs1_addr,
   output wire [4:0]      rvfi_rs2_addr,
   output wire [31:0]     rvfi_rs1_rdata,
   output wire [31:0]     rvfi_rs2_rdata,
   output wire [4:0]      rvfi_rd_addr,
   output wire [31:0]     rvfi_rd_wdata,
   output wire [31:0]     rvfi_pc_rdata,
   output wire [31:0]     rvfi_pc_wdata,
   output wire [31:0]     rvfi_mem_addr,
   output wire [3:0]      rvfi_mem_rmask,
   output wire [3:0]      rvfi_mem_wmask,
   output wire [31:0]     rvfi_mem_rdata,
   output wire [31:0]     rvfi_mem_wdata,
   output wire [31:0]     rvfi_csr_mcause_rdata
);

   // fetch -> decode
   wire                 d_valid, d_ready, d_fault;
   wire [31:0]          d_instr, d_pc;
   wire [`RV_CTL_W-1:0] d_ctl;
   wire [31:0]          d_imm, d_rs1_data, d_rs2_data, d_rs1, d_rs2, d_op1, d_op2, d_base;
   wire                 d_rs1_used, d_rs2_used, d_op1_pc, d_op1_zero, d_op1_zimm;
   wire                 d_op2_imm, d_op2_four, d_base_pc, d_stall;
   // decode -> execute
   wire                 dx_load, dx_valid, x_valid;
   wire [31:0]          x_instr, x_pc, x_op1, x_op2, x_base, x_imm;
   wire [`RV_CTL_W-1:0] x_ctl;
   // execute
   wire [31:0]          x_alu, x_csr, x_div, x_xif, x_result, x_address, x_jump_target;
   wire                 x_eq, x_lt_signed, x_lt_unsigned, x_taken, x_jump_misaligned;
   wire                 x_mem_misaligned, x_csr_illegal, x_div_done;
   wire                 x_xif_done, x_xif_reject, x_xif_we, x_we, x_late;
   wire                 x_exc_early, x_exc_late, irq_pending, irq_wake;
   wire [4:0]           x_exc_cause;
   wire [31:0]          x_exc_value, trap_target, mepc, mcause;
   wire                 go, fire, irq, trap, retire, redirect;
   wire [31:0]          redirect_pc;
   // execute -> write-back
   wire                 w_valid, w_done, w_we;
   wire [4:0]           w_rd;
   wire [2:0]           w_funct3;
   wire [1:0]           w_offset;
   wire [31:0]          w_result, w_mem_data, w_mul;

   wire       x_mem    = x_ctl[`RV_CTL_LOAD] || x_ctl[`RV_CTL_STORE];
   wire [2:0] x_funct3 = x_instr[14:12];
   wire [4:0] x_rd     = x_instr[11:7];

   assign o_dmem_valid = go && x_mem;
   assign o_dmem_we    = x_ctl[`RV_CTL_STORE];
   assign o_dmem_addr  = x_address;

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
      .i_redirect    (redirect),
      .i_redirect_pc (redirect_pc),
      .o_instr_valid (d_valid),
      .i_instr_ready (d_ready),
      .o_instr       (d_instr),
      .o_instr_pc    (d_pc),
      .o_instr_fault (d_fault)
   );

   rv_decode u_decode (
      .i_instr       (d_instr),
      .i_instr_fault (d_fault),
      .o_ctl         (d_ctl),
      .o_imm         (d_imm),
      .o_rs1_used    (d_rs1_used),
      .o_rs2_used    (d_rs2_used),
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
      .i_rd_we    (w_we && w_done),
      .i_rd_addr  (w_rd),
      .i_rd_data  (w_result)
   );

   rv_operands u_operands (
      .i_rs1_addr (d_instr[19:15]),
      .i_rs2_addr (d_instr[24:20]),
      .i_rs1_used (d_rs1_used),
      .i_rs2_used (d_rs2_used),
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
      .i_x_we     (x_we),
      .i_x_late   (x_late),
      .i_x_rd     (x_rd),
      .i_x_result (x_result),
      .i_w_we     (w_we),
      .i_w_done   (w_done),
      .i_w_rd     (w_rd),
      .i_w_result (w_result),
      .o_stall    (d_stall),
      .o_rs1      (d_rs1),
      .o_rs2      (d_rs2),
      .o_op1      (d_op1),
      .o_op2      (d_op2),
      .o_base     (d_base)
   );

   rv_dx u_dx (
      .i_clk   (i_clk),
      .i_rst   (i_rst),
      .i_load  (dx_load),
      .i_valid (dx_valid),
      .i_instr (d_instr),
      .i_pc    (d_pc),
      .i_ctl   (d_ctl),
      .i_op1   (d_op1),
      .i_op2   (d_op2),
      .i_base  (d_base),
      .i_imm   (d_imm),
      .o_valid (x_valid),
      .o_instr (x_instr),
      .o_pc    (x_pc),
      .o_ctl   (x_ctl),
      .o_op1   (x_op1),
      .o_op2   (x_op2),
      .o_base  (x_base),
      .o_imm   (x_imm)
   );

   rv_alu u_alu (
      .i_op          (x_ctl[`RV_CTL_ALU]),
      .i_op1         (x_op1),
      .i_op2         (x_op2),
      .o_result      (x_alu),
      .o_eq          (x_eq),
      .o_lt_signed   (x_lt_signed),
      .o_lt_unsigned (x_lt_unsigned)
   );

   rv_branch u_branch (
      .i_branch      (x_ctl[`RV_CTL_BRANCH]),
      .i_jump        (x_ctl[`RV_CTL_JUMP]),
      .i_funct3      (x_funct3),
      .i_eq          (x_eq),
      .i_lt_signed   (x_lt_signed),
      .i_lt_unsigned (x_lt_unsigned),
      .i_base        (x_base),
      .i_imm         (x_imm),
      .o_address     (x_address),
      .o_jump_target (x_jump_target),
      .o_taken       (x_taken),
      .o_misaligned  (x_jump_misaligned)
   );

   rv_lsu u_lsu (
      .i_x_funct3     (x_funct3),
      .i_x_address    (x_address),
      .i_x_data       (x_op2),
      .o_x_misaligned (x_mem_misaligned),
      .o_x_be         (o_dmem_be),
      .o_x_wdata      (o_dmem_wdata),
      .i_w_funct3     (w_funct3),
      .i_w_offset     (w_offset),
      .i_w_rdata      (i_dmem_rdata),
      .o_w_data       (w_mem_data)
   );

   rv_mul u_mul (
      .i_clk    (i_clk),
      .i_en     (fire && x_ctl[`RV_CTL_MUL]),
      .i_funct3 (x_funct3[1:0]),
      .i_op1    (x_op1),
      .i_op2    (x_op2),
      .o_result (w_mul)
   );

   rv_div u_div (
      .i_clk    (i_clk),
      .i_rst    (i_rst),
      .i_valid  (go && x_ctl[`RV_CTL_DIV]),
      .i_funct3 (x_funct3[1:0]),
      .i_op1    (x_op1),
      .i_op2    (x_op2),
      .o_done   (x_div_done),
      .o_result (x_div)
   );

   rv_xif #(
      .ID_W (ID_W)
   ) u_xif (
      .i_clk                   (i_clk),
      .i_rst                   (i_rst),
      .i_valid                 (go && x_ctl[`RV_CTL_XIF]),
      .i_instr                 (x_instr),
      .i_rs1                   (x_op1),
      .i_rs2                   (x_op2),
      .o_done                  (x_xif_done),
      .o_reject                (x_xif_reject),
      .o_we                    (x_xif_we),
      .o_result                (x_xif),
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
      .i_csr          (x_ctl[`RV_CTL_CSR]),
      .i_address      (x_instr[31:20]),
      .i_funct3       (x_funct3),
      .i_source_x0    (x_instr[19:15] == 5'd0),
      .i_operand      (x_op1),
      .i_retire       (retire),
      .i_mret         (retire && x_ctl[`RV_CTL_MRET]),
      .o_rdata        (x_csr),
      .o_illegal      (x_csr_illegal),
      .i_trap         (trap),
      .i_trap_irq     (irq),
      .i_exc_cause    (x_exc_cause),
      .i_exc_value    (x_exc_value),
      .i_trap_pc      (x_pc),
      .o_trap_target  (trap_target),
      .o_mepc         (mepc),
      .o_mcause       (mcause),
      .i_irq_timer    (i_irq_timer),
      .i_irq_external (i_irq_external),
      .i_time         (i_time),
      .o_irq_pending  (irq_pending),
      .o_irq_wake     (irq_wake),
      .o_cycle        (o_cycle),
      .o_instret      (o_instret)
   );

   rv_trap u_trap (
      .i_ctl             (x_ctl),
      .i_instr           (x_instr),
      .i_pc              (x_pc),
      .i_address         (x_address),
      .i_jump_target     (x_jump_target),
      .i_csr_illegal     (x_csr_illegal),
      .i_jump_misaligned (x_jump_misaligned),
      .i_mem_misaligned  (x_mem_misaligned),
      .i_mem_fault       (i_dmem_fault),
      .i_xif_reject      (x_xif_reject),
      .o_early           (x_exc_early),
      .o_late            (x_exc_late),
      .o_cause           (x_exc_cause),
      .o_value           (x_exc_value)
   );

   rv_result u_result (
      .i_valid  (x_valid),
      .i_ctl    (x_ctl),
      .i_rd     (x_rd),
      .i_alu    (x_alu),
      .i_csr    (x_csr),
      .i_div    (x_div),
      .i_xif    (x_xif),
      .i_xif_we (x_xif_we),
      .o_we     (x_we),
      .o_late   (x_late),
      .o_result (x_result)
   );

   rv_ctrl u_ctrl (
      .i_clk         (i_clk),
      .i_rst         (i_rst),
      .i_d_valid     (d_valid),
      .i_d_stall     (d_stall),
      .o_d_ready     (d_ready),
      .o_dx_load     (dx_load),
      .o_dx_valid    (dx_valid),
      .i_x_valid     (x_valid),
      .i_x_mem       (x_mem),
      .i_x_div       (x_ctl[`RV_CTL_DIV]),
      .i_x_xif       (x_ctl[`RV_CTL_XIF]),
      .i_x_wfi       (x_ctl[`RV_CTL_WFI]),
      .i_x_mret      (x_ctl[`RV_CTL_MRET]),
      .i_x_taken     (x_taken),
      .i_exc_early   (x_exc_early),
      .i_exc_late    (x_exc_late),
      .i_mem_ready   (i_dmem_ready),
      .i_div_done    (x_div_done),
      .i_xif_done    (x_xif_done),
      .i_irq_pending (irq_pending),
      .i_irq_wake    (irq_wake),
      .i_w_valid     (w_valid),
      .i_w_done      (w_done),
      .o_go          (go),
      .o_fire        (fire),
      .o_irq         (irq),
      .o_trap        (trap),
      .o_retire      (retire),
      .o_redirect    (redirect),
      .i_trap_target (trap_target),
      .i_mepc        (mepc),
      .i_jump_target (x_jump_target),
      .o_redirect_pc (redirect_pc)
   );

   rv_xw u_xw (
      .i_clk        (i_clk),
      .i_rst        (i_rst),
      .i_valid      (fire && !irq),
      .i_we         (x_we && !trap),
      .i_is_load    (x_ctl[`RV_CTL_LOAD] && !trap),
      .i_is_mul     (x_ctl[`RV_CTL_MUL]),
      .i_rd         (x_rd),
      .i_funct3     (x_funct3),
      .i_offset     (x_address[1:0]),
      .i_result     (x_result),
      .i_mem_rvalid (i_dmem_rvalid),
      .i_mem_data   (w_mem_data),
      .i_mul_result (w_mul),
      .o_valid      (w_valid),
      .o_done       (w_done),
      .o_we         (w_we),
      .o_rd         (w_rd),
      .o_funct3     (w_funct3),
      .o_offset     (w_offset),
      .o_result     (w_result)
   );

   rv_rvfi u_rvfi (
      .i_clk                 (i_clk),
      .i_rst                 (i_rst),
      .i_dx_load             (dx_load),
      .i_d_rs1               (d_rs1),
      .i_d_rs2               (d_rs2),
      .i_d_rs1_used          (d_rs1_used),
      .i_d_rs2_used          (d_rs2_used),
      .i_fire                (fire),
      .i_irq                 (irq),
      .i_trap                (trap),
      .i_redirect            (redirect),
      .i_redirect_pc         (redirect_pc),
      .i_x_instr             (x_instr),
      .i_x_pc                (x_pc),
      .i_x_ctl               (x_ctl),
      .i_x_address           (x_address),
      .i_x_be                (o_dmem_be),
      .i_x_wdata             (o_dmem_wdata),
      .i_mcause              (mcause),
      .i_w_valid             (w_valid),
      .i_w_done              (w_done),
      .i_w_we                (w_we),
      .i_w_rd                (w_rd),
      .i_w_result            (w_result),
      .i_mem_rdata           (i_dmem_rdata),
      .rvfi_valid            (rvfi_valid),
      .rvfi_order            (rvfi_order),
      .rvfi_insn             (rvfi_insn),
      .rvfi_trap             (rvfi_trap),
      .rvfi_halt             (rvfi_halt),
      .rvfi_intr             (rvfi_intr),
      .rvfi_mode             (rvfi_mode),
      .rvfi_ixl              (rvfi_ixl),
      .rvfi_rs1_addr         (rvfi_rs1_addr),
      .rvfi_rs2_addr         (rvfi_rs2_addr),
      .rvfi_rs1_rdata        (rvfi_rs1_rdata),
      .rvfi_rs2_rdata        (rvfi_rs2_rdata),
      .rvfi_rd_addr          (rvfi_rd_addr),
      .rvfi_rd_wdata         (rvfi_rd_wdata),
      .rvfi_pc_rdata         (rvfi_pc_rdata),
      .rvfi_pc_wdata         (rvfi_pc_wdata),
      .rvfi_mem_addr         (rvfi_mem_addr),
      .rvfi_mem_rmask        (rvfi_mem_rmask),
      .rvfi_mem_wmask        (rvfi_mem_wmask),
      .rvfi_mem_rdata        (rvfi_mem_rdata),
      .rvfi_mem_wdata        (rvfi_mem_wdata),
      .rvfi_csr_mcause_rdata (rvfi_csr_mcause_rdata)
   );

endmodule

`default_nettype wire
