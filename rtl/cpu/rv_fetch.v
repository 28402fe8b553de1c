// rv_fetch.v : keeps one instruction request in flight, offers the answer to the decoder
// SPDX-License-Identifier: Apache-2.0
//
// Timing: a request made in cycle n is answered in n+1 by a single-cycle RAM, so o_instr_valid is
// high one cycle after its address. A redirect drives its target onto the address in the same
// cycle: a taken branch costs one lost slot. An answer that the decoder does not take is kept, and
// nothing new is asked for until it is taken. A request waiting for ready keeps its address: a
// redirect meanwhile lets it finish and drops the answer.

`default_nettype none

module rv_fetch #(
   parameter [31:0] RESET_PC = 32'h00000000
) (
   input  wire        i_clk,
   input  wire        i_rst,
   // instruction memory
   output wire        o_imem_valid,
   input  wire        i_imem_ready,
   output wire [31:0] o_imem_addr,
   input  wire        i_imem_fault,     // with ready: nothing lives at this address
   input  wire        i_imem_rvalid,
   input  wire [31:0] i_imem_rdata,
   // execute stage
   input  wire        i_redirect,
   input  wire [31:0] i_redirect_pc,
   // decoder
   output wire        o_instr_valid,
   input  wire        i_instr_ready,
   output wire [31:0] o_instr,
   output wire [31:0] o_instr_pc,
   output wire        o_instr_fault
);

   reg [31:0] pc_q;          // address of the next or the waiting request
   reg        wait_q;        // offered before, not yet accepted
   reg        stale_q;       // the waiting request belongs to an abandoned path
   reg [31:0] target_q;      // where to go on after a stale request
   reg        pend_q;        // accepted, not yet answered
   reg        drop_q;        // the pending answer is not wanted
   reg [31:0] pend_pc_q;
   reg        pend_fault_q;
   reg        kept_q;        // instruction kept for the decoder
   reg [31:0] kept_instr_q;

   wire answered = pend_q && i_imem_rvalid;
   wire offered  = kept_q || (answered && !drop_q);
   wire room     = i_redirect || !offered || i_instr_ready;
   wire accepted = o_imem_valid && i_imem_ready;
   wire stale    = wait_q && (stale_q || i_redirect);

   assign o_imem_valid  = (!pend_q || answered) && (room || wait_q);
   assign o_imem_addr   = (i_redirect && !wait_q) ? i_redirect_pc : pc_q;

   assign o_instr_valid = offered;
   assign o_instr       = kept_q ? kept_instr_q : i_imem_rdata;
   assign o_instr_pc    = pend_pc_q;
   assign o_instr_fault = pend_fault_q;

   wire [31:0] after_stale = i_redirect ? i_redirect_pc : target_q;

   always @(posedge i_clk) begin
      if (i_rst) begin
         pc_q    <= RESET_PC;
         wait_q  <= 1'b0;
         stale_q <= 1'b0;
         pend_q  <= 1'b0;
         drop_q  <= 1'b0;
         kept_q  <= 1'b0;
      end else begin
         wait_q  <= o_imem_valid && !i_imem_ready;
         stale_q <= stale && !accepted;
         kept_q  <= offered && !i_instr_ready && !i_redirect;
         if (accepted) begin
            pc_q   <= stale ? after_stale : (o_imem_addr + 32'd4);
            pend_q <= 1'b1;
            drop_q <= stale;
         end else begin
            if (!wait_q) begin
               pc_q <= o_imem_addr;
            end
            if (answered) begin
               pend_q <= 1'b0;
            end
            if (i_redirect) begin
               drop_q <= 1'b1;
            end
         end
      end
   end

   always @(posedge i_clk) begin
      if (accepted) begin
         pend_pc_q    <= o_imem_addr;
         pend_fault_q <= i_imem_fault;
      end
      if (wait_q && i_redirect) begin
         target_q <= i_redirect_pc;
      end
      if (!kept_q) begin
         kept_instr_q <= i_imem_rdata;
      end
   end

endmodule

`default_nettype wire
