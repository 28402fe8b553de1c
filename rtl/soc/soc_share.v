// soc_share.v : gives the RAM's data port to the CPU, or to the DMA when the CPU leaves it alone
// SPDX-License-Identifier: Apache-2.0
//
// Timing: combinational, one access a cycle. The CPU goes first; a DMA access that was passed over
// PATIENCE cycles in a row goes before the CPU's, which waits for that one cycle.

`default_nettype none

module soc_share #(
   parameter PATIENCE = 7
) (
   input  wire        i_clk,
   input  wire        i_rst,
   // CPU
   input  wire        i_cpu_valid,
   output wire        o_cpu_ready,
   input  wire        i_cpu_we,
   input  wire [31:0] i_cpu_addr,
   input  wire [3:0]  i_cpu_be,
   input  wire [31:0] i_cpu_wdata,
   // DMA: whole words
   input  wire        i_dma_valid,
   output wire        o_dma_ready,
   input  wire        i_dma_we,
   input  wire [31:0] i_dma_addr,
   input  wire [31:0] i_dma_wdata,
   // RAM
   output wire        o_ram_valid,
   output wire        o_ram_we,
   output wire [31:0] o_ram_addr,
   output wire [3:0]  o_ram_be,
   output wire [31:0] o_ram_wdata
);

   localparam             COUNT_W = $clog2(PATIENCE + 1);
   localparam [COUNT_W:0] LIMIT   = PATIENCE;

   reg [COUNT_W:0] passed_q;   // cycles in which the DMA's access was passed over

   wire dma = i_dma_valid && (!i_cpu_valid || (passed_q == LIMIT));

   assign o_cpu_ready = !dma;
   assign o_dma_ready = dma;
   assign o_ram_valid = i_cpu_valid || i_dma_valid;
   assign o_ram_we    = dma ? i_dma_we : i_cpu_we;
   assign o_ram_addr  = dma ? i_dma_addr : i_cpu_addr;
   assign o_ram_be    = dma ? 4'b1111 : i_cpu_be;
   assign o_ram_wdata = dma ? i_dma_wdata : i_cpu_wdata;

   always @(posedge i_clk) begin
      if (i_rst || !i_dma_valid || dma) begin
         passed_q <= {COUNT_W + 1{1'b0}};
      end else begin
         passed_q <= passed_q + {{COUNT_W{1'b0}}, 1'b1};
      end
   end

endmodule

`default_nettype wire
