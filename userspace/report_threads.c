// SPDX-License-Identifier: GPL-2.0-or-later
/* What the reports of `disco boot` and `disco run` say of the host threads. */
#include "report_threads.h"

void report_threads(const struct machine *machine, const char *label, FILE *out)
{
	struct machine_threads_stats stats;

	if (!machine->threads)
		return;
	machine_threads_stats(machine, &stats);
	fprintf(out,
		"%s%u: CPUs together %llu times, one alone %llu times, %llu turns taken over from "
		"a late thread\n",
		label, machine->config.threads, (unsigned long long)stats.phases,
		(unsigned long long)stats.alone, (unsigned long long)stats.late);
}

json_t *report_threads_json(const struct machine *machine)
{
	unsigned count = machine->config.threads ? machine->config.threads : 1;
	json_t *object = json_object();
	struct machine_threads_stats stats;

	machine_threads_stats(machine, &stats);
	json_object_set_new(object, "count", json_integer(count));
	json_object_set_new(object, "together", json_integer((json_int_t)stats.phases));
	json_object_set_new(object, "alone", json_integer((json_int_t)stats.alone));
	json_object_set_new(object, "late", json_integer((json_int_t)stats.late));
	return object;
}
