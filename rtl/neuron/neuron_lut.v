// neuron_lut.v : digital sigmoid neuron, every value of the curve in a table
// SPDX-License-Identifier: Apache-2.0
//
// Input: signed, 1/16 a step. Output: 255/(1 + exp(-x)), rounded; one cycle after its input.

`default_nettype none

module neuron_lut (
   input  wire       i_clk,
   input  wire [7:0] i_code,
   output wire [7:0] o_code
);

   reg [7:0] code_q;
   reg [7:0] code_d;

   assign o_code = code_q;

   always @* begin
      case (i_code)
         8'd128, 8'd129, 8'd130, 8'd131, 8'd132, 8'd133, 8'd134, 8'd135: code_d = 8'd0;
         8'd136, 8'd137, 8'd138, 8'd139, 8'd140, 8'd141, 8'd142, 8'd143: code_d = 8'd0;
         8'd144, 8'd145, 8'd146, 8'd147, 8'd148, 8'd149, 8'd150, 8'd151: code_d = 8'd0;
         8'd152, 8'd153, 8'd154, 8'd155, 8'd156: code_d = 8'd0;
         8'd157, 8'd158, 8'd159, 8'd160, 8'd161, 8'd162, 8'd163, 8'd164: code_d = 8'd1;
         8'd165, 8'd166, 8'd167, 8'd168, 8'd169, 8'd170, 8'd171, 8'd172: code_d = 8'd1;
         8'd173: code_d = 8'd1;
         8'd174, 8'd175, 8'd176, 8'd177, 8'd178, 8'd179, 8'd180, 8'd181: code_d = 8'd2;
         8'd182: code_d = 8'd2;
         8'd183, 8'd184, 8'd185, 8'd186, 8'd187: code_d = 8'd3;
         8'd188, 8'd189, 8'd190, 8'd191: code_d = 8'd4;
         8'd192, 8'd193, 8'd194: code_d = 8'd5;
         8'd195, 8'd196, 8'd197: code_d = 8'd6;
         8'd198, 8'd199, 8'd200: code_d = 8'd7;
         8'd201, 8'd202: code_d = 8'd8;
         8'd203: code_d = 8'd9;
         8'd204, 8'd205: code_d = 8'd10;
         8'd206, 8'd207: code_d = 8'd11;
         8'd208: code_d = 8'd12;
         8'd209: code_d = 8'd13;
         8'd210, 8'd211: code_d = 8'd14;
         8'd212: code_d = 8'd15;
         8'd213: code_d = 8'd16;
         8'd214: code_d = 8'd17;
         8'd215: code_d = 8'd18;
         8'd216: code_d = 8'd19;
         8'd217: code_d = 8'd20;
         8'd218: code_d = 8'd22;
         8'd219: code_d = 8'd23;
         8'd220: code_d = 8'd24;
         8'd221: code_d = 8'd26;
         8'd222: code_d = 8'd27;
         8'd223: code_d = 8'd29;
         8'd224: code_d = 8'd30;
         8'd225: code_d = 8'd32;
         8'd226: code_d = 8'd34;
         8'd227: code_d = 8'd36;
         8'd228: code_d = 8'd38;
         8'd229: code_d = 8'd40;
         8'd230: code_d = 8'd42;
         8'd231: code_d = 8'd44;
         8'd232: code_d = 8'd47;
         8'd233: code_d = 8'd49;
         8'd234: code_d = 8'd51;
         8'd235: code_d = 8'd54;
         8'd236: code_d = 8'd57;
         8'd237: code_d = 8'd60;
         8'd238: code_d = 8'd62;
         8'd239: code_d = 8'd65;
         8'd240: code_d = 8'd69;
         8'd241: code_d = 8'd72;
         8'd242: code_d = 8'd75;
         8'd243: code_d = 8'd78;
         8'd244: code_d = 8'd82;
         8'd245: code_d = 8'd85;
         8'd246: code_d = 8'd89;
         8'd247: code_d = 8'd93;
         8'd248: code_d = 8'd96;
         8'd249: code_d = 8'd100;
         8'd250: code_d = 8'd104;
         8'd251: code_d = 8'd108;
         8'd252: code_d = 8'd112;
         8'd253: code_d = 8'd116;
         8'd254: code_d = 8'd120;
         8'd255: code_d = 8'd124;
         8'd0: code_d = 8'd128;
         8'd1: code_d = 8'd131;
         8'd2: code_d = 8'd135;
         8'd3: code_d = 8'd139;
         8'd4: code_d = 8'd143;
         8'd5: code_d = 8'd147;
         8'd6: code_d = 8'd151;
         8'd7: code_d = 8'd155;
         8'd8: code_d = 8'd159;
         8'd9: code_d = 8'd162;
         8'd10: code_d = 8'd166;
         8'd11: code_d = 8'd170;
         8'd12: code_d = 8'd173;
         8'd13: code_d = 8'd177;
         8'd14: code_d = 8'd180;
         8'd15: code_d = 8'd183;
         8'd16: code_d = 8'd186;
         8'd17: code_d = 8'd190;
         8'd18: code_d = 8'd193;
         8'd19: code_d = 8'd195;
         8'd20: code_d = 8'd198;
         8'd21: code_d = 8'd201;
         8'd22: code_d = 8'd204;
         8'd23: code_d = 8'd206;
         8'd24: code_d = 8'd208;
         8'd25: code_d = 8'd211;
         8'd26: code_d = 8'd213;
         8'd27: code_d = 8'd215;
         8'd28: code_d = 8'd217;
         8'd29: code_d = 8'd219;
         8'd30: code_d = 8'd221;
         8'd31: code_d = 8'd223;
         8'd32: code_d = 8'd225;
         8'd33: code_d = 8'd226;
         8'd34: code_d = 8'd228;
         8'd35: code_d = 8'd229;
         8'd36: code_d = 8'd231;
         8'd37: code_d = 8'd232;
         8'd38: code_d = 8'd233;
         8'd39: code_d = 8'd235;
         8'd40: code_d = 8'd236;
         8'd41: code_d = 8'd237;
         8'd42: code_d = 8'd238;
         8'd43: code_d = 8'd239;
         8'd44: code_d = 8'd240;
         8'd45, 8'd46: code_d = 8'd241;
         8'd47: code_d = 8'd242;
         8'd48: code_d = 8'd243;
         8'd49, 8'd50: code_d = 8'd244;
         8'd51, 8'd52: code_d = 8'd245;
         8'd53: code_d = 8'd246;
         8'd54, 8'd55: code_d = 8'd247;
         8'd56, 8'd57, 8'd58: code_d = 8'd248;
         8'd59, 8'd60, 8'd61: code_d = 8'd249;
         8'd62, 8'd63, 8'd64: code_d = 8'd250;
         8'd65, 8'd66, 8'd67, 8'd68: code_d = 8'd251;
         8'd69, 8'd70, 8'd71, 8'd72, 8'd73: code_d = 8'd252;
         8'd74, 8'd75, 8'd76, 8'd77, 8'd78, 8'd79, 8'd80, 8'd81: code_d = 8'd253;
         8'd82: code_d = 8'd253;
         8'd83, 8'd84, 8'd85, 8'd86, 8'd87, 8'd88, 8'd89, 8'd90: code_d = 8'd254;
         8'd91, 8'd92, 8'd93, 8'd94, 8'd95, 8'd96, 8'd97, 8'd98: code_d = 8'd254;
         8'd99: code_d = 8'd254;
         default: code_d = 8'd255;
      endcase
   end

   always @(posedge i_clk) code_q <= code_d;

endmodule

`default_nettype wire
