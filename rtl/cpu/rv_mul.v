// rv_mul.v : multiplies in two stages
// SPDX-License-Identifier: Apache-2.0
//
// Timing: operands of cycle n with i_en give o_result in cycle n+1, held until the next i_en.

`default_nettype none

module rv_mul (
   input  wire        i_clk,
   input  wire        i_en,
   input  wire [1:0]  i_funct3,      // 0 low word; high word of 1 signed, 2 mixed, 3 unsigned
   input  wire [31:0] i_op1,
   input  wire [31:0] i_op2,
   output wire [31:0] o_result
);

   wire signed [32:0] factor1 = {i_op1[31] && (i_funct3 != 2'd3), i_op1};
   wire signed [32:0] factor2 = {i_op2[31] && !i_funct3[1], i_op2};

   reg signed [63:0] product_q;
   reg               high_q;

   assign o_result = high_q ? product_q[63:32] : product_q[31:0];

   always @(posedge i_clk) begin
      if (i_en) begin
         product_q <= factor1 * factor2;
         high_q    <= (i_funct3 != 2'd0);
      end
   end

endmodule

`default_nettype wire
