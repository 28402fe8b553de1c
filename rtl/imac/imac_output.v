// imac_output.v : keeps the captured converter codes until they are popped
// SPDX-License-Identifier: Apache-2.0
//
// A code takes 8 bits of a word whatever ADC_BITS (1..8) is, the first code in the LSB. A word holds
// four codes; codes at and above N_OUT read 0. i_flush forgets what is left, so that a result of an
// earlier evaluation can never be taken for the present one.
// Timing: o_data shows the next word (0 while empty); i_pop, i_capture and i_flush act on the next
// edge. i_n_out is read at i_capture.

`default_nettype none

module imac_output #(
   parameter OUT_N    = 10,
   parameter ADC_BITS = 8
) (
   input  wire                      i_clk,
   input  wire                      i_rst,
   // control
   input  wire                      i_capture,
   input  wire                      i_flush,
   input  wire                      i_pop,      // only while not empty
   input  wire [15:0]               i_n_out,    // 1..OUT_N
   output wire                      o_empty,
   output wire [31:0]               o_data,
   // macro
   input  wire [OUT_N*ADC_BITS-1:0] i_macro_code
);

   localparam WORDS = (OUT_N + 3) / 4;
   localparam PTR_W = $clog2(WORDS + 1);

   reg [OUT_N*ADC_BITS-1:0] code_q;
   reg [PTR_W-1:0]          ptr_q, end_q;

   wire [15:0]         words = (i_n_out + 16'd3) >> 2;
   wire [WORDS*32-1:0] packed_codes;
   reg  [31:0]         word;
   integer             w;
   genvar              k;
   generate
      for (k = 0; k < 4*WORDS; k = k + 1) begin : gen_byte
         if (k < OUT_N) begin : gen_code
            wire [7:0] code;
            if (ADC_BITS < 8) begin : gen_pad
               assign code = {{(8-ADC_BITS){1'b0}}, code_q[k*ADC_BITS +: ADC_BITS]};
            end else begin : gen_full
               assign code = code_q[k*ADC_BITS +: 8];
            end
            assign packed_codes[8*k +: 8] = code;

            always @(posedge i_clk) begin
               if (i_capture) begin
                  code_q[k*ADC_BITS +: ADC_BITS]
                     <= (i_n_out > k) ? i_macro_code[k*ADC_BITS +: ADC_BITS] : {ADC_BITS{1'b0}};
               end
            end
         end else begin : gen_zero
            assign packed_codes[8*k +: 8] = 8'd0;
         end
      end
   endgenerate

   always @* begin
      word = 32'd0;
      for (w = 0; w < WORDS; w = w + 1) begin
         if (!o_empty && (ptr_q == w[PTR_W-1:0])) begin
            word = packed_codes[32*w +: 32];
         end
      end
   end

   assign o_empty = (ptr_q == end_q);
   assign o_data  = word;

   always @(posedge i_clk) begin
      if (i_rst || i_flush) begin
         ptr_q <= {PTR_W{1'b0}};
         end_q <= {PTR_W{1'b0}};
      end else if (i_capture) begin
         ptr_q <= {PTR_W{1'b0}};
         end_q <= words[PTR_W-1:0];
      end else if (i_pop) begin
         ptr_q <= ptr_q + 1'b1;
      end
   end

   // N_OUT never exceeds OUT_N, so the upper bits of the word count are 0
   wire unused_ok = &{1'b0, words[15:PTR_W]};

endmodule

`default_nettype wire
