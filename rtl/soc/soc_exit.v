// soc_exit.v : keeps the first exit code the program stores
// SPDX-License-Identifier: Apache-2.0
//
// Timing: o_exit_valid rises in the cycle after the store and stays until reset.

`default_nettype none

module soc_exit (
   input  wire        i_clk,
   input  wire        i_rst,
   // bus
   input  wire        i_bus_wr,
   input  wire [31:0] i_bus_wdata,
   // host
   output wire        o_exit_valid,
   output wire [31:0] o_exit_code
);

   reg        valid_q;
   reg [31:0] code_q;

   assign o_exit_valid = valid_q;
   assign o_exit_code  = code_q;

   always @(posedge i_clk) begin
      if (i_rst) begin
         valid_q <= 1'b0;
         code_q  <= 32'd0;
      end else if (i_bus_wr && !valid_q) begin
         valid_q <= 1'b1;
         code_q  <= i_bus_wdata;
      end
   end

endmodule

`default_nettype wire
