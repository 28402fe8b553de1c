// lag_dut.v : toggles a pin at the times of a file, writes down when it sees the answer
// SPDX-License-Identifier: Apache-2.0
//
// +stimulus=FILE holds one gap in ps a line (hex); +edges=FILE gets `a|y <level> <t_ps>` lines: the
// times at which this design itself sees the pins move. With FEEDBACK the answer toggles the pin:
// a ring through the circuit, until i_stop.

`timescale 1ps/1ps
`default_nettype none

module lag_dut #(
   parameter EDGES    = 200,
   parameter FEEDBACK = 0
) (
   output reg  a,
   input  wire y,
   output reg  done
);

   reg [31:0]       gap [0:EDGES-1];
   reg [8*1024-1:0] path;
   integer          file, i;

   initial begin
      a    = 1'b0;
      done = 1'b0;
      file = 0;
      if ($value$plusargs("edges=%s", path)) begin
         file = $fopen(path, "w");
      end
      if (FEEDBACK == 0) begin
         if ($value$plusargs("stimulus=%s", path)) begin
            $readmemh(path, gap);
         end
         for (i = 0; i < EDGES; i = i + 1) begin
            #(gap[i]) a = ~a;
         end
         #1000 done = 1'b1;
      end else begin
         #1000 a = 1'b1;
         for (i = 0; i < EDGES; i = i + 1) begin
            @(y) a = ~y;
         end
         done = 1'b1;
      end
   end

   always @(a) begin
      if (file != 0) begin
         $fwrite(file, "a %b %0d\n", a, $time);
      end
   end

   always @(y) begin
      if (file != 0) begin
         $fwrite(file, "y %b %0d\n", y, $time);
      end
   end

   always @(posedge done) begin
      if (file != 0) begin
         $fclose(file);
      end
   end

endmodule

`default_nettype wire
