// mixed_lane.v : one column's codes to one neuron's code: sum of its row parts, scale, sigmoid
// SPDX-License-Identifier: Apache-2.0
//
// A code is an offset-binary signed number: the middle code is 0 volts. Codes of parts whose i_valid is 0 count 0.
//    sum = codes of all rounds from i_first on
//    x = round(-sum * i_mul / 2^i_shift) + i_offset, kept within -127..127
//    o_code = 255/(1 + exp(-x/16)): the inverting sigmoid of the analog neuron, by table or straight pieces
// Timing: codes are taken at the edge that ends the cycle of i_capture, added at the end of the cycle of i_add, scaled
// at the end of that of i_scale; o_code follows an edge later. Nothing moves in other cycles.

`default_nettype none

module mixed_lane #(
   parameter PARTS    = 25,
   parameter ADC_BITS = 8,
   parameter ACC_W    = 14,      // ADC_BITS and the bits of the number of parts
   parameter NEURON   = 0        // 0 table, 1 straight pieces
) (
   input  wire                      i_clk,
   // control
   input  wire                      i_capture,
   input  wire [PARTS-1:0]          i_valid,     // read with i_capture
   input  wire                      i_add,
   input  wire                      i_first,     // read with i_add: nothing was added before
   input  wire                      i_scale,
   input  wire [7:0]                i_mul,
   input  wire [4:0]                i_shift,     // 1..16; read with i_scale as i_mul
   input  wire signed [7:0]         i_offset,
   // converters
   input  wire [PARTS*ADC_BITS-1:0] i_code,
   // neuron
   output wire [7:0]                o_code
);

   localparam PROD_W = ACC_W + 10;

   reg  [PARTS*ADC_BITS-1:0] code_q;
   reg  signed [ACC_W-1:0]   acc_q, tree;
   reg  signed [7:0]         x_q;
   integer                   p;

   // the number that a code stands for, at the accumulator's width
   function signed [ACC_W-1:0] number;
      input [ADC_BITS-1:0] code;
      number = {{ACC_W-ADC_BITS{code[ADC_BITS-1]}}, code};
   endfunction

   always @* begin
      tree = {ACC_W{1'b0}};
      for (p = 0; p < PARTS; p = p + 1) begin
         tree = tree + number(code_q[p*ADC_BITS +: ADC_BITS]);
      end
   end

   genvar k;
   generate
      for (k = 0; k < PARTS; k = k + 1) begin : gen_part
         always @(posedge i_clk) begin
            if (i_capture) begin   // offset binary to two's complement
               code_q[k*ADC_BITS +: ADC_BITS] <= i_valid[k]
                  ? i_code[k*ADC_BITS +: ADC_BITS] ^ {1'b1, {ADC_BITS-1{1'b0}}}
                  : {ADC_BITS{1'b0}};
            end
         end
      end
   endgenerate

   wire signed [PROD_W-1:0] wide    = {{PROD_W-ACC_W{acc_q[ACC_W-1]}}, acc_q};
   wire signed [PROD_W-1:0] factor  = {{PROD_W-8{1'b0}}, i_mul};
   wire signed [PROD_W-1:0] product = -(wide * factor);
   wire signed [PROD_W-1:0] half    = {{PROD_W-1{1'b0}}, 1'b1} << (i_shift - 5'd1);
   wire signed [PROD_W-1:0] offset  = {{PROD_W-8{i_offset[7]}}, i_offset};
   wire signed [PROD_W-1:0] scaled  = ((product + half) >>> i_shift) + offset;

   always @(posedge i_clk) begin
      if (i_add) begin
         acc_q <= i_first ? tree : acc_q + tree;
      end
      if (i_scale) begin
         if (scaled > 127) begin
            x_q <= 8'sd127;
         end else if (scaled < -127) begin
            x_q <= -8'sd127;
         end else begin
            x_q <= scaled[7:0];
         end
      end
   end

   generate
      if (NEURON == 0) begin : gen_lut
         neuron_lut neuron (
            .i_clk  (i_clk),
            .i_code (x_q),
            .o_code (o_code)
         );
      end else begin : gen_pwl
         neuron_pwl neuron (
            .i_clk  (i_clk),
            .i_code (x_q),
            .o_code (o_code)
         );
      end
   endgenerate

endmodule

`default_nettype wire
