// SPDX-License-Identifier: GPL-2.0-or-later
// A parallel machine: PicoRV32 processors, each with a memory of its own, in a ring of mailboxes. They
// run a program that mixes its neighbour's words with its data and passes them on.
`timescale 1ns/1ps
module processor (input wire clock, input wire reset, input wire [31:0] number,
		  input wire [31:0] from, output reg [31:0] to);
	reg [31:0] memory [0:511];
	wire valid, trap;
	wire [31:0] address, store;
	wire [3:0] strobe;
	reg ready;
	reg [31:0] load;
	integer i;
	initial begin
		for (i = 0; i < 512; i = i + 1) memory[i] = 0;
		//             address: instruction
		memory[0] = 32'h100002b7;  // 00: lui t0, 0x10000
		memory[1] = 32'h0002a403;  // lw s0, 0(t0)            own number
		memory[2] = 32'h3fc00593;  // li a1, 0x3fc
		memory[3] = 32'h40000513;  // li a0, 0x400            the data
		memory[4] = 32'h00040493;  // mv s1, s0
		memory[5] = 32'h9e378637;  // lui a2, 0x9e378
		memory[6] = 32'h9b160613;  // addi a2, a2, -1615
		memory[7] = 32'h00b4f933; // 1c: and s2, s1, a1      for ever: a word of data,
		memory[8] = 32'h01250333; // add t1, a0, s2
		memory[9] = 32'h00032383; // lw t2, 0(t1)
		memory[10] = 32'h0042ae03; // lw t3, 4(t0)            the neighbour's word,
		memory[11] = 32'h01c3c3b3; // xor t2, t2, t3
		memory[12] = 32'h00d39e93; // slli t4, t2, 13
		memory[13] = 32'h0113df13; // srli t5, t2, 17
		memory[14] = 32'h01eee3b3; // or t2, t4, t5
		memory[15] = 32'h007484b3; // add s1, s1, t2          mixed,
		memory[16] = 32'h00932023; // sw s1, 0(t1)            stored,
		memory[17] = 32'h02c48fb3; // mul t6, s1, a2
		memory[18] = 32'h01f2a223; // sw t6, 4(t0)            and passed on
		memory[19] = 32'hfc9fe8e3; // bltu t6, s1, 1c
		memory[20] = 32'h00748493; // addi s1, s1, 7
		memory[21] = 32'hfc9ff06f; // j 1c
	end
	picorv32 #(.ENABLE_FAST_MUL(1), .ENABLE_DIV(1), .BARREL_SHIFTER(1), .ENABLE_IRQ(1)) core (
		.clk(clock), .resetn(!reset), .trap(trap), .mem_valid(valid), .mem_ready(ready),
		.mem_addr(address), .mem_wdata(store), .mem_wstrb(strobe), .mem_rdata(load),
		.pcpi_wr(1'b0), .pcpi_rd(32'b0), .pcpi_wait(1'b0), .pcpi_ready(1'b0), .irq(32'b0));
	always @(posedge clock) begin
		ready <= valid && !ready;
		if (reset)
			to <= number;
		else if (valid && !ready) begin
			load <= address[28] ? (address[2] ? from : number) : memory[address[10:2]];
			if (address[28]) begin
				if (strobe[0]) to <= store;
			end else begin
				if (strobe[0]) memory[address[10:2]][7:0] <= store[7:0];
				if (strobe[1]) memory[address[10:2]][15:8] <= store[15:8];
				if (strobe[2]) memory[address[10:2]][23:16] <= store[23:16];
				if (strobe[3]) memory[address[10:2]][31:24] <= store[31:24];
			end
		end
	end
endmodule

module machine #(parameter PROCESSORS = 16) (
	input wire clock, input wire reset, input wire [31:0] seed, output reg [31:0] sum);
	genvar n;
	generate
		for (n = 0; n < PROCESSORS; n = n + 1) begin : at
			wire [31:0] from, to, all;
			processor one(.clock(clock), .reset(reset), .number(seed + n * 32'h85ebca6b), .from(from), .to(to));
			assign from = at[n == 0 ? PROCESSORS - 1 : n - 1].to;
			if (n == 0)
				assign all = to;
			else
				assign all = to ^ {at[n - 1].all[30:0], at[n - 1].all[31]};
		end
	endgenerate
	always @(posedge clock)
		sum <= reset ? 0 : {sum[30:0], sum[31]} ^ at[PROCESSORS - 1].all;
endmodule
