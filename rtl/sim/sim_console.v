// sim_console.v : writes console bytes to the file of +console=FILE, or to standard output
// SPDX-License-Identifier: Apache-2.0

`timescale 1ps/1ps
`default_nettype none

module sim_console (
   input wire       i_clk,
   input wire       i_console_valid,
   input wire [7:0] i_console_data
);

   localparam STDOUT  = 32'h80000001;
   localparam NEWLINE = 8'h0a;

   reg [8*1024-1:0] path;
   integer          file;

   initial begin
      file = STDOUT;
      if ($value$plusargs("console=%s", path)) begin
         file = $fopen(path, "w");
         if (file == 0) begin
            $display("sim_console: cannot write %0s", path);
            $finish;
         end
      end
   end

   always @(posedge i_clk) begin
      if (i_console_valid) begin
         $fwrite(file, "%c", i_console_data);
         if (i_console_data == NEWLINE) begin
            $fflush(file);
         end
      end
   end

endmodule

`default_nettype wire
