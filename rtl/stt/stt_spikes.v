// stt_spikes.v : keeps the spikes of every step of an evaluation until they are popped
// SPDX-License-Identifier: Apache-2.0
//
// A word holds 32 rows, row 0 in the LSB; step 0 comes first. Rows at and above N_OUT read 0. i_flush
// forgets what is left of an earlier evaluation.
// Timing: o_data shows the next word (0 while empty); all strobes act on the next edge.

`default_nettype none

module stt_spikes #(
   parameter ROWS  = 32,
   parameter STEPS = 2
) (
   input  wire            i_clk,
   input  wire            i_rst,
   // control
   input  wire            i_flush,
   input  wire            i_pop,      // only while not empty
   input  wire [15:0]     i_n_out,    // 1..ROWS
   output wire            o_empty,
   output wire [31:0]     o_data,
   // sequencer
   input  wire            i_take,     // i_spikes are those of the next step
   input  wire [ROWS-1:0] i_spikes
);

   localparam WORDS = (ROWS + 31) / 32;           // of one step
   localparam TOTAL = STEPS * WORDS;
   localparam PTR_W = $clog2(TOTAL + 1);
   localparam [31:0] STRIDE = WORDS;

   reg  [TOTAL*32-1:0] words_q;
   reg  [PTR_W-1:0]    ptr_q, end_q;
   wire [WORDS*32-1:0] taken;
   reg  [31:0]         word;
   integer             w;

   genvar r, n;
   generate
      for (r = 0; r < 32*WORDS; r = r + 1) begin : gen_bit
         if (r < ROWS) begin : gen_row
            assign taken[r] = i_spikes[r] && (i_n_out > r);
         end else begin : gen_zero
            assign taken[r] = 1'b0;
         end
      end
      for (n = 0; n < TOTAL; n = n + 1) begin : gen_word
         localparam [31:0] FIRST = (n / WORDS) * WORDS;
         always @(posedge i_clk) begin
            if (i_take && (end_q == FIRST[PTR_W-1:0])) begin
               words_q[32*n +: 32] <= taken[32*(n % WORDS) +: 32];
            end
         end
      end
   endgenerate

   always @* begin
      word = 32'd0;
      for (w = 0; w < TOTAL; w = w + 1) begin
         if (!o_empty && (ptr_q == w[PTR_W-1:0])) begin
            word = words_q[32*w +: 32];
         end
      end
   end

   assign o_empty = (ptr_q == end_q);
   assign o_data  = word;

   always @(posedge i_clk) begin
      if (i_rst || i_flush) begin
         ptr_q <= {PTR_W{1'b0}};
         end_q <= {PTR_W{1'b0}};
      end else begin
         if (i_take) begin
            end_q <= end_q + STRIDE[PTR_W-1:0];
         end
         if (i_pop) begin
            ptr_q <= ptr_q + 1'b1;
         end
      end
   end

endmodule

`default_nettype wire
