// imac_control.v : turns one executed instruction into block strobes, refusals and its answer
// SPDX-License-Identifier: Apache-2.0
//
// A refused instruction does nothing but set its sticky error: it is never queued or half done.
// Timing: combinational, within the one cycle of i_op_valid.

`default_nettype none
`include "regmap.vh"

module imac_control (
   // dispatcher
   input  wire        i_op_valid,
   input  wire [2:0]  i_op_f3,
   input  wire [7:0]  i_op_index,
   input  wire [31:0] i_op_value,        // only the control bits are read here
   output reg  [31:0] o_op_data,
   // state of the blocks
   input  wire        i_busy,            // evaluating
   input  wire        i_prog_busy,
   input  wire        i_input_full,      // all N_IN inputs pushed
   input  wire        i_output_empty,
   input  wire        i_prog_full,       // no program address left
   input  wire [31:0] i_output_data,
   input  wire [31:0] i_status,          // as it will be after this instruction
   input  wire [31:0] i_reg_value,
   input  wire        i_reg_known,       // i_op_index names a register
   input  wire        i_reg_legal,       // and it can hold i_op_value
   // strobes to the blocks
   output reg         o_start,
   output reg         o_push,
   output reg         o_pop,
   output reg         o_prog,
   output reg         o_reg_write,
   output wire        o_input_clear,
   output wire        o_prog_clear,
   output wire        o_err_clear,
   // sticky errors to set
   output reg         o_err_start_busy,
   output reg         o_err_pop_empty,
   output reg         o_err_push_overflow,
   output reg         o_err_protocol,
   output reg         o_err_config,
   output reg         o_err_start_inputs
);

   wire active = i_busy || i_prog_busy;

   // CTRL alone may be written during an evaluation: it changes nothing the evaluation uses
   wire is_ctrl = (i_op_index == `IMAC_CFG_CTRL);
   wire held    = i_busy && !is_ctrl;

   // without an instruction all is 0, so an idle macro costs a simulation one question
   always @* begin
      o_start             = 1'b0;
      o_push              = 1'b0;
      o_pop               = 1'b0;
      o_prog              = 1'b0;
      o_reg_write         = 1'b0;
      o_err_start_busy    = 1'b0;
      o_err_start_inputs  = 1'b0;
      o_err_pop_empty     = 1'b0;
      o_err_push_overflow = 1'b0;
      o_err_protocol      = 1'b0;
      o_err_config        = 1'b0;
      if (i_op_valid) begin
         case (i_op_f3)
            `IMAC_F3_CFG: begin
               o_reg_write    = i_reg_legal && !held;
               o_err_config   = !i_reg_legal;
               o_err_protocol = i_reg_legal && held;
            end
            `IMAC_F3_RDCFG: o_err_config = !i_reg_known;
            `IMAC_F3_PUSH: begin
               o_push              = !i_busy && !i_input_full;
               o_err_push_overflow = !i_busy && i_input_full;
               o_err_protocol      = i_busy;
            end
            `IMAC_F3_START: begin
               o_start            = !active && i_input_full;
               o_err_start_busy   = active;
               o_err_start_inputs = !active && !i_input_full;
            end
            `IMAC_F3_POP: begin
               o_pop           = !i_output_empty;
               o_err_pop_empty = i_output_empty;
            end
            `IMAC_F3_PROG: begin
               o_prog         = !active && !i_prog_full;
               o_err_protocol = active || i_prog_full;
            end
            default: ;
         endcase
      end
   end

   wire ctrl_write = o_reg_write && is_ctrl;
   assign o_input_clear = ctrl_write && i_op_value[`IMAC_CTRL_CLR_IN_PTR_BIT];
   assign o_prog_clear  = ctrl_write && i_op_value[`IMAC_CTRL_CLR_PROG_PTR_BIT];
   assign o_err_clear   = ctrl_write && i_op_value[`IMAC_CTRL_CLR_ERRORS_BIT];

   // apart from the strobes: the status already counts what they do
   always @* begin
      o_op_data = 32'd0;
      if (i_op_valid) begin
         case (i_op_f3)
            `IMAC_F3_CFG:   o_op_data = i_reg_value;
            `IMAC_F3_RDCFG: o_op_data = i_reg_value;
            `IMAC_F3_START: o_op_data = i_status;
            `IMAC_F3_WAIT:  o_op_data = i_status;
            `IMAC_F3_STAT:  o_op_data = i_status;
            `IMAC_F3_POP:   o_op_data = i_output_data;
            default: ;
         endcase
      end
   end

   wire unused_ok = &{1'b0, i_op_value};

endmodule

`default_nettype wire
