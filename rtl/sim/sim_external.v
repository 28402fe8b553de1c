// sim_external.v : external memory: requests of 1..256 words, latency, bandwidth
// SPDX-License-Identifier: Apache-2.0
//
// +external=FILE is loaded at time 0 (32-bit words in hex). +external_latency=N: cycles from a request to
// its first word, 1 or more. +external_rate=N: bytes in 256 cycles, 1024 (a word a cycle) at most;
// a fraction comes as words at uneven distances whose mean is exact.
// Timing: one request at a time, o_ready is low until its last word has moved. A word moves in a cycle
// in which valid and ready are both high, reads and writes at the same rate. A word that was never
// written is undefined.

`timescale 1ps/1ps
`default_nettype none

module sim_external #(
   parameter WORDS = 262144
) (
   input  wire        i_clk,
   input  wire        i_rst,
   input  wire        i_valid,
   output wire        o_ready,
   input  wire        i_we,
   input  wire [31:0] i_addr,
   input  wire [8:0]  i_len,
   input  wire        i_wvalid,
   output wire        o_wready,
   input  wire [31:0] i_wdata,
   output wire        o_rvalid,
   input  wire        i_rready,
   output wire [31:0] o_rdata
);

   localparam        INDEX_W = $clog2(WORDS);
   localparam [10:0] WORD    = 11'd1024;    // 4 bytes in units of 1/256

   reg [31:0]        mem_q [0:WORDS-1];
   reg [8*1024-1:0]  path;
   reg [31:0]        latency, rate;
   reg [31:0]        wait_q;                // cycles until the first word may move
   reg [10:0]        credit_q;              // bytes/256 that may move
   reg [8:0]         left_q;
   reg               we_q;
   reg [INDEX_W-1:0] index_q;

   initial begin
      if (!$value$plusargs("external_latency=%d", latency)) begin
         latency = 32'd1;
      end
      if (!$value$plusargs("external_rate=%d", rate)) begin
         rate = 32'd1024;
      end
      if ((latency < 32'd1) || (rate < 32'd1) || (rate > 32'd1024)) begin
         $display("sim_external: latency must be 1 or more and rate 1..1024, got %0d and %0d",
                  latency, rate);
         $finish;
      end
      if ($value$plusargs("external=%s", path)) begin
         $readmemh(path, mem_q);
      end
   end

   wire        open   = (left_q != 9'd0) && (wait_q == 32'd0) && (credit_q >= WORD);
   wire        move   = open && (we_q ? i_wvalid : i_rready);
   wire [10:0] credit = credit_q - (move ? WORD : 11'd0);
   wire [10:0] room   = 11'd2047 - credit;
   wire        unused = (|i_addr[31:INDEX_W+2]) | (|i_addr[1:0]);   // the DMA has checked them

   assign o_ready  = (left_q == 9'd0);
   assign o_wready = open && we_q;
   assign o_rvalid = open && !we_q;
   assign o_rdata  = mem_q[index_q];

   always @(posedge i_clk) begin
      if (i_rst) begin
         left_q   <= 9'd0;
         wait_q   <= 32'd0;
         credit_q <= WORD;
      end else if (o_ready) begin
         if (i_valid) begin
            left_q   <= i_len;
            we_q     <= i_we;
            index_q  <= i_addr[INDEX_W+1:2];
            wait_q   <= latency - 32'd1;
            credit_q <= WORD;
         end
      end else begin
         if (wait_q != 32'd0) begin
            wait_q <= wait_q - 32'd1;
         end else begin
            credit_q <= (rate[10:0] < room) ? credit + rate[10:0] : 11'd2047;
         end
         if (move) begin
            left_q  <= left_q - 9'd1;
            index_q <= index_q + {{INDEX_W-1{1'b0}}, 1'b1};
            if (we_q) begin
               mem_q[index_q] <= i_wdata;
            end
         end
      end
   end

endmodule

`default_nettype wire
