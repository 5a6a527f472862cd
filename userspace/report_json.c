// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The report at the end of a run, as one JSON object. Everything that depends on the host and not
 * on guest, machine and options is under "host"; the rest is equal from run to run.
 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "boot.h"
#include "disco.h"
#include "hot_pages.h"
#include "profile.h"
#include "report_threads.h"

#define SCHEMA "disco.boot/1"

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

void report_put(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, number(value));
}

uint64_t report_misses(const uint64_t cause[CAUSES])
{
	uint64_t misses = 0;

	for (unsigned n = 0; n < CAUSES; n++)
		misses += cause[n];
	return misses;
}

void report_put_misses(json_t *object, uint64_t cycles, const uint64_t cause[CAUSES],
		       uint64_t remote, const uint64_t *writes)
{
	json_t *causes = json_object();

	for (unsigned n = 0; n < CAUSES; n++)
		report_put(causes, report_cause_names[n], cause[n]);
	report_put(object, "stall_cycles", cycles);
	report_put(object, "local_misses", report_misses(cause) - remote);
	report_put(object, "remote_misses", remote);
	if (writes)
		report_put(object, "writes", *writes);
	json_object_set_new(object, "causes", causes);
}

static json_t *exceptions(const struct cpu_stats *stats)
{
	json_t *object = json_object();

	for (unsigned code = 0; code < EXC_CODES; code++)
		if (report_exception_name(code))
			json_object_set_new(object, report_exception_name(code),
					    number(stats->exceptions[code]));
	return object;
}

json_t *report_counters_json(const struct cpu_stats *stats, uint64_t instructions)
{
	json_t *object = json_object();

	json_object_set_new(object, "instructions", number(instructions));
	json_object_set_new(object, "kernel_instructions",
			    number(stats->instructions[MODE_KERNEL]));
	json_object_set_new(object, "supervisor_instructions",
			    number(stats->instructions[MODE_SUPERVISOR]));
	json_object_set_new(object, "user_instructions", number(stats->instructions[MODE_USER]));
	json_object_set_new(object, "idle_cycles", number(stats->cycles_idle));
	json_object_set_new(object, "exceptions", exceptions(stats));
	json_object_set_new(object, "tlb_refills", number(stats->tlb_refills));
	json_object_set_new(object, "tlb_invalids", number(stats->tlb_invalids));
	json_object_set_new(object, "tlb_writes", number(stats->tlb_writes));
	json_object_set_new(object, "device_accesses", number(stats->device_accesses));
	json_object_set_new(object, "sc_failures", number(stats->sc_failures));
	return object;
}

static json_t *machine_object(const struct machine *machine)
{
	const struct machine_config *config = &machine->config;
	json_t *object = json_object();

	json_object_set_new(object, "name", json_string(config->name));
	json_object_set_new(object, "nodes", number(config->nodes));
	json_object_set_new(object, "cpus", number(config->cpus));
	json_object_set_new(object, "memory", number(config->memory));
	json_object_set_new(object, "clock_mhz", number(config->cpu.clock_mhz));
	json_object_set_new(object, "tlb_entries", number(config->cpu.tlb_entries));
	json_object_set_new(object, "quantum", number(config->quantum));
	json_object_set_new(object, "seed", number(config->seed));
	json_object_set_new(object, "model",
			    json_string(machine_has_ccnuma(machine) ? "ccnuma" : "none"));
	json_object_set_new(object, "model_switches", number(machine_model_switches(machine)));
	json_object_set_new(object, "modelled_cycles", number(machine_modelled_cycles(machine)));
	return object;
}

json_t *report_memory_json(const struct ccnuma_stats *stats)
{
	json_t *object = json_object(), *stall = json_object(), *causes = json_object();

	for (unsigned level = 0; level < LEVELS; level++)
		json_object_set_new(stall, report_level_names[level],
				    number(stats->stall_cycles[level]));
	for (unsigned cause = 0; cause < CAUSES; cause++)
		json_object_set_new(causes, report_cause_names[cause], number(stats->cause[cause]));
	json_object_set_new(object, "local_misses", number(stats->local_misses));
	json_object_set_new(object, "remote_misses", number(stats->remote_misses));
	json_object_set_new(object, "causes", causes);
	json_object_set_new(object, "stall_cycles", stall);
	json_object_set_new(object, "queue_cycles", number(stats->queue_cycles));
	json_object_set_new(object, "invalidations", number(stats->invalidations));
	json_object_set_new(object, "writebacks", number(stats->writebacks));
	json_object_set_new(object, "uncached", number(stats->uncached));
	json_object_set_new(object, "uncached_cycles", number(stats->uncached_cycles));
	return object;
}

static json_t *cpu_array(const struct machine *machine)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < machine->config.cpus; i++) {
		const struct cpu *cpu = machine->cpu[i];
		const struct ccnuma_stats memory = machine_memory_stats(machine, i);
		json_t *object = report_counters_json(&cpu->stats, cpu->instructions);

		json_object_set_new(object, "cpu", number(i));
		json_object_set_new(object, "node", number(cpu->node));
		json_object_set_new(object, "started", json_boolean(cpu->present));
		if (machine_has_ccnuma(machine))
			json_object_set_new(object, "memory", report_memory_json(&memory));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *memory_object(const struct boot_result *result)
{
	const struct machine *machine = result->machine;
	json_t *object, *nodes = json_array();
	struct ccnuma_stats stats;

	report_memory_sum(machine, &stats);
	object = report_memory_json(&stats);
	for (unsigned node = 0; node < machine->config.nodes; node++) {
		report_node_memory(machine, node, &stats);
		json_array_append_new(nodes, report_memory_json(&stats));
	}
	json_object_set_new(object, "nodes", nodes);
	json_object_set_new(object, "page_sums", page_sums_json(machine, result->names));
	return object;
}

static json_t *disk_array(const struct boot_result *result, json_t *retries)
{
	json_t *array = json_array();
	struct board_disk_stats stats;

	for (unsigned i = 0; board_disk_stats(result->machine, i, &stats); i++) {
		json_t *object = json_object();

		json_object_set_new(object, "disk", number(i));
		json_object_set_new(object, "bytes", number(board_disk_size(result->machine, i)));
		json_object_set_new(object, "reads", number(stats.reads));
		json_object_set_new(object, "read_bytes", number(stats.bytes_read));
		json_object_set_new(object, "writes", number(stats.writes));
		json_object_set_new(object, "written_bytes", number(stats.bytes_written));
		json_object_set_new(object, "flushes", number(stats.flushes));
		json_object_set_new(object, "discards", number(stats.discards));
		json_object_set_new(object, "errors", number(stats.errors));
		json_array_append_new(array, object);
		json_array_append_new(retries, number(stats.host_retries));
	}
	return array;
}

static json_t *nic_array(const struct boot_result *result)
{
	json_t *array = json_array();
	uint64_t sent, received, dropped;

	for (unsigned i = 0; i < result->options->nics; i++)
		if (board_nic_stats(result->machine, i, &sent, &received, &dropped))
			json_array_append_new(array,
					      json_pack("{s:o, s:o, s:o, s:o}", "nic", number(i),
							"frames_sent", number(sent),
							"frames_received", number(received),
							"frames_dropped", number(dropped)));
	return array;
}

static json_t *build(const struct boot_result *result)
{
	const struct machine *machine = result->machine;
	json_t *root = json_object(), *host = json_object(), *retries = json_array();
	uint64_t instructions;
	struct cpu_stats sum = report_sum(machine, &instructions);
	double seconds = result->host_seconds > 0 ? result->host_seconds : 1e-9;

	json_object_set_new(root, "schema", json_string(SCHEMA));
	json_object_set_new(root, "instructions", number(instructions));
	json_object_set_new(root, "simulated_ns",
			    number(machine_ns(machine, machine_time(machine))));
	json_object_set_new(root, "exit_status", json_integer(result->exit_status));
	json_object_set_new(root, "stop", json_string(report_stop_name(machine->stop_reason)));
	json_object_set_new(root, "stop_text",
			    json_string(result->panic ? result->panic : machine->stop_text));
	json_object_set_new(root, "machine", machine_object(machine));
	json_object_set_new(root, "total", report_counters_json(&sum, instructions));
	json_object_set_new(root, "cpus", cpu_array(machine));
	if (machine_has_ccnuma(machine)) {
		json_object_set_new(root, "memory", memory_object(result));
		json_object_set_new(root, "hot_pages", hot_pages_json(machine, result->names));
	}
	if (result->profile)
		json_object_set_new(root, "profile", profile_json(result->profile));
	measure_json(result->measure, root);
	json_object_set_new(root, "disks", disk_array(result, retries));
	json_object_set_new(root, "nics", nic_array(result));
	json_object_set_new(host, "engine", json_string(result->options->common.engine->name));
	json_object_set_new(host, "seconds", json_real(result->host_seconds));
	json_object_set_new(host, "threads", report_threads_json(result->machine));
	json_object_set_new(host, "mips", json_real((double)instructions / 1e6 / seconds));
	json_object_set_new(host, "disk_retries", retries);
	json_object_set_new(root, "host", host);
	return root;
}

int report_json(const struct boot_result *result, const char *path)
{
	FILE *out = !strcmp(path, "-") ? stdout : fopen(path, "w");
	json_t *root;
	int failed;

	if (!out)
		return complain(DISCO_FAILED, "cannot write %s: %s", path, strerror(errno));
	root = build(result);
	failed = json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	fputc('\n', out);
	if (out == stdout)
		failed |= fflush(out);
	else
		failed |= fclose(out);
	json_decref(root);
	if (failed)
		return complain(DISCO_FAILED, "cannot write %s: %s", path, strerror(errno));
	return DISCO_OK;
}
