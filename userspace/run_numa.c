// SPDX-License-Identifier: GPL-2.0-or-later
/* `disco run`: where pages are and how they move: options, trace, report. */
#include <errno.h>
#include <string.h>

#include "boot.h"
#include "disco.h"
#include "run.h"

static const struct {
	const char *name;
	enum vmm_placement placement;
	bool migrate, replicate;
} policies[] = {
	{"none", PLACE_LOWEST, false, false},
	{"first-touch", PLACE_FIRST_TOUCH, false, false},
	{"round-robin", PLACE_ROUND_ROBIN, false, false},
	{"interleaved", PLACE_INTERLEAVED, false, false},
	{"migrate", PLACE_FIRST_TOUCH, true, false},
	{"replicate", PLACE_FIRST_TOUCH, false, true},
	{"all", PLACE_FIRST_TOUCH, true, true},
};

#define PAGE_BYTES UINT64_C(4096)
#define POLICIES   (sizeof(policies) / sizeof(policies[0]))

void run_numa_defaults(struct run_options *options)
{
	options->monitor.numa = (struct vmm_numa){
		.threshold = POLICY_THRESHOLD,
		.write = POLICY_WRITE,
		.move_limit = POLICY_MOVE_LIMIT,
		.split = POLICY_SPLIT,
		.sampling = 1,
		.interval_ms = POLICY_INTERVAL_MS,
	};
}

int run_take_policy(void *target, const char *name, const struct setting_source *source)
{
	const char *names[POLICIES + 1] = {NULL};
	struct run_options *options = target;
	struct vmm_numa *numa = &options->monitor.numa;

	for (size_t i = 0; i < POLICIES; i++) {
		names[i] = policies[i].name;
		if (strcmp(name, policies[i].name))
			continue;
		numa->placement = policies[i].placement;
		numa->migrate = policies[i].migrate;
		numa->replicate = policies[i].replicate;
		options->policy = policies[i].name;
		return DISCO_OK;
	}
	return setting_unknown(source, "policy", name, names);
}

int run_check_policy(struct run_options *options)
{
	struct vmm_numa *numa = &options->monitor.numa;

	if (!options->policy && options->common.model == MODEL_CCNUMA)
		run_take_policy(options, "all", NULL);
	if ((numa->migrate || numa->replicate) && options->common.model != MODEL_CCNUMA)
		return complain(DISCO_USAGE,
				"run: moving pages needs counted misses: --model ccnuma");
	/* Sharing is told from a quarter of the misses, as in Verghese et al. */
	if (!numa->sharing)
		numa->sharing = numa->threshold >= 4 ? numa->threshold / 4 : 1;
	/* 8 MiB blocks would be placed as a whole. */
	if (numa->placement == PLACE_ROUND_ROBIN || numa->placement == PLACE_INTERLEAVED)
		options->monitor.large_pages = false;
	if (options->large_pages_auto && options->common.model == MODEL_CCNUMA &&
	    numa->placement == PLACE_FIRST_TOUCH)
		numa->spread_order = VMM_SPREAD_ORDER;
	return DISCO_OK;
}

static const char *policy_name(const struct run *run)
{
	return run->options->policy ? run->options->policy : "first-touch";
}

json_t *run_policy_json(const struct run *run)
{
	const struct run_options *options = run->options;
	const struct vmm_numa *numa = &options->monitor.numa;
	json_t *object = json_object();

	json_object_set_new(object, "name", json_string(policy_name(run)));
	report_put(object, "hot_threshold", numa->threshold);
	report_put(object, "sharing_threshold", numa->sharing);
	report_put(object, "write_threshold", numa->write);
	report_put(object, "move_limit", numa->move_limit);
	report_put(object, "split_threshold", numa->split);
	report_put(object, "sampling", numa->sampling);
	report_put(object, "reset_interval_ms", numa->interval_ms);
	report_put(object, "large_page_bytes",
		   !options->monitor.large_pages ? 0
		   : numa->spread_order		 ? PAGE_BYTES << numa->spread_order
						 : UINT64_C(4) << 20);
	return object;
}

/* ---- trace ---- */

static json_t *node_list(uint64_t nodes)
{
	json_t *list = json_array();

	for (unsigned n = 0; nodes >> n; n++)
		if (nodes >> n & 1)
			json_array_append_new(list, json_integer(n));
	return list;
}

static void write_decision(void *opaque, const struct vmm_decision *decision)
{
	struct run *run = opaque;
	const struct policy_decision *what = &decision->decision;
	json_t *object = json_object(), *misses = json_array();

	for (unsigned n = 0; n < run->machine->config.nodes; n++)
		json_array_append_new(misses, json_integer(decision->misses[n]));
	json_object_set_new(object, "cycle", json_integer((json_int_t)decision->cycle));
	json_object_set_new(object, "vm", json_integer(decision->vm));
	json_object_set_new(object, "physical_address",
			    json_sprintf("0x%llx", (unsigned long long)decision->address.value));
	if (decision->backmap)
		json_object_set_new(object, "virtual_address",
				    json_sprintf("0x%llx", (unsigned long long)entryhi_address(
								   decision->backmap)));
	json_object_set_new(object, "machine_page", json_integer(decision->mpn.value));
	json_object_set_new(object, "home", json_integer(decision->home));
	json_object_set_new(object, "hot_node", json_integer(decision->hot));
	json_object_set_new(object, "copies", node_list(decision->copies));
	json_object_set_new(object, "misses", misses);
	json_object_set_new(object, "writes", json_integer(decision->writes));
	json_object_set_new(object, "action", json_string(policy_action_names[what->action]));
	json_object_set_new(object, "reason", json_string(policy_reason_names[what->reason]));
	if (what->action == POLICY_MIGRATE || what->action == POLICY_FETCH)
		json_object_set_new(object, "to", json_integer(what->to));
	if (what->action == POLICY_REPLICATE)
		json_object_set_new(object, "to", node_list(what->nodes));
	json_object_set_new(object, "cycles", json_integer((json_int_t)decision->cycles));
	json_dumpf(object, run->trace, JSON_COMPACT);
	fputc('\n', run->trace);
	json_decref(object);
}

/* What the decisions' numbers mean. */
static void write_header(const struct run *run)
{
	json_t *object = json_object(), *vms = json_array();

	for (unsigned n = 0; n < run->options->vms; n++) {
		const struct run_vm_options *vm = &run->options->vm[n];

		json_array_append_new(vms, json_pack("{s:s, s:s*}", "name", vm->name, "kernel",
						     vm->guest.kernel));
	}
	json_object_set_new(object, "schema", json_string("disco.trace/1"));
	json_object_set_new(object, "machine", json_string(run->machine->config.name));
	report_put(object, "nodes", run->machine->config.nodes);
	report_put(object, "clock_mhz", run->machine->config.cpu.clock_mhz);
	json_object_set_new(object, "policy", run_policy_json(run));
	json_object_set_new(object, "vms", vms);
	json_dumpf(object, run->trace, JSON_COMPACT);
	fputc('\n', run->trace);
	json_decref(object);
}

int run_trace_open(struct run *run, struct monitor_options *monitor)
{
	if (!run->options->trace)
		return DISCO_OK;
	run->trace = fopen(run->options->trace, "w");
	if (!run->trace)
		return complain(DISCO_FAILED, "cannot write %s: %s", run->options->trace,
				strerror(errno));
	write_header(run);
	monitor->decision = write_decision;
	return DISCO_OK;
}

int run_trace_close(struct run *run)
{
	bool failed;

	if (!run->trace)
		return DISCO_OK;
	failed = ferror(run->trace);
	failed |= fclose(run->trace) != 0;
	if (failed)
		return complain(DISCO_FAILED, "cannot write %s: %s", run->options->trace,
				strerror(errno));
	return DISCO_OK;
}

/* ---- report ---- */

static double mean_us(const struct run *run, uint64_t cycles, uint64_t count)
{
	return count ? (double)machine_ns(run->machine, cycles) / 1e3 / (double)count : 0;
}

static void print_policy(const struct run *run, FILE *out)
{
	const struct vmm_numa *numa = &run->options->monitor.numa;

	fprintf(out, "\nPolicy %s", policy_name(run));
	if (numa->migrate || numa->replicate)
		fprintf(out,
			"; thresholds: hot %u, sharing %u, write %u, split %u; at most %u "
			"migrations of a "
			"page in %u "
			"ms; one miss of %u counted",
			numa->threshold, numa->sharing, numa->write, numa->split, numa->move_limit,
			numa->interval_ms, numa->sampling);
	fputc('\n', out);
}

void run_numa_text(const struct run *run, FILE *out)
{
	const struct vmm_numa_stats *stats = vmm_numa_stats(run->vmm);
	double seconds = (double)machine_ns(run->machine, run->machine->now) / 1e9;

	if (machine_has_ccnuma(run->machine))
		print_policy(run, out);
	if (!stats->hot_pages)
		return;
	fprintf(out,
		"Hot pages: %llu; %llu migrations (%.0f/s, mean %.1f us), %llu replicas made "
		"(%.0f/s, mean %.1f us), %llu collapses (mean %.1f us), at most %llu replicas\n",
		(unsigned long long)stats->hot_pages, (unsigned long long)stats->migrations,
		(double)stats->migrations / seconds,
		mean_us(run, stats->migrate_cycles, stats->migrations),
		(unsigned long long)stats->replications, (double)stats->replications / seconds,
		mean_us(run, stats->replicate_cycles, stats->replications),
		(unsigned long long)stats->collapses,
		mean_us(run, stats->collapse_cycles, stats->collapses),
		(unsigned long long)stats->replicas_max);
	for (unsigned n = 0; n < POLICY_REASONS; n++)
		if (stats->decisions[n])
			fprintf(out, "  %14llu  %s\n", (unsigned long long)stats->decisions[n],
				policy_reason_names[n]);
}

json_t *run_numa_json(const struct vmm_numa_stats *stats)
{
	json_t *object = json_object(), *reasons = json_object();

	for (unsigned n = 0; n < POLICY_REASONS; n++)
		report_put(reasons, policy_reason_names[n], stats->decisions[n]);
	report_put(object, "hot_pages", stats->hot_pages);
	report_put(object, "migrations", stats->migrations);
	report_put(object, "migrate_cycles", stats->migrate_cycles);
	report_put(object, "replications", stats->replications);
	report_put(object, "replicate_cycles", stats->replicate_cycles);
	report_put(object, "collapses", stats->collapses);
	report_put(object, "collapse_cycles", stats->collapse_cycles);
	report_put(object, "large_migrations", stats->large_migrations);
	report_put(object, "large_cycles", stats->large_cycles);
	report_put(object, "replicas_max", stats->replicas_max);
	report_put(object, "given_up", stats->given_up);
	json_object_set_new(object, "decisions", reasons);
	return object;
}
