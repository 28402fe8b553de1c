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
   // interrupt lines, time, counters
   input  wire            i_irq_timer, i_irq_external,
   input  wire [63:0]     i_time,
   output wire [63:0]     o_cycle, o_instret,
   // co-processor
   output wire            o_xif_issue_valid,
   input  wire            i_xif_issue_ready,
   output wire [31:0]     o_xif_issue_instr,
   output wire [ID_W-1:0] o_xif_issue_id,
   input  wire            i_xif_issue_accept, i_xif_issue_writeback,
   output wire [31:0]     o_xif_register_rs1, o_xif_register_rs2,
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
   output wire            rvfi_valid, rvfi_trap, rvfi_halt, rvfi_intr,
   output wire [63:0]     rvfi_order,
   output wire [31:0]     rvfi_insn, rvfi_pc_rdata, rvfi_pc_wdata,
   output wire [1:0]      rvfi_mode, rvfi_ixl,
   output wire [4:0]      rvfi_rs1_addr, rvfi_rs2_addr, rvfi_rd_addr,
   output wire [31:0]     rvfi_rs1_rdata, rvfi_rs2_rdata, rvfi_rd_wdata,
   output wire [31:0]     rvfi_mem_addr, rvfi_mem_rdata, rvfi_mem_wdata,
   output wire [3:0]      rvfi_mem_rmask, rvfi_mem_wmask,
   output wire [31:0]     rvfi_csr_mcause_rdata
);

   // decode (d), execute (x), write-back (w)
   wire                 d_valid, d_stall, d_ready, dx_load, dx_valid, d_rs1_used, d_rs2_used;
   wire [31:0]          d_rs1, d_rs2;
   wire                 x_valid, x_we, x_late, x_taken;
   wire [31:0]          x_instr, x_pc, x_op1, x_op2, x_base, x_imm, x_result;
   wire [`RV_CTL_W-1:0] x_ctl;
   wire                 exc_early, exc_late, div_done, xif_done, irq_pending, irq_wake;
   wire                 go, fire, irq, trap, retire, redirect;
   wire [31:0]          trap_target, mepc, mcause, jump_target, redirect_pc;
   wire                 w_valid, w_done, w_we;
   wire [4:0]           w_rd;
   wire [2:0]           w_funct3;
   wire [1:0]           w_offset;
   wire [31:0]          w_result, w_mem_data, w_mul;

   rv_front #(
      .RESET_PC (RESET_PC)
   ) u_front (
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
      .o_d_valid     (d_valid),
      .o_d_stall     (d_stall),
      .i_d_ready     (d_ready),
      .i_dx_load     (dx_load),
      .i_dx_valid    (dx_valid),
      .i_x_we        (x_we),
      .i_x_late      (x_late),
      .i_x_rd        (x_instr[11:7]),
      .i_x_result    (x_result),
      .i_w_we        (w_we),
      .i_w_done      (w_done),
      .i_w_rd        (w_rd),
      .i_w_result    (w_result),
      .o_x_valid     (x_valid),
      .o_x_instr     (x_instr),
      .o_x_pc        (x_pc),
      .o_x_ctl       (x_ctl),
      .o_x_op1       (x_op1),
      .o_x_op2       (x_op2),
      .o_x_base      (x_base),
      .o_x_imm       (x_imm),
      .o_d_rs1       (d_rs1),
      .o_d_rs2       (d_rs2),
      .o_d_rs1_used  (d_rs1_used),
      .o_d_rs2_used  (d_rs2_used)
   );

   rv_exec #(
      .HART_ID (HART_ID),
      .ID_W    (ID_W)
   ) u_exec (
      .i_clk                   (i_clk),
      .i_rst                   (i_rst),
      .i_x_valid               (x_valid),
      .i_x_instr               (x_instr),
      .i_x_pc                  (x_pc),
      .i_x_ctl                 (x_ctl),
      .i_x_op1                 (x_op1),
      .i_x_op2                 (x_op2),
      .i_x_base                (x_base),
      .i_x_imm                 (x_imm),
      .i_go                    (go),
      .i_fire                  (fire),
      .i_irq                   (irq),
      .i_trap                  (trap),
      .i_retire                (retire),
      .o_taken                 (x_taken),
      .o_exc_early             (exc_early),
      .o_exc_late              (exc_late),
      .o_div_done              (div_done),
      .o_xif_done              (xif_done),
      .o_irq_pending           (irq_pending),
      .o_irq_wake              (irq_wake),
      .o_trap_target           (trap_target),
      .o_mepc                  (mepc),
      .o_jump_target           (jump_target),
      .o_dmem_valid            (o_dmem_valid),
      .o_dmem_we               (o_dmem_we),
      .o_dmem_addr             (o_dmem_addr),
      .o_dmem_be               (o_dmem_be),
      .o_dmem_wdata            (o_dmem_wdata),
      .i_dmem_fault            (i_dmem_fault),
      .o_x_we                  (x_we),
      .o_x_late                (x_late),
      .o_x_result              (x_result),
      .i_w_funct3              (w_funct3),
      .i_w_offset              (w_offset),
      .i_dmem_rdata            (i_dmem_rdata),
      .o_w_mem_data            (w_mem_data),
      .o_w_mul                 (w_mul),
      .i_irq_timer             (i_irq_timer),
      .i_irq_external          (i_irq_external),
      .i_time                  (i_time),
      .o_cycle                 (o_cycle),
      .o_instret               (o_instret),
      .o_mcause                (mcause),
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

   rv_ctrl u_ctrl (
      .i_clk         (i_clk),
      .i_rst         (i_rst),
      .i_d_valid     (d_valid),
      .i_d_stall     (d_stall),
      .o_d_ready     (d_ready),
      .o_dx_load     (dx_load),
      .o_dx_valid    (dx_valid),
      .i_x_valid     (x_valid),
      .i_x_ctl       (x_ctl),
      .i_x_taken     (x_taken),
      .i_exc_early   (exc_early),
      .i_exc_late    (exc_late),
      .i_mem_ready   (i_dmem_ready),
      .i_div_done    (div_done),
      .i_xif_done    (xif_done),
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
      .i_jump_target (jump_target),
      .o_redirect_pc (redirect_pc)
   );

   rv_xw u_xw (
      .i_clk        (i_clk),
      .i_rst        (i_rst),
      .i_valid      (fire && !irq),
      .i_trap       (trap),
      .i_we         (x_we),
      .i_ctl        (x_ctl),
      .i_instr      (x_instr),
      .i_offset     (o_dmem_addr[1:0]),
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
      .i_x_address           (o_dmem_addr[31:2]),
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
