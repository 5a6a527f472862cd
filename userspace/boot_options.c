// SPDX-License-Identifier: GPL-2.0-or-later
/* Options of `disco boot`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "boot.h"
#include "disco.h"
#include "emu/lockstep.h"

enum option_key {
	KEY_GUEST = 'g',
	KEY_KERNEL = 'k',
	KEY_INITRD = 'i',
	KEY_APPEND = 'a',
	KEY_CPUS = 'c',
	KEY_MEMORY = 'm',
	KEY_DISK = 'd',
	KEY_RUN = 'r',
	KEY_QUIET = 'q',
	KEY_ROOT = 0x100,
	KEY_NET,
	KEY_CODE_CACHE,
	KEY_PROFILE,
	KEY_MACHINE,
	KEY_ENGINE,
	KEY_MODEL,
	KEY_TIMER,
	KEY_SEED,
	KEY_LIMIT,
	KEY_JSON,
	KEY_CONSOLE,
};

static const struct argp_option table[] = {
	{NULL, 0, NULL, 0, "What to boot:", 1},
	{"guest", KEY_GUEST, "NAME", 0, "a guest by name, fetched when needed (disco guest list)",
	 1},
	{"run", KEY_RUN, "CMD", 0,
	 "run CMD in the guest's shell; its exit status becomes disco's (with --guest)", 1},
	{"root", KEY_ROOT, "IMAGE", 0,
	 "root file system: an image of the guest (root, build; writes are dropped), or "
	 "FILE[,ro|,snapshot]",
	 1},
	{"kernel", KEY_KERNEL, "FILE", 0, "ELF kernel (vmlinux or vmlinuz)", 1},
	{"initrd", KEY_INITRD, "FILE", 0, "initial RAM file system", 1},
	{"append", KEY_APPEND, "TEXT", 0, "add TEXT to the kernel's command line", 1},
	{NULL, 0, NULL, 0, "The machine:", 2},
	{"machine", KEY_MACHINE, "FILE", 0, "machine file (default flash8; disco machine list)", 2},
	{"cpus", KEY_CPUS, "N", 0, "number of CPUs, 1 to 64 (default: the machine's)", 2},
	{"memory", KEY_MEMORY, "SIZE", 0, "memory in all, 64M to 64G (default: the machine's)", 2},
	{"disk", KEY_DISK, "FILE[,ro|,snapshot][,direct]", 0,
	 "raw disk image; ro: read-only, snapshot: writes are dropped at the end, direct: past the "
	 "host's page cache (repeatable)",
	 2},
	{"net", KEY_NET, "KIND", 0, "network device: loopback (frames come back) or null", 2},
	{"timer", KEY_TIMER, "KIND", 0, "timer the kernel is told of: gic (default) or cp0", 2},
	{NULL, 0, NULL, 0, "The run:", 3},
	{"engine", KEY_ENGINE, "NAME", 0,
	 "execution engine: translator (default), interpreter, or "
	 "lockstep (both, compared), lockstep-blocks (after every block)",
	 3},
	{"model", KEY_MODEL, "NAME", 0,
	 "memory model: none (default; one cycle an instruction), or ccnuma (caches, directory, "
	 "latencies of the machine file; engine interpreter)",
	 3},
	{"seed", KEY_SEED, "N", 0, "seed of everything random (default 1)", 3},
	{"code-cache", KEY_CODE_CACHE, "SIZE", 0,
	 "memory for translated code, 8M to 2G (default 512M)", 3},
	{"profile", KEY_PROFILE, NULL, 0,
	 "show the hottest translated blocks at the end, and write a map for perf", 3},
	{"limit", KEY_LIMIT, "N", 0, "stop after N instructions", 3},
	{NULL, 0, NULL, 0, "Output:", 4},
	{"json", KEY_JSON, "FILE", 0, "write the report as JSON; - is standard output", 4},
	{"console", KEY_CONSOLE, "FILE", 0, "write the guest's console to FILE; it gets no input",
	 4},
	{"quiet", KEY_QUIET, NULL, 0, "no kernel messages, no report", 4},
	{0},
};

static const struct engine_ops *const engines[] = {&interpreter_engine, &lockstep_engine,
						   &lockstep_blocks_engine, &translator_engine};
#define ENGINES (sizeof(engines) / sizeof(engines[0]))

struct parser {
	struct boot_options *options;
	int error;
};

/* Copies @text for as long as the program runs; the list keeps all copies reachable. */
static char *keep(const char *text)
{
	static struct kept {
		struct kept *next;
		char text[];
	} * all;
	struct kept *copy = malloc(sizeof(*copy) + strlen(text) + 1);

	if (!copy)
		return NULL;
	copy->next = all;
	all = copy;
	return strcpy(copy->text, text);
}

bool boot_parse_disk(const char *text, struct board_disk *disk)
{
	char *path = keep(text);
	char *word = path ? strchr(path, ',') : NULL;
	struct stat stat_of_whole;

	*disk = (struct board_disk){.path = path};
	/* A file whose name has a comma in it is still a file. */
	if (!word || !stat(text, &stat_of_whole))
		return path && *path;
	for (*word++ = '\0'; word;) {
		char *next = strchr(word, ',');

		if (next)
			*next++ = '\0';
		if (!strcmp(word, "ro"))
			disk->read_only = true;
		else if (!strcmp(word, "snapshot"))
			disk->snapshot = true;
		else if (!strcmp(word, "direct"))
			disk->direct = true;
		else
			return false;
		word = next;
	}
	return *path && !(disk->read_only && disk->snapshot);
}

static int add_disk(struct boot_options *options, const char *text)
{
	if (options->disks == BOARD_MAX_DISKS)
		return complain(DISCO_USAGE, "--disk: at most %d disks", BOARD_MAX_DISKS);
	if (!boot_parse_disk(text, &options->disk[options->disks++]))
		return complain(DISCO_USAGE, "--disk %s: FILE, FILE,ro or FILE,snapshot is needed",
				text);
	return DISCO_OK;
}

static int add_nic(struct boot_options *options, const char *kind)
{
	static const char *const kinds[] = {"null", "loopback", NULL};

	if (options->nics == BOARD_MAX_NICS)
		return complain(DISCO_USAGE, "--net: at most %d network devices", BOARD_MAX_NICS);
	for (int i = 0; kinds[i]; i++)
		if (!strcmp(kinds[i], kind)) {
			options->nic[options->nics++].kind = i ? NIC_LOOPBACK : NIC_NULL;
			return DISCO_OK;
		}
	return complain_unknown("kind of network", kind, kinds);
}

static int choose_model(struct boot_options *options, const char *name)
{
	static const char *const names[] = {"none", "ccnuma", NULL};

	options->ccnuma = !strcmp(name, "ccnuma");
	if (options->ccnuma || !strcmp(name, "none"))
		return DISCO_OK;
	return complain_unknown("memory model", name, names);
}

static int choose_engine(struct boot_options *options, const char *name)
{
	const char *names[ENGINES + 1] = {NULL};

	for (size_t i = 0; i < ENGINES; i++) {
		names[i] = engines[i]->name;
		if (!strcmp(engines[i]->name, name)) {
			options->engine = engines[i];
			return DISCO_OK;
		}
	}
	return complain_unknown("engine", name, names);
}

static int choose_timer(struct boot_options *options, const char *name)
{
	static const char *const names[] = {"gic", "cp0", NULL};

	options->cp0_timer = !strcmp(name, "cp0");
	return !strcmp(name, "gic") || options->cp0_timer ? DISCO_OK
							  : complain_unknown("timer", name, names);
}

static int take_number(const char *option, const char *text, uint64_t minimum, uint64_t maximum,
		       uint64_t *value)
{
	if (parse_number(text, maximum, value) && *value >= minimum)
		return DISCO_OK;
	if (maximum == UINT64_MAX)
		return complain(DISCO_USAGE, "--%s %s: a whole number from %llu is needed", option,
				text, (unsigned long long)minimum);
	return complain(DISCO_USAGE, "--%s %s: a whole number from %llu to %llu is needed", option,
			text, (unsigned long long)minimum, (unsigned long long)maximum);
}

static int take_cpus(struct boot_options *options, const char *text)
{
	uint64_t cpus = 0;
	int status = take_number("cpus", text, 1, MACHINE_MAX_CPUS, &cpus);

	options->cpus = (unsigned)cpus;
	return status;
}

static int take_memory(struct boot_options *options, const char *text)
{
	if (!parse_size(text, &options->memory) || options->memory < UINT64_C(64) << 20 ||
	    options->memory > UINT64_C(64) << 30 || options->memory % 4096)
		return complain(DISCO_USAGE, "--memory %s: a size from 64M to 64G is needed", text);
	return DISCO_OK;
}

static int take_code_cache(struct boot_options *options, const char *text)
{
	if (!parse_size(text, &options->code_cache) || options->code_cache < UINT64_C(8) << 20 ||
	    options->code_cache > UINT64_C(2) << 30)
		return complain(DISCO_USAGE, "--code-cache %s: a size from 8M to 2G is needed",
				text);
	return DISCO_OK;
}

static int take_guest(struct boot_options *options, const char *name)
{
	options->guest = guest_find(name);
	return options->guest ? DISCO_OK : DISCO_USAGE;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct parser *parser = state->input;
	struct boot_options *options = parser->options;

	switch (key) {
	case KEY_GUEST:
		parser->error = take_guest(options, value);
		break;
	case KEY_KERNEL:
		options->kernel = value;
		break;
	case KEY_INITRD:
		options->initrd = value;
		break;
	case KEY_APPEND:
		options->append = value;
		break;
	case KEY_RUN:
		options->run = value;
		break;
	case KEY_ROOT:
		options->root = value;
		break;
	case KEY_MACHINE:
		options->machine = value;
		break;
	case KEY_CPUS:
		parser->error = take_cpus(options, value);
		break;
	case KEY_MEMORY:
		parser->error = take_memory(options, value);
		break;
	case KEY_CODE_CACHE:
		parser->error = take_code_cache(options, value);
		break;
	case KEY_PROFILE:
		options->profile = true;
		break;
	case KEY_DISK:
		parser->error = add_disk(options, value);
		break;
	case KEY_NET:
		parser->error = add_nic(options, value);
		break;
	case KEY_TIMER:
		parser->error = choose_timer(options, value);
		break;
	case KEY_MODEL:
		parser->error = choose_model(options, value);
		break;
	case KEY_ENGINE:
		parser->error = choose_engine(options, value);
		break;
	case KEY_SEED:
		parser->error = take_number("seed", value, 0, UINT64_MAX, &options->seed);
		break;
	case KEY_LIMIT:
		parser->error = take_number("limit", value, 1, UINT64_MAX, &options->limit);
		break;
	case KEY_JSON:
		options->json = value;
		break;
	case KEY_CONSOLE:
		options->console = value;
		break;
	case KEY_QUIET:
		options->quiet = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return parser->error ? EINVAL : 0;
}

static const struct argp argp = {
	.options = table,
	.parser = parse,
	.doc = "Boots a guest on the bare simulated machine.\v"
	       "On the terminal, Ctrl-A h shows the keys. Exit status: the guest's; 1 when the run "
	       "failed, 2 bad usage, 4 instruction limit, 130 interrupted.\n\n"
	       "  disco boot --guest debian --cpus 4\n"
	       "  disco boot --guest debian --root build --run 'echo \"main(){}\" >a.c; gcc -w "
	       "a.c'\n",
};

int boot_parse(int argc, char **argv, struct boot_options *options)
{
	struct parser parser = {.options = options};
	int status;

	*options = (struct boot_options){
		.machine = "flash8",
		.engine = engines[ENGINES - 1],
		.seed = 1,
	};
	status = parse_options(&argp, "boot", argc, argv, 0, &parser, &parser.error);
	if (status)
		return status;
	if (!options->guest && !options->kernel)
		return complain(DISCO_USAGE,
				"boot: --guest or --kernel is needed; see `disco boot --help`");
	if (options->run && !options->guest)
		return complain(DISCO_USAGE, "--run needs --guest: other initramfs do not know it");
	if (options->run && options->initrd)
		return complain(DISCO_USAGE, "--run and --initrd exclude each other");
	return DISCO_OK;
}
