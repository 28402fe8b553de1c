// rv_lsu.v : places store data on its byte lanes, takes load data off them
// SPDX-License-Identifier: Apache-2.0
//
// Timing: combinational, two halves: the request half works for the execute stage, the answer half
// for write-back.

`default_nettype none

module rv_lsu (
   // request: execute stage
   input  wire [1:0]  i_x_funct3,     // size: 0 byte, 1 half, 2 word
   input  wire [1:0]  i_x_offset,
   input  wire [31:0] i_x_data,
   output wire        o_x_misaligned,
   output reg  [3:0]  o_x_be,
   output reg  [31:0] o_x_wdata,
   // answer: write-back stage
   input  wire [2:0]  i_w_funct3,
   input  wire [1:0]  i_w_offset,
   input  wire [31:0] i_w_rdata,
   output reg  [31:0] o_w_data
);

   wire half = (i_x_funct3 == 2'd1);
   wire word = (i_x_funct3 == 2'd2);

   assign o_x_misaligned = (half && i_x_offset[0]) || (word && (i_x_offset != 2'd0));

   always @* begin
      case (i_x_funct3)
         2'd0: begin
            o_x_be    = 4'b0001 << i_x_offset;
            o_x_wdata = {4{i_x_data[7:0]}};
         end
         2'd1: begin
            o_x_be    = i_x_offset[1] ? 4'b1100 : 4'b0011;
            o_x_wdata = {2{i_x_data[15:0]}};
         end
         default: begin
            o_x_be    = 4'b1111;
            o_x_wdata = i_x_data;
         end
      endcase
   end

   wire [31:0] shifted = i_w_rdata >> {i_w_offset, 3'd0};

   always @* begin
      case (i_w_funct3)
         3'd0:    o_w_data = {{24{shifted[7]}}, shifted[7:0]};
         3'd1:    o_w_data = {{16{shifted[15]}}, shifted[15:0]};
         3'd4:    o_w_data = {24'd0, shifted[7:0]};
         3'd5:    o_w_data = {16'd0, shifted[15:0]};
         default: o_w_data = shifted;
      endcase
   end

endmodule

`default_nettype wire
