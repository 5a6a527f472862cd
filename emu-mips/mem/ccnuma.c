/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model's protocol: first level, second level, directory. See emu/ccnuma.h.
 *
 * States are kept in the second-level cache; a first-level line is valid or not, and may be written
 * when its second-level line is exclusive or modified. Replaced lines are reported to the directory
 * (replacement hints), so its sharers are exact.
 */
#include "emu/ccnuma.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "cpu_cache.h"
#include "directory.h"

#define PAGE_SHIFT 12

struct ccnuma {
	struct ccnuma_config config;
	struct ccnuma_observer observer;
	struct cpu_cache l1i[CCNUMA_MAX_CPUS], l1d[CCNUMA_MAX_CPUS], l2[CCNUMA_MAX_CPUS];
	struct directory directory;
	struct calendar calendar[CCNUMA_MAX_NODES]; /* of each home */
	uint64_t node_memory;
	unsigned node_shift; /* log2 of it, if it is a power of two; else 0 */
	struct ccnuma_stats stats[CCNUMA_MAX_CPUS];
};

static const struct ccnuma_observer no_observer;

unsigned ccnuma_home(const struct ccnuma *ccnuma, uint64_t pa)
{
	if (ccnuma->config.interleaved)
		return (unsigned)((pa >> PAGE_SHIFT) % ccnuma->config.nodes);
	if (ccnuma->node_shift)
		return (unsigned)(pa >> ccnuma->node_shift);
	return (unsigned)(pa / ccnuma->node_memory);
}

bool ccnuma_holds(const struct ccnuma *ccnuma, unsigned cpu, uint64_t pa)
{
	return cpu_cache_find(&ccnuma->l2[cpu], pa) != NULL;
}

static bool may_write(const struct cache_line *line)
{
	return line->state == LINE_EXCLUSIVE || line->state == LINE_MODIFIED;
}

static uint8_t *right_of(const struct cpu_cache *l1, uint64_t pa)
{
	return &l1->rights[pa >> l1->line_shift];
}

static void set_right(const struct cpu_cache *l1, uint64_t pa, enum line_right right)
{
	if (l1->rights)
		*right_of(l1, pa) = (uint8_t)right;
}

/* Whether lines without a right are in the first level too: with LRU, where a use of any but the
 * last used line of a set counts. */
static bool more_than_rights(const struct cpu_cache *l1)
{
	return !l1->rights || l1->geometry.replacement == REPLACE_LRU;
}

/* Another line of the set of @pa becomes the last used one. */
static void supersede(const struct cpu_cache *l1, uint64_t pa)
{
	const struct cache_line *last = cpu_cache_set(l1, pa);

	if (l1->rights && l1->geometry.replacement == REPLACE_LRU && last->state != LINE_INVALID)
		*right_of(l1, cpu_cache_line_pa(l1, last)) = RIGHT_NONE;
}

/* Takes the lines of a second-level line out of one first-level cache. */
static void empty_l1(const struct cpu_cache *l1, uint64_t pa, unsigned length)
{
	for (uint64_t at = pa; at < pa + length; at += l1->geometry.line) {
		struct cache_line *line;

		if (!more_than_rights(l1) && *right_of(l1, at) == RIGHT_NONE)
			continue;
		line = cpu_cache_find(l1, at);
		if (line)
			line->state = LINE_INVALID;
		set_right(l1, at, RIGHT_NONE);
	}
}

/* The lines of a second-level line may not be written any more. */
static void protect_l1(const struct cpu_cache *l1, uint64_t pa, unsigned length)
{
	for (uint64_t at = pa; l1->rights && at < pa + length; at += l1->geometry.line) {
		if (*right_of(l1, at) == RIGHT_WRITE)
			*right_of(l1, at) = RIGHT_READ;
	}
}

/* Takes a line out of all caches of @cpu. */
static void drop_line(struct ccnuma *ccnuma, unsigned cpu, struct cache_line *line)
{
	unsigned length = ccnuma->config.l2.line;
	uint64_t pa = cpu_cache_line_pa(&ccnuma->l2[cpu], line);

	if (line->state == LINE_MODIFIED)
		ccnuma->stats[cpu].writebacks++;
	if (line->above & HELD_BY_L1I)
		empty_l1(&ccnuma->l1i[cpu], pa, length);
	if (line->above & HELD_BY_L1D)
		empty_l1(&ccnuma->l1d[cpu], pa, length);
	line->state = LINE_INVALID;
	if (ccnuma->observer.line_lost)
		ccnuma->observer.line_lost(ccnuma->observer.opaque, cpu, pa, length);
}

/* The only owner keeps the line, without the right to write. */
static bool downgrade_owner(struct ccnuma *ccnuma, struct directory_line *entry, uint64_t pa)
{
	unsigned owner = (unsigned)__builtin_ctzll(entry->sharers);
	struct cache_line *line = cpu_cache_find(&ccnuma->l2[owner], pa);
	bool dirty = line->state == LINE_MODIFIED;

	if (dirty)
		ccnuma->stats[owner].writebacks++;
	line->state = LINE_SHARED;
	entry->owned = false;
	protect_l1(&ccnuma->l1d[owner], cpu_cache_line_pa(&ccnuma->l2[owner], line),
		   ccnuma->config.l2.line);
	return dirty;
}

/* Takes the line from everybody but @keep; returns whether one had it modified. */
static bool invalidate_others(struct ccnuma *ccnuma, struct directory_line *entry, uint64_t pa,
			      unsigned keep)
{
	uint64_t others = entry->sharers & ~(UINT64_C(1) << keep);
	bool dirty = false;

	for (uint64_t left = others; left; left &= left - 1) {
		unsigned cpu = (unsigned)__builtin_ctzll(left);
		struct cache_line *line = cpu_cache_find(&ccnuma->l2[cpu], pa);

		dirty |= line->state == LINE_MODIFIED;
		ccnuma->stats[cpu].invalidations++;
		drop_line(ccnuma, cpu, line);
	}
	entry->sharers &= ~others;
	entry->invalidated |= others;
	entry->written = (uint8_t)((pa & (ccnuma->config.l2.line - 1)) >> 3);
	return dirty;
}

static uint8_t miss_cause(const struct ccnuma *ccnuma, const struct directory_line *entry,
			  unsigned cpu, uint64_t pa)
{
	uint64_t bit = UINT64_C(1) << cpu;

	if (!(entry->touched & bit))
		return CAUSE_COLD;
	if (!(entry->invalidated & bit))
		return CAUSE_CAPACITY;
	return entry->written == (pa & (ccnuma->config.l2.line - 1)) >> 3 ? CAUSE_TRUE_SHARING
									  : CAUSE_FALSE_SHARING;
}

/* Waits for the home's directory and occupies it; returns the cycles waited. */
static uint32_t occupy(struct ccnuma *ccnuma, unsigned home, uint64_t now)
{
	return calendar_book(&ccnuma->calendar[home], ccnuma->config.directory_cycles, now);
}

/* Makes room for the line of @pa in the second level; the directory hears of what goes. */
static struct cache_line *make_room(struct ccnuma *ccnuma, unsigned cpu, uint64_t pa, uint64_t now)
{
	struct cache_line *victim = cpu_cache_victim(&ccnuma->l2[cpu], pa);
	uint64_t victim_pa = cpu_cache_line_pa(&ccnuma->l2[cpu], victim);
	struct directory_line *entry;

	if (victim->state == LINE_INVALID)
		return victim;
	entry = directory_line(&ccnuma->directory, victim_pa);
	entry->sharers &= ~(UINT64_C(1) << cpu);
	entry->owned = false;
	if (victim->state == LINE_MODIFIED) /* the write-back occupies its home, nobody waits */
		occupy(ccnuma, ccnuma_home(ccnuma, victim_pa), now);
	drop_line(ccnuma, cpu, victim);
	return victim;
}

static void count_home(struct ccnuma *ccnuma, unsigned cpu, uint64_t pa, unsigned home, bool write)
{
	if (home == ccnuma->config.node_of[cpu])
		ccnuma->stats[cpu].local_misses++;
	else
		ccnuma->stats[cpu].remote_misses++;
	if (ccnuma->observer.miss)
		ccnuma->observer.miss(ccnuma->observer.opaque, cpu, pa, home, write);
}

/* A write to a line held shared: ask the home to take it from the others. */
static struct ccnuma_result upgrade(struct ccnuma *ccnuma, unsigned cpu, struct cache_line *line,
				    uint64_t pa, uint64_t now)
{
	struct directory_line *entry = directory_line(&ccnuma->directory, pa);
	unsigned node = ccnuma->config.node_of[cpu], home = ccnuma_home(ccnuma, pa);
	uint32_t wait = occupy(ccnuma, home, now);

	invalidate_others(ccnuma, entry, pa, cpu);
	entry->owned = true;
	line->state = LINE_MODIFIED;
	ccnuma->stats[cpu].queue_cycles += wait;
	count_home(ccnuma, cpu, pa, home, true);
	return (struct ccnuma_result){
		.cycles = wait + ccnuma->config.upgrade_cycles +
			  ccnuma->config.miss_cycles[node][home] -
			  ccnuma->config.miss_cycles[node][node],
		.level = LEVEL_UPGRADE,
		.cause = CAUSE_UPGRADE,
		.home = (uint8_t)home,
		.remote = home != node,
	};
}

static struct ccnuma_result l2_miss(struct ccnuma *ccnuma, unsigned cpu, uint64_t pa, bool write,
				    uint64_t now)
{
	struct directory_line *entry = directory_line(&ccnuma->directory, pa);
	unsigned node = ccnuma->config.node_of[cpu], home = ccnuma_home(ccnuma, pa);
	struct cache_line *place = make_room(ccnuma, cpu, pa, now);
	uint64_t bit = UINT64_C(1) << cpu;
	uint32_t wait = occupy(ccnuma, home, now);
	struct ccnuma_result result = {.cycles = wait + ccnuma->config.miss_cycles[node][home],
				       .level = home == node ? LEVEL_LOCAL : LEVEL_REMOTE_CLEAN,
				       .cause = miss_cause(ccnuma, entry, cpu, pa),
				       .home = (uint8_t)home,
				       .remote = home != node};
	enum line_state state = write ? LINE_MODIFIED : LINE_EXCLUSIVE;
	bool dirty = false;

	if (write)
		dirty = invalidate_others(ccnuma, entry, pa, cpu);
	else if (entry->owned)
		dirty = downgrade_owner(ccnuma, entry, pa);
	if (!write && entry->sharers)
		state = LINE_SHARED;
	if (dirty) {
		result.level = LEVEL_REMOTE_DIRTY;
		result.cycles += ccnuma->config.dirty_cycles;
	}
	entry->sharers |= bit;
	entry->touched |= bit;
	entry->invalidated &= ~bit;
	entry->owned = state != LINE_SHARED;
	cpu_cache_fill(&ccnuma->l2[cpu], place, pa, state);
	ccnuma->stats[cpu].queue_cycles += wait;
	count_home(ccnuma, cpu, pa, home, write);
	return result;
}

/* Puts the line into the first level, from the second, where it is. */
static void fill_l1(struct cpu_cache *l1, uint64_t pa)
{
	struct cache_line *place = cpu_cache_victim(l1, pa);

	supersede(l1, pa);
	if (place->state != LINE_INVALID)
		set_right(l1, cpu_cache_line_pa(l1, place), RIGHT_NONE);
	cpu_cache_fill(l1, place, pa, LINE_SHARED);
}

/* Whether the line is in the first level; counts a use of it. */
static bool use_l1(struct cpu_cache *l1, uint64_t pa)
{
	struct cache_line *line;

	if (!more_than_rights(l1))
		return *right_of(l1, pa) != RIGHT_NONE;
	line = cpu_cache_find(l1, pa);
	if (!line)
		return false;
	supersede(l1, pa);
	cpu_cache_use(l1, line, pa);
	return true;
}

/* What a second-level miss is going to need and the host's caches hardly have. */
static void fetch_ahead(struct ccnuma *ccnuma, unsigned cpu, uint64_t pa)
{
	const struct cpu_cache *l2 = &ccnuma->l2[cpu];
	const struct cache_line *last = cpu_cache_set(l2, pa) + l2->geometry.ways - 1;

	__builtin_prefetch(directory_line(&ccnuma->directory, pa), 1);
	if (last->state != LINE_INVALID) /* what LRU is going to replace */
		__builtin_prefetch(directory_line(&ccnuma->directory, cpu_cache_line_pa(l2, last)),
				   1);
}

static struct ccnuma_result look_up(struct ccnuma *ccnuma, unsigned cpu, uint64_t pa,
				    enum access access, uint64_t now)
{
	struct cpu_cache *l1 = access == ACCESS_FETCH ? &ccnuma->l1i[cpu] : &ccnuma->l1d[cpu];
	struct cpu_cache *l2 = &ccnuma->l2[cpu];
	struct cache_line *second = cpu_cache_find(l2, pa);
	bool write = access == ACCESS_WRITE, first;
	struct ccnuma_result result = {.level = LEVEL_L2, .cycles = l2->geometry.hit_cycles};

	if (!second)
		fetch_ahead(ccnuma, cpu, pa);
	first = use_l1(l1, pa);
	if (first)
		result = (struct ccnuma_result){.level = LEVEL_L1,
						.cycles = l1->geometry.hit_cycles};
	if (!second) {
		result = l2_miss(ccnuma, cpu, pa, write, now);
		second = cpu_cache_find(l2, pa);
	} else {
		if (!first)
			second = cpu_cache_use(l2, second, pa);
		if (write && !may_write(second))
			result = upgrade(ccnuma, cpu, second, pa, now);
		else if (write)
			second->state = LINE_MODIFIED;
	}
	if (!first) {
		fill_l1(l1, pa);
		second->above |= access == ACCESS_FETCH ? HELD_BY_L1I : HELD_BY_L1D;
	}
	/* A line only read so far is not writable, so that its first write comes here and makes it
	 * modified. */
	set_right(l1, pa,
		  second->state == LINE_MODIFIED && access != ACCESS_FETCH ? RIGHT_WRITE
									   : RIGHT_READ);
	return result;
}

static void answer(struct ccnuma *ccnuma, unsigned cpu, uint64_t pa, enum access access,
		   const struct ccnuma_result *result)
{
	struct ccnuma_stats *stats = &ccnuma->stats[cpu];

	stats->accesses[access]++;
	stats->level[access][result->level]++;
	stats->stall_cycles[result->level] += result->cycles;
	if (result->level > LEVEL_L2)
		stats->cause[result->cause]++;
	else if (ccnuma->observer.misses_only)
		return;
	if (ccnuma->observer.answered)
		ccnuma->observer.answered(ccnuma->observer.opaque, cpu, pa, access == ACCESS_WRITE,
					  result);
}

static __attribute__((noinline)) struct ccnuma_result
access_slowly(struct ccnuma *ccnuma, unsigned cpu, uint64_t pa, enum access access, uint64_t now)
{
	struct ccnuma_result result = look_up(ccnuma, cpu, pa, access, now);

	answer(ccnuma, cpu, pa, access, &result);
	return result;
}

/* Most are hits in the second level by all the right that is needed: the short way through
 * look_up(). */
struct ccnuma_result ccnuma_access(struct ccnuma *ccnuma, unsigned cpu, uint64_t pa,
				   enum access access, uint64_t now)
{
	struct cpu_cache *l1 = access == ACCESS_FETCH ? &ccnuma->l1i[cpu] : &ccnuma->l1d[cpu];
	struct cpu_cache *l2 = &ccnuma->l2[cpu];
	struct cache_line *second = cpu_cache_find(l2, pa);
	struct ccnuma_result result = {.level = LEVEL_L2, .cycles = l2->geometry.hit_cycles};
	bool write = access == ACCESS_WRITE;

	if (!second || more_than_rights(l1) || *right_of(l1, pa) != RIGHT_NONE ||
	    (write && !may_write(second)))
		return access_slowly(ccnuma, cpu, pa, access, now);
	second = cpu_cache_use(l2, second, pa);
	second->above |= access == ACCESS_FETCH ? HELD_BY_L1I : HELD_BY_L1D;
	if (write)
		second->state = LINE_MODIFIED;
	fill_l1(l1, pa);
	*right_of(l1, pa) =
		second->state == LINE_MODIFIED && access != ACCESS_FETCH ? RIGHT_WRITE : RIGHT_READ;
	answer(ccnuma, cpu, pa, access, &result);
	return result;
}

uint32_t ccnuma_uncached(struct ccnuma *ccnuma, unsigned cpu, uint64_t pa, uint64_t now)
{
	unsigned node = ccnuma->config.node_of[cpu], home = ccnuma_home(ccnuma, pa);
	uint32_t cycles = occupy(ccnuma, home, now) + ccnuma->config.miss_cycles[node][home];

	ccnuma->stats[cpu].uncached++;
	ccnuma->stats[cpu].uncached_cycles += cycles;
	return cycles;
}

static void dma_line(struct ccnuma *ccnuma, uint64_t pa, bool write)
{
	struct directory_line *entry = directory_line(&ccnuma->directory, pa);

	if (!write) {
		if (entry->owned)
			downgrade_owner(ccnuma, entry, pa);
		return;
	}
	for (uint64_t left = entry->sharers; left; left &= left - 1) {
		unsigned cpu = (unsigned)__builtin_ctzll(left);

		ccnuma->stats[cpu].invalidations++;
		drop_line(ccnuma, cpu, cpu_cache_find(&ccnuma->l2[cpu], pa));
	}
	entry->invalidated |= entry->sharers;
	entry->sharers = 0;
	entry->owned = false;
}

void ccnuma_dma(struct ccnuma *ccnuma, uint64_t pa, uint64_t length, bool write)
{
	unsigned line = ccnuma->config.l2.line;

	for (uint64_t at = pa & ~(uint64_t)(line - 1); at < pa + length; at += line)
		dma_line(ccnuma, at, write);
}

const struct ccnuma_stats *ccnuma_stats(const struct ccnuma *ccnuma, unsigned cpu)
{
	return &ccnuma->stats[cpu];
}

void ccnuma_stats_reset(struct ccnuma *ccnuma)
{
	memset(ccnuma->stats, 0, sizeof(ccnuma->stats));
}

static int check(const struct ccnuma_config *config, struct error *error)
{
	if (config->cpus == 0 || config->cpus > CCNUMA_MAX_CPUS)
		return error_set(error, -EINVAL, "%u CPUs; allowed are 1 to %d", config->cpus,
				 CCNUMA_MAX_CPUS);
	if (config->nodes == 0 || config->nodes > CCNUMA_MAX_NODES)
		return error_set(error, -EINVAL, "%u nodes; allowed are 1 to %d", config->nodes,
				 CCNUMA_MAX_NODES);
	if (config->memory == 0 || config->memory % (config->nodes << PAGE_SHIFT))
		return error_set(error, -EINVAL, "memory is not a whole number of pages a node");
	if (config->l2.line < config->l1i.line || config->l2.line < config->l1d.line)
		return error_set(error, -EINVAL,
				 "the second-level line (%u bytes) is shorter than a first-level "
				 "one",
				 config->l2.line);
	return 0;
}

static int create_caches(struct ccnuma *ccnuma, struct error *error)
{
	const struct ccnuma_config *config = &ccnuma->config;
	int status = 0;

	for (unsigned cpu = 0; cpu < config->cpus && !status; cpu++) {
		uint64_t seed = config->seed * 3 + cpu * 0x9e3779b97f4a7c15u;

		status = cpu_cache_create(&ccnuma->l1i[cpu], &config->l1i, "l1i", seed, error);
		if (!status)
			status = cpu_cache_create(&ccnuma->l1d[cpu], &config->l1d, "l1d", seed + 2,
						  error);
		if (!status)
			status = cpu_cache_create(&ccnuma->l2[cpu], &config->l2, "l2", seed + 4,
						  error);
	}
	return status;
}

/* First levels where a hit costs nothing say what hits and changes nothing. */
static int keep_rights(struct ccnuma *ccnuma)
{
	int status = 0;

	for (unsigned cpu = 0; cpu < ccnuma->config.cpus && !status; cpu++) {
		struct cpu_cache *l1[] = {&ccnuma->l1i[cpu], &ccnuma->l1d[cpu]};

		for (unsigned i = 0; i < 2 && !status; i++) {
			const struct cache_geometry *geometry = &l1[i]->geometry;

			if (!geometry->hit_cycles)
				status = cpu_cache_keep_rights(l1[i], ccnuma->config.memory);
		}
	}
	return status;
}

const uint8_t *ccnuma_rights(const struct ccnuma *ccnuma, unsigned cpu, bool fetch, unsigned *shift)
{
	const struct cpu_cache *l1 = fetch ? &ccnuma->l1i[cpu] : &ccnuma->l1d[cpu];

	*shift = l1->line_shift;
	return l1->rights;
}

struct ccnuma *ccnuma_create(const struct ccnuma_config *config,
			     const struct ccnuma_observer *observer, struct error *error)
{
	struct ccnuma *ccnuma;

	if (check(config, error))
		return NULL;
	ccnuma = calloc(1, sizeof(*ccnuma));
	if (!ccnuma) {
		error_set(error, -ENOMEM, "out of memory for the memory model");
		return NULL;
	}
	ccnuma->config = *config;
	ccnuma->observer = observer ? *observer : no_observer;
	ccnuma->node_memory = config->memory / config->nodes;
	if (!(ccnuma->node_memory & (ccnuma->node_memory - 1)))
		ccnuma->node_shift = (unsigned)__builtin_ctzll(ccnuma->node_memory);
	if (create_caches(ccnuma, error)) {
		ccnuma_destroy(ccnuma);
		return NULL;
	}
	if (keep_rights(ccnuma) ||
	    directory_create(&ccnuma->directory, config->memory, ccnuma->l2[0].line_shift)) {
		error_set(error, -ENOMEM, "out of memory for the directory");
		ccnuma_destroy(ccnuma);
		return NULL;
	}
	return ccnuma;
}

void ccnuma_destroy(struct ccnuma *ccnuma)
{
	if (!ccnuma)
		return;
	for (unsigned cpu = 0; cpu < ccnuma->config.cpus; cpu++) {
		cpu_cache_destroy(&ccnuma->l1i[cpu]);
		cpu_cache_destroy(&ccnuma->l1d[cpu]);
		cpu_cache_destroy(&ccnuma->l2[cpu]);
	}
	directory_destroy(&ccnuma->directory);
	free(ccnuma);
}

static size_t cache_lines(const struct cpu_cache *cache)
{
	return (size_t)cache->sets * cache->geometry.ways;
}

static bool included(const struct ccnuma *ccnuma, const struct cpu_cache *l1, unsigned cpu)
{
	for (size_t i = 0; i < cache_lines(l1); i++) {
		if (l1->lines[i].state != LINE_INVALID &&
		    !cpu_cache_find(&ccnuma->l2[cpu], cpu_cache_line_pa(l1, &l1->lines[i])))
			return false;
	}
	return true;
}

/* Exactly the lines in the first level have a right (with LRU, those used last in their sets), and
 * to write only what is modified. */
static bool rights_agree(const struct ccnuma *ccnuma, const struct cpu_cache *l1, unsigned cpu)
{
	for (uint64_t at = 0; l1->rights && at < ccnuma->config.memory; at += l1->geometry.line) {
		const struct cache_line *second, *first = cpu_cache_find(l1, at);
		uint8_t right = *right_of(l1, at);

		if (l1->geometry.replacement == REPLACE_LRU && first != cpu_cache_set(l1, at))
			first = NULL;
		if ((right != RIGHT_NONE) != (first != NULL))
			return false;
		second = cpu_cache_find(&ccnuma->l2[cpu], at);
		if (right == RIGHT_WRITE && (!second || second->state != LINE_MODIFIED))
			return false;
	}
	return true;
}

/* Every line of @cpu is listed, and owned exactly when it may be written. */
static bool listed(const struct ccnuma *ccnuma, unsigned cpu)
{
	const struct cpu_cache *l2 = &ccnuma->l2[cpu];

	for (size_t i = 0; i < cache_lines(l2); i++) {
		const struct cache_line *line = &l2->lines[i];
		const struct directory_line *entry;

		if (line->state == LINE_INVALID)
			continue;
		entry = directory_line(&ccnuma->directory, cpu_cache_line_pa(l2, line));
		if (!(entry->sharers >> cpu & 1) || entry->owned != may_write(line))
			return false;
		if (entry->owned && (entry->sharers & (entry->sharers - 1)))
			return false;
	}
	return true;
}

static bool sharers_have_it(const struct ccnuma *ccnuma)
{
	uint64_t count = ccnuma->config.memory >> ccnuma->directory.line_shift;

	for (uint64_t i = 0; i < count; i++) {
		for (uint64_t left = ccnuma->directory.lines[i].sharers; left; left &= left - 1) {
			unsigned cpu = (unsigned)__builtin_ctzll(left);

			if (!cpu_cache_find(&ccnuma->l2[cpu], i << ccnuma->directory.line_shift))
				return false;
		}
	}
	return true;
}

bool ccnuma_consistent(const struct ccnuma *ccnuma)
{
	for (unsigned cpu = 0; cpu < ccnuma->config.cpus; cpu++) {
		if (!included(ccnuma, &ccnuma->l1i[cpu], cpu) ||
		    !included(ccnuma, &ccnuma->l1d[cpu], cpu) || !listed(ccnuma, cpu) ||
		    !rights_agree(ccnuma, &ccnuma->l1i[cpu], cpu) ||
		    !rights_agree(ccnuma, &ccnuma->l1d[cpu], cpu))
			return false;
	}
	return sharers_have_it(ccnuma);
}
