// SPDX-License-Identifier: GPL-2.0-or-later
// A ring of small processors with memories of their own that pass words on: what a simulation of a
// parallel machine looks like. Every clock, each node mixes the word from its neighbour with one of
// its memory, stores it, and sends it on. Prints a checksum of all memories.
`timescale 1ns/1ns
module node #(parameter ID = 0, parameter WORDS = 256) (
	input wire clock, input wire reset, input wire [31:0] from, output reg [31:0] to);
	reg [31:0] memory [0:WORDS - 1];
	reg [15:0] at;
	integer i;
	// one read port: an event expression over the whole memory would be slow to set up
	wire [31:0] word = memory[at % WORDS];
	wire [31:0] with_word = from ^ word;
	wire [31:0] mixed = {with_word[18:0], with_word[31:19]} + (with_word ^ (with_word >> 15));
	initial for (i = 0; i < WORDS; i = i + 1) memory[i] = ID * 32'h9e3779b9 + i * 32'h85ebca6b;
	always @(posedge clock)
		if (reset) begin
			to <= ID;
			at <= ID;
		end else begin
			memory[at % WORDS] <= mixed;
			to <= mixed + {word[7:0], word[31:8]};
			at <= at + mixed[4:0] + 1;
		end
endmodule

module ring;
	parameter NODES = 64;
	parameter CYCLES = 100;
	reg clock = 0, reset = 1;
	wire [31:0] link [0:NODES];
	reg [31:0] sum = 0;
	integer cycle, seed = 0;
	assign link[0] = link[NODES] + seed;
	genvar n;
	generate
		for (n = 0; n < NODES; n = n + 1) begin : nodes
			node #(.ID(n)) one(.clock(clock), .reset(reset), .from(link[n]), .to(link[n + 1]));
		end
	endgenerate
	initial begin
		if (!$value$plusargs("seed=%d", seed)) seed = 1;
		for (cycle = 0; cycle < CYCLES; cycle = cycle + 1) begin
			#5 clock = 1;
			#5 clock = 0;
			reset = 0;
			sum = {sum[30:0], sum[31]} ^ link[NODES];
		end
		$display("ring seed=%0d sum=%h", seed, sum);
		$finish;
	end
endmodule
