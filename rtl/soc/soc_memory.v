// soc_memory.v : wires the RAM and, where there is external memory, the DMA beside it
// SPDX-License-Identifier: Apache-2.0
//
// Timing: o_data_ready is 1 without external memory; with it, 0 in the cycles in which the DMA has the
// RAM's data port (soc_share.v). Reads as in soc_ram.v.

`default_nettype none

module soc_memory #(
   parameter RAM_WORDS = 262144,
   parameter EXT_WORDS = 0         // words of external memory; 0: none, and no DMA
) (
   input  wire        i_clk,
   input  wire        i_rst,
   // instruction port
   input  wire        i_instr_valid,
   input  wire [31:0] i_instr_addr,
   output wire [31:0] o_instr_rdata,
   // data port
   input  wire        i_data_valid,
   output wire        o_data_ready,
   input  wire        i_data_we,
   input  wire [31:0] i_data_addr,
   input  wire [3:0]  i_data_be,
   input  wire [31:0] i_data_wdata,
   output wire [31:0] o_data_rdata,
   // registers of the DMA
   input  wire        i_dma_wr,
   output wire [31:0] o_dma_rdata,
   output wire        o_dma_irq,
   // external memory
   output wire        o_ext_valid,
   input  wire        i_ext_ready,
   output wire        o_ext_we,
   output wire [31:0] o_ext_addr,
   output wire [8:0]  o_ext_len,
   output wire        o_ext_wvalid,
   input  wire        i_ext_wready,
   output wire [31:0] o_ext_wdata,
   input  wire        i_ext_rvalid,
   output wire        o_ext_rready,
   input  wire [31:0] i_ext_rdata
);

   wire        ram_valid, ram_we;
   wire [31:0] ram_addr, ram_wdata;
   wire [3:0]  ram_be;

   soc_ram #(
      .WORDS (RAM_WORDS)
   ) u_ram (
      .i_clk         (i_clk),
      .i_instr_valid (i_instr_valid),
      .i_instr_addr  (i_instr_addr),
      .o_instr_rdata (o_instr_rdata),
      .i_data_valid  (ram_valid),
      .i_data_we     (ram_we),
      .i_data_addr   (ram_addr),
      .i_data_be     (ram_be),
      .i_data_wdata  (ram_wdata),
      .o_data_rdata  (o_data_rdata)
   );

   generate
      if (EXT_WORDS != 0) begin : gen_external
         wire        dma_valid, dma_ready, dma_we;
         wire [31:0] dma_addr, dma_wdata;

         soc_dma #(
            .RAM_WORDS (RAM_WORDS),
            .EXT_WORDS (EXT_WORDS)
         ) u_dma (
            .i_clk        (i_clk),
            .i_rst        (i_rst),
            .i_bus_wr     (i_dma_wr),
            .i_bus_index  (i_data_addr[5:2]),
            .i_bus_wdata  (i_data_wdata),
            .o_bus_rdata  (o_dma_rdata),
            .o_irq        (o_dma_irq),
            .o_ram_valid  (dma_valid),
            .i_ram_ready  (dma_ready),
            .o_ram_we     (dma_we),
            .o_ram_addr   (dma_addr),
            .o_ram_wdata  (dma_wdata),
            .i_ram_rdata  (o_data_rdata),
            .o_ext_valid  (o_ext_valid),
            .i_ext_ready  (i_ext_ready),
            .o_ext_we     (o_ext_we),
            .o_ext_addr   (o_ext_addr),
            .o_ext_len    (o_ext_len),
            .o_ext_wvalid (o_ext_wvalid),
            .i_ext_wready (i_ext_wready),
            .o_ext_wdata  (o_ext_wdata),
            .i_ext_rvalid (i_ext_rvalid),
            .o_ext_rready (o_ext_rready),
            .i_ext_rdata  (i_ext_rdata)
         );

         soc_share u_share (
            .i_clk       (i_clk),
            .i_rst       (i_rst),
            .i_cpu_valid (i_data_valid),
            .o_cpu_ready (o_data_ready),
            .i_cpu_we    (i_data_we),
            .i_cpu_addr  (i_data_addr),
            .i_cpu_be    (i_data_be),
            .i_cpu_wdata (i_data_wdata),
            .i_dma_valid (dma_valid),
            .o_dma_ready (dma_ready),
            .i_dma_we    (dma_we),
            .i_dma_addr  (dma_addr),
            .i_dma_wdata (dma_wdata),
            .o_ram_valid (ram_valid),
            .o_ram_we    (ram_we),
            .o_ram_addr  (ram_addr),
            .o_ram_be    (ram_be),
            .o_ram_wdata (ram_wdata)
         );
      end else begin : gen_ram_alone
         wire unused = i_rst | i_dma_wr | i_ext_ready | i_ext_wready | i_ext_rvalid | (|i_ext_rdata);

         assign ram_valid    = i_data_valid;
         assign ram_we       = i_data_we;
         assign ram_addr     = i_data_addr;
         assign ram_be       = i_data_be;
         assign ram_wdata    = i_data_wdata;
         assign o_data_ready = 1'b1;
         assign o_dma_rdata  = 32'd0;
         assign o_dma_irq    = 1'b0;
         assign o_ext_valid  = 1'b0;
         assign o_ext_we     = 1'b0;
         assign o_ext_addr   = 32'd0;
         assign o_ext_len    = 9'd0;
         assign o_ext_wvalid = 1'b0;
         assign o_ext_wdata  = 32'd0;
         assign o_ext_rready = 1'b0;
      end
   endgenerate

endmodule

`default_nettype wire
