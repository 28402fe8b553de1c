// soc_dma_engine.v : moves the rows of one transfer, a burst of words at a time
// SPDX-License-Identifier: Apache-2.0
//
// Timing: takes its orders in the cycle i_start is high. A row is checked against both memories before
// its first word moves; a row beyond either ends the transfer (o_bad_range for a cycle), rows before
// it have moved. A row goes as bursts that never cross a page of 1 KiB outside, one at a time: request
// valid/ready with direction, byte address and words (1..256), then that many words. To the RAM: a word is
// taken from i_ext_rdata in the cycle it is stored. From the RAM: a word is read, kept one cycle later and
// offered until i_ext_wready, so a word takes two cycles or more. o_word: a word has left or arrived.

`default_nettype none

module soc_dma_engine #(
   parameter RAM_WORDS = 262144,
   parameter EXT_WORDS = 262144
) (
   input  wire        i_clk,
   input  wire        i_rst,
   // registers
   input  wire        i_start,
   input  wire        i_to_ext,
   input  wire [31:0] i_ext_addr,
   input  wire [31:0] i_ram_addr,
   input  wire [29:0] i_row_words,
   input  wire [15:0] i_rows,
   input  wire [31:0] i_ext_stride,
   input  wire [31:0] i_ram_stride,
   output wire        o_busy,
   output wire        o_done,
   output wire        o_bad_range,
   output wire        o_word,
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

   localparam [2:0] IDLE  = 3'd0;
   localparam [2:0] CHECK = 3'd1;   // a row begins
   localparam [2:0] ASK   = 3'd2;   // a burst is requested
   localparam [2:0] TAKE  = 3'd3;   // words come from outside
   localparam [2:0] READ  = 3'd4;   // a word is read from the RAM
   localparam [2:0] KEEP  = 3'd5;   // and comes
   localparam [2:0] GIVE  = 3'd6;   // and goes outside

   localparam [32:0] RAM_BYTES  = 4 * RAM_WORDS;
   localparam [32:0] EXT_BYTES  = 4 * EXT_WORDS;
   localparam [8:0]  PAGE_WORDS = 9'd256;

   reg [2:0]  state_q;
   reg        to_ext_q;
   reg [31:0] ext_row_q, ram_row_q;      // where the row begins
   reg [31:0] ext_q, ram_q;              // where the next word lies
   reg [29:0] row_words_q, left_q;       // words of a row, not yet moved ones of this row
   reg [8:0]  burst_q;                   // not yet moved words of this burst
   reg [15:0] rows_q;                    // rows not yet finished
   reg [31:0] ext_stride_q, ram_stride_q;
   reg [31:0] word_q;

   wire [32:0] ext_end = {1'b0, ext_row_q} + {1'b0, row_words_q, 2'd0};
   wire [32:0] ram_end = {1'b0, ram_row_q} + {1'b0, row_words_q, 2'd0};
   wire        beyond  = (ext_end > EXT_BYTES) || (ram_end > RAM_BYTES);

   wire [8:0]  to_page = PAGE_WORDS - {1'b0, ext_q[9:2]};
   wire [8:0]  length  = (left_q < {21'd0, to_page}) ? left_q[8:0] : to_page;

   wire taken = (state_q == TAKE) && i_ext_rvalid && i_ram_ready;
   wire given = (state_q == GIVE) && i_ext_wready;
   wire moved = taken || given;
   wire burst_end = moved && (burst_q == 9'd1);
   wire row_end   = moved && (left_q == 30'd1);
   wire all_end   = row_end && (rows_q == 16'd1);

   assign o_busy      = (state_q != IDLE);
   assign o_done      = all_end;
   assign o_bad_range = (state_q == CHECK) && beyond;
   assign o_word      = moved;

   assign o_ram_valid = ((state_q == TAKE) && i_ext_rvalid) || (state_q == READ);
   assign o_ram_we    = (state_q == TAKE);
   assign o_ram_addr  = ram_q;
   assign o_ram_wdata = i_ext_rdata;

   assign o_ext_valid  = (state_q == ASK);
   assign o_ext_we     = to_ext_q;
   assign o_ext_addr   = ext_q;
   assign o_ext_len    = length;
   assign o_ext_wvalid = (state_q == GIVE);
   assign o_ext_wdata  = word_q;
   assign o_ext_rready = (state_q == TAKE) && i_ram_ready;

   always @(posedge i_clk) begin
      if (i_rst) begin
         state_q <= IDLE;
      end else begin
         case (state_q)
            IDLE: begin
               if (i_start) begin
                  state_q <= CHECK;
               end
            end
            CHECK: state_q <= beyond ? IDLE : ASK;
            ASK: begin
               if (i_ext_ready) begin
                  state_q <= to_ext_q ? READ : TAKE;
               end
            end
            READ: begin
               if (i_ram_ready) begin
                  state_q <= KEEP;
               end
            end
            KEEP: state_q <= GIVE;
            TAKE, GIVE: begin
               if (all_end) begin
                  state_q <= IDLE;
               end else if (row_end) begin
                  state_q <= CHECK;
               end else if (burst_end) begin
                  state_q <= ASK;
               end else if (given) begin
                  state_q <= READ;
               end
            end
            default: state_q <= IDLE;
         endcase
      end
   end

   always @(posedge i_clk) begin
      if (i_start && (state_q == IDLE)) begin
         to_ext_q     <= i_to_ext;
         ext_row_q    <= i_ext_addr;
         ram_row_q    <= i_ram_addr;
         row_words_q  <= i_row_words;
         rows_q       <= i_rows;
         ext_stride_q <= i_ext_stride;
         ram_stride_q <= i_ram_stride;
      end else if (row_end) begin
         ext_row_q <= ext_row_q + ext_stride_q;
         ram_row_q <= ram_row_q + ram_stride_q;
         rows_q    <= rows_q - 16'd1;
      end
      if (state_q == CHECK) begin
         ext_q  <= ext_row_q;
         ram_q  <= ram_row_q;
         left_q <= row_words_q;
      end else if (moved) begin
         ext_q  <= ext_q + 32'd4;
         ram_q  <= ram_q + 32'd4;
         left_q <= left_q - 30'd1;
      end
      if (state_q == ASK) begin
         burst_q <= length;
      end else if (moved) begin
         burst_q <= burst_q - 9'd1;
      end
      if (state_q == KEEP) begin
         word_q <= i_ram_rdata;
      end
   end

endmodule

`default_nettype wire
