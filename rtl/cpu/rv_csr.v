// rv_csr.v : machine-mode control and status registers, trap entry and return
// SPDX-License-Identifier: Apache-2.0
//
// Timing: reads and the verdict o_illegal are combinational in execute; writes, trap entry and
// mret act on the edge that ends the instruction's last execute cycle, so the next instruction sees
// them. Interrupt lines are levels, sampled as they are. Machine mode only: MPP reads 3. mtvec
// knows direct and vectored mode. mtval of ebreak and ecall is 0. mhpmcounters and events read 0.

`default_nettype none
`include "regmap.vh"

module rv_csr #(
   parameter [31:0] HART_ID = 32'd0
) (
   input  wire        i_clk,
   input  wire        i_rst,
   // instruction in execute
   input  wire        i_csr,
   input  wire [11:0] i_address,
   input  wire [1:0]  i_funct3,         // 1 write, 2 set, 3 clear
   input  wire        i_source_x0,      // rs1 or the immediate is 0: set and clear do not write
   input  wire [31:0] i_operand,
   input  wire        i_retire,
   input  wire        i_mret,           // mret retires
   output reg  [31:0] o_rdata,
   output wire        o_illegal,
   // traps
   input  wire        i_trap,
   input  wire        i_trap_irq,
   input  wire [4:0]  i_exc_cause,
   input  wire [31:0] i_exc_value,
   input  wire [31:2] i_trap_pc,
   output wire [31:0] o_trap_target,
   output wire [31:0] o_mepc,
   output wire [31:0] o_mcause,
   // interrupt lines and time
   input  wire        i_irq_timer,
   input  wire        i_irq_external,
   input  wire [63:0] i_time,
   output wire        o_irq_pending,
   output wire        o_irq_wake,
   // counters
   output wire [63:0] o_cycle,
   output wire [63:0] o_instret
);

   localparam [31:0] MISA = 32'h40001100;  // RV32IM

   reg        mie_q;          // mstatus.MIE
   reg        mpie_q;
   reg        mtie_q;
   reg        meie_q;
   reg [29:0] tvec_base_q;
   reg        tvec_vectored_q;
   reg [31:0] mscratch_q;
   reg [29:0] mepc_q;
   reg        cause_irq_q;
   reg [4:0]  cause_q;
   reg [31:0] mtval_q;

   // interrupts
   wire timer_on    = i_irq_timer && mtie_q;
   wire external_on = i_irq_external && meie_q;
   assign o_irq_wake    = timer_on || external_on;
   assign o_irq_pending = o_irq_wake && mie_q;

   wire [4:0] irq_cause  = external_on ? `IRQ_EXTERNAL : `IRQ_TIMER;
   wire [4:0] trap_cause = i_trap_irq ? irq_cause : i_exc_cause;

   assign o_trap_target = {tvec_base_q, 2'b00}
                          + ((i_trap_irq && tvec_vectored_q) ? {25'd0, irq_cause, 2'b00} : 32'd0);
   assign o_mepc        = {mepc_q, 2'b00};
   assign o_mcause      = {cause_irq_q, 26'd0, cause_q};

   // counters
   wire [31:0] inhibit;
   wire [4:0]  counter_we;

   // read
   wire hpm = (i_address[4:0] > 5'd2);   // numbers 3..31 of the counter ranges
   reg  known;
   always @* begin
      known   = 1'b1;
      o_rdata = 32'd0;
      if (i_csr) begin
         case (i_address)
            12'h300: o_rdata = {19'd0, 2'b11, 3'd0, mpie_q, 3'd0, mie_q, 3'd0};  // mstatus
            12'h301: o_rdata = MISA;
            12'h304: o_rdata = {20'd0, meie_q, 3'd0, mtie_q, 7'd0};              // mie
            12'h305: o_rdata = {tvec_base_q, 1'b0, tvec_vectored_q};
            12'h310: o_rdata = 32'd0;                                            // mstatush
            12'h320: o_rdata = inhibit;
            12'h340: o_rdata = mscratch_q;
            12'h341: o_rdata = o_mepc;
            12'h342: o_rdata = o_mcause;
            12'h343: o_rdata = mtval_q;
            12'h344: o_rdata = {20'd0, i_irq_external, 3'd0, i_irq_timer, 7'd0}; // mip
            12'hb00, 12'hc00: o_rdata = o_cycle[31:0];
            12'hb80, 12'hc80: o_rdata = o_cycle[63:32];
            12'hc01: o_rdata = i_time[31:0];
            12'hc81: o_rdata = i_time[63:32];
            12'hb02, 12'hc02: o_rdata = o_instret[31:0];
            12'hb82, 12'hc82: o_rdata = o_instret[63:32];
            12'hf11, 12'hf12, 12'hf13, 12'hf15: o_rdata = 32'd0;  // vendor, arch, imp, configptr
            12'hf14: o_rdata = HART_ID;
            default:
               case (i_address[11:5])
                  7'h19, 7'h58, 7'h5c: known = hpm;  // mhpmevent, mhpmcounter(h): read 0
                  default:             known = 1'b0;
               endcase
         endcase
      end
   end

   // write
   wire        writes = (i_funct3 == 2'd1) || !i_source_x0;
   wire        we     = i_csr && writes && i_retire;
   wire [31:0] wdata  = (i_funct3 == 2'd1) ? i_operand
                      : (i_funct3 == 2'd2) ? (o_rdata | i_operand)
                      :                           (o_rdata & ~i_operand);

   assign o_illegal = !known || (writes && (i_address[11:10] == 2'b11));

   assign counter_we = {we && (i_address == 12'h320),
                        we && (i_address == 12'hb82),
                        we && (i_address == 12'hb02),
                        we && (i_address == 12'hb80),
                        we && (i_address == 12'hb00)};

   always @(posedge i_clk) begin
      if (i_rst) begin
         mie_q           <= 1'b0;
         mpie_q          <= 1'b0;
         mtie_q          <= 1'b0;
         meie_q          <= 1'b0;
         tvec_base_q     <= 30'd0;
         tvec_vectored_q <= 1'b0;
         mscratch_q      <= 32'd0;
         mepc_q          <= 30'd0;
         cause_irq_q     <= 1'b0;
         cause_q         <= 5'd0;
         mtval_q         <= 32'd0;
      end else if (i_trap) begin
         mie_q       <= 1'b0;
         mpie_q      <= mie_q;
         mepc_q      <= i_trap_pc;
         cause_irq_q <= i_trap_irq;
         cause_q     <= trap_cause;
         mtval_q     <= i_trap_irq ? 32'd0 : i_exc_value;
      end else if (i_mret) begin
         mie_q  <= mpie_q;
         mpie_q <= 1'b1;
      end else if (we) begin
         case (i_address)
            12'h300: begin
               mie_q  <= wdata[3];
               mpie_q <= wdata[7];
            end
            12'h304: begin
               mtie_q <= wdata[`IRQ_TIMER];
               meie_q <= wdata[`IRQ_EXTERNAL];
            end
            12'h305: begin
               tvec_base_q     <= wdata[31:2];
               tvec_vectored_q <= wdata[0];
            end
            12'h340: mscratch_q <= wdata;
            12'h341: mepc_q     <= wdata[31:2];
            12'h342: begin
               cause_irq_q <= wdata[31];
               cause_q     <= wdata[4:0];
            end
            12'h343: mtval_q    <= wdata;
            default: ;
         endcase
      end
   end

   rv_counters u_counters (
      .i_clk     (i_clk),
      .i_rst     (i_rst),
      .i_retire  (i_retire),
      .i_we      (counter_we),
      .i_wdata   (wdata),
      .o_inhibit (inhibit),
      .o_cycle   (o_cycle),
      .o_instret (o_instret)
   );

endmodule

`default_nettype wire
