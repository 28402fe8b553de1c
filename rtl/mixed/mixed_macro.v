// mixed_macro.v : the mixed-signal shell built from one packed shape, as the chip hands it down
// SPDX-License-Identifier: Apache-2.0
//
// SHAPE, bit 0 first (cosim/mixed/shape.py packs it): numbers of 16 bits LAYERS, LAYER_W, LANES, PARTS, COL_W, PART_W,
// ACC_W, NEURON, ACT_N, KEEP; from bit 256 OUTS, from 384 HEIGHTS (16 bits a layer), from 512 MULS, from 576 SHIFTS, from
// 640 OFFSETS (8 bits a layer). At most 8 layers. Timing: mixed_shell.v's.

`default_nettype none

module mixed_macro #(
   parameter IN_W     = 784,
   parameter AUX_W    = 142,
   parameter OUT_N    = 10,
   parameter CODE_W   = 200,
   parameter PROG_AW  = 16,
   parameter CYC_W    = 16,
   parameter [1023:0] SHAPE = {320'd0, 64'hf4, 64'h0808, 64'h8060, 128'h0001_0019, 128'h000a_0010,
                               112'd0, 16'd16, 16'd0, 16'd13, 16'd6, 16'd5, 16'd25, 16'd1, 16'd1, 16'd2}
) (
   input  wire               i_clk,
   input  wire               i_rst,
   // dispatcher
   input  wire               i_op_valid,
   input  wire [2:0]         i_op_f3,
   input  wire [7:0]         i_op_index,
   input  wire [31:0]        i_op_value,
   output wire [31:0]        o_op_data,
   output wire               o_op_active,
   output wire               o_op_clear,
   input  wire               i_err_macro,
   output wire               o_prog_busy,
   // CPU
   output wire               o_irq,
   // macro
   output wire               o_macro_en,
   output wire [IN_W-1:0]    o_macro_in,
   output wire [AUX_W-1:0]   o_macro_aux,
   output wire               o_macro_strobe,
   input  wire [CODE_W-1:0]  i_macro_code,
   output wire               o_macro_prog_en,
   output wire               o_macro_prog_we,
   output wire [PROG_AW-1:0] o_macro_prog_addr,
   output wire [31:0]        o_macro_prog_data,
   output wire               o_macro_active
);

   localparam [31:0] LAYERS = {16'd0, SHAPE[0 +: 16]};
   localparam [31:0] LANES  = {16'd0, SHAPE[32 +: 16]};
   localparam [31:0] PARTS  = {16'd0, SHAPE[48 +: 16]};

   mixed_shell #(
      .IN_W     (IN_W),
      .OUT_N    (OUT_N),
      .ADC_BITS (CODE_W / (LANES * PARTS)),
      .PROG_AW  (PROG_AW),
      .CYC_W    (CYC_W),
      .LAYERS   (LAYERS),
      .LAYER_W  ({16'd0, SHAPE[16 +: 16]}),
      .LANES    (LANES),
      .PARTS    (PARTS),
      .COL_W    ({16'd0, SHAPE[64 +: 16]}),
      .PART_W   ({16'd0, SHAPE[80 +: 16]}),
      .ACC_W    ({16'd0, SHAPE[96 +: 16]}),
      .NEURON   ({16'd0, SHAPE[112 +: 16]}),
      .ACT_N    ({16'd0, SHAPE[128 +: 16]}),
      .KEEP     ({16'd0, SHAPE[144 +: 16]}),
      .OUTS     (SHAPE[256 +: 16*LAYERS]),
      .HEIGHTS  (SHAPE[384 +: 16*LAYERS]),
      .MULS     (SHAPE[512 +: 8*LAYERS]),
      .SHIFTS   (SHAPE[576 +: 8*LAYERS]),
      .OFFSETS  (SHAPE[640 +: 8*LAYERS]),
      .AUX_W    (AUX_W)
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
      .o_macro_strobe    (o_macro_strobe),
      .i_macro_code      (i_macro_code),
      .o_macro_prog_en   (o_macro_prog_en),
      .o_macro_prog_we   (o_macro_prog_we),
      .o_macro_prog_addr (o_macro_prog_addr),
      .o_macro_prog_data (o_macro_prog_data),
      .o_macro_active    (o_macro_active)
   );

endmodule

`default_nettype wire
