// rv_ctrl.v : decides when each stage moves, and when a trap takes over
// SPDX-License-Identifier: Apache-2.0
//
// Timing: one flop (started), the rest combinational. An instruction in execute acts (o_go) only
// when write-back has room, so everything older is already certain. An interrupt takes the place of
// an instruction that has not acted yet; once an instruction acted, it finishes first. So imac.wait,
// a division or a waiting store are not broken off; wfi ends by itself.

`default_nettype none
`include "rv_defs.vh"

module rv_ctrl (
   input  wire                       i_clk,
   input  wire                       i_rst,
   // decode
   input  wire                       i_d_valid,
   input  wire                       i_d_stall,       // an operand does not exist yet
   output wire                       o_d_ready,
   output wire                       o_dx_load,
   output wire                       o_dx_valid,
   // execute: what the instruction is
   input  wire                       i_x_valid,
   input  wire [`RV_CTL_W-1:0]       i_x_ctl,
   input  wire                       i_x_taken,
   // execute: how far it is
   input  wire                       i_exc_early,     // known without acting
   input  wire                       i_exc_late,      // known with the answer
   input  wire                       i_mem_ready,
   input  wire                       i_div_done,
   input  wire                       i_xif_done,
   input  wire                       i_irq_pending,   // enabled and pending
   input  wire                       i_irq_wake,      // ends wfi, enabled or not
   // write-back
   input  wire                       i_w_valid,
   input  wire                       i_w_done,
   // decisions
   output wire                       o_go,            // the instruction acts or keeps acting
   output wire                       o_fire,          // something leaves execute ...
   output wire                       o_irq,           // an interrupt in its place
   output wire                       o_trap,          // an interrupt or an exception
   output wire                       o_retire,        // an instruction that completes
   output wire                       o_redirect,
   // where to
   input  wire [31:0]                i_trap_target,
   input  wire [31:0]                i_mepc,
   input  wire [31:0]                i_jump_target,
   output wire [31:0]                o_redirect_pc
);

   reg started_q;

   wire mem  = i_x_ctl[`RV_CTL_LOAD] || i_x_ctl[`RV_CTL_STORE];
   wire mret = i_x_ctl[`RV_CTL_MRET];

   wire w_ready = !i_w_valid || i_w_done;
   wire irq     = i_x_valid && !started_q && i_irq_pending;
   wire early   = i_exc_early && !irq;
   wire done    = irq || i_exc_early
                  || (mem                  ? i_mem_ready
                    : i_x_ctl[`RV_CTL_DIV] ? i_div_done
                    : i_x_ctl[`RV_CTL_XIF] ? i_xif_done
                    : i_x_ctl[`RV_CTL_WFI] ? i_irq_wake
                    :                        1'b1);

   assign o_go       = i_x_valid && w_ready && !irq && !i_exc_early;
   assign o_fire     = i_x_valid && w_ready && done;
   assign o_irq      = o_fire && irq;
   assign o_trap     = o_fire && (irq || early || i_exc_late);
   assign o_retire   = o_fire && !(irq || early || i_exc_late);
   assign o_redirect = o_trap || (o_fire && (mret || i_x_taken));

   assign o_redirect_pc = o_trap   ? i_trap_target
                        : mret ? i_mepc
                        :            i_jump_target;

   wire x_ready = !i_x_valid || o_fire;

   assign o_d_ready  = x_ready && !i_d_stall;
   assign o_dx_load  = x_ready;
   assign o_dx_valid = i_d_valid && !i_d_stall && !o_redirect;

   always @(posedge i_clk) begin
      if (i_rst) begin
         started_q <= 1'b0;
      end else begin
         started_q <= o_go && !o_fire;
      end
   end

endmodule

`default_nettype wire
