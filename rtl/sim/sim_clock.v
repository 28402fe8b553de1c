// sim_clock.v : makes clock and reset of a simulation
// SPDX-License-Identifier: Apache-2.0
//
// Timing: time unit is the picosecond. The clock rises at every multiple of CLK_PS, first at
// 1*CLK_PS, and is high for CLK_PS/2 rounded down. Reset is high for the first RST_CYCLES edges.

`timescale 1ps/1ps
`default_nettype none

module sim_clock #(
   parameter CLK_PS     = 1000,   // period in ps, at least 2
   parameter RST_CYCLES = 4
) (
   output reg o_clk,
   output reg o_rst
);

   localparam HIGH_PS = CLK_PS / 2;
   localparam LOW_PS  = CLK_PS - HIGH_PS;

   reg [7:0] count_q;

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

   initial begin
      o_rst   = 1'b1;
      count_q = 8'd0;
   end

   always @(posedge o_clk) begin
      if (o_rst) begin
         count_q <= count_q + 8'd1;
         o_rst   <= (count_q != RST_CYCLES - 1);
      end
   end

endmodule

`default_nettype wire
