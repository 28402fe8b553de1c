// soc_timer.v : counts cycles (mtime) and raises the timer interrupt (mtimecmp)
// SPDX-License-Identifier: Apache-2.0
//
// Timing: mtime rises by one each cycle; a store replaces one half in its place. The interrupt line
// is high, one cycle late, while mtime >= mtimecmp. mtimecmp resets to all ones: no interrupt.

`default_nettype none

module soc_timer (
   input  wire        i_clk,
   input  wire        i_rst,
   // bus
   input  wire        i_bus_wr,
   input  wire [1:0]  i_bus_index,    // 0, 1: mtime low, high; 2, 3: mtimecmp low, high
   input  wire [31:0] i_bus_wdata,
   output reg  [31:0] o_bus_rdata,
   // CPU
   output wire        o_irq,
   output wire [63:0] o_time
);

   reg [63:0] mtime_q;
   reg [63:0] mtimecmp_q;
   reg        irq_q;

   assign o_irq  = irq_q;
   assign o_time = mtime_q;

   always @* begin
      case (i_bus_index)
         2'd0:    o_bus_rdata = mtime_q[31:0];
         2'd1:    o_bus_rdata = mtime_q[63:32];
         2'd2:    o_bus_rdata = mtimecmp_q[31:0];
         default: o_bus_rdata = mtimecmp_q[63:32];
      endcase
   end

   always @(posedge i_clk) begin
      if (i_rst) begin
         mtime_q    <= 64'd0;
         mtimecmp_q <= {64{1'b1}};
         irq_q      <= 1'b0;
      end else begin
         irq_q <= (mtime_q >= mtimecmp_q);
         if (i_bus_wr && (i_bus_index == 2'd0)) begin
            mtime_q[31:0] <= i_bus_wdata;
         end else if (i_bus_wr && (i_bus_index == 2'd1)) begin
            mtime_q[63:32] <= i_bus_wdata;
         end else begin
            mtime_q <= mtime_q + 64'd1;
         end
         if (i_bus_wr && (i_bus_index == 2'd2)) begin
            mtimecmp_q[31:0] <= i_bus_wdata;
         end
         if (i_bus_wr && (i_bus_index == 2'd3)) begin
            mtimecmp_q[63:32] <= i_bus_wdata;
         end
      end
   end

endmodule

`default_nettype wire
