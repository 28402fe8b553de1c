// soc_console.v : hands stored bytes to the host
// SPDX-License-Identifier: Apache-2.0
//
// Timing: o_console_data is valid in the cycle o_console_valid is high, the cycle after the store.

`default_nettype none

module soc_console (
   input  wire       i_clk,
   input  wire       i_rst,
   // bus
   input  wire       i_bus_wr,
   input  wire [7:0] i_bus_wdata,
   // host
   output wire       o_console_valid,
   output wire [7:0] o_console_data
);

   reg       valid_q;
   reg [7:0] data_q;

   assign o_console_valid = valid_q;
   assign o_console_data  = data_q;

   always @(posedge i_clk) begin
      valid_q <= i_bus_wr && !i_rst;
      if (i_bus_wr) begin
         data_q <= i_bus_wdata;
      end
   end

endmodule

`default_nettype wire
