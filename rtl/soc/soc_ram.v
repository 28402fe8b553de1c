// soc_ram.v : main memory, one port for instructions, one for data
// SPDX-License-Identifier: Apache-2.0
//
// Timing: a read in cycle n is answered in n+1, kept until the next read. A read and a write of the same word
// in the same cycle: the read sees the old word. In simulation the file named by +image=FILE is
// loaded at time 0 (32-bit words in hex); a word that was never written is undefined.

`default_nettype none

module soc_ram #(
   parameter WORDS = 262144
) (
   input  wire        i_clk,
   // instruction port; addresses in bytes, inside the memory
   input  wire        i_instr_valid,
   input  wire [31:0] i_instr_addr,
   output wire [31:0] o_instr_rdata,
   // data port
   input  wire        i_data_valid,
   input  wire        i_data_we,
   input  wire [31:0] i_data_addr,
   input  wire [3:0]  i_data_be,
   input  wire [31:0] i_data_wdata,
   output wire [31:0] o_data_rdata
);

   localparam INDEX_W = $clog2(WORDS);

   reg [31:0] mem_q [0:WORDS-1];
   reg [31:0] instr_rdata_q;
   reg [31:0] data_rdata_q;

   wire [INDEX_W-1:0] instr_index = i_instr_addr[INDEX_W+1:2];
   wire [INDEX_W-1:0] data_index  = i_data_addr[INDEX_W+1:2];

   assign o_instr_rdata  = instr_rdata_q;
   assign o_data_rdata   = data_rdata_q;

   always @(posedge i_clk) begin
      if (i_instr_valid) begin
         instr_rdata_q <= mem_q[instr_index];
      end
   end

   always @(posedge i_clk) begin
      if (i_data_valid && i_data_we) begin
         if (i_data_be[0]) mem_q[data_index][7:0]   <= i_data_wdata[7:0];
         if (i_data_be[1]) mem_q[data_index][15:8]  <= i_data_wdata[15:8];
         if (i_data_be[2]) mem_q[data_index][23:16] <= i_data_wdata[23:16];
         if (i_data_be[3]) mem_q[data_index][31:24] <= i_data_wdata[31:24];
      end
      if (i_data_valid && !i_data_we) begin
         data_rdata_q <= mem_q[data_index];
      end
   end

`ifndef SYNTHESIS
   reg [8*1024-1:0] image;
   initial begin
      if ($value$plusargs("image=%s", image)) begin
         $readmemh(image, mem_q);
      end
   end
`endif

endmodule

`default_nettype wire
