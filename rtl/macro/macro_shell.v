// macro_shell.v : chooses the digital shell of one analog macro by the macro's kind
// SPDX-License-Identifier: Apache-2.0
//
// Every shell answers the same instructions (rtl/imac/README.md) and drives the same pins; what the
// pins are to a macro is the business of its description (cosim/bridge/soc_pins.py).
//    MACRO_KIND 0   imac_shell: a stack of analog layers, converters at its end
//    MACRO_KIND 1   mixed_shell: layers with converters between them, sums and sigmoids in logic
//    MACRO_KIND 2   stt_shell: rows of cells with thresholds on aux, spikes instead of codes
// Timing: that of the chosen shell. Pins that a kind does not use stand at 0.

`default_nettype none

module macro_shell #(
   parameter MACRO_KIND = 0,
   parameter IN_W       = 400,               // input bits
   parameter AUX_W      = 1,                 // further bits driven into the macro
   parameter STROBE_N   = 1,                 // strobes
   parameter OUT_N      = 10,                // results of an evaluation
   parameter ADC_BITS   = 8,                 // bits of one result
   parameter CODE_W     = OUT_N * ADC_BITS,  // bits that the macro drives
   parameter STEPS      = 1,                 // time steps of an evaluation
   parameter [1023:0] MACRO_SHAPE = 1024'd0,  // of a mixed macro: mixed_macro.v
   parameter PROG_AW    = 16,
   parameter CYC_W      = 16
) (
   input  wire                i_clk,
   input  wire                i_rst,
   // dispatcher
   input  wire                i_op_valid,
   input  wire [2:0]          i_op_f3,
   input  wire [7:0]          i_op_index,
   input  wire [31:0]         i_op_value,
   output wire [31:0]         o_op_data,
   output wire                o_op_active,
   output wire                o_op_clear,
   input  wire                i_err_macro,
   output wire                o_prog_busy,
   // CPU
   output wire                o_irq,
   // macro
   output wire                o_macro_en,
   output wire [IN_W-1:0]     o_macro_in,
   output wire [AUX_W-1:0]    o_macro_aux,
   output wire [STROBE_N-1:0] o_macro_strobe,
   input  wire [CODE_W-1:0]   i_macro_code,
   output wire                o_macro_prog_en,
   output wire                o_macro_prog_we,
   output wire [PROG_AW-1:0]  o_macro_prog_addr,
   output wire [31:0]         o_macro_prog_data,
   output wire                o_macro_active
);

   generate
      if (STROBE_N > 1) begin : gen_one_strobe
         // no kind has a second strobe
         assign o_macro_strobe[STROBE_N-1:1] = {(STROBE_N-1){1'b0}};
      end

      if (MACRO_KIND == 0) begin : gen_imac
         assign o_macro_aux = {AUX_W{1'b0}};

         imac_shell #(
            .IN_W     (IN_W),
            .OUT_N    (OUT_N),
            .ADC_BITS (ADC_BITS),
            .PROG_AW  (PROG_AW),
            .CYC_W    (CYC_W)
         ) shell (
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
            .o_macro_en        (o_macro_en),
            .o_macro_in        (o_macro_in),
            .o_macro_strobe    (o_macro_strobe[0]),
            .i_macro_code      (i_macro_code),
            .o_macro_prog_en   (o_macro_prog_en),
            .o_macro_prog_we   (o_macro_prog_we),
            .o_macro_prog_addr (o_macro_prog_addr),
            .o_macro_prog_data (o_macro_prog_data),
            .o_macro_active    (o_macro_active)
         );
      end else if (MACRO_KIND == 1) begin : gen_mixed
         mixed_macro #(
            .IN_W    (IN_W),
            .AUX_W   (AUX_W),
            .OUT_N   (OUT_N),
            .CODE_W  (CODE_W),
            .PROG_AW (PROG_AW),
            .CYC_W   (CYC_W),
            .SHAPE   (MACRO_SHAPE)
         ) shell (
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
            .o_macro_en        (o_macro_en),
            .o_macro_in        (o_macro_in),
            .o_macro_aux       (o_macro_aux),
            .o_macro_strobe    (o_macro_strobe[0]),
            .i_macro_code      (i_macro_code),
            .o_macro_prog_en   (o_macro_prog_en),
            .o_macro_prog_we   (o_macro_prog_we),
            .o_macro_prog_addr (o_macro_prog_addr),
            .o_macro_prog_data (o_macro_prog_data),
            .o_macro_active    (o_macro_active)
         );
      end else if (MACRO_KIND == 2) begin : gen_stt
         stt_shell #(
            .IN_W    (IN_W),
            .ROWS    (OUT_N),
            .BITS    (AUX_W / OUT_N),
            .STEPS   (STEPS),
            .PROG_AW (PROG_AW),
            .CYC_W   (CYC_W)
         ) shell (
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
            .o_macro_en        (o_macro_en),
            .o_macro_in        (o_macro_in),
            .o_macro_th        (o_macro_aux),
            .o_macro_strobe    (o_macro_strobe[0]),
            .i_macro_spike     (i_macro_code),
            .o_macro_prog_en   (o_macro_prog_en),
            .o_macro_prog_we   (o_macro_prog_we),
            .o_macro_prog_addr (o_macro_prog_addr),
            .o_macro_prog_data (o_macro_prog_data),
            .o_macro_active    (o_macro_active)
         );
      end else begin : gen_none
         // no such kind: the missing module stops every tool
         macro_kind_unknown shell ();
      end
   endgenerate

endmodule

`default_nettype wire
