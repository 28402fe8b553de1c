// write_dut.v : writes a 2x2 pattern into cells, one row a clock pulse, reads their states back
// SPDX-License-Identifier: Apache-2.0
//
// a and b are the gates of each cell's two inverters, high at rest: a low for one clock writes a 1
// (parallel), b low a 0. The pattern comes twice, inverted first, so every cell is seen to switch.
// +states=FILE gets the states read back after each pass.
`timescale 1ps/1ps
`default_nettype none

module write_dut #(
   parameter PATTERN = 4'b0110
) (
   output reg  [3:0] a,
   output reg  [3:0] b,
   input  wire [3:0] y,
   output reg        done
);

   localparam PERIOD_PS = 1000;

   reg [8*1024-1:0] path;
   reg              clk;
   integer          file, step;

   wire [3:0] want = (step < 8) ? ~PATTERN : PATTERN;
   wire [3:0] row  = step[2] ? 4'b1100 : 4'b0011;

   initial begin
      a    = 4'b1111;
      b    = 4'b1111;
      done = 1'b0;
      clk  = 1'b0;
      step = 0;
      if ($value$plusargs("states=%s", path)) begin
         file = $fopen(path, "w");
      end
      forever #(PERIOD_PS / 2) clk = ~clk;
   end

   // a row: one clock of pulse, three of rest; two rows a pass, two passes
   always @(posedge clk) begin
      a    <= (step[1:0] == 2'd0 && step < 16) ? ~(row & want) : 4'b1111;
      b    <= (step[1:0] == 2'd0 && step < 16) ? ~(row & ~want) : 4'b1111;
      step <= step + 1;
      if (step == 7 || step == 15) begin
         $fwrite(file, "%b %b\n", want, y);
      end
      if (step == 16) begin
         $fclose(file);
         done <= 1'b1;
      end
   end

endmodule

`default_nettype wire
