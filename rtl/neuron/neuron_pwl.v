// neuron_pwl.v : digital sigmoid neuron of seven straight pieces, shifts and one adder
// SPDX-License-Identifier: Apache-2.0
//
// Input: signed, 1/16 a step. Output: 256 times the curve, at most 255; one cycle after its input.
// Pieces for x >= 0 (Amin, Curtis, Hayes-Gill, IEE Proc. Circuits Devices Syst. 144(6), 1997):
//    x/4 + 0.5 to 1, x/8 + 0.625 to 2.375, x/32 + 0.84375 to 5, then 1; 1 - f(-x) below 0.

`default_nettype none

module neuron_pwl (
   input  wire       i_clk,
   input  wire [7:0] i_code,
   output wire [7:0] o_code
);

   wire       below;      // x < 0
   wire [7:0] size;       // |x|, 0..128
   reg  [7:0] slope;      // what grows with |x|
   reg  [7:0] base;
   wire [8:0] upper;      // 256*f(|x|), 128..256
   wire [8:0] mirrored;
   reg  [7:0] code_q;

   assign below    = i_code[7];
   assign size     = below ? (~i_code + 8'd1) : i_code;
   assign upper    = {1'b0, slope} + {1'b0, base};
   assign mirrored = below ? (9'd256 - upper) : upper;
   assign o_code   = code_q;

   always @* begin
      if (size < 8'd16) begin
         slope = {size[5:0], 2'b00};
         base  = 8'd128;
      end else if (size < 8'd38) begin
         slope = {size[6:0], 1'b0};
         base  = 8'd160;
      end else if (size < 8'd80) begin
         slope = {1'b0, size[7:1]};
         base  = 8'd216;
      end else begin
         slope = 8'd128;
         base  = 8'd128;
      end
   end

   always @(posedge i_clk) code_q <= mirrored[8] ? 8'd255 : mirrored[7:0];

endmodule

`default_nettype wire
