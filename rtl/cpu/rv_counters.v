// rv_counters.v : counts cycles and retired instructions (mcycle, minstret, mcountinhibit)
// SPDX-License-Identifier: Apache-2.0
//
// Timing: mcycle rises every cycle, minstret with i_retire, unless inhibited. A CSR write wins over
// the count of its own cycle, so the written value is what the next instruction sees (mcycle: plus
// the cycles in between).

`default_nettype none

module rv_counters (
   input  wire        i_clk,
   input  wire        i_rst,
   input  wire        i_retire,
   // CSR file
   input  wire [4:0]  i_we,          // inhibit, minstreth, minstret, mcycleh, mcycle
   input  wire [31:0] i_wdata,
   output wire [31:0] o_inhibit,
   output wire [63:0] o_cycle,
   output wire [63:0] o_instret
);

   reg [63:0] cycle_q;
   reg [63:0] instret_q;
   reg        stop_cycle_q;
   reg        stop_instret_q;

   assign o_inhibit = {29'd0, stop_instret_q, 1'b0, stop_cycle_q};
   assign o_cycle   = cycle_q;
   assign o_instret = instret_q;

   always @(posedge i_clk) begin
      if (i_rst) begin
         cycle_q        <= 64'd0;
         instret_q      <= 64'd0;
         stop_cycle_q   <= 1'b0;
         stop_instret_q <= 1'b0;
      end else begin
         if (i_we[0]) begin
            cycle_q[31:0] <= i_wdata;
         end else if (i_we[1]) begin
            cycle_q[63:32] <= i_wdata;
         end else if (!stop_cycle_q) begin
            cycle_q <= cycle_q + 64'd1;
         end
         if (i_we[2]) begin
            instret_q[31:0] <= i_wdata;
         end else if (i_we[3]) begin
            instret_q[63:32] <= i_wdata;
         end else if (i_retire && !stop_instret_q) begin
            instret_q <= instret_q + 64'd1;
         end
         if (i_we[4]) begin
            stop_cycle_q   <= i_wdata[0];
            stop_instret_q <= i_wdata[2];
         end
      end
   end

endmodule

`default_nettype wire
