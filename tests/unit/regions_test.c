/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Marks and regions: the mailboxes of the finisher, what is counted, and guests that write
 * nonsense.
 */
#include <stdio.h>

#include "board_machine.h"
#include "emu/regions.h"

#define MAILBOX(n)   (MAP_FINISHER_BASE + FINISHER_MAILBOX + (n)*FINISHER_MAILBOX_SIZE)
#define SAMPLE_WORDS 2

static struct machine *machine;
static uint64_t counter; /* what the regions count */
static struct mark seen[8];
static unsigned marks_seen;

static void sample(void *opaque, unsigned guest, uint64_t *words)
{
	(void)opaque;
	words[0] = counter;
	words[1] = guest + counter * 10;
}

static void marked(void *opaque, const struct mark *mark)
{
	(void)opaque;
	if (marks_seen < sizeof(seen) / sizeof(seen[0]))
		seen[marks_seen] = *mark;
	marks_seen++;
}

static int make(unsigned cpus)
{
	const struct regions_config regions = {
		.sample = sample, .words = SAMPLE_WORDS, .marked = marked};
	const struct machine_config config = test_config(cpus);
	const struct board_config board = {0};
	struct error error;

	counter = marks_seen = 0;
	machine = machine_create(&config, &interpreter_engine, &error);
	if (!machine || board_create(machine, &board, &error))
		return -1;
	return regions_create(machine, &regions, &error);
}

static int setup(void **state)
{
	(void)state;
	return make(2);
}

static int teardown(void **state)
{
	(void)state;
	machine_destroy(machine);
	return 0;
}

static void put(uint64_t pa, unsigned size, uint64_t value)
{
	assert_true(phys_write(machine, machine->cpu[0], pa, size, value));
}

static void mark(unsigned box, const char *name, unsigned kind)
{
	for (size_t n = 0; name[n]; n++)
		put(MAILBOX(box) + n, 1, (uint8_t)name[n]);
	put(MAILBOX(box) + FINISHER_KIND, 4, kind);
}

/* The marks written so far take effect. */
static void end_quantum(void)
{
	assert_true(machine->marked);
	regions_take(machine);
	assert_false(machine->marked);
}

static const struct region *region(const char *name)
{
	for (size_t n = 0; regions_get(machine, n); n++)
		if (!strcmp(regions_get(machine, n)->name, name))
			return regions_get(machine, n);
	return NULL;
}

static void names_by_mailbox(void **state)
{
	(void)state;
	assert_int_equal(test_read(machine, MAP_FINISHER_BASE + FINISHER_TICKET), 0);
	assert_int_equal(test_read(machine, MAP_FINISHER_BASE + FINISHER_TICKET), 1);
	/* two programs at once; words as SplashOS writes them, and bytes */
	put(MAILBOX(0), 4, 0x6c706d63); /* cmpl */
	mark(1, "other", MARK_POINT);
	put(MAILBOX(0) + 4, 2, 0x7865); /* ex */
	put(MAILBOX(0) + FINISHER_KIND, 4, MARK_START);
	/* empty again */
	put(MAILBOX(0), 8, 0x0000006e75722d32);
	put(MAILBOX(0) + FINISHER_KIND, 4, MARK_POINT);
	end_quantum();
	assert_int_equal(marks_seen, 3);
	assert_string_equal(seen[0].name, "other");
	assert_int_equal(seen[0].kind, MARK_POINT);
	assert_string_equal(seen[1].name, "cmplex");
	assert_int_equal(seen[1].kind, MARK_START);
	assert_string_equal(seen[2].name, "2-run");
}

static void names_without_mailbox(void **state)
{
	(void)state;
	test_write(machine, MAP_FINISHER_BASE + FINISHER_MARKER, FINISHER_MARK_CONSOLE);
	test_write(machine, MAP_FINISHER_BASE + FINISHER_MARKER, FINISHER_MARK_START);
	test_write(machine, MAP_FINISHER_BASE + FINISHER_MARKER, FINISHER_MARK_END);
	test_write(machine, MAP_FINISHER_BASE + FINISHER_MARKER, UINT32_MAX);
	end_quantum();
	assert_int_equal(marks_seen, 4);
	assert_string_equal(seen[0].name, "console");
	assert_string_equal(seen[1].name, "measured");
	assert_int_equal(seen[1].kind, MARK_START);
	assert_int_equal(seen[2].kind, MARK_STOP);
	assert_string_equal(seen[3].name, "4294967295");
}

static void counts_are_sums_over_visits(void **state)
{
	const struct region *it;

	(void)state;
	for (unsigned visit = 1; visit <= 3; visit++) {
		machine->cpu[0]->cycles = visit * 1000;
		mark(0, "loop", MARK_START);
		end_quantum();
		counter += visit;
		machine->cpu[0]->cycles += visit;
		mark(0, "loop", MARK_STOP);
		end_quantum();
		counter += 100; /* outside */
	}
	it = region("loop");
	assert_non_null(it);
	assert_int_equal(it->visits, 3);
	assert_int_equal(it->cycles, 6);
	assert_int_equal(it->sum[0], 6);
	assert_int_equal(it->sum[1], 60);
	assert_int_equal(it->first, 1000);
	assert_int_equal(it->last, 3000);
	assert_false(it->open);
}

static void regions_overlap(void **state)
{
	(void)state;
	mark(0, "a", MARK_START);
	end_quantum();
	counter += 1;
	mark(0, "b", MARK_START);
	end_quantum();
	counter += 2;
	mark(0, "a", MARK_STOP);
	end_quantum();
	counter += 4;
	regions_close(machine);
	assert_int_equal(region("a")->sum[0], 3);
	assert_int_equal(region("b")->sum[0], 6);
	assert_true(region("b")->open);
}

static void unbalanced(void **state)
{
	(void)state;
	mark(0, "a", MARK_STOP);
	mark(0, "a", MARK_START);
	end_quantum();
	counter += 5;
	mark(0, "a", MARK_START);
	end_quantum();
	counter += 5;
	mark(0, "a", MARK_STOP);
	mark(0, "a", MARK_STOP);
	end_quantum();
	assert_int_equal(region("a")->visits, 1);
	assert_int_equal(region("a")->sum[0], 10);
	assert_int_equal(regions_stats(machine).unbalanced, 3);
}

static void bad_names(void **state)
{
	char longest[100];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[99] = '\0';
	mark(0, "\xff\x01 \"a", MARK_POINT);
	mark(3, "", MARK_POINT);
	put(MAILBOX(15), 1, 'x');
	mark(15, longest, MARK_POINT); /* runs over the mailbox, and its kind */
	end_quantum();
	assert_string_equal(seen[0].name, "???\"a");
	assert_string_equal(seen[1].name, "?");
	assert_true(marks_seen >= 3);
	for (unsigned n = 2; n < marks_seen && n < 8; n++)
		assert_true(strlen(seen[n].name) <= FINISHER_NAME_SIZE - 1);
	for (unsigned kind = 0; kind < 300; kind++)
		if (kind < MARK_START || kind > MARK_POINT)
			mark(2, "nothing", kind);
	assert_false(machine->marked);
	for (uint64_t offset = 0; offset < MAP_FINISHER_SIZE - FINISHER_MAILBOX; offset += 8)
		if (offset % FINISHER_MAILBOX_SIZE != FINISHER_KIND)
			put(MAILBOX(0) + offset, 8, ~UINT64_C(0));
	assert_false(machine->marked);
}

static void too_many(void **state)
{
	struct regions_stats stats;
	size_t regions = 0;
	char name[16];

	(void)state;
	for (unsigned n = 0; n < 5000; n++) {
		snprintf(name, sizeof(name), "region-%u", n);
		mark(n % 16, name, n % 2 ? MARK_START : MARK_POINT);
		if (n % 10 == 9)
			end_quantum();
	}
	while (regions_get(machine, regions))
		regions++;
	stats = regions_stats(machine);
	assert_int_equal(regions, REGIONS_MAX);
	assert_int_equal(stats.marks, 5000);
	assert_int_equal(stats.dropped, 5000 - REGIONS_MAX);
	/* another guest has room of its own */
	regions_mark(machine, 1, 7, MARK_START, "mine");
	end_quantum();
	assert_non_null(region("mine"));
	assert_int_equal(region("mine")->guest, 7);
	/* a thousand in one quantum */
	for (unsigned n = 0; n < 1000; n++)
		regions_mark(machine, 1, 7, MARK_POINT, "again");
	regions_mark(machine, 0, 7, MARK_POINT, "again"); /* on another CPU */
	end_quantum();
	assert_int_equal(region("again")->visits, REGIONS_MARKS + 1);
	assert_int_equal(regions_stats(machine).dropped, stats.dropped + 1000 - REGIONS_MARKS);
	regions_mark(machine, 0, REGIONS_GUESTS, MARK_POINT, "nobody");
	assert_false(machine->marked);
}

/* A CPU alone: the mark takes effect with its instruction, also when the run ends in that quantum.
 */
static void at_once_on_one_cpu(void **state)
{
	/* lui t0, 0xbf00; li t1, 2; sw t1, 4(t0); li t1, 3; nop; sw t1, 4(t0);
	 * lui t1, 7; ori t1, t1, 0x3333; sw t1, 0(t0) */
	static const uint32_t program[] = {0x3c08bf00, 0x24090002, 0xad090004, 0x24090003, 0,
					   0xad090004, 0x3c090007, 0x35293333, 0xad090000};

	(void)state;
	assert_int_equal(make(1), 0);
	test_program(machine, 0, program, sizeof(program), 0);
	assert_int_equal(machine_run(machine), STOP_FINISHER);
	assert_int_equal(region("measured")->visits, 1);
	assert_int_equal(region("measured")->cycles, 3);
	assert_false(region("measured")->open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_by_mailbox, setup, teardown),
		cmocka_unit_test_setup_teardown(names_without_mailbox, setup, teardown),
		cmocka_unit_test_setup_teardown(counts_are_sums_over_visits, setup, teardown),
		cmocka_unit_test_setup_teardown(regions_overlap, setup, teardown),
		cmocka_unit_test_setup_teardown(unbalanced, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_names, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many, setup, teardown),
		cmocka_unit_test_teardown(at_once_on_one_cpu, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
