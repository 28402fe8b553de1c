// lockstep_tb.v : runs a program on rv_core with random stalls and interrupts, logs its retirements
// SPDX-License-Identifier: Apache-2.0
//
// Plusargs: +image=FILE (hex words), +log=FILE, +seed=N, +stall=N (0..15: sixteenths of cycles in
// which a port stalls), +irq=N (of 1024 cycles, in how many a line rises), +limit=N cycles.
// Log: one line per retirement (fields in lockstep.py); `E text` for a broken handshake; `X cycles`
// at the end. The program ends with a store to EXIT_ADDR.
// The co-processor model takes opcode custom-0 with funct7 0: rd = rs1 ^ rotate16(rs2) + funct3,
// except funct3 1 and 5, which write nothing.

`timescale 1ns/1ps
`default_nettype none

module lockstep_tb;

   localparam WORDS     = 65536;
   localparam EXIT_ADDR = 32'h0003fffc;
   localparam QUIET     = 400;          // cycles without retirement until both lines rise (wfi)
   localparam LOCKED    = 20000;        // cycles without retirement that mean a lock-up

   reg clk, rst;
   initial begin
      clk = 1'b0;
      forever #5 clk = !clk;
   end

   reg [8*512-1:0] path;
   reg [31:0]      mem [0:WORDS-1];
   integer         log, seed, stall, irq_rate, limit, cycles, quiet, i;

   initial begin
      seed     = 1;
      stall    = 0;
      irq_rate = 0;
      limit    = 1000000;
      for (i = 0; i < WORDS; i = i + 1) mem[i] = 32'd0;
      if ($value$plusargs("image=%s", path)) $readmemh(path, mem);
      if ($value$plusargs("seed=%d", seed)) ;
      if ($value$plusargs("stall=%d", stall)) ;
      if ($value$plusargs("irq=%d", irq_rate)) ;
      if ($value$plusargs("limit=%d", limit)) ;
      if (!$value$plusargs("log=%s", path)) path = "retire.log";
      log = $fopen(path, "w");
   end

   // device
   wire        imem_valid, imem_rvalid, dmem_valid, dmem_we, dmem_rvalid;
   wire [31:0] imem_addr, imem_rdata, dmem_addr, dmem_wdata, dmem_rdata;
   wire [3:0]  dmem_be;
   reg         imem_go, dmem_go, irq_timer, irq_external;
   reg  [63:0] mtime;
   wire [63:0] cycle, instret;
   wire        issue_valid, issue_accept, issue_writeback, commit_valid, commit_kill;
   wire        result_valid, result_ready, result_we;
   reg         issue_go;
   wire [31:0] issue_instr, issue_rs1, issue_rs2, result_data;
   wire [3:0]  issue_id, commit_id, result_id;
   wire [1:0]  issue_rs_valid;
   wire [4:0]  result_rd;
   wire        r_valid, r_trap, r_halt, r_intr;
   wire [63:0] r_order;
   wire [31:0] r_insn, r_pc, r_next, r_rs1v, r_rs2v, r_rdv, r_addr, r_mrd, r_mwd, r_mcause;
   wire [4:0]  r_rs1, r_rs2, r_rd;
   wire [3:0]  r_rmask, r_wmask;
   wire [1:0]  r_mode, r_ixl;

   wire imem_ready = imem_go;
   wire dmem_ready = dmem_go;
   wire imem_fault = (imem_addr >= 4 * WORDS);
   wire dmem_fault = (dmem_addr >= 4 * WORDS);
   wire issue_ready = issue_go;

   rv_core dut (
      .i_clk (clk), .i_rst (rst),
      .o_imem_valid (imem_valid), .i_imem_ready (imem_ready), .o_imem_addr (imem_addr),
      .i_imem_fault (imem_fault), .i_imem_rvalid (imem_rvalid), .i_imem_rdata (imem_rdata),
      .o_dmem_valid (dmem_valid), .i_dmem_ready (dmem_ready), .o_dmem_we (dmem_we),
      .o_dmem_addr (dmem_addr), .o_dmem_be (dmem_be), .o_dmem_wdata (dmem_wdata),
      .i_dmem_fault (dmem_fault), .i_dmem_rvalid (dmem_rvalid), .i_dmem_rdata (dmem_rdata),
      .i_irq_timer (irq_timer), .i_irq_external (irq_external), .i_time (mtime),
      .o_cycle (cycle), .o_instret (instret),
      .o_xif_issue_valid (issue_valid), .i_xif_issue_ready (issue_ready),
      .o_xif_issue_instr (issue_instr), .o_xif_issue_id (issue_id),
      .i_xif_issue_accept (issue_accept), .i_xif_issue_writeback (issue_writeback),
      .o_xif_register_rs1 (issue_rs1), .o_xif_register_rs2 (issue_rs2),
      .o_xif_register_rs_valid (issue_rs_valid),
      .o_xif_commit_valid (commit_valid), .o_xif_commit_id (commit_id),
      .o_xif_commit_kill (commit_kill),
      .i_xif_result_valid (result_valid), .o_xif_result_ready (result_ready),
      .i_xif_result_id (result_id), .i_xif_result_data (result_data),
      .i_xif_result_rd (result_rd), .i_xif_result_we (result_we),
      .rvfi_valid (r_valid), .rvfi_order (r_order), .rvfi_insn (r_insn), .rvfi_trap (r_trap),
      .rvfi_halt (r_halt), .rvfi_intr (r_intr), .rvfi_mode (r_mode), .rvfi_ixl (r_ixl),
      .rvfi_rs1_addr (r_rs1), .rvfi_rs2_addr (r_rs2), .rvfi_rs1_rdata (r_rs1v),
      .rvfi_rs2_rdata (r_rs2v), .rvfi_rd_addr (r_rd), .rvfi_rd_wdata (r_rdv),
      .rvfi_pc_rdata (r_pc), .rvfi_pc_wdata (r_next), .rvfi_mem_addr (r_addr),
      .rvfi_mem_rmask (r_rmask), .rvfi_mem_wmask (r_wmask), .rvfi_mem_rdata (r_mrd),
      .rvfi_mem_wdata (r_mwd), .rvfi_csr_mcause_rdata (r_mcause)
   );

   // dice: 1 in a stalled cycle
   function stalls;
      input integer dummy;
      stalls = ($random(seed) & 15) < stall;
   endfunction
   function [2:0] latency;
      input integer dummy;
      latency = stalls(0) ? ($random(seed) & 7) : 3'd0;
   endfunction

   // instruction memory: one answer, latency cycles late; between answers the bus carries rubbish
   reg         i_pend;
   reg  [2:0]  i_wait;
   reg  [31:0] i_data;
   assign imem_rvalid = i_pend && (i_wait == 3'd0);
   assign imem_rdata  = imem_rvalid ? i_data : 32'hbad1bad3;
   always @(posedge clk) begin
      imem_go <= !stalls(0);
      if (rst) begin
         i_pend <= 1'b0;
      end else if (imem_valid && imem_ready) begin
         i_pend <= 1'b1;
         i_wait <= latency(0);
         i_data <= imem_fault ? 32'hbad2bad3 : mem[imem_addr[17:2]];
      end else if (imem_rvalid) begin
         i_pend <= 1'b0;
      end else if (i_pend) begin
         i_wait <= i_wait - 3'd1;
      end
   end

   // data memory
   reg         d_pend;
   reg  [2:0]  d_wait;
   reg  [31:0] d_data;
   assign dmem_rvalid = d_pend && (d_wait == 3'd0);
   assign dmem_rdata  = dmem_rvalid ? d_data : 32'hbad4bad7;
   always @(posedge clk) begin
      dmem_go <= !stalls(0);
      if (dmem_rvalid) d_pend <= 1'b0;
      if (d_pend && !dmem_rvalid) d_wait <= d_wait - 3'd1;
      if (rst) begin
         d_pend <= 1'b0;
      end else if (dmem_valid && dmem_ready && !dmem_fault) begin
         if (dmem_we) begin
            if (dmem_be[0]) mem[dmem_addr[17:2]][7:0]   <= dmem_wdata[7:0];
            if (dmem_be[1]) mem[dmem_addr[17:2]][15:8]  <= dmem_wdata[15:8];
            if (dmem_be[2]) mem[dmem_addr[17:2]][23:16] <= dmem_wdata[23:16];
            if (dmem_be[3]) mem[dmem_addr[17:2]][31:24] <= dmem_wdata[31:24];
         end else begin
            d_pend <= 1'b1;
            d_wait <= latency(0);
            d_data <= mem[dmem_addr[17:2]];
         end
      end
   end

   // co-processor: one instruction at a time
   reg         x_pend, x_commit;
   reg  [2:0]  x_wait;
   reg  [3:0]  x_id;
   reg  [4:0]  x_rd;
   reg         x_we;
   reg  [31:0] x_data;
   assign issue_accept    = (issue_instr[6:0] == 7'h0b) && (issue_instr[31:25] == 7'd0);
   assign issue_writeback = issue_accept && (issue_instr[13:12] != 2'b01)
                            && (issue_instr[11:7] != 5'd0);
   assign result_valid = x_pend && (x_wait == 3'd0);
   assign result_id    = x_id;
   assign result_data  = x_data;
   assign result_rd    = x_rd;
   assign result_we    = x_we;
   always @(posedge clk) begin
      issue_go <= !stalls(0);
      if (rst) begin
         x_pend <= 1'b0;
      end else if (issue_valid && issue_ready && issue_accept) begin
         x_pend <= 1'b1;
         x_wait <= latency(0);
         x_id   <= issue_id;
         x_rd   <= issue_instr[11:7];
         x_we   <= issue_writeback;
         x_data <= issue_writeback
                   ? ((issue_rs1 ^ {issue_rs2[15:0], issue_rs2[31:16]}) + {29'd0, issue_instr[14:12]})
                   : 32'hbad5bad9;
         if (x_pend) $fwrite(log, "E issue while a result is due\n");
      end else if (result_valid && result_ready) begin
         x_pend <= 1'b0;
      end else if (x_pend && (x_wait != 3'd0)) begin
         x_wait <= x_wait - 3'd1;
      end
      if (!rst && (commit_valid != (issue_valid && issue_ready)
                   || (commit_valid && ((commit_id != issue_id)
                                        || (commit_kill == issue_accept)
                                        || (issue_rs_valid != 2'b11))))) begin
         $fwrite(log, "E commit does not fit issue\n");
      end
   end

   // interrupt lines and reset
   always @(posedge clk) begin
      if (($random(seed) & 1023) < irq_rate) irq_timer <= 1'b1;
      else if (($random(seed) & 15) == 0) irq_timer <= 1'b0;
      if (($random(seed) & 1023) < irq_rate) irq_external <= 1'b1;
      else if (($random(seed) & 15) == 0) irq_external <= 1'b0;
      if (quiet > QUIET) begin
         irq_timer    <= 1'b1;
         irq_external <= 1'b1;
      end
      if (rst) begin
         irq_timer    <= 1'b0;
         irq_external <= 1'b0;
      end
      mtime <= rst ? 64'd5 : mtime + 64'd3;
   end
   initial begin
      rst = 1'b1;
      cycles = 0;
      #40 rst = 1'b0;
   end

   // handshakes: a request may not change while it waits
   reg         i_hold, d_hold, x_hold;
   reg  [31:0] i_hold_addr;
   reg  [68:0] d_hold_all;
   reg  [99:0] x_hold_all;
   wire [68:0] d_all = {dmem_we, dmem_addr, dmem_be, dmem_we ? dmem_wdata : 32'd0};
   wire [99:0] x_all = {issue_instr, issue_id, issue_rs1, issue_rs2};
   always @(posedge clk) begin
      if (!rst) begin
         if (i_hold && (!imem_valid || (imem_addr != i_hold_addr)))
            $fwrite(log, "E instruction request changed while waiting\n");
         if (d_hold && (!dmem_valid || (d_all != d_hold_all)))
            $fwrite(log, "E data request changed while waiting\n");
         if (x_hold && (!issue_valid || (x_all != x_hold_all)))
            $fwrite(log, "E issue changed while waiting\n");
         if (imem_valid && imem_ready && i_pend && !imem_rvalid)
            $fwrite(log, "E second instruction request in flight\n");
         if (dmem_valid && dmem_ready && !dmem_we && d_pend && !dmem_rvalid)
            $fwrite(log, "E second load in flight\n");
      end
      i_hold      <= !rst && imem_valid && !imem_ready;
      i_hold_addr <= imem_addr;
      d_hold      <= !rst && dmem_valid && !dmem_ready;
      d_hold_all  <= d_all;
      x_hold      <= !rst && issue_valid && !issue_ready;
      x_hold_all  <= x_all;
   end

   // retirements; the lines are reported as seen since the last one: {ever, always} of each
   reg t_ever, t_always, e_ever, e_always;
   always @(posedge clk) begin
      if (rst) begin
         {t_ever, t_always, e_ever, e_always} <= 4'b0101;
         quiet <= 0;
      end else begin
         cycles <= cycles + 1;
         quiet  <= r_valid ? 0 : quiet + 1;
         if (r_valid) begin
            $fwrite(log, "%h %h %h %h %h %h %h %h %h %h %h %h\n",
                    {r_order[31:0], 2'd0, r_trap, r_intr, 3'd0, r_rs1, 3'd0, r_rs2, 3'd0, r_rd},
                    r_insn, r_pc, r_next, r_rs1v, r_rs2v, r_rdv,
                    {r_rmask, r_wmask}, r_addr, r_wmask == 4'd0 ? r_mrd : r_mwd, r_mcause,
                    {t_ever || irq_timer, t_always && irq_timer,
                     e_ever || irq_external, e_always && irq_external});
            {t_ever, t_always, e_ever, e_always} <= {irq_timer, irq_timer, irq_external, irq_external};
            if (r_wmask != 4'd0 && r_addr == EXIT_ADDR) begin
               $fwrite(log, "X %0d\n", cycles);
               $fclose(log);
               $finish;
            end
         end else begin
            t_ever   <= t_ever || irq_timer;
            t_always <= t_always && irq_timer;
            e_ever   <= e_ever || irq_external;
            e_always <= e_always && irq_external;
         end
         if (quiet == LOCKED || cycles == limit) begin
            $fwrite(log, "E %0s after %0d cycles\n", quiet == LOCKED ? "locked up" : "limit", cycles);
            $finish;
         end
      end
   end

   wire unused_ok = &{1'b0, cycle, instret, r_halt, r_mode, r_ixl};

endmodule

`default_nettype wire
