// sim_profile.v : counts what each instruction of each region cost, for the file of +profile=FILE
// SPDX-License-Identifier: Apache-2.0
//
// Every clock cycle, instruction fetch and macro cycle since the last report of the retirement port
// belongs to the instruction reported next, under the innermost open region; a trap's belong to
// `t` of the region. A mark cuts between the cycle before and the cycle of its event line, so a
// region's cycles equal the difference of its marks. What the DMA moves outside belongs to the region
// that is open while it moves, to no instruction. Schema of the file: cosim/energy/README.md.
// Timing: samples at the edge, until the edge that writes the X line of sim_events; the file comes
// half a cycle before that one, so the cycles add up to mcycle. Without +profile nothing is counted.

`timescale 1ps/1ps
`default_nettype none

module sim_profile #(
   parameter CODE_WORDS = 8192,    // code that is counted word by word, from address 0
   parameter SLOTS      = 32,      // different regions, the outside included
   parameter DEPTH      = 16,      // regions open at once
   parameter EXTERNAL   = 0        // 1: there is external memory, and a line about it a region
) (
   input wire        i_clk,
   input wire        i_rst,
   // retirement
   input wire        i_retire_valid,
   input wire        i_retire_trap,
   input wire        i_retire_intr,
   input wire [31:0] i_retire_pc,
   input wire        i_retire_device,   // it read or wrote a device, not the RAM
   // buses, macros
   input wire        i_fetch,           // an instruction request is accepted
   input wire        i_fetch_wait,
   input wire        i_data_wait,
   input wire        i_macro_active,
   // external memory
   input wire        i_dma_request,
   input wire        i_dma_read,        // a word came
   input wire        i_dma_write,       // a word went
   // regions, end
   input wire        i_mark_open,
   input wire        i_mark_close,
   input wire [15:0] i_mark_id,
   input wire        i_exit_valid,
   input wire [63:0] i_cycle,
   input wire [63:0] i_instret
);

   localparam PC_W   = $clog2(CODE_WORDS);
   localparam SLOT_W = $clog2(SLOTS);
   localparam CELLS  = SLOTS * CODE_WORDS;

   reg [63:0] retired [0:CELLS-1];
   reg [63:0] cycles  [0:CELLS-1];
   reg [63:0] fetches [0:CELLS-1];
   reg [63:0] device  [0:CELLS-1];
   reg [63:0] active  [0:CELLS-1];

   // per region, without an instruction
   reg [15:0] slot_id    [0:SLOTS-1];
   reg [63:0] traps      [0:SLOTS-1];
   reg [63:0] t_cycles   [0:SLOTS-1];   // entries into traps
   reg [63:0] t_fetches  [0:SLOTS-1];
   reg [63:0] t_active   [0:SLOTS-1];
   reg [63:0] r_cycles   [0:SLOTS-1];   // cut by a mark or the end before anything retired
   reg [63:0] r_fetches  [0:SLOTS-1];
   reg [63:0] r_active   [0:SLOTS-1];
   reg [63:0] fetch_wait [0:SLOTS-1];
   reg [63:0] data_wait  [0:SLOTS-1];
   reg [63:0] requests   [0:SLOTS-1];
   reg [63:0] reads      [0:SLOTS-1];
   reg [63:0] writes     [0:SLOTS-1];
   reg [SLOT_W-1:0] open [0:DEPTH-1];   // slots below the present one

   reg [8*1024-1:0]      path;
   reg                   on, ended;
   reg [63:0]            gap, gap_fetches, gap_active, outside;
   reg [SLOT_W-1:0]      slot;
   reg [8*8-1:0]         broken;         // why the regions could not be followed
   reg [SLOT_W+PC_W-1:0] at;
   integer               file, n_slots, depth, i, k;

   initial begin
      on          = 1'b0;
      ended       = 1'b0;
      gap         = 64'd0;
      gap_fetches = 64'd0;
      gap_active  = 64'd0;
      outside     = 64'd0;
      slot        = {SLOT_W{1'b0}};
      n_slots     = 1;
      depth       = 0;
      broken      = "none";
      file        = 0;
      if ($value$plusargs("profile=%s", path)) begin
         on   = 1'b1;
         file = $fopen(path, "w");
         if (file == 0) begin
            $display("sim_profile: cannot write %0s", path);
            $finish;
         end
         for (i = 0; i < CELLS; i = i + 1) begin
            retired[i] = 64'd0;
            cycles[i]  = 64'd0;
            fetches[i] = 64'd0;
            device[i]  = 64'd0;
            active[i]  = 64'd0;
         end
         for (i = 0; i < SLOTS; i = i + 1) begin
            slot_id[i]    = 16'd0;
            traps[i]      = 64'd0;
            t_cycles[i]   = 64'd0;
            t_fetches[i]  = 64'd0;
            t_active[i]   = 64'd0;
            r_cycles[i]   = 64'd0;
            r_fetches[i]  = 64'd0;
            r_active[i]   = 64'd0;
            fetch_wait[i] = 64'd0;
            data_wait[i]  = 64'd0;
            requests[i]   = 64'd0;
            reads[i]      = 64'd0;
            writes[i]     = 64'd0;
         end
      end
   end

   // the region that a mark opens goes onto the stack, the one that it closes comes off
   task follow_mark;
      begin
         if (i_mark_open) begin
            k = 0;
            for (i = 1; i < n_slots; i = i + 1) begin
               if (slot_id[i] == i_mark_id) begin
                  k = i;
               end
            end
            if (((k == 0) && (n_slots == SLOTS)) || (depth == DEPTH)) begin
               broken = "many";
            end else begin
               if (k == 0) begin
                  k          = n_slots;
                  n_slots    = n_slots + 1;
                  slot_id[k] = i_mark_id;
               end
               open[depth] = slot;
               depth       = depth + 1;
               slot        = k[SLOT_W-1:0];
            end
         end else if ((depth == 0) || (slot_id[slot] != i_mark_id)) begin
            broken = "crossed";
         end else begin
            depth = depth - 1;
            slot  = open[depth];
         end
      end
   endtask

   task write_file;
      begin
         $fwrite(file, "cosim-profile 1\n");
         $fwrite(file, "total %0d %0d regions %0s outside %0d\n", i_cycle, i_instret, broken,
                 outside);
         for (i = 0; i < n_slots; i = i + 1) begin
            $fwrite(file, "region %0d wait %0d %0d trap %0d %0d %0d %0d rest %0d %0d %0d\n",
                    slot_id[i], fetch_wait[i], data_wait[i], traps[i], t_cycles[i], t_fetches[i],
                    t_active[i], r_cycles[i], r_fetches[i], r_active[i]);
            if (EXTERNAL != 0) begin
               $fwrite(file, "dma %0d %0d %0d\n", requests[i], reads[i], writes[i]);
            end
            for (k = 0; k < CODE_WORDS; k = k + 1) begin
               at = {i[SLOT_W-1:0], k[PC_W-1:0]};
               if ((retired[at] | cycles[at] | fetches[at] | active[at]) != 64'd0) begin
                  $fwrite(file, "%0h %0d %0d %0d %0d %0d\n", 4 * k, retired[at], cycles[at],
                          fetches[at], device[at], active[at]);
               end
            end
         end
         $fwrite(file, "end\n");
         $fclose(file);
      end
   endtask

   // all that waits goes to the instruction reported now, or to what stands for it
   task credit;
      begin
         if (!i_retire_valid || (i_retire_pc[31:PC_W+2] != 0)) begin
            outside         = outside + (i_retire_valid ? 64'd1 : 64'd0);
            r_cycles[slot]  = r_cycles[slot] + gap;
            r_fetches[slot] = r_fetches[slot] + gap_fetches;
            r_active[slot]  = r_active[slot] + gap_active;
         end else if (i_retire_trap) begin
            traps[slot]     = traps[slot] + 64'd1;
            t_cycles[slot]  = t_cycles[slot] + gap;
            t_fetches[slot] = t_fetches[slot] + gap_fetches;
            t_active[slot]  = t_active[slot] + gap_active;
         end else begin
            if (i_retire_intr) begin   // one cycle and one fetch are the handler's, the rest the entry
               traps[slot] = traps[slot] + 64'd1;
               if (gap > 64'd1) begin
                  t_cycles[slot] = t_cycles[slot] + gap - 64'd1;
                  gap            = 64'd1;
               end
               if (gap_fetches > 64'd1) begin
                  t_fetches[slot] = t_fetches[slot] + gap_fetches - 64'd1;
                  gap_fetches     = 64'd1;
               end
            end
            at          = {slot, i_retire_pc[PC_W+1:2]};
            retired[at] = retired[at] + 64'd1;
            cycles[at]  = cycles[at] + gap;
            fetches[at] = fetches[at] + gap_fetches;
            if (i_retire_device) begin
               device[at] = device[at] + 64'd1;
            end
            if (gap_active != 64'd0) begin
               active[at] = active[at] + gap_active;
            end
         end
         gap         = 64'd0;
         gap_fetches = 64'd0;
         gap_active  = 64'd0;
      end
   endtask

   task wait_one_cycle;
      begin
         gap         = gap + 64'd1;
         gap_fetches = gap_fetches + (i_fetch ? 64'd1 : 64'd0);
         gap_active  = gap_active + (i_macro_active ? 64'd1 : 64'd0);
      end
   endtask

   always @(posedge i_clk) begin
      if (on && !i_rst && !i_exit_valid) begin
         if (i_mark_open || i_mark_close) begin   // this cycle belongs to the region that comes
            credit;
            follow_mark;
            wait_one_cycle;
         end else begin
            wait_one_cycle;
            if (i_retire_valid) begin
               credit;
            end
         end
         if (i_fetch_wait) begin
            fetch_wait[slot] = fetch_wait[slot] + 64'd1;
         end
         if (i_data_wait) begin
            data_wait[slot] = data_wait[slot] + 64'd1;
         end
         if (i_dma_request) begin
            requests[slot] = requests[slot] + 64'd1;
         end
         if (i_dma_read) begin
            reads[slot] = reads[slot] + 64'd1;
         end
         if (i_dma_write) begin
            writes[slot] = writes[slot] + 64'd1;
         end
      end
   end

   // before the edge that ends the run, so that no order of blocks matters there
   always @(negedge i_clk) begin
      if (on && !i_rst && i_exit_valid && !ended) begin
         ended = 1'b1;
         credit;
         write_file;
      end
   end

endmodule

`default_nettype wire
