// rv_regfile.v : holds the 31 integer registers
// SPDX-License-Identifier: Apache-2.0
//
// Timing: reads are combinational and show the value before a write of the same cycle (rv_operands
// forwards that one). x0 reads 0. Not reset: software writes a register before it reads it.

`default_nettype none

module rv_regfile (
   input  wire        i_clk,
   // decode stage
   input  wire [4:0]  i_rs1_addr,
   input  wire [4:0]  i_rs2_addr,
   output wire [31:0] o_rs1_data,
   output wire [31:0] o_rs2_data,
   // write-back stage
   input  wire        i_rd_we,
   input  wire [4:0]  i_rd_addr,
   input  wire [31:0] i_rd_data
);

   reg [31:0] regs_q [0:31];

   assign o_rs1_data = (i_rs1_addr == 5'd0) ? 32'd0 : regs_q[i_rs1_addr];
   assign o_rs2_data = (i_rs2_addr == 5'd0) ? 32'd0 : regs_q[i_rs2_addr];

   always @(posedge i_clk) begin
      if (i_rd_we) begin
         regs_q[i_rd_addr] <= i_rd_data;
      end
   end

endmodule

`default_nettype wire
