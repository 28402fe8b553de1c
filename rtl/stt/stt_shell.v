// stt_shell.v : wires the digital shell of one spiking tile
// SPDX-License-Identifier: Apache-2.0
//
// The instructions, registers and errors of all kinds (imac_front.v), and registers of thresholds. An
// evaluation is one run of time steps: the pushed inputs are the spikes of N_IN / CELLS steps, one
// after the other; CONV_CYCLES is how long the latches may decide; a pop gives 32 rows of a step. A
// row's skip input at a step is the spike at the middle of the nine places that its cells look at
// (cells SKIP_AT + row of that step).
// Timing: stt_steps.v; the evaluation ends in the cycle after its last capture. Every macro pin comes
// straight from a flop.

`default_nettype none
`include "regmap.vh"

module stt_shell #(
   parameter IN_W    = 576,
   parameter ROWS    = 32,
   parameter BITS    = 11,     // of a threshold
   parameter STEPS   = 2,
   parameter PROG_AW = 16,
   parameter CYC_W   = 16
) (
   input  wire                 i_clk,
   input  wire                 i_rst,
   // dispatcher
   input  wire                 i_op_valid,
   input  wire [2:0]           i_op_f3,
   input  wire [7:0]           i_op_index,
   input  wire [31:0]          i_op_value,
   output wire [31:0]          o_op_data,
   output wire                 o_op_active,
   output wire                 o_op_clear,
   input  wire                 i_err_macro,
   output wire                 o_prog_busy,
   // CPU
   output wire                 o_irq,
   // macro
   output wire                 o_macro_en,
   output wire [IN_W-1:0]      o_macro_in,
   output wire [ROWS*BITS-1:0] o_macro_th,
   output wire                 o_macro_strobe,
   input  wire [ROWS-1:0]      i_macro_spike,
   output wire                 o_macro_prog_en,
   output wire                 o_macro_prog_we,
   output wire [PROG_AW-1:0]   o_macro_prog_addr,
   output wire [31:0]          o_macro_prog_data,
   output wire                 o_macro_active
);

   localparam STEP_W  = 4;
   localparam CELLS   = IN_W / STEPS;
   localparam PLACE   = CELLS / 9;          // channels of one place
   localparam SKIP_AT = 4 * PLACE;
   localparam [31:0] CELLS_W = CELLS;

   wire             start, stepping, step_done, ended, busy, pop, output_empty;
   wire             reg_write, th_known, th_legal;
   wire [31:0]      output_data, th_value;
   wire [CYC_W-1:0] settle_cycles, conv_cycles;
   wire [15:0]      n_in, n_out;
   wire [IN_W-1:0]  held;
   wire [STEP_W-1:0]     step;
   wire [ROWS-1:0]       spikes;
   wire [ROWS*BITS-1:0]  code, more;
   wire [STEPS*ROWS-1:0] skip;
   reg  [STEP_W-1:0]     steps;
   integer               t;

   assign ended = step_done && !stepping;
   assign busy  = stepping || ended;

   always @* begin
      steps = {STEP_W{1'b0}};
      for (t = 0; t < STEPS; t = t + 1) begin
         if ({16'd0, n_in} > t * CELLS_W) begin
            steps = steps + 1'b1;
         end
      end
   end

   genvar u, r;
   generate
      for (u = 0; u < STEPS; u = u + 1) begin : gen_step
         for (r = 0; r < ROWS; r = r + 1) begin : gen_row
            if (r < PLACE) begin : gen_skip
               assign skip[u*ROWS + r] = held[u*CELLS + SKIP_AT + r];
            end else begin : gen_none
               assign skip[u*ROWS + r] = 1'b0;
            end
         end
      end
   endgenerate

   imac_front #(
      .IN_W    (IN_W),
      .OUT_N   (ROWS),
      .PROG_AW (PROG_AW),
      .CYC_W   (CYC_W),
      .ID      (`STT_ID)
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
      .i_done            (ended),
      .o_in              (held),
      .o_n_in            (n_in),
      .o_settle_cycles   (settle_cycles),
      .o_conv_cycles     (conv_cycles),
      .o_pop             (pop),
      .o_n_out           (n_out),
      .i_output_empty    (output_empty),
      .i_output_data     (output_data),
      .o_reg_write       (reg_write),
      .i_own_known       (th_known),
      .i_own_legal       (th_legal),
      .i_own_value       (th_value),
      .o_macro_prog_en   (o_macro_prog_en),
      .o_macro_prog_we   (o_macro_prog_we),
      .o_macro_prog_addr (o_macro_prog_addr),
      .o_macro_prog_data (o_macro_prog_data),
      .o_macro_active    (o_macro_active)
   );

   stt_thresholds #(
      .ROWS   (ROWS),
      .BITS   (BITS),
      .STEPS  (STEPS),
      .STEP_W (STEP_W)
   ) thresholds (
      .i_clk   (i_clk),
      .i_rst   (i_rst),
      .i_write (reg_write),
      .i_index (i_op_index),
      .i_value (i_op_value),
      .o_known (th_known),
      .o_legal (th_legal),
      .o_value (th_value),
      .i_step  (step),
      .i_skip  (skip),
      .o_code  (code),
      .o_more  (more)
   );

   stt_inputs #(
      .STEPS  (STEPS),
      .CELLS  (CELLS),
      .STEP_W (STEP_W)
   ) inputs (
      .i_clk      (i_clk),
      .i_rst      (i_rst),
      .i_load     (stepping && !o_macro_en),
      .i_step     (step),
      .i_held     (held),
      .o_macro_in (o_macro_in)
   );

   stt_steps #(
      .ROWS   (ROWS),
      .BITS   (BITS),
      .CYC_W  (CYC_W),
      .STEP_W (STEP_W)
   ) sequencer (
      .i_clk           (i_clk),
      .i_rst           (i_rst),
      .i_start         (start),
      .i_steps         (steps),
      .i_settle_cycles (settle_cycles),
      .i_sense_cycles  (conv_cycles),
      .o_busy          (stepping),
      .o_done          (step_done),
      .o_step          (step),
      .o_spikes        (spikes),
      .i_code          (code),
      .i_more          (more),
      .o_macro_en      (o_macro_en),
      .o_macro_strobe  (o_macro_strobe),
      .o_macro_th      (o_macro_th),
      .i_macro_spike   (i_macro_spike)
   );

   stt_spikes #(
      .ROWS  (ROWS),
      .STEPS (STEPS)
   ) outputs (
      .i_clk    (i_clk),
      .i_rst    (i_rst),
      .i_flush  (start),
      .i_pop    (pop),
      .i_n_out  (n_out),
      .o_empty  (output_empty),
      .o_data   (output_data),
      .i_take   (step_done),
      .i_spikes (spikes)
   );

endmodule

`default_nettype wire
