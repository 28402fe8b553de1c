// stt_inputs.v : drives the spikes of the steps so far onto a spiking tile
// SPDX-License-Identifier: Apache-2.0
//
// i_held holds the spikes of every step, step 0 in the low bits: a row has a copy of its cells for
// each, so its line stands at the mean over the steps. Copies of steps to come see no spikes.
// Timing: the pins change at the edge that ends i_load, for step i_step.

`default_nettype none

module stt_inputs #(
   parameter STEPS  = 2,
   parameter CELLS  = 288,   // of one step
   parameter STEP_W = 4
) (
   input  wire                   i_clk,
   input  wire                   i_rst,
   input  wire                   i_load,
   input  wire [STEP_W-1:0]      i_step,
   input  wire [STEPS*CELLS-1:0] i_held,
   output wire [STEPS*CELLS-1:0] o_macro_in
);

   wire [STEPS-1:0] seen = ~({STEPS{1'b1}} << 1 << i_step);   // steps up to this one

   genvar t;
   generate
      for (t = 0; t < STEPS; t = t + 1) begin : gen_step
         reg [CELLS-1:0] pins_q;

         assign o_macro_in[t*CELLS +: CELLS] = pins_q;

         always @(posedge i_clk) begin
            if (i_rst) begin
               pins_q <= {CELLS{1'b0}};
            end else if (i_load) begin
               pins_q <= seen[t] ? i_held[t*CELLS +: CELLS] : {CELLS{1'b0}};
            end
         end
      end
   endgenerate

endmodule

`default_nettype wire
