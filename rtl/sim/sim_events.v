// sim_events.v : writes region marks and the end of the run to the file of +events=FILE, then stops
// SPDX-License-Identifier: Apache-2.0
//
// Lines: `M open|close <id> <t_ps> <mcycle> <minstret>`, and last `X <code> <t_ps> <mcycle>
// <minstret>`; with +max_cycles=N, N > 0, `X timeout ...` after N clock edges without an exit. A run
// whose file lacks the X line did not end by itself.
// Timing: a mark's line carries the edge two cycles after the edge that began its store; the X line
// comes one edge after i_exit_valid rose, so whoever watches o_wake sees the exit before the end.

`timescale 1ps/1ps
`default_nettype none

module sim_events (
   input wire        i_clk,
   input wire        i_rst,
   input wire        i_mark_open,
   input wire        i_mark_close,
   input wire [15:0] i_mark_id,
   input wire        i_exit_valid,
   input wire [31:0] i_exit_code,
   input wire [63:0] i_cycle,
   input wire [63:0] i_instret
);

   reg [8*1024-1:0] path;
   reg [63:0]       left_q;      // edges until the timeout
   reg              limited;
   reg              ended_q;
   integer          file;

   initial begin
      file    = 0;
      ended_q = 1'b0;
      left_q  = 64'd0;
      if ($value$plusargs("events=%s", path)) begin
         file = $fopen(path, "w");
         if (file == 0) begin
            $display("sim_events: cannot write %0s", path);
            $finish;
         end
      end
      if (!$value$plusargs("max_cycles=%d", left_q)) begin
         left_q = 64'd0;
      end
      limited = (left_q != 64'd0);
   end

   always @(posedge i_clk) begin
      if (i_mark_open && (file != 0)) begin
         $fwrite(file, "M open %0d %0d %0d %0d\n", i_mark_id, $time, i_cycle, i_instret);
         $fflush(file);
      end
      if (i_mark_close && (file != 0)) begin
         $fwrite(file, "M close %0d %0d %0d %0d\n", i_mark_id, $time, i_cycle, i_instret);
         $fflush(file);
      end
   end

   always @(posedge i_clk) begin
      if (i_exit_valid && !i_rst && !ended_q) begin
         ended_q <= 1'b1;
         if (file != 0) begin
            $fwrite(file, "X %0d %0d %0d %0d\n", i_exit_code, $time, i_cycle, i_instret);
            $fflush(file);
         end
         $finish;
      end else if (limited && !ended_q) begin
         left_q <= left_q - 64'd1;
         if (left_q == 64'd1) begin
            ended_q <= 1'b1;
            if (file != 0) begin
               $fwrite(file, "X timeout %0d %0d %0d\n", $time, i_cycle, i_instret);
               $fflush(file);
            end
            $finish;
         end
      end
   end

endmodule

`default_nettype wire
