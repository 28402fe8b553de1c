// sim_window.v : says while a trace is wanted: by time, by region, or after a pin rose
// SPDX-License-Identifier: Apache-2.0
//
// Plusargs, any of the three kinds; the window is open while one of them says so:
//    +window_from_ps=N +window_to_ps=N        by time, exactly; without an end, to the end
//    +window_open=ID +window_close=ID         from each opening of a region to the next closing
//    +window_pin=N +window_ps=D               D ps from each edge at which i_pins[N] rose
// Timing: a region opens and closes at the edge that its mark carries. i_pins are flops of i_clk: the
// window opens in the time step in which one rises, and closes at the first edge D ps later or after.

`timescale 1ps/1ps
`default_nettype none

module sim_window (
   input  wire        i_clk,
   input  wire        i_rst,
   input  wire        i_mark_open,
   input  wire        i_mark_close,
   input  wire [15:0] i_mark_id,
   input  wire [3:0]  i_pins,
   output wire        o_open
);

   reg [63:0] from_ps, to_ps, pin_ps;
   reg [63:0] edge_q, until_q;   // time of the edge before; when the pin's window ends
   reg [31:0] open_id, close_id, pin;
   reg        by_region, by_pin, bounded;
   reg        timed, region_q, pin_q;
   reg [3:0]  before_q;

   wire rise = by_pin && !i_rst && i_pins[pin[1:0]] && !before_q[pin[1:0]];

   assign o_open = timed || region_q || pin_q || rise;

   initial begin
      timed     = 1'b0;
      region_q  = 1'b0;
      pin_q     = 1'b0;
      before_q  = 4'd0;
      edge_q    = 64'd0;
      until_q   = 64'd0;
      pin_ps    = 64'd0;
      by_region = ($value$plusargs("window_open=%d", open_id) != 0)
                  && ($value$plusargs("window_close=%d", close_id) != 0);
      by_pin    = ($value$plusargs("window_pin=%d", pin) != 0)
                  && ($value$plusargs("window_ps=%d", pin_ps) != 0);
      if ($value$plusargs("window_from_ps=%d", from_ps)) begin
         bounded = ($value$plusargs("window_to_ps=%d", to_ps) != 0);
         #(from_ps);
         timed = 1'b1;
         if (bounded) begin
            #(to_ps - from_ps);
            timed = 1'b0;
         end
      end
   end

   always @(posedge i_clk) begin
      if (by_region && i_mark_open && ({16'd0, i_mark_id} == open_id)) begin
         region_q <= 1'b1;
      end
      if (by_region && i_mark_close && ({16'd0, i_mark_id} == close_id)) begin
         region_q <= 1'b0;
      end
      before_q <= i_rst ? 4'd0 : i_pins;
      edge_q   <= $time;
      if (rise) begin
         until_q <= edge_q + pin_ps;
         pin_q   <= ($time < edge_q + pin_ps);
      end else if (pin_q && ($time >= until_q)) begin
         pin_q <= 1'b0;
      end
   end

endmodule

`default_nettype wire
