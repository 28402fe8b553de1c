// rv_rvfi.v : reports every instruction that leaves the pipeline in RVFI form
// SPDX-License-Identifier: Apache-2.0
//
// Timing: one report in the cycle rvfi_valid is high, the instruction's last write-back cycle. A
// trapping instruction is reported with rvfi_trap and rvfi_pc_wdata = its handler; an interrupt is
// not an instruction: the first one of its handler carries rvfi_intr. Memory is reported as aligned
// words with byte masks. rvfi_csr_mcause_rdata is mcause as the instruction sees it.

`default_nettype none
`include "rv_defs.vh"

module rv_rvfi (
   input  wire                 i_clk,
   input  wire                 i_rst,
   // decode/execute register
   input  wire                 i_dx_load,
   input  wire [31:0]          i_d_rs1,
   input  wire [31:0]          i_d_rs2,
   input  wire                 i_d_rs1_used,
   input  wire                 i_d_rs2_used,
   // execute
   input  wire                 i_fire,
   input  wire                 i_irq,
   input  wire                 i_trap,
   input  wire                 i_redirect,
   input  wire [31:0]          i_redirect_pc,
   input  wire [31:0]          i_x_instr,
   input  wire [31:0]          i_x_pc,
   input  wire [`RV_CTL_W-1:0] i_x_ctl,
   input  wire [31:2]          i_x_address,
   input  wire [3:0]           i_x_be,
   input  wire [31:0]          i_x_wdata,
   input  wire [31:0]          i_mcause,
   // write-back
   input  wire                 i_w_valid,
   input  wire                 i_w_done,
   input  wire                 i_w_we,
   input  wire [4:0]           i_w_rd,
   input  wire [31:0]          i_w_result,
   input  wire [31:0]          i_mem_rdata,
   // report
   output wire                 rvfi_valid,
   output wire [63:0]          rvfi_order,
   output wire [31:0]          rvfi_insn,
   output wire                 rvfi_trap,
   output wire                 rvfi_halt,
   output wire                 rvfi_intr,
   output wire [1:0]           rvfi_mode,
   output wire [1:0]           rvfi_ixl,
   output wire [4:0]           rvfi_rs1_addr,
   output wire [4:0]           rvfi_rs2_addr,
   output wire [31:0]          rvfi_rs1_rdata,
   output wire [31:0]          rvfi_rs2_rdata,
   output wire [4:0]           rvfi_rd_addr,
   output wire [31:0]          rvfi_rd_wdata,
   output wire [31:0]          rvfi_pc_rdata,
   output wire [31:0]          rvfi_pc_wdata,
   output wire [31:0]          rvfi_mem_addr,
   output wire [3:0]           rvfi_mem_rmask,
   output wire [3:0]           rvfi_mem_wmask,
   output wire [31:0]          rvfi_mem_rdata,
   output wire [31:0]          rvfi_mem_wdata,
   output wire [31:0]          rvfi_csr_mcause_rdata
);

   reg [31:0] x_rs1_q, x_rs2_q;
   reg        x_rs1_used_q, x_rs2_used_q;
   reg        intr_q;               // an interrupt was taken, its handler has not begun

   reg [63:0] order_q;
   reg [31:0] insn_q, pc_q, next_pc_q, rs1_q, rs2_q, wdata_q, mcause_q;
   reg [31:2] address_q;
   reg [4:0]  rs1_addr_q, rs2_addr_q;
   reg [3:0]  rmask_q, wmask_q;
   reg        trap_q, is_intr_q;

   wire acts     = !i_trap;
   wire accesses = acts && (i_x_ctl[`RV_CTL_LOAD] || i_x_ctl[`RV_CTL_STORE]);

   assign rvfi_valid     = i_w_valid && i_w_done;
   assign rvfi_order     = order_q;
   assign rvfi_insn      = insn_q;
   assign rvfi_trap      = trap_q;
   assign rvfi_halt      = 1'b0;
   assign rvfi_intr      = is_intr_q;
   assign rvfi_mode      = 2'd3;
   assign rvfi_ixl       = 2'd1;
   assign rvfi_rs1_addr  = rs1_addr_q;
   assign rvfi_rs2_addr  = rs2_addr_q;
   assign rvfi_rs1_rdata = rs1_q;
   assign rvfi_rs2_rdata = rs2_q;
   assign rvfi_rd_addr   = i_w_we ? i_w_rd : 5'd0;
   assign rvfi_rd_wdata  = i_w_we ? i_w_result : 32'd0;
   assign rvfi_pc_rdata  = pc_q;
   assign rvfi_pc_wdata  = next_pc_q;
   assign rvfi_mem_addr  = {address_q, 2'b00};
   assign rvfi_mem_rmask = rmask_q;
   assign rvfi_mem_wmask = wmask_q;
   assign rvfi_mem_rdata = i_mem_rdata;
   assign rvfi_mem_wdata = wdata_q;
   assign rvfi_csr_mcause_rdata = mcause_q;

   always @(posedge i_clk) begin
      if (i_rst) begin
         order_q <= 64'd0;
         intr_q  <= 1'b0;
      end else begin
         if (rvfi_valid) begin
            order_q <= order_q + 64'd1;
         end
         if (i_fire) begin
            intr_q <= i_irq;
         end
      end
   end

   always @(posedge i_clk) begin
      if (i_dx_load) begin
         x_rs1_q      <= i_d_rs1;
         x_rs2_q      <= i_d_rs2;
         x_rs1_used_q <= i_d_rs1_used;
         x_rs2_used_q <= i_d_rs2_used;
      end
      if (i_fire && !i_irq) begin
         insn_q     <= i_x_instr;
         trap_q     <= i_trap;
         is_intr_q  <= intr_q;
         pc_q       <= i_x_pc;
         next_pc_q  <= i_redirect ? i_redirect_pc : (i_x_pc + 32'd4);
         rs1_addr_q <= x_rs1_used_q ? i_x_instr[19:15] : 5'd0;
         rs2_addr_q <= x_rs2_used_q ? i_x_instr[24:20] : 5'd0;
         rs1_q      <= x_rs1_used_q ? x_rs1_q : 32'd0;
         rs2_q      <= x_rs2_used_q ? x_rs2_q : 32'd0;
         address_q  <= accesses ? i_x_address : 30'd0;
         rmask_q    <= (acts && i_x_ctl[`RV_CTL_LOAD]) ? i_x_be : 4'd0;
         wmask_q    <= (acts && i_x_ctl[`RV_CTL_STORE]) ? i_x_be : 4'd0;
         wdata_q    <= i_x_wdata;
         mcause_q   <= i_mcause;
      end
   end

endmodule

`default_nettype wire
