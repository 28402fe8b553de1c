// stt_thresholds.v : the threshold codes of a spiking tile's rows, and their skips
// SPDX-License-Identifier: Apache-2.0
//
// A row has STEPS + 2 codes, in this order: its threshold of each step, what a spike of it adds, what
// a spike on its skip input takes away. They are written one after the other through STT_CFG_TH_CODE
// at the pointer STT_CFG_TH_PTR, row 0 first. o_code is the threshold of step i_step less the skips of
// the steps so far, at least 0.
// Timing: reads follow their inputs at once, writes act on the next edge.

`default_nettype none
`include "regmap.vh"

module stt_thresholds #(
   parameter ROWS   = 32,
   parameter BITS   = 11,
   parameter STEPS  = 2,
   parameter STEP_W = 4
) (
   input  wire                  i_clk,
   input  wire                  i_rst,
   // configuration
   input  wire                  i_write,
   input  wire [7:0]            i_index,
   input  wire [31:0]           i_value,
   output wire                  o_known,     // i_index is one of the two registers
   output wire                  o_legal,     // and it can hold i_value
   output wire [31:0]           o_value,
   // sequencer
   input  wire [STEP_W-1:0]     i_step,
   input  wire [STEPS*ROWS-1:0] i_skip,      // spikes on the skip inputs, step 0 in the low bits
   output wire [ROWS*BITS-1:0]  o_code,
   output wire [ROWS*BITS-1:0]  o_more
);

   localparam PER   = STEPS + 2;
   localparam TOTAL = ROWS * PER;
   localparam PTR_W = $clog2(TOTAL + 1);
   localparam [31:0] CODE_MAX = (32'd1 << BITS) - 32'd1;
   localparam [31:0] PTR_MAX  = TOTAL;

   reg [PTR_W-1:0]      ptr_q;
   reg [TOTAL*BITS-1:0] codes_q;

   wire        is_ptr  = (i_index == `STT_CFG_TH_PTR);
   wire        is_code = (i_index == `STT_CFG_TH_CODE);
   wire [31:0] ptr     = {{(32-PTR_W){1'b0}}, ptr_q};
   wire        room    = (ptr != PTR_MAX);

   assign o_known = is_ptr || is_code;
   assign o_legal = is_ptr ? (i_value <= PTR_MAX) : (is_code && room && (i_value <= CODE_MAX));
   assign o_value = is_ptr ? ptr : 32'd0;

   always @(posedge i_clk) begin
      if (i_rst) begin
         ptr_q <= {PTR_W{1'b0}};
      end else if (i_write && is_ptr) begin
         ptr_q <= i_value[PTR_W-1:0];
      end else if (i_write && is_code) begin
         ptr_q <= ptr_q + 1'b1;
      end
   end

   genvar n, r;
   generate
      for (n = 0; n < TOTAL; n = n + 1) begin : gen_code
         localparam [31:0] PLACE = n;
         always @(posedge i_clk) begin
            if (i_rst) begin
               codes_q[n*BITS +: BITS] <= {BITS{1'b0}};
            end else if (i_write && is_code && (ptr_q == PLACE[PTR_W-1:0])) begin
               codes_q[n*BITS +: BITS] <= i_value[BITS-1:0];
            end
         end
      end
      for (r = 0; r < ROWS; r = r + 1) begin : gen_row
         localparam WIDE = BITS + STEP_W + 1;
         wire [PER*BITS-1:0] mine = codes_q[r*PER*BITS +: PER*BITS];
         wire [BITS-1:0]     less = mine[(STEPS+1)*BITS +: BITS];
         reg  [BITS-1:0]     base;
         reg  [WIDE-1:0]     skipped;
         integer             t;

         always @* begin
            base    = {BITS{1'b0}};
            skipped = {WIDE{1'b0}};
            for (t = 0; t < STEPS; t = t + 1) begin
               if (i_step == t[STEP_W-1:0]) begin
                  base = mine[t*BITS +: BITS];
               end
               if ((i_step >= t[STEP_W-1:0]) && i_skip[t*ROWS + r]) begin
                  skipped = skipped + {{(WIDE-BITS){1'b0}}, less};
               end
            end
         end

         wire [WIDE-1:0] code = {{(WIDE-BITS){1'b0}}, base} - skipped;

         assign o_code[r*BITS +: BITS] = code[WIDE-1] ? {BITS{1'b0}} : code[BITS-1:0];
         assign o_more[r*BITS +: BITS] = mine[STEPS*BITS +: BITS];

         // without its sign a difference has no more bits than its base
         wire unused_ok = &{1'b0, code[WIDE-2:BITS]};
      end
   endgenerate

endmodule

`default_nettype wire
