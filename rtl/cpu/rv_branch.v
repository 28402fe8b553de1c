// rv_branch.v : decides whether and where a branch or jump goes
// SPDX-License-Identifier: Apache-2.0
//
// Timing: combinational. The sum is also the address of loads and stores.

`default_nettype none

module rv_branch (
   input  wire        i_branch,
   input  wire        i_jump,
   input  wire [2:0]  i_funct3,
   input  wire        i_eq,
   input  wire        i_lt_signed,
   input  wire        i_lt_unsigned,
   input  wire [31:0] i_base,
   input  wire [31:0] i_imm,
   output wire [31:0] o_address,        // base + immediate
   output wire [31:0] o_jump_target,    // the same, bit 0 cleared
   output wire        o_taken,
   output wire        o_misaligned      // taken, to an address that is not a multiple of 4
);

   wire lt  = i_funct3[1] ? i_lt_unsigned : i_lt_signed;
   wire hit = (i_funct3[2] ? lt : i_eq) ^ i_funct3[0];

   assign o_address     = i_base + i_imm;
   assign o_jump_target = {o_address[31:1], 1'b0};
   assign o_taken       = i_jump || (i_branch && hit);
   assign o_misaligned  = o_taken && o_address[1];

endmodule

`default_nettype wire
