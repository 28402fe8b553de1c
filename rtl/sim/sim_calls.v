// sim_calls.v : writes function calls, returns and co-processor instructions to +calls=FILE
// SPDX-License-Identifier: Apache-2.0
//
// +functions=FILE ($readmemb) holds 1 for each word of RAM at which a function begins: a jump there
// that saves no return address is a tail call. Addresses in hex, times in ps:
//    C <t_ps> <to> <return>   call; the return address is known        J <t_ps> <to>   tail call
//    R <t_ps> <to>            return                                   T <t_ps> <to>   trap, interrupt
//    E <t_ps> <to>            return from a trap
//    I <t0_ps> <t_ps> <f3>    custom-0 instruction, from the one before it to its own retirement
// Timing: a line carries the edge at which its instruction was reported as retired.

`timescale 1ps/1ps
`default_nettype none

module sim_calls #(
   parameter RAM_WORDS = 262144
) (
   input wire        i_clk,
   input wire        i_rst,
   // retirement port of the CPU
   input wire        i_valid,
   input wire        i_trap,
   input wire        i_intr,
   input wire [31:0] i_insn,
   input wire [31:0] i_pc,
   input wire [31:0] i_next_pc,
   // end of the program
   input wire        i_exit_valid
);

   localparam OP_JAL     = 7'h6f;
   localparam OP_JALR    = 7'h67;
   localparam OP_CUSTOM0 = 7'h0b;
   localparam MRET       = 32'h30200073;
   localparam WORD_BITS  = $clog2(RAM_WORDS);

   reg [8*1024-1:0] path;
   reg              entry [0:RAM_WORDS-1];   // whether a function begins at this word
   reg [63:0]       before_q;                // time of the retirement before
   integer          file, k;

   wire [6:0] op      = i_insn[6:0];
   wire [4:0] rd      = i_insn[11:7];
   wire [4:0] rs1     = i_insn[19:15];
   wire       links   = (rd == 5'd1) || (rd == 5'd5);
   wire       jump    = (op == OP_JAL) || (op == OP_JALR);
   wire       call    = jump && links;
   wire       back    = (op == OP_JALR) && !links && ((rs1 == 5'd1) || (rs1 == 5'd5));
   wire       at_func = ({2'b00, i_next_pc[31:2]} < RAM_WORDS) && entry[i_next_pc[WORD_BITS+1:2]];

   initial begin
      for (k = 0; k < RAM_WORDS; k = k + 1) begin
         entry[k] = 1'b0;
      end
      before_q = 64'd0;
      file     = 0;
      if ($value$plusargs("functions=%s", path)) begin
         $readmemb(path, entry);
      end
      if ($value$plusargs("calls=%s", path)) begin
         file = $fopen(path, "w");
         if (file == 0) begin
            $display("sim_calls: cannot write %0s", path);
            $finish;
         end
      end
   end

   always @(posedge i_clk) begin
      if (i_valid && !i_rst && (file != 0)) begin
         before_q <= $time;
         if (i_intr) begin
            $fwrite(file, "T %0d %0h\n", $time, i_pc);
         end
         if (i_trap) begin
            $fwrite(file, "T %0d %0h\n", $time, i_next_pc);
         end else if (call) begin
            $fwrite(file, "C %0d %0h %0h\n", $time, i_next_pc, i_pc + 32'd4);
         end else if (back) begin
            $fwrite(file, "R %0d %0h\n", $time, i_next_pc);
         end else if (jump && at_func) begin
            $fwrite(file, "J %0d %0h\n", $time, i_next_pc);
         end else if (i_insn == MRET) begin
            $fwrite(file, "E %0d %0h\n", $time, i_next_pc);
         end else if (op == OP_CUSTOM0) begin
            $fwrite(file, "I %0d %0d %0d\n", before_q, $time, i_insn[14:12]);
         end
      end
      if (i_exit_valid && !i_rst && (file != 0)) begin
         $fflush(file);
      end
   end

endmodule

`default_nettype wire
