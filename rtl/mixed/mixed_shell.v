// mixed_shell.v : wires the digital shell of one mixed-signal macro
// SPDX-License-Identifier: Apache-2.0
//
// The instructions, registers and program words of all kinds (imac_front.v); behind a start it runs
// layer after layer: mixed_sequencer.v has the pins' timing, mixed_digital.v what becomes of converter codes.
// o_macro_aux, from bit 0 up: an enable for each layer, hold, the columns and the row parts that the converters see
// (COL_W and PART_W bits), the DAC codes of the hidden layers' rows (8 bits each). Every macro pin is a flop's output.

`default_nettype none

module mixed_shell #(
   parameter IN_W     = 784,
   parameter OUT_N    = 10,
   parameter ADC_BITS = 8,
   parameter PROG_AW  = 16,
   parameter CYC_W    = 16,
   parameter LAYERS   = 2,
   parameter LAYER_W  = 1,
   parameter LANES    = 1,
   parameter PARTS    = 25,
   parameter COL_W    = 5,
   parameter PART_W   = 6,
   parameter ACC_W    = 14,
   parameter NEURON   = 0,
   parameter ACT_N    = 16,
   parameter KEEP     = 0,
   parameter [16*LAYERS-1:0] OUTS    = {16'd10, 16'd16},
   parameter [16*LAYERS-1:0] HEIGHTS = {16'd1, 16'd25},
   parameter [8*LAYERS-1:0]  MULS    = {8'd64, 8'd64},
   parameter [8*LAYERS-1:0]  SHIFTS  = {8'd8, 8'd8},
   parameter [8*LAYERS-1:0]  OFFSETS = {8'd0, 8'd0},
   parameter AUX_W    = LAYERS + 1 + COL_W + PART_W + 8*ACT_N
) (
   input  wire                            i_clk,
   input  wire                            i_rst,
   // dispatcher
   input  wire                            i_op_valid,
   input  wire [2:0]                      i_op_f3,
   input  wire [7:0]                      i_op_index,
   input  wire [31:0]                     i_op_value,
   output wire [31:0]                     o_op_data,
   output wire                            o_op_active,      // imac.wait waits for this to fall
   output wire                            o_op_clear,
   input  wire                            i_err_macro,
   output wire                            o_prog_busy,
   // CPU
   output wire                            o_irq,
   // macro
   output wire                            o_macro_en,       // an evaluation runs
   output wire [IN_W-1:0]                 o_macro_in,
   output wire [AUX_W-1:0]                o_macro_aux,
   output wire                            o_macro_strobe,   // converters sample where it rises
   input  wire [LANES*PARTS*ADC_BITS-1:0] i_macro_code,     // converter (lane, part), parts in the low bits
   output wire                            o_macro_prog_en,
   output wire                            o_macro_prog_we,
   output wire [PROG_AW-1:0]              o_macro_prog_addr,
   output wire [31:0]                     o_macro_prog_data,
   output wire                            o_macro_active
);

   localparam DRAIN = 5;   // cycles until the last activation of mixed_digital stands

   wire               start, busy, done, pop, output_empty, reg_write;
   wire [31:0]        output_data;
   wire [CYC_W-1:0]   settle_cycles, conv_cycles;
   wire [15:0]        n_in, n_out;

   wire               capture, first, final_part, macro_hold;
   wire [LAYER_W-1:0] layer;
   wire [COL_W-1:0]   column, macro_column;
   wire [PART_W-1:0]  part, macro_part;
   wire [LAYERS-1:0]  macro_layer;
   wire [ACT_N*8-1:0] act;

   assign o_macro_aux = {act, macro_part, macro_column, macro_hold, macro_layer};

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
      .i_done            (done),
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

   mixed_sequencer #(
      .LAYERS  (LAYERS),
      .LAYER_W (LAYER_W),
      .LANES   (LANES),
      .PARTS   (PARTS),
      .COL_W   (COL_W),
      .PART_W  (PART_W),
      .CYC_W   (CYC_W),
      .DRAIN   (DRAIN),
      .KEEP    (KEEP),
      .OUTS    (OUTS),
      .HEIGHTS (HEIGHTS)
   ) sequencer (
      .i_clk           (i_clk),
      .i_rst           (i_rst),
      .i_start         (start),
      .i_settle_cycles (settle_cycles),
      .i_conv_cycles   (conv_cycles),
      .o_busy          (busy),
      .o_done          (done),
      .o_capture       (capture),
      .o_first         (first),
      .o_final         (final_part),
      .o_layer         (layer),
      .o_column        (column),
      .o_part          (part),
      .o_macro_en      (o_macro_en),
      .o_macro_layer   (macro_layer),
      .o_macro_hold    (macro_hold),
      .o_macro_strobe  (o_macro_strobe),
      .o_macro_column  (macro_column),
      .o_macro_part    (macro_part)
   );

   mixed_digital #(
      .LAYERS   (LAYERS),
      .LAYER_W  (LAYER_W),
      .LANES    (LANES),
      .PARTS    (PARTS),
      .COL_W    (COL_W),
      .PART_W   (PART_W),
      .ADC_BITS (ADC_BITS),
      .ACC_W    (ACC_W),
      .NEURON   (NEURON),
      .ACT_N    (ACT_N),
      .OUTS     (OUTS),
      .HEIGHTS  (HEIGHTS),
      .MULS     (MULS),
      .SHIFTS   (SHIFTS),
      .OFFSETS  (OFFSETS)
   ) digital (
      .i_clk        (i_clk),
      .i_rst        (i_rst),
      .i_capture    (capture),
      .i_first      (first),
      .i_final      (final_part),
      .i_layer      (layer),
      .i_column     (column),
      .i_part       (part),
      .i_macro_code (i_macro_code),
      .o_act        (act)
   );

   imac_output #(
      .OUT_N    (OUT_N),
      .ADC_BITS (8)
   ) outputs (
      .i_clk        (i_clk),
      .i_rst        (i_rst),
      .i_capture    (done),
      .i_flush      (start),
      .i_pop        (pop),
      .i_n_out      (n_out),
      .o_empty      (output_empty),
      .o_data       (output_data),
      .i_macro_code (act[8*OUT_N-1:0])
   );

   wire unused_ok = &{1'b0, n_in, reg_write};   // of use to other kinds

endmodule

`default_nettype wire
