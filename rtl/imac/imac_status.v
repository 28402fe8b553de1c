// imac_status.v : what one macro reports: status bits, sticky errors, interrupt, activity counts
// SPDX-License-Identifier: Apache-2.0
//
// Timing: o_status already counts what i_start and i_err_* of this cycle will do, so imac.start
// returns its own outcome. o_macro_active is high exactly while an evaluation or a program word
// runs; the counters add at the edge that ends an evaluation or an active cycle.

`default_nettype none
`include "regmap.vh"

module imac_status (
   input  wire        i_clk,
   input  wire        i_rst,
   // events of this cycle
   input  wire        i_start,
   input  wire        i_capture,             // last cycle of an evaluation
   input  wire        i_prog,
   input  wire        i_prog_last,           // last cycle of a program word
   input  wire        i_err_clear,
   input  wire        i_err_start_busy,
   input  wire        i_err_pop_empty,
   input  wire        i_err_push_overflow,
   input  wire        i_err_protocol,
   input  wire        i_err_config,
   input  wire        i_err_start_inputs,
   // levels
   input  wire        i_busy,
   input  wire        i_prog_busy,
   input  wire        i_irq_en,
   input  wire        i_err_macro,           // shared by all macros, kept by the dispatcher
   // reports
   output reg  [31:0] o_status,
   output wire [31:0] o_count,
   output wire [31:0] o_active_cycles,
   output wire        o_irq,
   output wire        o_macro_active
);

   reg        done_q, active_q;
   reg [5:0]  err_q;
   reg [31:0] count_q, active_cycles_q;

   wire [5:0] err_set  = {i_err_start_inputs, i_err_config, i_err_protocol,
                          i_err_push_overflow, i_err_pop_empty, i_err_start_busy};
   wire [5:0] err      = err_q | err_set;
   wire       done     = done_q && !i_start;
   wire       awake    = i_start || i_capture || i_prog || active_q || i_err_clear
                         || (err_set != 6'd0);

   always @* begin
      o_status = 32'd0;
      o_status[`IMAC_STATUS_BUSY_BIT]              = i_busy || i_start;
      o_status[`IMAC_STATUS_DONE_BIT]              = done;
      o_status[`IMAC_STATUS_IRQ_BIT]               = done && i_irq_en;
      o_status[`IMAC_STATUS_PROG_BUSY_BIT]         = i_prog_busy;
      o_status[`IMAC_STATUS_ERR_START_BUSY_BIT]    = err[0];
      o_status[`IMAC_STATUS_ERR_POP_EMPTY_BIT]     = err[1];
      o_status[`IMAC_STATUS_ERR_PUSH_OVERFLOW_BIT] = err[2];
      o_status[`IMAC_STATUS_ERR_PROTOCOL_BIT]      = err[3];
      o_status[`IMAC_STATUS_ERR_CONFIG_INDEX_BIT]  = err[4];
      o_status[`IMAC_STATUS_ERR_START_INPUTS_BIT]  = err[5];
      o_status[`IMAC_STATUS_ERR_MACRO_INDEX_BIT]   = i_err_macro;
   end

   always @(posedge i_clk) begin
      if (i_rst) begin
         done_q          <= 1'b0;
         active_q        <= 1'b0;
         err_q           <= 6'd0;
         count_q         <= 32'd0;
         active_cycles_q <= 32'd0;
      end else if (awake) begin
         done_q   <= done || i_capture;
         active_q <= i_start || i_prog || (active_q && !i_capture && !i_prog_last);
         err_q    <= i_err_clear ? 6'd0 : err;
         if (i_capture) begin
            count_q <= count_q + 32'd1;
         end
         if (active_q) begin
            active_cycles_q <= active_cycles_q + 32'd1;
         end
      end
   end

   assign o_count         = count_q;
   assign o_active_cycles = active_cycles_q;
   assign o_irq           = done_q && i_irq_en;
   assign o_macro_active  = active_q;

endmodule

`default_nettype wire
