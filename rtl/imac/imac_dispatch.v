// imac_dispatch.v : executes the oldest committed instruction on the macro it names
// SPDX-License-Identifier: Apache-2.0
//
// Timing: o_op_valid[k] is high for the one cycle in which macro k executes; effects come at the
// edge that ends it, i_op_data answers within it, and the result leaves in the same cycle.
// imac.wait holds the head until its macro is idle. An instruction naming a macro that does not
// exist executes nowhere and sets the sticky macro-index error, which every macro's status shows.

`default_nettype none
`include "regmap.vh"

module imac_dispatch #(
   parameter N_MACRO = 1,
   parameter ID_W    = 4
) (
   input  wire                  i_clk,
   input  wire                  i_rst,
   // oldest committed instruction from xif_commit
   input  wire                  i_head_valid,
   output wire                  o_head_take,
   input  wire [ID_W-1:0]       i_head_id,
   input  wire [2:0]            i_head_f3,
   input  wire [4:0]            i_head_rd,
   input  wire                  i_head_we,
   input  wire [31:0]           i_head_rs1,
   input  wire [31:0]           i_head_rs2,
   // xif_result
   output wire                  o_exec_valid,
   input  wire                  i_exec_ready,
   output wire [ID_W-1:0]       o_exec_id,
   output wire [4:0]            o_exec_rd,
   output wire                  o_exec_we,
   output wire [31:0]           o_exec_data,
   // macros
   output wire [N_MACRO-1:0]    o_op_valid,
   output wire [2:0]            o_op_f3,
   output wire [7:0]            o_op_index,      // configuration register
   output wire [31:0]           o_op_value,      // register value, input bits or program word
   input  wire [N_MACRO*32-1:0] i_op_data,       // answer of each macro
   input  wire [N_MACRO-1:0]    i_op_active,     // evaluating or programming
   input  wire [N_MACRO-1:0]    i_op_clear,      // this macro's errors are being cleared
   output wire                  o_err_macro
);

   wire is_cfg   = (i_head_f3 == `IMAC_F3_CFG);
   wire is_rdcfg = (i_head_f3 == `IMAC_F3_RDCFG);
   wire is_push  = (i_head_f3 == `IMAC_F3_PUSH);
   wire is_prog  = (i_head_f3 == `IMAC_F3_PROG);
   wire is_wait  = (i_head_f3 == `IMAC_F3_WAIT);
   wire is_pop   = (i_head_f3 == `IMAC_F3_POP);

   wire [31:0] macro = (is_cfg || is_rdcfg) ? {8'd0, i_head_rs1[31:8]} :
                       (is_push || is_prog) ? i_head_rs2 :
                                              i_head_rs1;

   wire [N_MACRO-1:0] sel;
   wire               exists = |sel;
   wire               waits  = is_wait && |(sel & i_op_active);
   wire               fire   = i_head_valid && i_exec_ready && !waits;

   reg  [31:0] data;
   integer     m;
   genvar      k;
   generate
      for (k = 0; k < N_MACRO; k = k + 1) begin : gen_sel
         assign sel[k] = (macro == k);
      end
   endgenerate

   // an unknown macro answers its error bit where a status is expected, 0 elsewhere
   wire        no_status    = is_cfg || is_rdcfg || is_push || is_prog || is_pop;
   wire [31:0] unknown_data = no_status ? 32'd0 : (32'd1 << `IMAC_STATUS_ERR_MACRO_INDEX_BIT);

   always @* begin
      data = exists ? 32'd0 : unknown_data;
      for (m = 0; m < N_MACRO; m = m + 1) begin
         if (sel[m]) begin
            data = i_op_data[m*32 +: 32];
         end
      end
   end

   reg err_macro_q;
   always @(posedge i_clk) begin
      if (i_rst) begin
         err_macro_q <= 1'b0;
      end else if (fire) begin
         err_macro_q <= (err_macro_q && !(|i_op_clear)) || !exists;
      end
   end

   assign o_head_take  = fire;
   assign o_exec_valid = fire;
   assign o_exec_id    = i_head_id;
   assign o_exec_rd    = i_head_rd;
   assign o_exec_we    = i_head_we;
   assign o_exec_data  = data;
   assign o_op_valid   = fire ? sel : {N_MACRO{1'b0}};
   assign o_op_f3      = i_head_f3;
   assign o_op_index   = i_head_rs1[7:0];
   assign o_op_value   = is_cfg ? i_head_rs2 : i_head_rs1;
   assign o_err_macro  = err_macro_q;

endmodule

`default_nettype wire
