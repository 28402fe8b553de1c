// sim_wake.v : toggles once at every clock edge at which a watched pin changed or a pulse began
// SPDX-License-Identifier: Apache-2.0
//
// A pulse is a pin whose fall says nothing: i_pulses wakes where one rises and not where it falls.
// Timing: all pins are flops of i_clk. o_wake has its new level in the time step of the edge that
// changed the pins, when the step has settled; inside the step it may glitch, so a reader looks at
// the end of the step. It never returns to the old level by the end of a step in which a pin changed.

`timescale 1ps/1ps
`default_nettype none

module sim_wake #(
   parameter WIDTH  = 1,
   parameter PULSES = 1
) (
   input  wire              i_clk,
   input  wire              i_rst,
   input  wire [WIDTH-1:0]  i_pins,
   input  wire [PULSES-1:0] i_pulses,
   output wire              o_wake
);

   reg [WIDTH-1:0]  before_q;   // pins as they were before the last edge
   reg [PULSES-1:0] pulses_q;
   reg              level_q;

   wire began = ((i_pulses & ~pulses_q) != {PULSES{1'b0}});

   initial begin
      before_q = {WIDTH{1'b0}};
      pulses_q = {PULSES{1'b0}};
      level_q  = 1'b0;
   end

   assign o_wake = level_q ^ (!i_rst && ((i_pins != before_q) || began));

   always @(posedge i_clk) begin
      before_q <= i_pins;
      pulses_q <= i_pulses;
      level_q  <= o_wake && !i_rst;
   end

endmodule

`default_nettype wire
