// soc_mark.v : announces the regions that the program opens and closes
// SPDX-License-Identifier: Apache-2.0
//
// Timing: o_mark_open or o_mark_close is high for one cycle, the cycle after the store, with the
// region's id. Both kinds are equally late, so lengths of regions are exact.

`default_nettype none

module soc_mark (
   input  wire        i_clk,
   input  wire        i_rst,
   // bus
   input  wire        i_bus_wr,
   input  wire        i_bus_close,    // the store goes to CLOSE, not to OPEN
   input  wire [15:0] i_bus_wdata,
   // host
   output wire        o_mark_open,
   output wire        o_mark_close,
   output wire [15:0] o_mark_id
);

   reg        open_q;
   reg        close_q;
   reg [15:0] id_q;

   assign o_mark_open  = open_q;
   assign o_mark_close = close_q;
   assign o_mark_id    = id_q;

   always @(posedge i_clk) begin
      open_q  <= i_bus_wr && !i_bus_close && !i_rst;
      close_q <= i_bus_wr && i_bus_close && !i_rst;
      if (i_bus_wr) begin
         id_q <= i_bus_wdata;
      end
   end

endmodule

`default_nettype wire
