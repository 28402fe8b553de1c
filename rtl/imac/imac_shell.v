// imac_shell.v : wires the digital shell of one analog macro
// SPDX-License-Identifier: Apache-2.0
//
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

   wire             start, push, pop, prog, reg_write, input_clear, prog_clear;
   wire             err_start_busy, err_pop_empty, err_push_overflow;
   wire             err_protocol, err_config, err_start_inputs;
   wire             busy, capture, prog_busy, prog_last;
   wire             input_full, output_empty, prog_full, irq_en, prog_ptr_write;
   wire             reg_known, reg_legal;
   wire [31:0]      output_data, status, reg_value, count, active_cycles;
   wire [CYC_W-1:0] settle_cycles, conv_cycles, prog_cycles;
   wire [15:0]      n_in, n_out;
   wire [PROG_AW:0] prog_ptr;

   assign o_prog_busy = prog_busy;
   assign o_op_active = busy || prog_busy;

   imac_control control (
      .i_op_valid          (i_op_valid),
      .i_op_f3             (i_op_f3),
      .i_op_index          (i_op_index),
      .i_op_value          (i_op_value),
      .o_op_data           (o_op_data),
      .i_busy              (busy),
      .i_prog_busy         (prog_busy),
      .i_input_full        (input_full),
      .i_output_empty      (output_empty),
      .i_prog_full         (prog_full),
      .i_output_data       (output_data),
      .i_status            (status),
      .i_reg_value         (reg_value),
      .i_reg_known         (reg_known),
      .i_reg_legal         (reg_legal),
      .o_start             (start),
      .o_push              (push),
      .o_pop               (pop),
      .o_prog              (prog),
      .o_reg_write         (reg_write),
      .o_input_clear       (input_clear),
      .o_prog_clear        (prog_clear),
      .o_err_clear         (o_op_clear),
      .o_err_start_busy    (err_start_busy),
      .o_err_pop_empty     (err_pop_empty),
      .o_err_push_overflow (err_push_overflow),
      .o_err_protocol      (err_protocol),
      .o_err_config        (err_config),
      .o_err_start_inputs  (err_start_inputs)
   );

   imac_regs #(
      .IN_W    (IN_W),
      .OUT_N   (OUT_N),
      .PROG_AW (PROG_AW),
      .CYC_W   (CYC_W)
   ) regs (
      .i_clk            (i_clk),
      .i_rst            (i_rst),
      .i_write          (reg_write),
      .i_index          (i_op_index),
      .i_value          (i_op_value),
      .o_value          (reg_value),
      .o_known          (reg_known),
      .o_legal          (reg_legal),
      .i_prog_ptr       (prog_ptr),
      .i_count          (count),
      .i_active_cycles  (active_cycles),
      .o_irq_en         (irq_en),
      .o_settle_cycles  (settle_cycles),
      .o_conv_cycles    (conv_cycles),
      .o_prog_cycles    (prog_cycles),
      .o_n_in           (n_in),
      .o_n_out          (n_out),
      .o_prog_ptr_write (prog_ptr_write)
   );

   imac_input #(
      .IN_W (IN_W)
   ) inputs (
      .i_clk      (i_clk),
      .i_rst      (i_rst),
      .i_push     (push),
      .i_data     (i_op_value),
      .i_clear    (input_clear),
      .i_load     (start),
      .i_n_in     (n_in),
      .o_full     (input_full),
      .o_macro_in (o_macro_in)
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

   imac_program #(
      .PROG_AW (PROG_AW),
      .CYC_W   (CYC_W)
   ) program_writer (
      .i_clk             (i_clk),
      .i_rst             (i_rst),
      .i_write           (prog),
      .i_data            (i_op_value),
      .i_prog_cycles     (prog_cycles),
      .i_ptr_clear       (prog_clear),
      .i_ptr_write       (prog_ptr_write),
      .i_ptr             (i_op_value[PROG_AW-1:0]),
      .o_ptr             (prog_ptr),
      .o_full            (prog_full),
      .o_busy            (prog_busy),
      .o_last            (prog_last),
      .o_macro_prog_en   (o_macro_prog_en),
      .o_macro_prog_we   (o_macro_prog_we),
      .o_macro_prog_addr (o_macro_prog_addr),
      .o_macro_prog_data (o_macro_prog_data)
   );

   imac_status status_word (
      .i_clk               (i_clk),
      .i_rst               (i_rst),
      .i_start             (start),
      .i_capture           (capture),
      .i_prog              (prog),
      .i_prog_last         (prog_last),
      .i_err_clear         (o_op_clear),
      .i_err_start_busy    (err_start_busy),
      .i_err_pop_empty     (err_pop_empty),
      .i_err_push_overflow (err_push_overflow),
      .i_err_protocol      (err_protocol),
      .i_err_config        (err_config),
      .i_err_start_inputs  (err_start_inputs),
      .i_busy              (busy),
      .i_prog_busy         (prog_busy),
      .i_irq_en            (irq_en),
      .i_err_macro         (i_err_macro),
      .o_status            (status),
      .o_count             (count),
      .o_active_cycles     (active_cycles),
      .o_irq               (o_irq),
      .o_macro_active      (o_macro_active)
   );

endmodule

`default_nettype wire
