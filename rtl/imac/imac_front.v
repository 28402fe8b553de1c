// imac_front.v : what the shells of all kinds of macro share: from an instruction to a start and a status
// SPDX-License-Identifier: Apache-2.0
//
// Control, configuration registers, pushed inputs, program writer and status. A shell adds what happens between
// o_start and i_done, its results, and registers that only its kind has (i_own_*; tied to 0 where it has none).
// Timing: imac_control.v; i_busy rises in the cycle after o_start and covers the cycle of i_done.

`default_nettype none
`include "regmap.vh"

module imac_front #(
   parameter        IN_W    = 400,
   parameter        OUT_N   = 10,
   parameter        PROG_AW = 16,
   parameter        CYC_W   = 16,
   parameter [31:0] ID      = `IMAC_RESET_ID
) (
   input  wire               i_clk,
   input  wire               i_rst,
   // dispatcher
   input  wire               i_op_valid,
   input  wire [2:0]         i_op_f3,
   input  wire [7:0]         i_op_index,
   input  wire [31:0]        i_op_value,
   output wire [31:0]        o_op_data,
   output wire               o_op_active,       // imac.wait waits for this to fall
   output wire               o_op_clear,
   input  wire               i_err_macro,
   output wire               o_prog_busy,
   // CPU
   output wire               o_irq,
   // evaluation
   output wire               o_start,
   input  wire               i_busy,
   input  wire               i_done,            // its last cycle
   output wire [IN_W-1:0]    o_in,              // pushed inputs, from the edge after o_start on
   output wire [15:0]        o_n_in,
   output wire [CYC_W-1:0]   o_settle_cycles,
   output wire [CYC_W-1:0]   o_conv_cycles,
   // results
   output wire               o_pop,
   output wire [15:0]        o_n_out,
   input  wire               i_output_empty,
   input  wire [31:0]        i_output_data,
   // registers that only this kind has
   output wire               o_reg_write,       // i_op_value into the register i_op_index
   input  wire               i_own_known,
   input  wire               i_own_legal,
   input  wire [31:0]        i_own_value,
   // macro
   output wire               o_macro_prog_en,
   output wire               o_macro_prog_we,
   output wire [PROG_AW-1:0] o_macro_prog_addr,
   output wire [31:0]        o_macro_prog_data,
   output wire               o_macro_active
);

   wire             push, prog, input_clear, prog_clear;
   wire             err_start_busy, err_pop_empty, err_push_overflow;
   wire             err_protocol, err_config, err_start_inputs;
   wire             prog_last, input_full, prog_full, irq_en, prog_ptr_write;
   wire             reg_known, reg_legal;
   wire [31:0]      status, reg_value, count, active_cycles;
   wire [CYC_W-1:0] prog_cycles;
   wire [PROG_AW:0] prog_ptr;

   assign o_op_active = i_busy || o_prog_busy;

   imac_control control (
      .i_op_valid          (i_op_valid),
      .i_op_f3             (i_op_f3),
      .i_op_index          (i_op_index),
      .i_op_value          (i_op_value),
      .o_op_data           (o_op_data),
      .i_busy              (i_busy),
      .i_prog_busy         (o_prog_busy),
      .i_input_full        (input_full),
      .i_output_empty      (i_output_empty),
      .i_prog_full         (prog_full),
      .i_output_data       (i_output_data),
      .i_status            (status),
      .i_reg_value         (i_own_known ? i_own_value : reg_value),
      .i_reg_known         (i_own_known || reg_known),
      .i_reg_legal         (i_own_known ? i_own_legal : reg_legal),
      .o_start             (o_start),
      .o_push              (push),
      .o_pop               (o_pop),
      .o_prog              (prog),
      .o_reg_write         (o_reg_write),
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
      .CYC_W   (CYC_W),
      .ID      (ID)
   ) regs (
      .i_clk            (i_clk),
      .i_rst            (i_rst),
      .i_write          (o_reg_write),
      .i_index          (i_op_index),
      .i_value          (i_op_value),
      .o_value          (reg_value),
      .o_known          (reg_known),
      .o_legal          (reg_legal),
      .i_prog_ptr       (prog_ptr),
      .i_count          (count),
      .i_active_cycles  (active_cycles),
      .o_irq_en         (irq_en),
      .o_settle_cycles  (o_settle_cycles),
      .o_conv_cycles    (o_conv_cycles),
      .o_prog_cycles    (prog_cycles),
      .o_n_in           (o_n_in),
      .o_n_out          (o_n_out),
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
      .i_load     (o_start),
      .i_n_in     (o_n_in),
      .o_full     (input_full),
      .o_macro_in (o_in)
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
      .o_busy            (o_prog_busy),
      .o_last            (prog_last),
      .o_macro_prog_en   (o_macro_prog_en),
      .o_macro_prog_we   (o_macro_prog_we),
      .o_macro_prog_addr (o_macro_prog_addr),
      .o_macro_prog_data (o_macro_prog_data)
   );

   imac_status status_word (
      .i_clk               (i_clk),
      .i_rst               (i_rst),
      .i_start             (o_start),
      .i_capture           (i_done),
      .i_prog              (prog),
      .i_prog_last         (prog_last),
      .i_err_clear         (o_op_clear),
      .i_err_start_busy    (err_start_busy),
      .i_err_pop_empty     (err_pop_empty),
      .i_err_push_overflow (err_push_overflow),
      .i_err_protocol      (err_protocol),
      .i_err_config        (err_config),
      .i_err_start_inputs  (err_start_inputs),
      .i_busy              (i_busy),
      .i_prog_busy         (o_prog_busy),
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
