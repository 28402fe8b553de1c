// imac_xif.v : wires the co-processor: CV-X-IF on one side, N analog macros on the other
// SPDX-License-Identifier: Apache-2.0
//
// Ports i_xif_*/o_xif_* are explained in xif_issue.v, xif_commit.v and xif_result.v. Macro pins are
// flattened, macro 0 in the low bits; each changes only at a clock edge.
// Timing: one instruction a cycle; accepted and committed in cycle 0, an instruction executes and
// offers its result in cycle 1, and its pins change at the edge that ends cycle 1.

`default_nettype none

module imac_xif #(
   parameter N_MACRO    = 1,
   parameter MACRO_KIND = 0,                 // which shell: macro_shell.v
   parameter IN_W       = 400,               // input bits of one macro
   parameter AUX_W      = 1,                 // further bits into one macro
   parameter STROBE_N   = 1,                 // strobes of one macro
   parameter OUT_N      = 10,                // results of one macro
   parameter ADC_BITS   = 8,                 // bits of one result, 1..8
   parameter CODE_W     = OUT_N * ADC_BITS,  // bits out of one macro
   parameter STEPS      = 1,                 // time steps of an evaluation
   parameter [1023:0] MACRO_SHAPE = 1024'd0,  // of a mixed macro
   parameter PROG_AW    = 16,                // address bits of the program words
   parameter ID_W       = 4,                 // X_ID_WIDTH of the CPU
   parameter CYC_W      = 16                 // bits of the settle, conversion and programming counts
) (
   input  wire                              i_clk,
   input  wire                              i_rst,
   // CPU, issue and register channels
   input  wire                              i_xif_issue_valid,
   output wire                              o_xif_issue_ready,
   input  wire [31:0]                       i_xif_issue_instr,
   input  wire [ID_W-1:0]                   i_xif_issue_id,
   output wire                              o_xif_issue_accept,
   output wire                              o_xif_issue_writeback,
   output wire [1:0]                        o_xif_issue_register_read,
   input  wire [31:0]                       i_xif_register_rs1,
   input  wire [31:0]                       i_xif_register_rs2,
   input  wire [1:0]                        i_xif_register_rs_valid,
   // CPU, commit channel
   input  wire                              i_xif_commit_valid,
   input  wire [ID_W-1:0]                   i_xif_commit_id,
   input  wire                              i_xif_commit_kill,
   // CPU, result channel
   output wire                              o_xif_result_valid,
   input  wire                              i_xif_result_ready,
   output wire [ID_W-1:0]                   o_xif_result_id,
   output wire [31:0]                       o_xif_result_data,
   output wire [4:0]                        o_xif_result_rd,
   output wire                              o_xif_result_we,
   // CPU, external interrupt
   output wire                              o_irq,
   // macros
   output wire [N_MACRO-1:0]                o_macro_en,
   output wire [N_MACRO*IN_W-1:0]           o_macro_in,
   output wire [N_MACRO*AUX_W-1:0]          o_macro_aux,
   output wire [N_MACRO*STROBE_N-1:0]       o_macro_strobe,
   input  wire [N_MACRO*CODE_W-1:0]         i_macro_code,
   output wire [N_MACRO-1:0]                o_macro_prog_en,
   output wire [N_MACRO-1:0]                o_macro_prog_we,
   output wire [N_MACRO*PROG_AW-1:0]        o_macro_prog_addr,
   output wire [N_MACRO*32-1:0]             o_macro_prog_data,
   output wire [N_MACRO-1:0]                o_macro_active
);

   wire                  queue_full, queue_empty, queue_push, queue_we;
   wire [ID_W-1:0]       queue_id, head_id, exec_id;
   wire [2:0]            queue_f3, head_f3, op_f3;
   wire [4:0]            queue_rd, head_rd, exec_rd;
   wire [31:0]           queue_rs1, queue_rs2, head_rs1, head_rs2;
   wire                  head_valid, head_take, head_we;
   wire                  exec_valid, exec_ready, exec_we;
   wire [31:0]           exec_data, op_value;
   wire [7:0]            op_index;
   wire [N_MACRO-1:0]    op_valid, op_active, op_clear, prog_busy, irq;
   wire [N_MACRO*32-1:0] op_data;
   wire                  err_macro;

   assign o_irq = |irq;

   xif_issue #(
      .N_MACRO (N_MACRO),
      .ID_W    (ID_W)
   ) issue (
      .i_xif_issue_valid         (i_xif_issue_valid),
      .o_xif_issue_ready         (o_xif_issue_ready),
      .i_xif_issue_instr         (i_xif_issue_instr),
      .i_xif_issue_id            (i_xif_issue_id),
      .o_xif_issue_accept        (o_xif_issue_accept),
      .o_xif_issue_writeback     (o_xif_issue_writeback),
      .o_xif_issue_register_read (o_xif_issue_register_read),
      .i_xif_register_rs1        (i_xif_register_rs1),
      .i_xif_register_rs2        (i_xif_register_rs2),
      .i_xif_register_rs_valid   (i_xif_register_rs_valid),
      .i_queue_full              (queue_full),
      .i_queue_empty             (queue_empty),
      .o_queue_push              (queue_push),
      .o_queue_id                (queue_id),
      .o_queue_f3                (queue_f3),
      .o_queue_rd                (queue_rd),
      .o_queue_we                (queue_we),
      .o_queue_rs1               (queue_rs1),
      .o_queue_rs2               (queue_rs2),
      .i_macro_prog_busy         (prog_busy)
   );

   xif_commit #(
      .ID_W (ID_W)
   ) commit (
      .i_clk              (i_clk),
      .i_rst              (i_rst),
      .i_xif_issue_valid  (i_xif_issue_valid),
      .i_xif_issue_ready  (o_xif_issue_ready),
      .i_xif_issue_id     (i_xif_issue_id),
      .i_xif_commit_valid (i_xif_commit_valid),
      .i_xif_commit_id    (i_xif_commit_id),
      .i_xif_commit_kill  (i_xif_commit_kill),
      .o_queue_full       (queue_full),
      .o_queue_empty      (queue_empty),
      .i_queue_push       (queue_push),
      .i_queue_id         (queue_id),
      .i_queue_f3         (queue_f3),
      .i_queue_rd         (queue_rd),
      .i_queue_we         (queue_we),
      .i_queue_rs1        (queue_rs1),
      .i_queue_rs2        (queue_rs2),
      .o_head_valid       (head_valid),
      .i_head_take        (head_take),
      .o_head_id          (head_id),
      .o_head_f3          (head_f3),
      .o_head_rd          (head_rd),
      .o_head_we          (head_we),
      .o_head_rs1         (head_rs1),
      .o_head_rs2         (head_rs2)
   );

   imac_dispatch #(
      .N_MACRO (N_MACRO),
      .ID_W    (ID_W)
   ) dispatch (
      .i_clk        (i_clk),
      .i_rst        (i_rst),
      .i_head_valid (head_valid),
      .o_head_take  (head_take),
      .i_head_id    (head_id),
      .i_head_f3    (head_f3),
      .i_head_rd    (head_rd),
      .i_head_we    (head_we),
      .i_head_rs1   (head_rs1),
      .i_head_rs2   (head_rs2),
      .o_exec_valid (exec_valid),
      .i_exec_ready (exec_ready),
      .o_exec_id    (exec_id),
      .o_exec_rd    (exec_rd),
      .o_exec_we    (exec_we),
      .o_exec_data  (exec_data),
      .o_op_valid   (op_valid),
      .o_op_f3      (op_f3),
      .o_op_index   (op_index),
      .o_op_value   (op_value),
      .i_op_data    (op_data),
      .i_op_active  (op_active),
      .i_op_clear   (op_clear),
      .o_err_macro  (err_macro)
   );

   xif_result #(
      .ID_W (ID_W)
   ) result (
      .i_clk              (i_clk),
      .i_rst              (i_rst),
      .i_exec_valid       (exec_valid),
      .o_exec_ready       (exec_ready),
      .i_exec_id          (exec_id),
      .i_exec_rd          (exec_rd),
      .i_exec_we          (exec_we),
      .i_exec_data        (exec_data),
      .o_xif_result_valid (o_xif_result_valid),
      .i_xif_result_ready (i_xif_result_ready),
      .o_xif_result_id    (o_xif_result_id),
      .o_xif_result_data  (o_xif_result_data),
      .o_xif_result_rd    (o_xif_result_rd),
      .o_xif_result_we    (o_xif_result_we)
   );

   genvar k;
   generate
      for (k = 0; k < N_MACRO; k = k + 1) begin : gen_macro
         macro_shell #(
            .MACRO_KIND (MACRO_KIND),
            .IN_W       (IN_W),
            .AUX_W      (AUX_W),
            .STROBE_N   (STROBE_N),
            .OUT_N      (OUT_N),
            .ADC_BITS   (ADC_BITS),
            .CODE_W     (CODE_W),
            .STEPS      (STEPS),
            .MACRO_SHAPE(MACRO_SHAPE),
            .PROG_AW    (PROG_AW),
            .CYC_W      (CYC_W)
         ) shell (
            .i_clk             (i_clk),
            .i_rst             (i_rst),
            .i_op_valid        (op_valid[k]),
            .i_op_f3           (op_f3),
            .i_op_index        (op_index),
            .i_op_value        (op_value),
            .o_op_data         (op_data[32*k +: 32]),
            .o_op_active       (op_active[k]),
            .o_op_clear        (op_clear[k]),
            .i_err_macro       (err_macro),
            .o_prog_busy       (prog_busy[k]),
            .o_irq             (irq[k]),
            .o_macro_en        (o_macro_en[k]),
            .o_macro_in        (o_macro_in[IN_W*k +: IN_W]),
            .o_macro_aux       (o_macro_aux[AUX_W*k +: AUX_W]),
            .o_macro_strobe    (o_macro_strobe[STROBE_N*k +: STROBE_N]),
            .i_macro_code      (i_macro_code[CODE_W*k +: CODE_W]),
            .o_macro_prog_en   (o_macro_prog_en[k]),
            .o_macro_prog_we   (o_macro_prog_we[k]),
            .o_macro_prog_addr (o_macro_prog_addr[PROG_AW*k +: PROG_AW]),
            .o_macro_prog_data (o_macro_prog_data[32*k +: 32]),
            .o_macro_active    (o_macro_active[k])
         );
      end
   endgenerate

endmodule

`default_nettype wire
