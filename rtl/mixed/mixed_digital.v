// mixed_digital.v : the digital part between the layers: converter codes in, activations out
// SPDX-License-Identifier: Apache-2.0
//
// Each lane makes one neuron's code of a column (mixed_lane.v); the activation register keeps them as the DAC codes
// of the next layer and, after the last layer, as the macro's outputs: neuron j in bits 8 j + 7 .. 8 j.
// Timing: an activation stands four edges after the one that ends the cycle of its last part's i_capture.

`default_nettype none

module mixed_digital #(
   parameter LAYERS   = 2,
   parameter LAYER_W  = 1,
   parameter LANES    = 1,
   parameter PARTS    = 25,
   parameter COL_W    = 5,
   parameter PART_W   = 6,
   parameter ADC_BITS = 8,
   parameter ACC_W    = 14,
   parameter NEURON   = 0,
   parameter ACT_N    = 16,                                // the most outputs of a layer
   parameter [16*LAYERS-1:0] OUTS    = {16'd10, 16'd16},
   parameter [16*LAYERS-1:0] HEIGHTS = {16'd1, 16'd25},
   parameter [8*LAYERS-1:0]  MULS    = {8'd64, 8'd64},     // scale of a layer's sums: mul / 2^shift, x in 1/16
   parameter [8*LAYERS-1:0]  SHIFTS  = {8'd8, 8'd8},
   parameter [8*LAYERS-1:0]  OFFSETS = {8'd0, 8'd0}        // added to x, signed
) (
   input  wire                            i_clk,
   input  wire                            i_rst,
   // sequencer
   input  wire                            i_capture,
   input  wire                            i_first,
   input  wire                            i_final,
   input  wire [LAYER_W-1:0]              i_layer,     // unchanged until the layer's activations stand
   input  wire [COL_W-1:0]                i_column,
   input  wire [PART_W-1:0]               i_part,
   // macro
   input  wire [LANES*PARTS*ADC_BITS-1:0] i_macro_code,
   // DACs, outputs
   output wire [ACT_N*8-1:0]              o_act
);

   reg              add_q, first_q, final_q, scale_q, neuron_q, write_q;
   reg [COL_W-1:0]  add_column_q, scale_column_q, neuron_column_q, column_q;

   wire [15:0]      outs    = OUTS[16*i_layer +: 16];
   wire [15:0]      heights = HEIGHTS[16*i_layer +: 16];
   wire [7:0]       mul     = MULS[8*i_layer +: 8];
   wire [7:0]       shift   = SHIFTS[8*i_layer +: 8];
   wire [7:0]       offset  = OFFSETS[8*i_layer +: 8];
   wire [PARTS-1:0] valid;
   wire [LANES*8-1:0] lane_code;

   genvar k;
   generate
      for (k = 0; k < PARTS; k = k + 1) begin : gen_valid
         localparam [31:0] OWN = k;
         assign valid[k] = (i_part + OWN[PART_W-1:0] < heights[PART_W-1:0]);
      end

      for (k = 0; k < LANES; k = k + 1) begin : gen_lane
         mixed_lane #(
            .PARTS    (PARTS),
            .ADC_BITS (ADC_BITS),
            .ACC_W    (ACC_W),
            .NEURON   (NEURON)
         ) lane (
            .i_clk     (i_clk),
            .i_capture (i_capture),
            .i_valid   (valid),
            .i_add     (add_q),
            .i_first   (first_q),
            .i_scale   (scale_q),
            .i_mul     (mul),
            .i_shift   (shift[4:0]),
            .i_offset  (offset),
            .i_code    (i_macro_code[k*PARTS*ADC_BITS +: PARTS*ADC_BITS]),
            .o_code    (lane_code[8*k +: 8])
         );
      end

      for (k = 0; k < ACT_N; k = k + 1) begin : gen_act
         localparam [31:0] LANE   = k % LANES;
         localparam [31:0] COLUMN = k - k % LANES;
         reg [7:0] act_q;
         assign o_act[8*k +: 8] = act_q;
         always @(posedge i_clk) begin
            if (i_rst) begin
               act_q <= 8'd0;
            end else if (write_q && (column_q == COLUMN[COL_W-1:0]) && (outs > k)) begin
               act_q <= lane_code[8*LANE +: 8];
            end
         end
      end
   endgenerate

   always @(posedge i_clk) begin
      if (i_rst) begin
         add_q    <= 1'b0;
         scale_q  <= 1'b0;
         neuron_q <= 1'b0;
         write_q  <= 1'b0;
      end else begin
         add_q    <= i_capture;
         scale_q  <= add_q && final_q;
         neuron_q <= scale_q;
         write_q  <= neuron_q;
      end
      if (i_capture) begin
         first_q      <= i_first;
         final_q      <= i_final;
         add_column_q <= i_column;
      end
      if (add_q) begin
         scale_column_q <= add_column_q;
      end
      if (scale_q) begin
         neuron_column_q <= scale_column_q;
      end
      if (neuron_q) begin
         column_q <= neuron_column_q;
      end
   end

   // a layer has fewer columns and parts than 2^COL_W and 2^PART_W; shifts are below 32
   wire unused_ok = &{1'b0, heights[15:PART_W], shift[7:5]};

endmodule

`default_nettype wire
