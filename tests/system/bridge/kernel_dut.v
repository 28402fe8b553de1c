// kernel_dut.v : a register, a comparator without delay and a delayed copy, for every cocotb trigger
// SPDX-License-Identifier: Apache-2.0

`timescale 1ps/1ps
`default_nettype none

module kernel_dut (
   input  wire       i_clk,     // driven by the test
   input  wire [7:0] i_data,
   output reg  [7:0] q,
   output wire       same,      // follows i_data in the same time step
   output reg        tick,      // an own clock of 70 ps
   output reg  [7:0] delayed
);

   assign same = (i_data == q);

   initial begin
      q       = 8'd0;
      tick    = 1'b0;
      delayed = 8'd0;
   end

   always #35 tick = ~tick;

   always @(posedge i_clk) begin
      q <= i_data;
   end

   always @(q) begin
      delayed <= #13 q;
   end

endmodule

`default_nettype wire
