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
   output wire        o_start,
   output wire        o_push,
   output wire        o_pop,
   output wire        o_prog,
   output wire        o_reg_write,
   output wire        o_input_clear,
   output wire        o_prog_clear,
   output wire        o_err_clear,
   // sticky errors to set
   output wire        o_err_start_busy,
   output wire        o_err_pop_empty,
   output wire        o_err_push_overflow,
   output wire        o_err_protocol,
   output wire        o_err_config,
   output wire        o_err_start_inputs
);

   wire is_cfg   = i_op_valid && (i_op_f3 == `IMAC_F3_CFG);
   wire is_push  = i_op_valid && (i_op_f3 == `IMAC_F3_PUSH);
   wire is_start = i_op_valid && (i_op_f3 == `IMAC_F3_START);
   wire is_pop   = i_op_valid && (i_op_f3 == `IMAC_F3_POP);
   wire is_prog  = i_op_valid && (i_op_f3 == `IMAC_F3_PROG);
   wire is_rdcfg = i_op_valid && (i_op_f3 == `IMAC_F3_RDCFG);

   wire active = i_busy || i_prog_busy;

   // CTRL alone may be written during an evaluation: it changes nothing the evaluation uses
   wire is_ctrl = (i_op_index == `IMAC_CFG_CTRL);
   wire held    = i_busy && !is_ctrl;

   assign o_start     = is_start && !active && i_input_full;
   assign o_push      = is_push && !i_busy && !i_input_full;
   assign o_pop       = is_pop && !i_output_empty;
   assign o_prog      = is_prog && !active && !i_prog_full;
   assign o_reg_write = is_cfg && i_reg_legal && !held;

   wire ctrl_write = o_reg_write && is_ctrl;
   assign o_input_clear = ctrl_write && i_op_value[`IMAC_CTRL_CLR_IN_PTR_BIT];
   assign o_prog_clear  = ctrl_write && i_op_value[`IMAC_CTRL_CLR_PROG_PTR_BIT];
   assign o_err_clear   = ctrl_write && i_op_value[`IMAC_CTRL_CLR_ERRORS_BIT];

   assign o_err_start_busy    = is_start && active;
   assign o_err_start_inputs  = is_start && !active && !i_input_full;
   assign o_err_pop_empty     = is_pop && i_output_empty;
   assign o_err_push_overflow = is_push && !i_busy && i_input_full;
   assign o_err_config        = (is_cfg && !i_reg_legal) || (is_rdcfg && !i_reg_known);
   assign o_err_protocol      = (is_push && i_busy)
                                || (is_prog && !o_prog)
                                || (is_cfg && i_reg_legal && held);

   wire unused_ok = &{1'b0, i_op_value};

   always @* begin
      case (i_op_f3)
         `IMAC_F3_CFG:   o_op_data = i_reg_value;
         `IMAC_F3_RDCFG: o_op_data = i_reg_value;
         `IMAC_F3_START: o_op_data = i_status;
         `IMAC_F3_WAIT:  o_op_data = i_status;
         `IMAC_F3_STAT:  o_op_data = i_status;
         `IMAC_F3_POP:   o_op_data = i_output_data;
         default:        o_op_data = 32'd0;
      endcase
   end

endmodule

`default_nettype wire
