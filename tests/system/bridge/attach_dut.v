// attach_dut.v : pins for macros: two single ones, a bus, a ring, one unknown at first
// SPDX-License-Identifier: Apache-2.0

`timescale 1ps/1ps
`default_nettype none

module attach_dut (
   input  wire       i_a,
   input  wire       i_b,
   input  wire       i_ring,   // 1: the answer drives the pin, inverted
   input  wire [3:0] i_d,
   output wire       a,
   output wire       b,
   output wire [3:0] d,
   input  wire       i_known,
   output wire       late,     // X while i_known is 0
   input  wire       y,
   input  wire       z,
   input  wire [3:0] q
);

   assign a = i_ring ? ~y : i_a;
   assign b = i_b;
   assign d = i_d;

   assign late = i_known ? 1'b0 : 1'bx;

   wire unused = z ^ (^q);

endmodule

`default_nettype wire
