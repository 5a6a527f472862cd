// SPDX-License-Identifier: GPL-2.0-or-later
// Runs the model of machine.v: machine SEED CYCLES [WARM READY FIFO]. After WARM cycles it makes the file
// READY and waits for somebody to open FIFO for writing. Prints the machine's checksum.
#include <cstdio>
#include <cstdlib>
#include "Vmachine.h"
#include "verilated.h"

static bool wait_for(const char *fifo, const char *ready)
{
	FILE *file = fopen(ready, "w");

	if (!file)
		return false;
	fclose(file);
	file = fopen(fifo, "r");
	if (!file)
		return false;
	fclose(file);
	return true;
}

int main(int argc, char **argv)
{
	if (argc != 3 && argc != 6) {
		fputs("usage: machine SEED CYCLES [WARM READY FIFO]\n", stderr);
		return 2;
	}
	Vmachine *machine = new Vmachine;
	long cycles = atol(argv[2]), warm = argc == 6 ? atol(argv[3]) : -1;

	machine->seed = strtoul(argv[1], nullptr, 0);
	for (long cycle = 0; cycle < cycles; cycle++) {
		if (cycle == warm && !wait_for(argv[5], argv[4])) {
			perror("machine");
			return 1;
		}
		machine->reset = cycle < 4;
		machine->clock = 0;
		machine->eval();
		machine->clock = 1;
		machine->eval();
	}
	printf("machine seed=%s cycles=%ld sum=%08x\n", argv[1], cycles, machine->sum);
	return 0;
}
