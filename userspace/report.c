// SPDX-License-Identifier: GPL-2.0-or-later
/* The report at the end of a run, as text. */
#include <string.h>

#include "boot.h"
#include "disco.h"
#include "report_threads.h"

static const char *const exception_names[EXC_CODES] = {
	[EXC_INT] = "Int",	 [EXC_MOD] = "Mod",   [EXC_TLBL] = "TLBL", [EXC_TLBS] = "TLBS",
	[EXC_ADEL] = "AdEL",	 [EXC_ADES] = "AdES", [EXC_IBE] = "IBE",   [EXC_DBE] = "DBE",
	[EXC_SYS] = "Sys",	 [EXC_BP] = "Bp",     [EXC_RI] = "RI",	   [EXC_CPU] = "CpU",
	[EXC_OV] = "Ov",	 [EXC_TR] = "Tr",     [EXC_FPE] = "FPE",   [EXC_WATCH] = "WATCH",
	[EXC_MCHECK] = "MCheck",
};

static const char *const stop_names[] = {
	[STOP_NONE] = "none",	[STOP_FINISHER] = "finisher", [STOP_HALTED] = "halted",
	[STOP_RESET] = "reset", [STOP_HOST] = "interrupted",  [STOP_WILD] = "wild",
	[STOP_LIMIT] = "limit",
};

const char *report_exception_name(unsigned code)
{
	return code < EXC_CODES ? exception_names[code] : NULL;
}

const char *report_stop_name(enum stop_reason reason)
{
	return stop_names[reason];
}

static void add_stats(struct cpu_stats *sum, const struct cpu_stats *stats)
{
	for (unsigned mode = 0; mode < MODES; mode++)
		sum->instructions[mode] += stats->instructions[mode];
	for (unsigned code = 0; code < EXC_CODES; code++)
		sum->exceptions[code] += stats->exceptions[code];
	sum->cycles_idle += stats->cycles_idle;
	sum->tlb_refills += stats->tlb_refills;
	sum->tlb_invalids += stats->tlb_invalids;
	sum->tlb_writes += stats->tlb_writes;
	sum->device_accesses += stats->device_accesses;
	sum->sc_failures += stats->sc_failures;
}

struct cpu_stats report_sum(const struct machine *machine, uint64_t *instructions)
{
	struct cpu_stats sum = {.cycles_idle = 0};

	*instructions = 0;
	for (unsigned i = 0; i < machine->config.cpus; i++) {
		cpu_account_mode(machine->cpu[i]);
		add_stats(&sum, &machine->cpu[i]->stats);
		*instructions += machine->cpu[i]->instructions;
	}
	return sum;
}

static void add_memory(struct ccnuma_stats *sum, const struct machine *machine, unsigned cpu)
{
	const struct ccnuma_stats stats = machine_memory_stats(machine, cpu);
	const uint64_t *from = (const uint64_t *)&stats;
	uint64_t *to = (uint64_t *)sum;

	for (size_t n = 0; n < sizeof(*sum) / sizeof(*to); n++)
		to[n] += from[n];
}

void report_memory_sum(const struct machine *machine, struct ccnuma_stats *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (unsigned i = 0; i < machine->config.cpus; i++)
		add_memory(sum, machine, i);
}

void report_node_memory(const struct machine *machine, unsigned node, struct ccnuma_stats *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (unsigned i = 0; i < machine->config.cpus; i++)
		if (machine->cpu[i]->node == node)
			add_memory(sum, machine, i);
}

const char *const report_level_names[LEVELS] = {
	[LEVEL_L1] = "l1",
	[LEVEL_L2] = "l2",
	[LEVEL_LOCAL] = "local",
	[LEVEL_REMOTE_CLEAN] = "remote_clean",
	[LEVEL_REMOTE_DIRTY] = "remote_dirty",
	[LEVEL_UPGRADE] = "upgrade",
};

const char *const report_cause_names[CAUSES] = {
	[CAUSE_COLD] = "cold",
	[CAUSE_CAPACITY] = "capacity",
	[CAUSE_TRUE_SHARING] = "true_sharing",
	[CAUSE_FALSE_SHARING] = "false_sharing",
	[CAUSE_UPGRADE] = "upgrade",
};

/* What share of its busy time the machine waited for each level, and where misses went. */
static void report_memory(const struct machine *machine, uint64_t instructions, FILE *out)
{
	struct ccnuma_stats sum;
	double busy, misses;

	report_memory_sum(machine, &sum);
	busy = (double)(instructions + sum.uncached_cycles);
	for (unsigned level = 0; level < LEVELS; level++)
		busy += (double)sum.stall_cycles[level];
	misses = (double)(sum.local_misses + sum.remote_misses);
	fprintf(out, "  memory stall   ");
	for (unsigned level = LEVEL_L2; level < LEVELS; level++)
		fprintf(out, " %s %.1f%%", report_level_names[level],
			busy > 0 ? 100 * (double)sum.stall_cycles[level] / busy : 0);
	fprintf(out, " of busy time\n  L2 misses       %.0f, %.1f%% of them local (", misses,
		misses > 0 ? 100 * (double)sum.local_misses / misses : 0);
	for (unsigned cause = 0; cause < CAUSES; cause++)
		fprintf(out, "%s%s %llu", cause ? ", " : "", report_cause_names[cause],
			(unsigned long long)sum.cause[cause]);
	fprintf(out, ")\n");
}

static void report_end(const struct boot_result *result, FILE *out)
{
	const struct machine *machine = result->machine;

	switch (machine->stop_reason) {
	case STOP_FINISHER:
		fprintf(out, "disco: the guest ended with status %d\n", machine->exit_status);
		break;
	case STOP_HALTED:
		fprintf(out, "disco: the guest halted\n");
		break;
	case STOP_RESET:
		fprintf(out, "disco: the guest asked for a reset\n");
		break;
	case STOP_HOST:
		fprintf(out, "disco: interrupted\n");
		break;
	default: /* explained already */
		break;
	}
}

static void report_disks(const struct boot_result *result, FILE *out)
{
	struct board_disk_stats disk;

	for (unsigned i = 0; board_disk_stats(result->machine, i, &disk); i++) {
		fprintf(out,
			"  disk %-10u %llu reads (%.1f MB), %llu writes (%.1f MB), %llu flushes, "
			"%llu errors\n",
			i, (unsigned long long)disk.reads, (double)disk.bytes_read / 1e6,
			(unsigned long long)disk.writes, (double)disk.bytes_written / 1e6,
			(unsigned long long)disk.flushes, (unsigned long long)disk.errors);
	}
}

void report_text(const struct boot_result *result, FILE *out)
{
	const struct machine *machine = result->machine;
	double simulated = (double)machine_ns(machine, machine_time(machine)) / 1e9;
	uint64_t instructions;
	struct cpu_stats sum = report_sum(machine, &instructions);

	report_end(result, out);
	fprintf(out, "  instructions    %llu (kernel %.1f%%, user %.1f%%)\n",
		(unsigned long long)instructions,
		100.0 * (double)sum.instructions[MODE_KERNEL] /
			(double)(instructions + !instructions),
		100.0 * (double)sum.instructions[MODE_USER] /
			(double)(instructions + !instructions));
	fprintf(out, "  simulated time  %.3f s on %u CPUs of %u MHz\n", simulated,
		machine->config.cpus, machine->config.cpu.clock_mhz);
	fprintf(out, "  host time       %.2f s, %.1f million instructions a second (%s)\n",
		result->host_seconds,
		(double)instructions / 1e6 / (result->host_seconds > 0 ? result->host_seconds : 1),
		result->options->common.engine->name);
	report_threads(machine, "  host threads    ", out);
	fprintf(out, "  exceptions     ");
	for (unsigned code = 0; code < EXC_CODES; code++)
		if (sum.exceptions[code])
			fprintf(out, " %s %llu",
				exception_names[code] ? exception_names[code] : "?",
				(unsigned long long)sum.exceptions[code]);
	fprintf(out, "\n  TLB misses      %llu refills, %llu invalid entries\n",
		(unsigned long long)sum.tlb_refills, (unsigned long long)sum.tlb_invalids);
	if (machine_modelled_cycles(machine))
		report_memory(machine, instructions, out);
	report_disks(result, out);
	measure_text(result->measure, out);
}
