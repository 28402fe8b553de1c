// soc_dma.v : wires registers and engine of the DMA between external memory and the RAM
// SPDX-License-Identifier: Apache-2.0
//
// Timing: registers as soc_dma_regs.v says, transfers as soc_dma_engine.v.

`default_nettype none

module soc_dma #(
   parameter RAM_WORDS = 262144,
   parameter EXT_WORDS = 262144
) (
   input  wire        i_clk,
   input  wire        i_rst,
   // bus
   input  wire        i_bus_wr,
   input  wire [3:0]  i_bus_index,
   input  wire [31:0] i_bus_wdata,
   output wire [31:0] o_bus_rdata,
   // CPU
   output wire        o_irq,
   // RAM
   output wire        o_ram_valid,
   input  wire        i_ram_ready,
   output wire        o_ram_we,
   output wire [31:0] o_ram_addr,
   output wire [31:0] o_ram_wdata,
   input  wire [31:0] i_ram_rdata,
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

   wire        start, busy, done, bad_range, word;
   wire        to_ext;
   wire [31:0] ext_addr, ram_addr, ext_stride, ram_stride;
   wire [29:0] row_words;
   wire [15:0] rows;

   soc_dma_regs u_regs (
      .i_clk         (i_clk),
      .i_rst         (i_rst),
      .i_bus_wr      (i_bus_wr),
      .i_bus_index   (i_bus_index),
      .i_bus_wdata   (i_bus_wdata),
      .o_bus_rdata   (o_bus_rdata),
      .o_irq         (o_irq),
      .o_start       (start),
      .o_to_ext      (to_ext),
      .o_ext_addr    (ext_addr),
      .o_ram_addr    (ram_addr),
      .o_row_words   (row_words),
      .o_rows        (rows),
      .o_ext_stride  (ext_stride),
      .o_ram_stride  (ram_stride),
      .i_busy        (busy),
      .i_done        (done),
      .i_bad_range   (bad_range),
      .i_word        (word)
   );

   soc_dma_engine #(
      .RAM_WORDS (RAM_WORDS),
      .EXT_WORDS (EXT_WORDS)
   ) u_engine (
      .i_clk         (i_clk),
      .i_rst         (i_rst),
      .i_start       (start),
      .i_to_ext      (to_ext),
      .i_ext_addr    (ext_addr),
      .i_ram_addr    (ram_addr),
      .i_row_words   (row_words),
      .i_rows        (rows),
      .i_ext_stride  (ext_stride),
      .i_ram_stride  (ram_stride),
      .o_busy        (busy),
      .o_done        (done),
      .o_bad_range   (bad_range),
      .o_word        (word),
      .o_ram_valid   (o_ram_valid),
      .i_ram_ready   (i_ram_ready),
      .o_ram_we      (o_ram_we),
      .o_ram_addr    (o_ram_addr),
      .o_ram_wdata   (o_ram_wdata),
      .i_ram_rdata   (i_ram_rdata),
      .o_ext_valid   (o_ext_valid),
      .i_ext_ready   (i_ext_ready),
      .o_ext_we      (o_ext_we),
      .o_ext_addr    (o_ext_addr),
      .o_ext_len     (o_ext_len),
      .o_ext_wvalid  (o_ext_wvalid),
      .i_ext_wready  (i_ext_wready),
      .o_ext_wdata   (o_ext_wdata),
      .i_ext_rvalid  (i_ext_rvalid),
      .o_ext_rready  (o_ext_rready),
      .i_ext_rdata   (i_ext_rdata)
   );

endmodule

`default_nettype wire
