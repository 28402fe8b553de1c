// stt_steps.v : runs the time steps of a spiking tile and moves each row's threshold by its spikes
// SPDX-License-Identifier: Apache-2.0
//
// Timing of one step, with t0 the edge that ends its load cycle:
//    t0                      o_macro_en rises; o_macro_th has stood for a cycle less the load
//    t0 + SETTLE             o_macro_strobe rises: the latches decide, spikes rise when they do
//    t0 + SETTLE + SENSE     spikes are captured; o_macro_en and o_macro_strobe fall; o_done for
//                            the cycle that follows, o_spikes until the next capture
// A load cycle (lines off, latches reset) comes before each step. i_code and i_more belong to step
// o_step and are read in its load cycle; counts are at least 1.
// A row's threshold is i_code plus i_more for every time it has spiked since i_start, at most all
// ones. Captured spikes are levels that a latch has held since its decision; one that is still
// undecided after SENSE cycles is the macro's error, not a synchroniser's.

`default_nettype none

module stt_steps #(
   parameter ROWS   = 2,
   parameter BITS   = 10,
   parameter CYC_W  = 8,
   parameter STEP_W = 4
) (
   input  wire                 i_clk,
   input  wire                 i_rst,
   // control
   input  wire                 i_start,          // only while o_busy is 0
   input  wire [STEP_W-1:0]    i_steps,          // read at the end of each step
   input  wire [CYC_W-1:0]     i_settle_cycles,
   input  wire [CYC_W-1:0]     i_sense_cycles,
   output wire                 o_busy,
   output wire                 o_done,           // a step's spikes are there
   output wire [STEP_W-1:0]    o_step,
   output wire [ROWS-1:0]      o_spikes,
   // thresholds
   input  wire [ROWS*BITS-1:0] i_code,
   input  wire [ROWS*BITS-1:0] i_more,
   // macro
   output wire                 o_macro_en,
   output wire                 o_macro_strobe,
   output wire [ROWS*BITS-1:0] o_macro_th,
   input  wire [ROWS-1:0]      i_macro_spike
);

   reg                 load_q, en_q, strobe_q, done_q;
   reg [CYC_W-1:0]     left_q;                   // cycles of this phase after the present one
   reg [STEP_W-1:0]    step_q;
   reg [ROWS-1:0]      spikes_q;

   wire last    = (left_q == {CYC_W{1'b0}});
   wire sense   = en_q && !strobe_q && last;
   wire capture = strobe_q && last;
   wire again   = capture && (step_q + 1'b1 < i_steps);

   assign o_busy         = load_q || en_q;
   assign o_done         = done_q;
   assign o_step         = step_q;
   assign o_spikes       = spikes_q;
   assign o_macro_en     = en_q;
   assign o_macro_strobe = strobe_q;

   always @(posedge i_clk) begin
      if (i_rst) begin
         load_q   <= 1'b0;
         en_q     <= 1'b0;
         strobe_q <= 1'b0;
         done_q   <= 1'b0;
         left_q   <= {CYC_W{1'b0}};
         step_q   <= {STEP_W{1'b0}};
         spikes_q <= {ROWS{1'b0}};
      end else begin
         load_q   <= i_start || again;
         en_q     <= load_q || (en_q && !capture);
         strobe_q <= sense || (strobe_q && !capture);
         done_q   <= capture;
         if (load_q) begin
            left_q <= i_settle_cycles - 1'b1;
         end else if (sense) begin
            left_q <= i_sense_cycles - 1'b1;
         end else if (!last) begin
            left_q <= left_q - 1'b1;
         end
         if (i_start) begin
            step_q <= {STEP_W{1'b0}};
         end else if (again) begin
            step_q <= step_q + 1'b1;
         end
         if (capture) begin
            spikes_q <= i_macro_spike;
         end
      end
   end

   genvar r;
   generate
      for (r = 0; r < ROWS; r = r + 1) begin : gen_row
         reg [BITS-1:0]  th_q, risen_q;          // what the spikes so far have added
         wire [BITS-1:0] code = i_code[r*BITS +: BITS];
         wire [BITS-1:0] more = i_more[r*BITS +: BITS];
         wire [BITS:0]   sum  = {1'b0, code} + {1'b0, risen_q};
         wire [BITS:0]   rise = {1'b0, risen_q} + {1'b0, more};

         assign o_macro_th[r*BITS +: BITS] = th_q;

         always @(posedge i_clk) begin
            if (i_rst) begin
               th_q    <= {BITS{1'b0}};
               risen_q <= {BITS{1'b0}};
            end else begin
               if (load_q) begin
                  th_q <= sum[BITS] ? {BITS{1'b1}} : sum[BITS-1:0];
               end
               if (i_start) begin
                  risen_q <= {BITS{1'b0}};
               end else if (capture && i_macro_spike[r]) begin
                  risen_q <= rise[BITS] ? {BITS{1'b1}} : rise[BITS-1:0];
               end
            end
         end
      end
   endgenerate

endmodule

`default_nettype wire
