// soc_dma_regs.v : registers of the DMA, its status, sticky errors and interrupt
// SPDX-License-Identifier: Apache-2.0
//
// Timing: a store acts at the edge of its cycle; o_start is high in the cycle after a store to CTRL
// that starts, and the engine takes the registers then, so they may be written again while it works.
// A start with anything but whole words, or with nothing to move, sets ERR_ALIGN and starts nothing; a start
// while busy sets ERR_BUSY and changes nothing. The interrupt line is high while IRQ_EN and DONE or an
// error are.

`default_nettype none
`include "regmap.vh"

module soc_dma_regs (
   input  wire        i_clk,
   input  wire        i_rst,
   // bus
   input  wire        i_bus_wr,
   input  wire [3:0]  i_bus_index,    // word of the register
   input  wire [31:0] i_bus_wdata,
   output reg  [31:0] o_bus_rdata,
   // CPU
   output wire        o_irq,
   // engine
   output wire        o_start,
   output wire        o_to_ext,
   output wire [31:0] o_ext_addr,
   output wire [31:0] o_ram_addr,
   output wire [29:0] o_row_words,
   output wire [15:0] o_rows,
   output wire [31:0] o_ext_stride,
   output wire [31:0] o_ram_stride,
   input  wire        i_busy,
   input  wire        i_done,         // one cycle: all rows moved
   input  wire        i_bad_range,    // one cycle: stopped at a row beyond a memory
   input  wire        i_word          // a word has moved
);

   localparam [11:0] OFFSET_EXT_ADDR   = `DMA_EXT_ADDR_OFFSET;
   localparam [11:0] OFFSET_RAM_ADDR   = `DMA_RAM_ADDR_OFFSET;
   localparam [11:0] OFFSET_ROW_BYTES  = `DMA_ROW_BYTES_OFFSET;
   localparam [11:0] OFFSET_ROWS       = `DMA_ROWS_OFFSET;
   localparam [11:0] OFFSET_EXT_STRIDE = `DMA_EXT_STRIDE_OFFSET;
   localparam [11:0] OFFSET_RAM_STRIDE = `DMA_RAM_STRIDE_OFFSET;
   localparam [11:0] OFFSET_CTRL       = `DMA_CTRL_OFFSET;
   localparam [11:0] OFFSET_STATUS     = `DMA_STATUS_OFFSET;

   reg [31:0] ext_addr_q, ram_addr_q, row_bytes_q, ext_stride_q, ram_stride_q, words_q;
   reg [15:0] rows_q;
   reg        to_ext_q, irq_en_q;
   reg        start_q, done_q, err_align_q, err_range_q, err_busy_q;

   assign o_start      = start_q;
   assign o_to_ext     = to_ext_q;
   assign o_ext_addr   = ext_addr_q;
   assign o_ram_addr   = ram_addr_q;
   assign o_row_words  = row_bytes_q[31:2];
   assign o_rows       = rows_q;
   assign o_ext_stride = ext_stride_q;
   assign o_ram_stride = ram_stride_q;

   wire busy = i_busy || start_q;
   assign o_irq = irq_en_q && (done_q || err_align_q || err_range_q || err_busy_q);

   wire [11:0] offset = {6'd0, i_bus_index, 2'd0};
   wire        ctrl   = i_bus_wr && (offset == OFFSET_CTRL);
   wire        start  = ctrl && i_bus_wdata[`DMA_CTRL_START_BIT];
   wire        clear  = ctrl && i_bus_wdata[`DMA_CTRL_CLEAR_BIT];
   wire        whole  = ((ext_addr_q[1:0] | ram_addr_q[1:0] | row_bytes_q[1:0] | ext_stride_q[1:0]
                          | ram_stride_q[1:0]) == 2'd0) && (row_bytes_q != 32'd0)
                        && (rows_q != 16'd0);

   reg [31:0] ctrl_word, status_word;

   always @* begin
      ctrl_word                           = 32'd0;
      ctrl_word[`DMA_CTRL_TO_EXT_BIT]     = to_ext_q;
      ctrl_word[`DMA_CTRL_IRQ_EN_BIT]     = irq_en_q;
      status_word                         = 32'd0;
      status_word[`DMA_STATUS_BUSY_BIT]      = busy;
      status_word[`DMA_STATUS_DONE_BIT]      = done_q;
      status_word[`DMA_STATUS_IRQ_BIT]       = o_irq;
      status_word[`DMA_STATUS_ERR_ALIGN_BIT] = err_align_q;
      status_word[`DMA_STATUS_ERR_RANGE_BIT] = err_range_q;
      status_word[`DMA_STATUS_ERR_BUSY_BIT]  = err_busy_q;
      case (offset)
         OFFSET_EXT_ADDR:   o_bus_rdata = ext_addr_q;
         OFFSET_RAM_ADDR:   o_bus_rdata = ram_addr_q;
         OFFSET_ROW_BYTES:  o_bus_rdata = row_bytes_q;
         OFFSET_ROWS:       o_bus_rdata = {16'd0, rows_q};
         OFFSET_EXT_STRIDE: o_bus_rdata = ext_stride_q;
         OFFSET_RAM_STRIDE: o_bus_rdata = ram_stride_q;
         OFFSET_CTRL:       o_bus_rdata = ctrl_word;
         OFFSET_STATUS:     o_bus_rdata = status_word;
         default:           o_bus_rdata = words_q;
      endcase
   end

   always @(posedge i_clk) begin
      if (i_rst) begin
         ext_addr_q   <= 32'd0;
         ram_addr_q   <= 32'd0;
         row_bytes_q  <= 32'd0;
         rows_q       <= 16'd0;
         ext_stride_q <= 32'd0;
         ram_stride_q <= 32'd0;
         to_ext_q     <= 1'b0;
         irq_en_q     <= 1'b0;
      end else if (i_bus_wr) begin
         case (offset)
            OFFSET_EXT_ADDR:   ext_addr_q   <= i_bus_wdata;
            OFFSET_RAM_ADDR:   ram_addr_q   <= i_bus_wdata;
            OFFSET_ROW_BYTES:  row_bytes_q  <= i_bus_wdata;
            OFFSET_ROWS:       rows_q       <= i_bus_wdata[15:0];
            OFFSET_EXT_STRIDE: ext_stride_q <= i_bus_wdata;
            OFFSET_RAM_STRIDE: ram_stride_q <= i_bus_wdata;
            OFFSET_CTRL: begin
               irq_en_q <= i_bus_wdata[`DMA_CTRL_IRQ_EN_BIT];
               if (!busy) begin
                  to_ext_q <= i_bus_wdata[`DMA_CTRL_TO_EXT_BIT];
               end
            end
            default: irq_en_q <= irq_en_q;   // the others are read-only
         endcase
      end
   end

   always @(posedge i_clk) begin
      if (i_rst) begin
         start_q     <= 1'b0;
         done_q      <= 1'b0;
         err_align_q <= 1'b0;
         err_range_q <= 1'b0;
         err_busy_q  <= 1'b0;
         words_q     <= 32'd0;
      end else begin
         start_q     <= start && !busy && whole;
         done_q      <= i_done || (done_q && !clear && !(start && !busy));
         err_align_q <= (start && !busy && !whole) || (err_align_q && !clear);
         err_range_q <= i_bad_range || (err_range_q && !clear);
         err_busy_q  <= (start && busy) || (err_busy_q && !clear);
         if (i_word) begin
            words_q <= words_q + 32'd1;
         end
      end
   end

endmodule

`default_nettype wire
