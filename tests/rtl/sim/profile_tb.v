// profile_tb.v : runs sim_top with its profile built in, writes every clock cycle to +trace=FILE
// SPDX-License-Identifier: Apache-2.0
//
// One line an edge after reset: valid trap intr pc device fetch active mark(0, 1 open, 2 close) id exit.
`timescale 1ps/1ps
`default_nettype none

module profile_tb;

   reg [8*1024-1:0] path;
   integer          file;

   sim_top #(
      .RAM_WORDS (16384),
      .PROFILE   (1)
   ) u_top (
      .i_macro_code (80'd0)
   );

   initial begin
      if ($value$plusargs("trace=%s", path)) begin
         file = $fopen(path, "w");
      end
   end

   wire        valid = u_top.u_soc.u_core.rvfi_valid;
   wire        trap  = valid && u_top.u_soc.u_core.rvfi_trap;
   wire        intr  = valid && u_top.u_soc.u_core.rvfi_intr;
   wire        dev   = valid && (u_top.u_soc.u_core.rvfi_mem_addr[31:28] != 4'd0);
   wire [31:0] pc    = valid ? u_top.u_soc.u_core.rvfi_pc_rdata : 32'd0;
   wire [1:0]  mark  = {u_top.mark_close, u_top.mark_open};
   wire [15:0] id    = (mark != 2'd0) ? u_top.mark_id : 16'd0;

   always @(posedge u_top.clk) begin
      if (!u_top.rst) begin
         $fwrite(file, "%0d %0d %0d %0d %0d %0d %0d %0d %0d %0d\n", valid, trap, intr, pc, dev,
                 u_top.u_soc.imem_valid, u_top.o_macro_active, mark, id, u_top.o_exit_valid);
      end
   end

endmodule

`default_nettype wire
