// imac_regs.v : the configuration registers of one macro
// SPDX-License-Identifier: Apache-2.0
//
// Written values outside a register's range are reported (o_legal = 0), not cut to fit.
// PROG_PTR, COUNT and ACTIVE_CYCLES live in the blocks that count them and are only shown here.
// Timing: o_value, o_known and o_legal follow i_index and i_value at once; a write acts on the next
// edge, and the sequencers read a register when the phase it governs begins.

`default_nettype none
`include "regmap.vh"

module imac_regs #(
   parameter        IN_W    = 400,
   parameter        OUT_N   = 10,
   parameter        PROG_AW = 16,
   parameter        CYC_W   = 16,             // bits of a cycle count
   parameter [31:0] ID      = `IMAC_RESET_ID  // tells the kind of macro
) (
   input  wire             i_clk,
   input  wire             i_rst,
   // control
   input  wire             i_write,
   input  wire [7:0]       i_index,
   input  wire [31:0]      i_value,
   output reg  [31:0]      o_value,
   output reg              o_known,
   output reg              o_legal,
   // counters kept elsewhere
   input  wire [PROG_AW:0] i_prog_ptr,
   input  wire [31:0]      i_count,
   input  wire [31:0]      i_active_cycles,
   // settings
   output wire             o_irq_en,
   output wire [CYC_W-1:0] o_settle_cycles,
   output wire [CYC_W-1:0] o_conv_cycles,
   output wire [CYC_W-1:0] o_prog_cycles,
   output wire [15:0]      o_n_in,
   output wire [15:0]      o_n_out,
   output wire             o_prog_ptr_write
);

   localparam [31:0] CYC_MAX  = {{(32-CYC_W){1'b0}}, {CYC_W{1'b1}}};
   localparam [31:0] PTR_MAX  = {{(32-PROG_AW){1'b0}}, {PROG_AW{1'b1}}};
   localparam [31:0] IN_MAX   = IN_W;
   localparam [31:0] OUT_MAX  = OUT_N;
   localparam [31:0] CTRL_MAX = (32'd2 << `IMAC_CTRL_CLR_ERRORS_BIT) - 32'd1;

   localparam [31:0] SETTLE_RESET = `IMAC_RESET_SETTLE_CYCLES;
   localparam [31:0] CONV_RESET   = `IMAC_RESET_CONV_CYCLES;
   localparam [31:0] PROG_RESET   = `IMAC_RESET_PROG_CYCLES;

   reg             irq_en_q;
   reg [CYC_W-1:0] settle_q, conv_q, prog_q;
   reg [15:0]      n_in_q, n_out_q;

   wire [31:0] ctrl_value = {31'd0, irq_en_q} << `IMAC_CTRL_IRQ_EN_BIT;
   wire        at_least_1 = (i_value != 32'd0);
   wire        cycles_ok  = at_least_1 && (i_value <= CYC_MAX);

   always @* begin
      o_known = 1'b1;
      o_legal = 1'b0;
      o_value = 32'd0;
      case (i_index)
         `IMAC_CFG_CTRL: begin
            o_value = ctrl_value;
            o_legal = (i_value <= CTRL_MAX);
         end
         `IMAC_CFG_SETTLE_CYCLES: begin
            o_value = {{(32-CYC_W){1'b0}}, settle_q};
            o_legal = cycles_ok;
         end
         `IMAC_CFG_CONV_CYCLES: begin
            o_value = {{(32-CYC_W){1'b0}}, conv_q};
            o_legal = cycles_ok;
         end
         `IMAC_CFG_PROG_CYCLES: begin
            o_value = {{(32-CYC_W){1'b0}}, prog_q};
            o_legal = cycles_ok;
         end
         `IMAC_CFG_N_IN: begin
            o_value = {16'd0, n_in_q};
            o_legal = at_least_1 && (i_value <= IN_MAX);
         end
         `IMAC_CFG_N_OUT: begin
            o_value = {16'd0, n_out_q};
            o_legal = at_least_1 && (i_value <= OUT_MAX);
         end
         `IMAC_CFG_PROG_PTR: begin
            o_value = {{(31-PROG_AW){1'b0}}, i_prog_ptr};
            o_legal = (i_value <= PTR_MAX);
         end
         `IMAC_CFG_ID:            o_value = ID;
         `IMAC_CFG_COUNT:         o_value = i_count;
         `IMAC_CFG_ACTIVE_CYCLES: o_value = i_active_cycles;
         default:                 o_known = 1'b0;
      endcase
   end

   always @(posedge i_clk) begin
      if (i_rst) begin
         irq_en_q <= 1'b0;
         settle_q <= SETTLE_RESET[CYC_W-1:0];
         conv_q   <= CONV_RESET[CYC_W-1:0];
         prog_q   <= PROG_RESET[CYC_W-1:0];
         n_in_q   <= IN_MAX[15:0];
         n_out_q  <= OUT_MAX[15:0];
      end else if (i_write) begin
         case (i_index)
            `IMAC_CFG_CTRL:          irq_en_q <= i_value[`IMAC_CTRL_IRQ_EN_BIT];
            `IMAC_CFG_SETTLE_CYCLES: settle_q <= i_value[CYC_W-1:0];
            `IMAC_CFG_CONV_CYCLES:   conv_q   <= i_value[CYC_W-1:0];
            `IMAC_CFG_PROG_CYCLES:   prog_q   <= i_value[CYC_W-1:0];
            `IMAC_CFG_N_IN:          n_in_q   <= i_value[15:0];
            `IMAC_CFG_N_OUT:         n_out_q  <= i_value[15:0];
            default: ;
         endcase
      end
   end

   assign o_irq_en         = irq_en_q;
   assign o_settle_cycles  = settle_q;
   assign o_conv_cycles    = conv_q;
   assign o_prog_cycles    = prog_q;
   assign o_n_in           = n_in_q;
   assign o_n_out          = n_out_q;
   assign o_prog_ptr_write = i_write && (i_index == `IMAC_CFG_PROG_PTR);

endmodule

`default_nettype wire
