// sim_clock.v : makes the clock of a simulation
// SPDX-License-Identifier: Apache-2.0
//
// Timing: time unit is the picosecond. The clock rises at every multiple of CLK_PS, first at
// 1*CLK_PS, and is high for CLK_PS/2 rounded down.

`timescale 1ps/1ps
`default_nettype none

module sim_clock #(
   parameter CLK_PS = 1000   // period in ps, at least 2
) (
   output reg o_clk
);

   localparam HIGH_PS = CLK_PS / 2;
   localparam LOW_PS  = CLK_PS - HIGH_PS;

   initial begin
      o_clk = 1'b0;
      #(CLK_PS);
      forever begin
         o_clk = 1'b1;
         #(HIGH_PS);
         o_clk = 1'b0;
         #(LOW_PS);
      end
   end

endmodule

`default_nettype wire
