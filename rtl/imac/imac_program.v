// imac_program.v : writes program words to the macro, one after the other
// SPDX-License-Identifier: Apache-2.0
//
// Timing, with t0 the edge that ends the cycle of i_write:
//    t0                  o_macro_prog_en rises; o_macro_prog_we is high for one cycle, with address
//                        and data, which then keep their values
//    t0 + PROG_CYCLES    o_macro_prog_en falls; the next i_write may come in the cycle after it
// o_last is high in the cycle that ends at the last of these edges. The count is at least 1.

`default_nettype none

module imac_program #(
   parameter PROG_AW = 16,
   parameter CYC_W   = 16
) (
   input  wire               i_clk,
   input  wire               i_rst,
   // control
   input  wire               i_write,         // only while o_busy and o_full are 0
   input  wire [31:0]        i_data,
   input  wire [CYC_W-1:0]   i_prog_cycles,   // read at i_write
   input  wire               i_ptr_clear,
   input  wire               i_ptr_write,
   input  wire [PROG_AW-1:0] i_ptr,
   output wire [PROG_AW:0]   o_ptr,           // next address; 2^PROG_AW once none is left
   output wire               o_full,
   output wire               o_busy,
   output wire               o_last,
   // macro
   output wire               o_macro_prog_en,
   output wire               o_macro_prog_we,
   output wire [PROG_AW-1:0] o_macro_prog_addr,
   output wire [31:0]        o_macro_prog_data
);

   reg               en_q, we_q;
   reg [PROG_AW:0]   ptr_q;
   reg [PROG_AW-1:0] addr_q;
   reg [31:0]        data_q;
   reg [CYC_W-1:0]   left_q;   // busy cycles after the present one

   wire none_left = (left_q == {CYC_W{1'b0}});

   assign o_ptr             = ptr_q;
   assign o_full            = ptr_q[PROG_AW];
   assign o_busy            = en_q;
   assign o_last            = en_q && none_left;
   assign o_macro_prog_en   = en_q;
   assign o_macro_prog_we   = we_q;
   assign o_macro_prog_addr = addr_q;
   assign o_macro_prog_data = data_q;

   always @(posedge i_clk) begin
      if (i_rst) begin
         en_q   <= 1'b0;
         we_q   <= 1'b0;
         ptr_q  <= {(PROG_AW+1){1'b0}};
         addr_q <= {PROG_AW{1'b0}};
         data_q <= 32'd0;
         left_q <= {CYC_W{1'b0}};
      end else if (i_write || en_q || i_ptr_clear || i_ptr_write) begin   // else all stand still
         en_q <= i_write || (en_q && !none_left);
         we_q <= i_write;
         if (i_write) begin
            addr_q <= ptr_q[PROG_AW-1:0];
            data_q <= i_data;
            left_q <= i_prog_cycles - 1'b1;
         end else if (!none_left) begin
            left_q <= left_q - 1'b1;
         end
         if (i_ptr_clear) begin
            ptr_q <= {(PROG_AW+1){1'b0}};
         end else if (i_ptr_write) begin
            ptr_q <= {1'b0, i_ptr};
         end else if (i_write) begin
            ptr_q <= ptr_q + 1'b1;
         end
      end
   end

endmodule

`default_nettype wire
