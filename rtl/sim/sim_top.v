// sim_top.v : top of every system simulation: clock, reset, the chip, host files
// SPDX-License-Identifier: Apache-2.0
//
// Plusargs: +image=FILE (RAM, 32-bit words in hex), +console=FILE, +events=FILE, +max_cycles=N; with
// EXT_WORDS those of sim_external.v.
// o_wake toggles at every clock edge at which a macro has something to be told (enable, inputs,
// aux, strobe, a program word begun) or the exit code was written: the one signal a test bench has to
// watch. Clock edges lie at multiples of CLK_PS; with SIM_CLOCK_PORT defined the main program makes
// them, which spares Verilator's event queue.
// What only some runs want is built in by parameters and costs the others nothing: CALLS writes the
// function trace (sim_calls.v), WINDOW drives o_window (sim_window.v), a watched pin then, PROFILE
// counts what each instruction costs (sim_profile.v).

`timescale 1ps/1ps
`default_nettype none

module sim_top #(
   parameter CLK_PS     = 1000,     // clock period in ps
   parameter N_MACRO    = 1,
   parameter MACRO_KIND = 0,
   parameter IN_W       = 400,
   parameter AUX_W      = 1,
   parameter STROBE_N   = 1,
   parameter OUT_N      = 10,
   parameter ADC_BITS   = 8,
   parameter CODE_W     = OUT_N * ADC_BITS,
   parameter STEPS      = 1,
   parameter [1023:0] MACRO_SHAPE = 1024'd0,  // of a mixed macro
   parameter PROG_AW    = 16,
   parameter RAM_WORDS  = 262144,
   parameter EXT_WORDS  = 0,
   parameter CALLS      = 0,
   parameter WINDOW     = 0,
   parameter PROFILE    = 0
) (
`ifdef SIM_CLOCK_PORT
   input  wire                              i_clk,
`endif
   output wire                              o_wake,
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
   // end of the program
   output wire                              o_exit_valid,
   output wire [31:0]                       o_exit_code,
   // a trace is wanted now
   output wire                              o_window
);

   localparam PINS_W = N_MACRO * (1 + IN_W + AUX_W + STROBE_N) + 2;

   wire        clk, rst;
   wire        console_valid, mark_open, mark_close;
   wire [7:0]  console_data;
   wire [15:0] mark_id;
   wire [63:0] cycle, instret;
   wire        ext_valid, ext_ready, ext_we, ext_wvalid, ext_wready, ext_rvalid, ext_rready;
   wire [31:0] ext_addr, ext_wdata, ext_rdata;
   wire [8:0]  ext_len;

`ifdef SIM_CLOCK_PORT
   wire unused_period = (CLK_PS == 0);   // who makes the clock knows it

   assign clk = i_clk;
`else
   sim_clock #(
      .CLK_PS (CLK_PS)
   ) u_clock (
      .o_clk (clk)
   );
`endif

   sim_reset u_reset (
      .i_clk (clk),
      .o_rst (rst)
   );

   soc_top #(
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
      .RAM_WORDS  (RAM_WORDS),
      .EXT_WORDS  (EXT_WORDS)
   ) u_soc (
      .i_clk             (clk),
      .i_rst             (rst),
      .o_macro_en        (o_macro_en),
      .o_macro_in        (o_macro_in),
      .o_macro_aux       (o_macro_aux),
      .o_macro_strobe    (o_macro_strobe),
      .i_macro_code      (i_macro_code),
      .o_macro_prog_en   (o_macro_prog_en),
      .o_macro_prog_we   (o_macro_prog_we),
      .o_macro_prog_addr (o_macro_prog_addr),
      .o_macro_prog_data (o_macro_prog_data),
      .o_macro_active    (o_macro_active),
      .o_ext_valid       (ext_valid),
      .i_ext_ready       (ext_ready),
      .o_ext_we          (ext_we),
      .o_ext_addr        (ext_addr),
      .o_ext_len         (ext_len),
      .o_ext_wvalid      (ext_wvalid),
      .i_ext_wready      (ext_wready),
      .o_ext_wdata       (ext_wdata),
      .i_ext_rvalid      (ext_rvalid),
      .o_ext_rready      (ext_rready),
      .i_ext_rdata       (ext_rdata),
      .o_console_valid   (console_valid),
      .o_console_data    (console_data),
      .o_exit_valid      (o_exit_valid),
      .o_exit_code       (o_exit_code),
      .o_mark_open       (mark_open),
      .o_mark_close      (mark_close),
      .o_mark_id         (mark_id),
      .o_cycle           (cycle),
      .o_instret         (instret)
   );

   sim_wake #(
      .WIDTH  (PINS_W),
      .PULSES (N_MACRO)
   ) u_wake (
      .i_clk    (clk),
      .i_rst    (rst),
      .i_pins   ({o_macro_en, o_macro_in, o_macro_aux, o_macro_strobe, o_exit_valid, o_window}),
      .i_pulses (o_macro_prog_we),
      .o_wake   (o_wake)
   );

   sim_console u_console (
      .i_clk           (clk),
      .i_console_valid (console_valid),
      .i_console_data  (console_data)
   );

   sim_events u_events (
      .i_clk        (clk),
      .i_rst        (rst),
      .i_mark_open  (mark_open),
      .i_mark_close (mark_close),
      .i_mark_id    (mark_id),
      .i_exit_valid (o_exit_valid),
      .i_exit_code  (o_exit_code),
      .i_cycle      (cycle),
      .i_instret    (instret)
   );

   generate
      if (EXT_WORDS != 0) begin : gen_external
         sim_external #(
            .WORDS (EXT_WORDS)
         ) u_external (
            .i_clk    (clk),
            .i_rst    (rst),
            .i_valid  (ext_valid),
            .o_ready  (ext_ready),
            .i_we     (ext_we),
            .i_addr   (ext_addr),
            .i_len    (ext_len),
            .i_wvalid (ext_wvalid),
            .o_wready (ext_wready),
            .i_wdata  (ext_wdata),
            .o_rvalid (ext_rvalid),
            .i_rready (ext_rready),
            .o_rdata  (ext_rdata)
         );
      end else begin : gen_no_external
         wire unused = ext_valid | ext_we | (|ext_addr) | (|ext_len) | ext_wvalid | (|ext_wdata)
                       | ext_rready;

         assign ext_ready  = 1'b0;
         assign ext_wready = 1'b0;
         assign ext_rvalid = 1'b0;
         assign ext_rdata  = 32'd0;
      end
      if (WINDOW != 0) begin : gen_window
         sim_window u_window (
            .i_clk        (clk),
            .i_rst        (rst),
            .i_mark_open  (mark_open),
            .i_mark_close (mark_close),
            .i_mark_id    (mark_id),
            .i_pins       ({o_exit_valid, |o_macro_prog_we, |o_macro_strobe, |o_macro_en}),
            .o_open       (o_window)
         );
      end else begin : gen_no_window
         assign o_window = 1'b0;
      end
      if (CALLS != 0) begin : gen_calls
         sim_calls #(
            .RAM_WORDS (RAM_WORDS)
         ) u_calls (
            .i_clk        (clk),
            .i_rst        (rst),
            .i_valid      (u_soc.u_core.rvfi_valid),
            .i_trap       (u_soc.u_core.rvfi_trap),
            .i_intr       (u_soc.u_core.rvfi_intr),
            .i_insn       (u_soc.u_core.rvfi_insn),
            .i_pc         (u_soc.u_core.rvfi_pc_rdata),
            .i_next_pc    (u_soc.u_core.rvfi_pc_wdata),
            .i_exit_valid (o_exit_valid)
         );
      end
      if (PROFILE != 0) begin : gen_profile
         sim_profile #(
            .EXTERNAL (EXT_WORDS != 0)
         ) u_profile (
            .i_clk           (clk),
            .i_rst           (rst),
            .i_retire_valid  (u_soc.u_core.rvfi_valid),
            .i_retire_trap   (u_soc.u_core.rvfi_trap),
            .i_retire_intr   (u_soc.u_core.rvfi_intr),
            .i_retire_pc     (u_soc.u_core.rvfi_pc_rdata),
            .i_retire_device (u_soc.u_core.rvfi_mem_addr >= 4 * RAM_WORDS),
            .i_fetch         (u_soc.imem_valid && u_soc.imem_ready),
            .i_fetch_wait    (u_soc.imem_valid && !u_soc.imem_ready),
            .i_data_wait     (u_soc.dmem_valid && !u_soc.dmem_ready),
            .i_macro_active  (o_macro_active != {N_MACRO{1'b0}}),
            .i_dma_request   (ext_valid && ext_ready),
            .i_dma_read      (ext_rvalid && ext_rready),
            .i_dma_write     (ext_wvalid && ext_wready),
            .i_mark_open     (mark_open),
            .i_mark_close    (mark_close),
            .i_mark_id       (mark_id),
            .i_exit_valid    (o_exit_valid),
            .i_cycle         (cycle),
            .i_instret       (instret)
         );
      end
   endgenerate

endmodule

`default_nettype wire
