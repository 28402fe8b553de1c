// stt_dut.v : the step sequencer beside a tile of two rows with 24 inputs, and their clock
// SPDX-License-Identifier: Apache-2.0

`timescale 1ps/1ps
`default_nettype none

module stt_dut (
   input  wire        i_rst,
   input  wire        i_start,
   input  wire [3:0]  i_steps,
   input  wire [19:0] i_code,
   input  wire [19:0] i_more,
   input  wire [23:0] i_in,
   output wire        o_busy,
   output wire        o_done,
   output wire [3:0]  o_step,
   output wire [1:0]  o_spikes,
   output wire        en,
   output wire        strobe,
   output wire [19:0] th,
   output wire [23:0] in,
   input  wire [1:0]  spike
);

   reg        clk = 1'b0;
   reg [23:0] in_q;                 // as any pin of a macro, a flop of the clock

   always #250 clk = ~clk;
   always @(posedge clk) in_q <= i_in;

   assign in = in_q;

   stt_steps #(.ROWS(2), .BITS(10)) u_steps (
      .i_clk           (clk),
      .i_rst           (i_rst),
      .i_start         (i_start),
      .i_steps         (i_steps),
      .i_settle_cycles (8'd1),
      .i_sense_cycles  (8'd1),
      .o_busy          (o_busy),
      .o_done          (o_done),
      .o_step          (o_step),
      .o_spikes        (o_spikes),
      .i_code          (i_code),
      .i_more          (i_more),
      .o_macro_en      (en),
      .o_macro_strobe  (strobe),
      .o_macro_th      (th),
      .i_macro_spike   (spike)
   );

endmodule

`default_nettype wire
