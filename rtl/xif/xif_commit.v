// xif_commit.v : holds accepted instructions until the CPU commits or kills them
// SPDX-License-Identifier: Apache-2.0
//
// Commit channel, CPU to co-processor, no ready (always taken):
//    xif_commit_valid  one cycle: the verdict on an instruction, at or after its offer
//    xif_commit_id     the instruction meant, whether or not it is held here
//    xif_commit_kill   0: it and everything older is committed; 1: it and everything newer is killed
// Older and newer compare ids modulo 2^ID_W within half the range. The first verdict holds. A
// verdict may come while the instruction is still offered on the issue channel; it is kept for
// that offer and forgotten when the offer is taken back.
//
// Timing: two entries, in order. The head is shown one cycle after both its acceptance and its
// commit; it leaves at the edge that ends a cycle with o_head_valid and i_head_take. A killed entry
// is never shown.

`default_nettype none

module xif_commit #(
   parameter ID_W = 4
) (
   input  wire            i_clk,
   input  wire            i_rst,
   // CPU
   input  wire            i_xif_issue_valid,
   input  wire            i_xif_issue_ready,   // the answer xif_issue gives in this cycle
   input  wire [ID_W-1:0] i_xif_issue_id,
   input  wire            i_xif_commit_valid,
   input  wire [ID_W-1:0] i_xif_commit_id,
   input  wire            i_xif_commit_kill,
   // accepted instructions from xif_issue
   output wire            o_queue_full,
   output wire            o_queue_empty,
   input  wire            i_queue_push,
   input  wire [ID_W-1:0] i_queue_id,
   input  wire [2:0]      i_queue_f3,
   input  wire [4:0]      i_queue_rd,
   input  wire            i_queue_we,
   input  wire [31:0]     i_queue_rs1,
   input  wire [31:0]     i_queue_rs2,
   // oldest committed instruction to the dispatcher
   output wire            o_head_valid,
   input  wire            i_head_take,
   output wire [ID_W-1:0] o_head_id,
   output wire [2:0]      o_head_f3,
   output wire [4:0]      o_head_rd,
   output wire            o_head_we,
   output wire [31:0]     o_head_rs1,
   output wire [31:0]     o_head_rs2
);

   localparam ENTRY_W = ID_W + 3 + 5 + 1 + 32 + 32;

   reg               valid0_q, valid1_q;   // entry 0 is the older one
   reg               commit0_q, commit1_q;
   reg [ENTRY_W-1:0] entry0_q, entry1_q;

   wire [ID_W-1:0] id0 = entry0_q[ENTRY_W-1 -: ID_W];
   wire [ID_W-1:0] id1 = entry1_q[ENTRY_W-1 -: ID_W];

   // distances to the id of the verdict; the top bit clear means "at or after"
   wire [ID_W-1:0] kill0_dist   = id0 - i_xif_commit_id;
   wire [ID_W-1:0] kill1_dist   = id1 - i_xif_commit_id;
   wire [ID_W-1:0] offer_dist   = i_xif_issue_id - i_xif_commit_id;
   wire [ID_W-1:0] commit0_dist = i_xif_commit_id - id0;
   wire [ID_W-1:0] commit1_dist = i_xif_commit_id - id1;

   wire verdict_kill   = i_xif_commit_valid && i_xif_commit_kill;
   wire verdict_commit = i_xif_commit_valid && !i_xif_commit_kill;

   wire kill0   = verdict_kill && !commit0_q && !kill0_dist[ID_W-1];
   wire kill1   = verdict_kill && !commit1_q && !kill1_dist[ID_W-1];
   wire commit0 = commit0_q || (verdict_commit && !commit0_dist[ID_W-1]);
   wire commit1 = commit1_q || (verdict_commit && !commit1_dist[ID_W-1]);

   // a verdict that arrived earlier in this offer, then one that arrives now
   reg            early_commit_q, early_kill_q;
   reg [ID_W-1:0] early_id_q;
   wire early_hit    = i_xif_issue_valid && (early_id_q == i_xif_issue_id);
   wire early_commit = early_hit && early_commit_q;
   wire early_kill   = early_hit && early_kill_q;
   wire offer_commit = early_commit
                       || (!early_kill && verdict_commit && (offer_dist == {ID_W{1'b0}}));
   wire offer_kill   = early_kill || (!early_commit && verdict_kill && !offer_dist[ID_W-1]);

   wire               head_take = o_head_valid && i_head_take;
   wire               stay0     = valid0_q && !kill0 && !head_take;
   wire               stay1     = valid1_q && !kill1;
   wire               enter     = i_queue_push && !offer_kill;
   wire [ENTRY_W-1:0] entering  = {i_queue_id, i_queue_f3, i_queue_rd, i_queue_we,
                                   i_queue_rs1, i_queue_rs2};

   assign o_queue_full  = valid0_q && valid1_q;
   assign o_queue_empty = !valid0_q && !valid1_q;
   assign o_head_valid  = valid0_q && commit0_q;
   assign {o_head_id, o_head_f3, o_head_rd, o_head_we, o_head_rs1, o_head_rs2} = entry0_q;

   // an empty queue into which nothing comes stands still
   wire awake = valid0_q || i_queue_push;

   always @(posedge i_clk) begin
      if (i_rst) begin
         valid0_q <= 1'b0;
         valid1_q <= 1'b0;
      end else if (awake) begin
         valid0_q <= stay0 || stay1 || enter;
         valid1_q <= (stay0 && stay1) || ((stay0 || stay1) && enter);
      end
   end

   always @(posedge i_clk) begin
      if (awake) begin
         if (stay0) begin
            commit0_q <= commit0;
         end else if (stay1) begin
            commit0_q <= commit1;
            entry0_q  <= entry1_q;
         end else if (enter) begin
            commit0_q <= offer_commit;
            entry0_q  <= entering;
         end
         if (stay0 && stay1) begin
            commit1_q <= commit1;
         end else if ((stay0 || stay1) && enter) begin
            commit1_q <= offer_commit;
            entry1_q  <= entering;
         end
      end
   end

   // an offer still open after this cycle keeps its verdict; an answer or a lapse ends it
   wire offer_open = i_xif_issue_valid && !i_xif_issue_ready;
   always @(posedge i_clk) begin
      if (i_rst) begin
         early_commit_q <= 1'b0;
         early_kill_q   <= 1'b0;
         early_id_q     <= {ID_W{1'b0}};
      end else if (early_commit_q || early_kill_q || (offer_open && i_xif_commit_valid)) begin
         early_commit_q <= offer_open && offer_commit;
         early_kill_q   <= offer_open && offer_kill;
         early_id_q     <= i_xif_issue_id;
      end
   end

endmodule

`default_nettype wire
