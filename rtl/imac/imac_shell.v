// imac_shell.v : wires the digital shell of one analog macro
// SPDX-License-Identifier: Apache-2.0
//
// What all kinds share is in imac_front.v.
// Timing: one instruction a cycle while i_op_valid; see imac_control.v for what it does and
// imac_sequencer.v and imac_program.v for the pins. Every macro pin comes straight from a flop.

`default_nettype none

module imac_shell #(
   parameter IN_W     = 400,
   parameter OUT_N    = 10,
   parameter ADC_BITS = 8,     // 1..8
   parameter PROG_AW  = 16,
   parameter CYC_W    = 16
) (
   input  wire                      i_clk,
   input  wire                      i_rst,
   // dispatcher
   input  wire                      i_op_valid,
   input  wire [2:0]                i_op_f3,
   input  wire [7:0]                i_op_index,
   input  wire [31:0]               i_op_value,
   output wire [31:0]               o_op_data,
   output wire                      o_op_active,      // imac.wait waits for this to fall
   output wire                      o_op_clear,
   input  wire                      i_err_macro,
   output wire                      o_prog_busy,
   // CPU
   output wire                      o_irq,
   // macro
   output wire                      o_macro_en,
   output wire [IN_W-1:0]           o_macro_in,
   output wire                      o_macro_strobe,
   input  wire [OUT_N*ADC_BITS-1:0] i_macro_code,
   output wire                      o_macro_prog_en,
   output wire                      o_macro_prog_we,
   output wire [PROG_AW-1:0]        o_macro_prog_addr,
   output wire [31:0]               o_macro_prog_data,
   output wire                      o_macro_active
);

   wire             start, busy, capture, pop, output_empty, reg_write;
   wire [31:0]      output_data;
   wire [CYC_W-1:0] settle_cycles, conv_cycles;
   wire [15:0]      n_in, n_out;

   imac_front #(
      .IN_W    (IN_W),
      .OUT_N   (OUT_N),
      .PROG_AW (PROG_AW),
      .CYC_W   (CYC_W)
   ) front (
      .i_clk             (i_clk),
      .i_rst             (i_rst),
      .i_op_valid        (i_op_valid),
      .i_op_f3           (i_op_f3),
      .i_op_index        (i_op_index),
      .i_op_value        (i_op_value),
      .o_op_data         (o_op_data),
      .o_op_active       (o_op_active),
      .o_op_clear        (o_op_clear),
      .i_err_macro       (i_err_macro),
      .o_prog_busy       (o_prog_busy),
      .o_irq             (o_irq),
      .o_start           (start),
      .i_busy            (busy),
      .i_done            (capture),
      .o_in              (o_macro_in),
      .o_n_in            (n_in),
      .o_settle_cycles   (settle_cycles),
      .o_conv_cycles     (conv_cycles),
      .o_pop             (pop),
      .o_n_out           (n_out),
      .i_output_empty    (output_empty),
      .i_output_data     (output_data),
      .o_reg_write       (reg_write),
      .i_own_known       (1'b0),
      .i_own_legal       (1'b0),
      .i_own_value       (32'd0),
      .o_macro_prog_en   (o_macro_prog_en),
      .o_macro_prog_we   (o_macro_prog_we),
      .o_macro_prog_addr (o_macro_prog_addr),
      .o_macro_prog_data (o_macro_prog_data),
      .o_macro_active    (o_macro_active)
   );

   imac_sequencer #(
      .CYC_W (CYC_W)
   ) sequencer (
      .i_clk           (i_clk),
      .i_rst           (i_rst),
      .i_start         (start),
      .i_settle_cycles (settle_cycles),
      .i_conv_cycles   (conv_cycles),
      .o_busy          (busy),
      .o_capture       (capture),
      .o_macro_en      (o_macro_en),
      .o_macro_strobe  (o_macro_strobe)
   );

   imac_output #(
      .OUT_N    (OUT_N),
      .ADC_BITS (ADC_BITS)
   ) outputs (
      .i_clk        (i_clk),
      .i_rst        (i_rst),
      .i_capture    (capture),
      .i_flush      (start),
      .i_pop        (pop),
      .i_n_out      (n_out),
      .o_empty      (output_empty),
      .o_data       (output_data),
      .i_macro_code (i_macro_code)
   );

   wire unused_ok = &{1'b0, n_in, reg_write};   // of use to other kinds

endmodule

`default_nettype wire
