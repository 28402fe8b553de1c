// rv_result.v : chooses the value that the instruction in execute hands on, and whether it writes
// SPDX-License-Identifier: Apache-2.0
//
// Timing: combinational. Loads and products come later (o_late), in write-back.

`default_nettype none
`include "rv_defs.vh"

module rv_result (
   input  wire                 i_valid,
   input  wire [`RV_CTL_W-1:0] i_ctl,
   input  wire [4:0]           i_rd,
   input  wire [31:0]          i_alu,
   input  wire [31:0]          i_csr,
   input  wire [31:0]          i_div,
   input  wire [31:0]          i_xif,
   input  wire                 i_xif_we,
   output wire                 o_we,
   output wire                 o_late,
   output wire [31:0]          o_result
);

   wire wants = i_ctl[`RV_CTL_XIF] ? i_xif_we : i_ctl[`RV_CTL_WE];

   assign o_we     = i_valid && wants && (i_rd != 5'd0);
   assign o_late   = i_ctl[`RV_CTL_LOAD] || i_ctl[`RV_CTL_MUL];
   assign o_result = i_ctl[`RV_CTL_CSR] ? i_csr
                   : i_ctl[`RV_CTL_DIV] ? i_div
                   : i_ctl[`RV_CTL_XIF] ? i_xif
                   :                      i_alu;

endmodule

`default_nettype wire
