// mixed_sequencer.v : runs one evaluation layer by layer: drive, settle, hold, convert in rounds, drain
// SPDX-License-Identifier: Apache-2.0
//
// Timing of one layer, with t0 the edge at which its enable rises:
//    t0                  o_macro_layer[k] rises; its rows see the inputs or the DAC codes
//    t0 + SETTLE         o_macro_hold rises for one cycle: every column's hold capacitor keeps its volts
//    t0 + SETTLE + 1     o_macro_layer[k] falls (KEEP: with the last capture); o_macro_strobe rises for one cycle: the first round,
//                        converter (l, p) converts column o_macro_column + l of row part o_macro_part + p
//    ... + CONV          codes are captured (o_capture in the cycle before), the next round's strobe rises
// A round takes CONV cycles, at least 2, for the strobe must fall. The select of the next round stands from the
// end of a strobe on, a cycle or more before it is used. All parts of a column come before the next columns.
// After the last capture DRAIN cycles pass, in which the last neurons' codes come; then the next layer, or o_done.

`default_nettype none

module mixed_sequencer #(
   parameter LAYERS  = 2,
   parameter LAYER_W = 1,                               // bits of a layer's number
   parameter LANES   = 1,                               // columns converted at a time
   parameter PARTS   = 25,                              // row parts converted at a time
   parameter COL_W   = 5,                               // bits that hold every layer's columns + LANES
   parameter PART_W  = 6,                               // bits that hold every layer's parts + PARTS
   parameter CYC_W   = 16,
   parameter DRAIN   = 5,
   parameter KEEP    = 0,                               // 1: rows stay on until the last conversion
   parameter [16*LAYERS-1:0] OUTS    = {16'd10, 16'd16},  // columns of each layer, layer 0 in the low bits
   parameter [16*LAYERS-1:0] HEIGHTS = {16'd1, 16'd25}    // row parts of each layer
) (
   input  wire               i_clk,
   input  wire               i_rst,
   // control
   input  wire               i_start,           // only while o_busy is 0
   input  wire [CYC_W-1:0]   i_settle_cycles,   // read in the cycle before a layer's enable rises
   input  wire [CYC_W-1:0]   i_conv_cycles,     // read in the cycle before a strobe
   output wire               o_busy,
   output wire               o_done,            // in the last cycle: the last layer's codes stand
   // digital part
   output wire               o_capture,         // the round's codes are there
   output wire               o_first,           // its columns' first parts
   output wire               o_final,           // its columns' last parts
   output wire [LAYER_W-1:0] o_layer,
   output wire [COL_W-1:0]   o_column,          // of lane 0 in this round
   output wire [PART_W-1:0]  o_part,            // of converter 0 of a lane in this round
   // macro
   output wire               o_macro_en,        // an evaluation runs
   output wire [LAYERS-1:0]  o_macro_layer,
   output wire               o_macro_hold,
   output wire               o_macro_strobe,
   output wire [COL_W-1:0]   o_macro_column,
   output wire [PART_W-1:0]  o_macro_part
);

   localparam [COL_W-1:0]  COL_STEP  = LANES[COL_W-1:0];
   localparam [PART_W-1:0] PART_STEP = PARTS[PART_W-1:0];
   localparam [31:0]       ONE       = 1;
   localparam [31:0]       LAST_N    = LAYERS - 1;
   localparam [31:0]       DRAIN_N   = DRAIN - 1;
   localparam [LAYERS-1:0] FIRST     = ONE[LAYERS-1:0];

   reg               en_q, settle_q, hold_q, convert_q, strobe_q, drain_q;
   reg [LAYERS-1:0]  layer_en_q;
   reg [LAYER_W-1:0] layer_q;
   reg [CYC_W-1:0]   left_q;                  // cycles of this phase after the present one
   reg [COL_W-1:0]   sel_column_q, column_q;  // of the next round, of this one
   reg [PART_W-1:0]  sel_part_q, part_q;
   reg               first_q, final_q, all_q; // all_q: this round is the layer's last

   wire [15:0]       outs    = OUTS[16*layer_q +: 16];
   wire [15:0]       heights = HEIGHTS[16*layer_q +: 16];
   wire [COL_W-1:0]  column_next = sel_column_q + COL_STEP;
   wire [PART_W-1:0] part_next   = sel_part_q + PART_STEP;
   wire              part_last   = (part_next >= heights[PART_W-1:0]);
   wire              column_last = (column_next >= outs[COL_W-1:0]);

   wire last       = (left_q == {CYC_W{1'b0}});
   wire capture    = convert_q && last;
   wire launch     = hold_q || (capture && !all_q);
   wire drained    = drain_q && last;
   wire layer_last = (layer_q == LAST_N[LAYER_W-1:0]);
   wire go         = i_start || (drained && !layer_last);   // a layer's enable rises

   assign o_busy         = en_q;
   assign o_done         = drained && layer_last;
   assign o_capture      = capture;
   assign o_first        = first_q;
   assign o_final        = final_q;
   assign o_layer        = layer_q;
   assign o_column       = column_q;
   assign o_part         = part_q;
   assign o_macro_en     = en_q;
   assign o_macro_layer  = layer_en_q;
   assign o_macro_hold   = hold_q;
   assign o_macro_strobe = strobe_q;
   assign o_macro_column = sel_column_q;
   assign o_macro_part   = sel_part_q;

   always @(posedge i_clk) begin
      if (i_rst) begin
         en_q         <= 1'b0;
         settle_q     <= 1'b0;
         hold_q       <= 1'b0;
         convert_q    <= 1'b0;
         strobe_q     <= 1'b0;
         drain_q      <= 1'b0;
         layer_en_q   <= {LAYERS{1'b0}};
         layer_q      <= {LAYER_W{1'b0}};
         left_q       <= {CYC_W{1'b0}};
         sel_column_q <= {COL_W{1'b0}};
         sel_part_q   <= {PART_W{1'b0}};
         column_q     <= {COL_W{1'b0}};
         part_q       <= {PART_W{1'b0}};
         first_q      <= 1'b0;
         final_q      <= 1'b0;
         all_q        <= 1'b0;
      end else if (i_start || en_q) begin   // else all stand still
         en_q      <= i_start || (en_q && !o_done);
         settle_q  <= go || (settle_q && !last);
         hold_q    <= settle_q && last;
         convert_q <= launch || (convert_q && !capture);
         strobe_q  <= launch;
         drain_q   <= (capture && all_q) || (drain_q && !drained);

         if (i_start) begin
            layer_q    <= {LAYER_W{1'b0}};
            layer_en_q <= FIRST;
         end else if (go) begin
            layer_q    <= layer_q + 1'b1;
            layer_en_q <= FIRST << (layer_q + 1'b1);
         end else if ((KEEP == 0) ? hold_q : (capture && all_q)) begin
            layer_en_q <= {LAYERS{1'b0}};
         end

         if (go) begin
            left_q <= i_settle_cycles - 1'b1;
         end else if (launch) begin
            left_q <= (i_conv_cycles < 2) ? {{CYC_W-1{1'b0}}, 1'b1} : i_conv_cycles - 1'b1;
         end else if (capture && all_q) begin
            left_q <= DRAIN_N[CYC_W-1:0];
         end else if (!last) begin
            left_q <= left_q - 1'b1;
         end

         if (launch) begin
            column_q <= sel_column_q;
            part_q   <= sel_part_q;
            first_q  <= (sel_part_q == {PART_W{1'b0}});
            final_q  <= part_last;
            all_q    <= part_last && column_last;
         end

         if (go) begin
            sel_column_q <= {COL_W{1'b0}};
            sel_part_q   <= {PART_W{1'b0}};
         end else if (strobe_q && !all_q) begin   // the mux may turn: the converters have sampled
            sel_part_q   <= part_last ? {PART_W{1'b0}} : part_next;
            sel_column_q <= part_last ? column_next : sel_column_q;
         end
      end
   end

   // a layer has fewer columns and parts than 2^COL_W and 2^PART_W
   wire unused_ok = &{1'b0, outs[15:COL_W], heights[15:PART_W]};

endmodule

`default_nettype wire
