// soc_top.v : wires CPU, co-processor, memory and devices into the chip
// SPDX-License-Identifier: Apache-2.0
//
// The analog macros are outside: their pins (MACRO_PINS in cosim/regmap.py) are ports, macro 0 in the low bits, flops.

`default_nettype none
`include "regmap.vh"

module soc_top #(
   parameter N_MACRO    = 1,
   parameter MACRO_KIND = 0,                 // of all macros: macro_shell.v
   parameter IN_W       = 400,               // input bits of one macro
   parameter AUX_W      = 1,                 // further bits into one macro
   parameter STROBE_N   = 1,                 // strobes of one macro
   parameter OUT_N      = 10,                // results of one macro
   parameter ADC_BITS   = 8,                 // bits of one result
   parameter CODE_W     = OUT_N * ADC_BITS,  // bits out of one macro
   parameter STEPS      = 1,                 // time steps of an evaluation
   parameter [1023:0] MACRO_SHAPE = 1024'd0,  // of a mixed macro
   parameter PROG_AW    = 16,                // address bits of a macro's program words
   parameter RAM_WORDS  = 262144,
   parameter EXT_WORDS  = 0                  // words of external memory; 0: none
) (
   input  wire                              i_clk,
   input  wire                              i_rst,
   // analog macros
   output wire [N_MACRO-1:0]                o_macro_en,
   output wire [N_MACRO*IN_W-1:0]           o_macro_in,
   output wire [N_MACRO*AUX_W-1:0]          o_macro_aux,
   output wire [N_MACRO*STROBE_N-1:0]       o_macro_strobe,
   input  wire [N_MACRO*CODE_W-1:0]         i_macro_code,
   output wire [N_MACRO-1:0]                o_macro_prog_en,
   output wire [N_MACRO-1:0]                o_macro_prog_we,
   output wire [N_MACRO*PROG_AW-1:0]        o_macro_prog_addr,
   output wire [N_MACRO*32-1:0]             o_macro_prog_data,
   output wire [N_MACRO-1:0]                o_macro_active,
   // external memory: soc_dma_engine.v
   output wire                              o_ext_valid,
   input  wire                              i_ext_ready,
   output wire                              o_ext_we,
   output wire [31:0]                       o_ext_addr,
   output wire [8:0]                        o_ext_len,
   output wire                              o_ext_wvalid,
   input  wire                              i_ext_wready,
   output wire [31:0]                       o_ext_wdata,
   input  wire                              i_ext_rvalid,
   output wire                              o_ext_rready,
   input  wire [31:0]                       i_ext_rdata,
   // host
   output wire                              o_console_valid,
   output wire [7:0]                        o_console_data,
   output wire                              o_exit_valid,
   output wire [31:0]                       o_exit_code,
   output wire                              o_mark_open,
   output wire                              o_mark_close,
   output wire [15:0]                       o_mark_id,
   output wire [63:0]                       o_cycle,
   output wire [63:0]                       o_instret
);

   localparam ID_W = 4;   // bits of xif ids
   wire            imem_valid, imem_ready, imem_fault, imem_rvalid;
   wire            dmem_valid, dmem_ready, dmem_we, dmem_fault, dmem_rvalid;
   wire [31:0]     imem_addr, imem_rdata, dmem_addr, dmem_wdata, dmem_rdata;
   wire [3:0]      dmem_be;
   wire            ram_instr_valid, ram_data_valid, ram_ready;
   wire [31:0]     ram_data_rdata, timer_rdata, dma_rdata;
   wire            console_wr, exit_wr, timer_wr, mark_wr, dma_wr, irq_timer, irq_imac, irq_dma;
   wire [63:0]     mtime;
   wire            xif_issue_valid, xif_issue_ready, xif_issue_accept, xif_issue_writeback;
   wire [31:0]     xif_issue_instr, xif_register_rs1, xif_register_rs2, xif_result_data;
   wire [ID_W-1:0] xif_issue_id, xif_commit_id, xif_result_id;
   wire [1:0]      xif_register_rs_valid;
   wire            xif_commit_valid, xif_commit_kill, xif_result_valid, xif_result_ready, xif_result_we;
   wire [4:0]      xif_result_rd;

   rv_core #(
      .RESET_PC (`RESET_PC),
      .HART_ID  (32'd0),
      .ID_W     (ID_W)
   ) u_core (
      .i_clk                   (i_clk),
      .i_rst                   (i_rst),
      .o_imem_valid            (imem_valid),
      .i_imem_ready            (imem_ready),
      .o_imem_addr             (imem_addr),
      .i_imem_fault            (imem_fault),
      .i_imem_rvalid           (imem_rvalid),
      .i_imem_rdata            (imem_rdata),
      .o_dmem_valid            (dmem_valid),
      .i_dmem_ready            (dmem_ready),
      .o_dmem_we               (dmem_we),
      .o_dmem_addr             (dmem_addr),
      .o_dmem_be               (dmem_be),
      .o_dmem_wdata            (dmem_wdata),
      .i_dmem_fault            (dmem_fault),
      .i_dmem_rvalid           (dmem_rvalid),
      .i_dmem_rdata            (dmem_rdata),
      .i_irq_timer             (irq_timer),
      .i_irq_external          (irq_imac || irq_dma),
      .i_time                  (mtime),
      .o_cycle                 (o_cycle),
      .o_instret               (o_instret),
      .o_xif_issue_valid       (xif_issue_valid),
      .i_xif_issue_ready       (xif_issue_ready),
      .o_xif_issue_instr       (xif_issue_instr),
      .o_xif_issue_id          (xif_issue_id),
      .i_xif_issue_accept      (xif_issue_accept),
      .i_xif_issue_writeback   (xif_issue_writeback),
      .o_xif_register_rs1      (xif_register_rs1),
      .o_xif_register_rs2      (xif_register_rs2),
      .o_xif_register_rs_valid (xif_register_rs_valid),
      .o_xif_commit_valid      (xif_commit_valid),
      .o_xif_commit_id         (xif_commit_id),
      .o_xif_commit_kill       (xif_commit_kill),
      .i_xif_result_valid      (xif_result_valid),
      .o_xif_result_ready      (xif_result_ready),
      .i_xif_result_id         (xif_result_id),
      .i_xif_result_data       (xif_result_data),
      .i_xif_result_rd         (xif_result_rd),
      .i_xif_result_we         (xif_result_we),
      .rvfi_valid              (),
      .rvfi_order              (),
      .rvfi_insn               (),
      .rvfi_trap               (),
      .rvfi_halt               (),
      .rvfi_intr               (),
      .rvfi_mode               (),
      .rvfi_ixl                (),
      .rvfi_rs1_addr           (),
      .rvfi_rs2_addr           (),
      .rvfi_rs1_rdata          (),
      .rvfi_rs2_rdata          (),
      .rvfi_rd_addr            (),
      .rvfi_rd_wdata           (),
      .rvfi_pc_rdata           (),
      .rvfi_pc_wdata           (),
      .rvfi_mem_addr           (),
      .rvfi_mem_rmask          (),
      .rvfi_mem_wmask          (),
      .rvfi_mem_rdata          (),
      .rvfi_mem_wdata          (),
      .rvfi_csr_mcause_rdata   ()
   );

   imac_xif #(
      .N_MACRO    (N_MACRO),
      .MACRO_KIND (MACRO_KIND),
      .IN_W       (IN_W),
      .AUX_W      (AUX_W),
      .STROBE_N   (STROBE_N),
      .OUT_N      (OUT_N),
      .ADC_BITS   (ADC_BITS),
      .CODE_W     (CODE_W),
      .STEPS      (STEPS),
      .MACRO_SHAPE(MACRO_SHAPE),
      .PROG_AW    (PROG_AW),
      .ID_W       (ID_W)
   ) u_imac (
      .i_clk                     (i_clk),
      .i_rst                     (i_rst),
      .i_xif_issue_valid         (xif_issue_valid),
      .o_xif_issue_ready         (xif_issue_ready),
      .i_xif_issue_instr         (xif_issue_instr),
      .i_xif_issue_id            (xif_issue_id),
      .o_xif_issue_accept        (xif_issue_accept),
      .o_xif_issue_writeback     (xif_issue_writeback),
      .o_xif_issue_register_read (),
      .i_xif_register_rs1        (xif_register_rs1),
      .i_xif_register_rs2        (xif_register_rs2),
      .i_xif_register_rs_valid   (xif_register_rs_valid),
      .i_xif_commit_valid        (xif_commit_valid),
      .i_xif_commit_id           (xif_commit_id),
      .i_xif_commit_kill         (xif_commit_kill),
      .o_xif_result_valid        (xif_result_valid),
      .i_xif_result_ready        (xif_result_ready),
      .o_xif_result_id           (xif_result_id),
      .o_xif_result_data         (xif_result_data),
      .o_xif_result_rd           (xif_result_rd),
      .o_xif_result_we           (xif_result_we),
      .o_irq                     (irq_imac),
      .o_macro_en                (o_macro_en),
      .o_macro_in                (o_macro_in),
      .o_macro_aux               (o_macro_aux),
      .o_macro_strobe            (o_macro_strobe),
      .i_macro_code              (i_macro_code),
      .o_macro_prog_en           (o_macro_prog_en),
      .o_macro_prog_we           (o_macro_prog_we),
      .o_macro_prog_addr         (o_macro_prog_addr),
      .o_macro_prog_data         (o_macro_prog_data),
      .o_macro_active            (o_macro_active)
   );

   soc_bus #(
      .RAM_WORDS (RAM_WORDS),
      .EXT_WORDS (EXT_WORDS)
   ) u_bus (
      .i_clk             (i_clk),
      .i_rst             (i_rst),
      .i_imem_valid      (imem_valid),
      .o_imem_ready      (imem_ready),
      .i_imem_addr       (imem_addr),
      .o_imem_fault      (imem_fault),
      .o_imem_rvalid     (imem_rvalid),
      .i_dmem_valid      (dmem_valid),
      .o_dmem_ready      (dmem_ready),
      .i_dmem_we         (dmem_we),
      .i_dmem_addr       (dmem_addr),
      .i_dmem_be         (dmem_be),
      .o_dmem_fault      (dmem_fault),
      .o_dmem_rvalid     (dmem_rvalid),
      .o_dmem_rdata      (dmem_rdata),
      .o_ram_instr_valid (ram_instr_valid),
      .o_ram_data_valid  (ram_data_valid),
      .i_ram_ready       (ram_ready),
      .i_ram_data_rdata  (ram_data_rdata),
      .o_console_wr      (console_wr),
      .o_exit_wr         (exit_wr),
      .o_timer_wr        (timer_wr),
      .o_mark_wr         (mark_wr),
      .o_dma_wr          (dma_wr),
      .i_timer_rdata     (timer_rdata),
      .i_dma_rdata       (dma_rdata)
   );

   soc_memory #(
      .RAM_WORDS (RAM_WORDS),
      .EXT_WORDS (EXT_WORDS)
   ) u_memory (
      .i_clk         (i_clk),
      .i_rst         (i_rst),
      .i_instr_valid (ram_instr_valid),
      .i_instr_addr  (imem_addr),
      .o_instr_rdata (imem_rdata),
      .i_data_valid  (ram_data_valid),
      .o_data_ready  (ram_ready),
      .i_data_we     (dmem_we),
      .i_data_addr   (dmem_addr),
      .i_data_be     (dmem_be),
      .i_data_wdata  (dmem_wdata),
      .o_data_rdata  (ram_data_rdata),
      .i_dma_wr      (dma_wr),
      .o_dma_rdata   (dma_rdata),
      .o_dma_irq     (irq_dma),
      .o_ext_valid   (o_ext_valid),
      .i_ext_ready   (i_ext_ready),
      .o_ext_we      (o_ext_we),
      .o_ext_addr    (o_ext_addr),
      .o_ext_len     (o_ext_len),
      .o_ext_wvalid  (o_ext_wvalid),
      .i_ext_wready  (i_ext_wready),
      .o_ext_wdata   (o_ext_wdata),
      .i_ext_rvalid  (i_ext_rvalid),
      .o_ext_rready  (o_ext_rready),
      .i_ext_rdata   (i_ext_rdata)
   );

   soc_console u_console (
      .i_clk           (i_clk),
      .i_rst           (i_rst),
      .i_bus_wr        (console_wr),
      .i_bus_wdata     (dmem_wdata[7:0]),
      .o_console_valid (o_console_valid),
      .o_console_data  (o_console_data)
   );

   soc_exit u_exit (
      .i_clk        (i_clk),
      .i_rst        (i_rst),
      .i_bus_wr     (exit_wr),
      .i_bus_wdata  (dmem_wdata),
      .o_exit_valid (o_exit_valid),
      .o_exit_code  (o_exit_code)
   );

   soc_mark u_mark (
      .i_clk        (i_clk),
      .i_rst        (i_rst),
      .i_bus_wr     (mark_wr),
      .i_bus_close  (dmem_addr[2]),
      .i_bus_wdata  (dmem_wdata[15:0]),
      .o_mark_open  (o_mark_open),
      .o_mark_close (o_mark_close),
      .o_mark_id    (o_mark_id)
   );

   soc_timer u_timer (
      .i_clk       (i_clk),
      .i_rst       (i_rst),
      .i_bus_wr    (timer_wr),
      .i_bus_index (dmem_addr[3:2]),
      .i_bus_wdata (dmem_wdata),
      .o_bus_rdata (timer_rdata),
      .o_irq       (irq_timer),
      .o_time      (mtime)
   );

endmodule

`default_nettype wire
