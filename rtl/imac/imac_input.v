// imac_input.v : collects pushed input words and drives them onto the macro at the start
// SPDX-License-Identifier: Apache-2.0
//
// Pushed words go to a holding register, word 0 = inputs 31..0; the pins change only at i_load, so
// filling the register moves nothing outside. Bits at and above N_IN are held at 0, and the first
// word of a set clears the words behind it. i_load begins the next set.
// Timing: all acts on the next edge; o_full follows the pointer and i_n_in at once.

`default_nettype none

module imac_input #(
   parameter IN_W = 400
) (
   input  wire            i_clk,
   input  wire            i_rst,
   // control
   input  wire            i_push,
   input  wire [31:0]     i_data,
   input  wire            i_clear,
   input  wire            i_load,
   input  wire [15:0]     i_n_in,        // 1..IN_W
   output wire            o_full,        // all N_IN inputs pushed
   // macro
   output wire [IN_W-1:0] o_macro_in
);

   localparam WORDS = (IN_W + 31) / 32;
   localparam PTR_W = $clog2(WORDS + 1);

   reg [PTR_W-1:0] ptr_q;
   reg [IN_W-1:0]  hold_q, pins_q;

   wire [15:0] ptr       = {{(16-PTR_W){1'b0}}, ptr_q};
   wire [15:0] bits_held = {ptr[10:0], 5'd0};
   wire [15:0] bits_left = i_n_in - bits_held;
   wire        partial   = (bits_left < 16'd32);
   wire [31:0] used_mask = partial ? ~(32'hffffffff << bits_left[4:0]) : 32'hffffffff;
   wire [31:0] used_data = i_data & used_mask;

   assign o_full     = (bits_held >= i_n_in);
   assign o_macro_in = pins_q;

   always @(posedge i_clk) begin
      if (i_rst) begin
         ptr_q <= {PTR_W{1'b0}};
      end else if (i_clear || i_load) begin
         ptr_q <= {PTR_W{1'b0}};
      end else if (i_push) begin
         ptr_q <= ptr_q + 1'b1;
      end
   end

   genvar w;
   generate
      for (w = 0; w < WORDS; w = w + 1) begin : gen_word
         localparam BITS = (IN_W - 32*w < 32) ? IN_W - 32*w : 32;
         always @(posedge i_clk) begin
            if (i_rst) begin
               hold_q[32*w +: BITS] <= {BITS{1'b0}};
            end else if (i_push) begin
               if (ptr == w) begin
                  hold_q[32*w +: BITS] <= used_data[BITS-1:0];
               end else if (ptr == 16'd0) begin
                  hold_q[32*w +: BITS] <= {BITS{1'b0}};
               end
            end
         end
      end
   endgenerate

   always @(posedge i_clk) begin
      if (i_rst) begin
         pins_q <= {IN_W{1'b0}};
      end else if (i_load) begin
         pins_q <= hold_q;
      end
   end

   // N_IN never exceeds IN_W, so the upper bits of the pointer are 0; a small IN_W uses part of a word
   wire unused_ok = &{1'b0, ptr[15:11], used_data};

endmodule

`default_nettype wire
