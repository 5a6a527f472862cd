/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside `disco run`: options, VMs, consoles, report. */
#ifndef RUN_H
#define RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common_options.h"
#include "emu/machine.h"
#include "emu/monitor.h"
#include "guest_names.h"
#include "guest_options.h"
#include "machine_file.h"
#include "measure.h"

#define RUN_MAX_VMS 64

struct run;
struct profile;

/* What a VM is to be. From the command line for all alike, or from a configuration file. */
struct run_vm_options {
	char name[32];
	struct guest_options guest;
	unsigned vcpus;
	uint64_t memory;
	unsigned shares;
	uint64_t pin[VMM_MAX_VCPUS];
	bool network;
	enum board_nic_kind nic;
	uint32_t shared_memory; /* it may use, a bit each */
	unsigned restarts;	/* times it is started again, */
	unsigned restart;	/* when: enum restart_policy */
};

enum restart_policy {
	RESTART_RESET,	 /* after it asked for a reset */
	RESTART_FAILURE, /* also after it failed: a panic, a stop by the monitor, a status but 0 */
	RESTART_ALWAYS,	 /* whenever it ended but by being killed */
};

enum console_kind {
	CONSOLE_TERMINAL, /* all on the terminal, lines marked with the VM's name */
	CONSOLE_FILES,	  /* DIR/NAME.log */
	CONSOLE_PTY,
	CONSOLE_UNIX, /* DIR/NAME.sock */
};

struct run_options {
	struct common_options common;
	uint64_t machine_memory;
	const char *policy; /* its name; NULL: none was chosen */
	bool large_pages_auto;
	const char *trace;
	bool xkseg_bit, segctl; /* the processor may have them */
	struct monitor_options monitor;
	const char *sharers[VMM_MAX_SHARED]; /* VMs that may use shared memory; NULL: all */
	enum console_kind console;
	const char *console_dir;
	const char *config;  /* file */
	const char *control; /* socket for commands; NULL: none */
	unsigned vms;
	struct run_vm_options *vm; /* RUN_MAX_VMS of them */
};

/* ---- run_options.c, run_config.c ---- */

/* Fills @options from the command line (and the file it names). DISCO_OK; -1 after --help; or what
 * to exit with. The strings live as long as the program. */
int run_parse(int argc, char **argv, struct run_options *options);
/* The rows that fill a VM beside those of its guest, the machine, the monitor. */
struct settings run_vm_settings(struct run_vm_options *vm);
struct settings run_machine_settings(struct run_options *options);
struct settings run_monitor_settings(struct run_options *options);
/* Reads the configuration file over @options; @defaults: what its VMs start from. */
int run_read_config(struct run_options *options, const struct run_vm_options *defaults);
/* Checks one VM; complains. */
int run_check_vm(const struct run_vm_options *vm);

/* ---- run_numa.c: placement and moving of pages ---- */
void run_numa_defaults(struct run_options *options);
int run_take_policy(void *options, const char *name, const struct setting_source *source);
/* Completes the options once all are known; complains. */
int run_check_policy(struct run_options *options);
/* Opens and closes the trace; complain. */
int run_trace_open(struct run *run, struct monitor_options *monitor);
int run_trace_close(struct run *run);
void run_numa_text(const struct run *run, FILE *out);
/* The policy and its numbers. */
json_t *run_policy_json(const struct run *run);
json_t *run_numa_json(const struct vmm_numa_stats *stats);

/* ---- run_shared.c: memory that VMs share ---- */
int run_take_shared(void *options, const char *text, const struct setting_source *source);
/* Finds the VMs that may use it, once all are known; complains. */
int run_check_shared(struct run_options *options);
json_t *run_shared_json(const struct run *run);

/* ---- run.c ---- */

/* A VM of the run. */
struct run_vm {
	struct run *run;
	const struct run_vm_options *options;
	struct monitor_vm config;
	unsigned number; /* the monitor's */
	unsigned restarts;
	bool over;
	int exit_status;
	struct guest_files files;
	double end_seconds; /* simulated */
	/* console */
	int fd;	      /* file, pty or connection; -1: none */
	int listener; /* unix socket */
	bool held;    /* input waits for the guest's marker */
	char path[108];
	char line[256];
	size_t line_length;
	char panic[160];
	uint64_t console_bytes;
	uint8_t pending[64]; /* typed, not yet taken */
	size_t pending_length;
};

/* The control socket. */
struct run_control {
	int listener, client;
	char line[256]; /* what has come of a command */
	size_t length;
};

struct run {
	const struct run_options *options;
	struct machine *machine;
	struct monitor *monitor;
	struct vmm *vmm;
	unsigned vms, running;
	struct run_vm vm[RUN_MAX_VMS];
	unsigned selected; /* whose terminal input it is */
	bool interrupted;
	double host_seconds;
	double progress_at;
	FILE *trace;
	struct guest_names names;
	const struct profile *profile; /* NULL: none was asked for */
	struct measure measure;
	struct run_control control;
};

/* Kills, pauses, resumes: also from the console. */
void run_kill(struct run *run, unsigned vm, enum vm_stop why);

/* ---- run_console.c ---- */
int run_consoles_open(struct run *run);
void run_consoles_start(struct run *run);
void run_consoles_close(struct run *run);
void run_console_output(void *vm, unsigned port, const uint8_t *data, size_t length);
void run_console_marker(void *vm, unsigned cpu, uint32_t value);

/* ---- run_control.c ---- */
int run_control_open(struct run *run);
void run_control_close(struct run *run);

/* ---- run_report.c, run_report_json.c ---- */
const char *run_stop_name(enum vm_stop stop);
json_t *run_vcpu_json(const struct vcpu_stats *stats);
struct vcpu_stats run_vm_stats(const struct run *run, const struct run_vm *vm);
/* The memory model's part of both, in run_report_memory.c. */
void run_report_memory(const struct run *run, FILE *out);
json_t *run_memory_json(const struct run *run);
json_t *run_vm_memory_json(const struct run *run, const struct run_vm *vm);
void run_report_text(const struct run *run, FILE *out);
int run_report_json(const struct run *run, const char *path, int exit_status);

#endif
