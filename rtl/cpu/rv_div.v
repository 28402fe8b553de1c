// rv_div.v : divides by subtraction, one quotient bit a cycle
// SPDX-License-Identifier: Apache-2.0
//
// Timing: i_valid is high, with stable operands, until the cycle o_done is high, 33 cycles later;
// o_result is valid in that cycle. Division by zero and overflow give the values of the M
// extension. A request may not be withdrawn.

`default_nettype none

module rv_div (
   input  wire        i_clk,
   input  wire        i_rst,
   input  wire        i_valid,
   input  wire [1:0]  i_funct3,      // 0 div, 1 divu, 2 rem, 3 remu
   input  wire [31:0] i_op1,
   input  wire [31:0] i_op2,
   output wire        o_done,
   output wire [31:0] o_result
);

   localparam [5:0] STEPS = 6'd32;

   reg        busy_q;
   reg [5:0]  left_q;        // steps left
   reg [31:0] remainder_q;
   reg [31:0] quotient_q;    // dividend bits leave at the top, quotient bits enter below
   reg [31:0] divisor_q;
   reg        negate_q;      // the wanted result is negative

   wire is_signed = !i_funct3[0];
   wire is_rem    = i_funct3[1];
   wire sign1     = is_signed && i_op1[31];
   wire sign2     = is_signed && i_op2[31];
   wire by_zero   = (i_op2 == 32'd0);

   wire [32:0] trial = {remainder_q, quotient_q[31]} - {1'b0, divisor_q};
   wire        fits  = !trial[32];

   wire [31:0] magnitude = is_rem ? remainder_q : quotient_q;

   assign o_done   = busy_q && (left_q == 6'd0);
   assign o_result = negate_q ? (32'd0 - magnitude) : magnitude;

   always @(posedge i_clk) begin
      if (i_rst) begin
         busy_q <= 1'b0;
      end else begin
         busy_q <= i_valid && !o_done;
      end
   end

   always @(posedge i_clk) begin
      if (i_valid && !busy_q) begin
         left_q      <= STEPS;
         remainder_q <= 32'd0;
         quotient_q  <= sign1 ? (32'd0 - i_op1) : i_op1;
         divisor_q   <= sign2 ? (32'd0 - i_op2) : i_op2;
         negate_q    <= is_rem ? sign1 : ((sign1 != sign2) && !by_zero);
      end else if (busy_q && !o_done) begin
         left_q      <= left_q - 6'd1;
         remainder_q <= fits ? trial[31:0] : {remainder_q[30:0], quotient_q[31]};
         quotient_q  <= {quotient_q[30:0], fits};
      end
   end

endmodule

`default_nettype wire
