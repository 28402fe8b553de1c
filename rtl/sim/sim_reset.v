// sim_reset.v : makes the reset of a simulation
// SPDX-License-Identifier: Apache-2.0
//
// Timing: reset is high for the first RST_CYCLES rising edges of the clock.

`timescale 1ps/1ps
`default_nettype none

module sim_reset #(
   parameter RST_CYCLES = 4
) (
   input  wire i_clk,
   output reg  o_rst
);

   reg [7:0] count_q;

   initial begin
      o_rst   = 1'b1;
      count_q = 8'd0;
   end

   always @(posedge i_clk) begin
      if (o_rst) begin
         count_q <= count_q + 8'd1;
         o_rst   <= (count_q != RST_CYCLES - 1);
      end
   end

endmodule

`default_nettype wire
