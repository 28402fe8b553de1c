// rv_alu.v : adds, shifts, compares and combines two operands
// SPDX-License-Identifier: Apache-2.0
//
// Timing: combinational. i_op is {alternate, funct3} of the base instruction set.

`default_nettype none

module rv_alu (
   input  wire [3:0]  i_op,
   input  wire [31:0] i_op1,
   input  wire [31:0] i_op2,
   output reg  [31:0] o_result,
   // branch unit
   output wire        o_eq,
   output wire        o_lt_signed,
   output wire        o_lt_unsigned
);

   wire [4:0] shamt = i_op2[4:0];

   assign o_eq          = (i_op1 == i_op2);
   assign o_lt_unsigned = (i_op1 < i_op2);
   assign o_lt_signed   = ($signed(i_op1) < $signed(i_op2));

   always @* begin
      case (i_op[2:0])
         3'd0:    o_result = i_op[3] ? (i_op1 - i_op2) : (i_op1 + i_op2);
         3'd1:    o_result = i_op1 << shamt;
         3'd2:    o_result = {31'd0, o_lt_signed};
         3'd3:    o_result = {31'd0, o_lt_unsigned};
         3'd4:    o_result = i_op1 ^ i_op2;
         3'd5:    o_result = i_op[3] ? $unsigned($signed(i_op1) >>> shamt) : (i_op1 >> shamt);
         3'd6:    o_result = i_op1 | i_op2;
         default: o_result = i_op1 & i_op2;
      endcase
   end

endmodule

`default_nettype wire
