// imac_sequencer.v : runs one evaluation: drive, settle, strobe, convert, capture
// SPDX-License-Identifier: Apache-2.0
//
// Timing, with t0 the edge that ends the cycle of i_start:
//    t0                      o_macro_en rises, together with the inputs
//    t0 + SETTLE             o_macro_strobe rises for one cycle: the converters sample here
//    t0 + SETTLE + CONV      codes are captured; o_macro_en falls
// o_capture is high in the cycle that ends at the last of these edges. Both counts are at least 1.

`default_nettype none

module imac_sequencer #(
   parameter CYC_W = 16
) (
   input  wire             i_clk,
   input  wire             i_rst,
   // control
   input  wire             i_start,           // only while o_busy is 0
   input  wire [CYC_W-1:0] i_settle_cycles,   // read at i_start
   input  wire [CYC_W-1:0] i_conv_cycles,     // read in the cycle before the strobe
   output wire             o_busy,
   output wire             o_capture,
   // macro
   output wire             o_macro_en,
   output wire             o_macro_strobe
);

   reg             en_q, strobe_q, conv_q;    // conv_q: the strobe has been given
   reg [CYC_W-1:0] left_q;                    // cycles of this phase after the present one

   wire last   = (left_q == {CYC_W{1'b0}});
   wire sample = en_q && !conv_q && last;

   assign o_busy         = en_q;
   assign o_capture      = en_q && conv_q && last;
   assign o_macro_en     = en_q;
   assign o_macro_strobe = strobe_q;

   always @(posedge i_clk) begin
      if (i_rst) begin
         en_q     <= 1'b0;
         strobe_q <= 1'b0;
         conv_q   <= 1'b0;
         left_q   <= {CYC_W{1'b0}};
      end else if (i_start || en_q) begin   // else all stand still
         en_q     <= i_start || (en_q && !o_capture);
         strobe_q <= sample;
         conv_q   <= sample || (conv_q && !o_capture);
         if (i_start) begin
            left_q <= i_settle_cycles - 1'b1;
         end else if (sample) begin
            left_q <= i_conv_cycles - 1'b1;
         end else if (!last) begin
            left_q <= left_q - 1'b1;
         end
      end
   end

endmodule

`default_nettype wire
