/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the first sectors of disk 0 in pieces of growing length, flushes, and reads them back in
 * pieces of another length. What is on the disk afterwards: sector s is 64 times random_at(s).
 */
#include "splash.h"

PROGRAM_NAME;
struct option program_options[] = {
	{"sectors", 256, 1, 1ul << 22},
	{"read", 0, 0, 1}, /* 1: only read and check what an earlier run wrote */
	{NULL, 0, 0, 0},
};

#define WORDS (DISK_SECTOR / 8)
#define PIECE 64 /* sectors */

static uint64_t *buffer;

static void write_all(unsigned long sectors)
{
	unsigned piece = 1;

	for (unsigned long at = 0; at < sectors; at += piece, piece = piece % PIECE + 1) {
		if (piece > sectors - at)
			piece = (unsigned)(sectors - at);
		for (unsigned long i = 0; i < piece * WORDS; i++)
			buffer[i] = random_at(at + i / WORDS);
		if (!disk_write(0, at, buffer, piece))
			fail("writing %u sectors at %lu: I/O error", piece, at);
	}
	if (!disk_flush(0))
		fail("flush: I/O error");
}

static bool read_all(unsigned long sectors, uint64_t *checksum)
{
	bool good = true;

	for (unsigned long at = 0; at < sectors; at += PIECE) {
		unsigned piece = sectors - at < PIECE ? (unsigned)(sectors - at) : PIECE;

		if (!disk_read(0, at, buffer, piece))
			fail("reading %u sectors at %lu: I/O error", piece, at);
		for (unsigned long i = 0; i < piece * WORDS; i++) {
			good &= buffer[i] == random_at(at + i / WORDS);
			*checksum = checksum_add(*checksum, buffer[i]);
		}
	}
	return good;
}

int main(void)
{
	unsigned long sectors = option("sectors");
	uint64_t checksum = 0;
	bool good;

	if (!disks())
		fail("the machine has no disk");
	if (sectors > disk_sectors(0))
		fail("sectors=%lu: disk 0 has %lu", sectors, (unsigned long)disk_sectors(0));
	buffer = allocate(PIECE * DISK_SECTOR);
	measure_start();
	if (!option("read"))
		write_all(sectors);
	good = read_all(sectors, &checksum);
	measure_end();
	if (disk_read(0, disk_sectors(0), buffer, 1))
		fail("reading behind the end of the disk went well");
	return report(checksum, good, "sectors=%lu of %lu", sectors,
		      (unsigned long)disk_sectors(0));
}
