// soc_bus.v : sends each CPU access to the RAM or to a device, and refuses the rest
// SPDX-License-Identifier: Apache-2.0
//
// Timing: ready at once, but for the RAM's data port when i_ram_ready is low. A load in cycle n is answered in n+1 (RAM) or with the device's value of
// cycle n, kept one cycle. o_dev_wr is high in the cycle of the store. Refused (fault): addresses
// where nothing lives, device loads and stores of less than a word (the console takes bytes), loads
// of write-only devices. A device answers with i_dev_rdata in the same cycle.

`default_nettype none
`include "regmap.vh"

module soc_bus #(
   parameter RAM_WORDS = 262144,
   parameter EXT_WORDS = 0         // 0: there is no DMA
) (
   input  wire        i_clk,
   input  wire        i_rst,
   // CPU, instructions
   input  wire        i_imem_valid,
   output wire        o_imem_ready,
   input  wire [31:0] i_imem_addr,
   output wire        o_imem_fault,
   output wire        o_imem_rvalid,
   // CPU, data
   input  wire        i_dmem_valid,
   output wire        o_dmem_ready,
   input  wire        i_dmem_we,
   input  wire [31:0] i_dmem_addr,
   input  wire [3:0]  i_dmem_be,
   output wire        o_dmem_fault,
   output wire        o_dmem_rvalid,
   output wire [31:0] o_dmem_rdata,
   // RAM
   output wire        o_ram_instr_valid,
   output wire        o_ram_data_valid,
   input  wire        i_ram_ready,
   input  wire [31:0] i_ram_data_rdata,
   // devices
   output wire        o_console_wr,
   output wire        o_exit_wr,
   output wire        o_timer_wr,
   output wire        o_mark_wr,
   output wire        o_dma_wr,
   input  wire [31:0] i_timer_rdata,
   input  wire [31:0] i_dma_rdata
);

   localparam [31:0] RAM_BYTES = 4 * RAM_WORDS;
   localparam [31:0] DMA_LAST  = `DMA_WORDS;    // its registers lie between the base and this one

   reg        instr_rvalid_q;
   reg        load_rvalid_q;
   reg        from_device_q;
   reg [31:0] device_rdata_q;

   // instructions: only the RAM holds any
   wire imem_ram = (i_imem_addr < RAM_BYTES);
   assign o_imem_ready      = 1'b1;
   assign o_imem_fault      = !imem_ram;
   assign o_imem_rvalid     = instr_rvalid_q;
   assign o_ram_instr_valid = i_imem_valid && imem_ram;

   // data
   wire word    = (i_dmem_be == 4'b1111);
   wire ram     = (i_dmem_addr < RAM_BYTES);
   wire console = (i_dmem_addr == `CONSOLE_DATA) && i_dmem_we;
   wire exit    = (i_dmem_addr == `SIM_EXIT_CODE) && i_dmem_we && word;
   wire timer   = ({i_dmem_addr[31:4], 4'd0} == `TIMER_BASE) && word;
   wire mark    = ({i_dmem_addr[31:3], 3'd0} == `SIM_MARK_BASE) && i_dmem_we && word;
   wire dma     = (EXT_WORDS != 0) && ({i_dmem_addr[31:6], 6'd0} == `DMA_BASE)
                  && (i_dmem_addr[5:0] <= DMA_LAST[5:0]) && word
                  && !(i_dmem_we && (i_dmem_addr == `DMA_STATUS || i_dmem_addr == `DMA_WORDS));

   assign o_dmem_ready     = !ram || i_ram_ready;
   assign o_dmem_fault     = !(ram || console || exit || timer || mark || dma);
   assign o_dmem_rvalid    = load_rvalid_q;
   assign o_dmem_rdata     = from_device_q ? device_rdata_q : i_ram_data_rdata;
   assign o_ram_data_valid = i_dmem_valid && ram;

   wire store = i_dmem_valid && i_dmem_we;
   assign o_console_wr = store && console;
   assign o_exit_wr    = store && exit;
   assign o_timer_wr   = store && timer;
   assign o_mark_wr    = store && mark;
   assign o_dma_wr     = store && dma;

   always @(posedge i_clk) begin
      if (i_rst) begin
         instr_rvalid_q <= 1'b0;
         load_rvalid_q  <= 1'b0;
      end else begin
         instr_rvalid_q <= i_imem_valid;
         load_rvalid_q  <= i_dmem_valid && o_dmem_ready && !i_dmem_we && !o_dmem_fault;
      end
   end

   always @(posedge i_clk) begin
      if (i_dmem_valid && !i_dmem_we) begin
         from_device_q <= !ram;
         if (!ram) begin
            device_rdata_q <= timer ? i_timer_rdata : i_dma_rdata;
         end
      end
   end

endmodule

`default_nettype wire
