/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Global Interrupt Controller.
 *
 * What is not modelled: the watchdog does not count, EIC mode and shadow register sets are absent,
 * and CTL says that the CPU's own timer, performance counter and software interrupts are not
 * routed here: they go straight to Cause.IP, as on parts without an external controller.
 */
#include "dev/gic.h"

/* Sections */
#define GIC_LOCAL_SECTION 0x8000
#define GIC_OTHER_SECTION 0xc000
#define GIC_USER_SECTION  0x10000

/* Shared section */
#define GIC_CONFIG	  0x000
#define GIC_COUNTER_LO	  0x010
#define GIC_COUNTER_HI	  0x014
#define GIC_REVISION	  0x020
#define GIC_POL		  0x100
#define GIC_TRIG	  0x180
#define GIC_DUAL	  0x200
#define GIC_WEDGE	  0x280
#define GIC_RMASK	  0x300
#define GIC_SMASK	  0x380
#define GIC_MASK	  0x400
#define GIC_PEND	  0x480
#define GIC_MAP_PIN	  0x500
#define GIC_MAP_VP	  0x2000
#define GIC_MAP_VP_STRIDE 0x20
#define GIC_BITMAP_BYTES  0x80

#define CONFIG_COUNTBITS  (UINT32_C(8) << 24) /* 32 + 8 * 4 = 64 bits */
#define CONFIG_COUNTSTOP  (UINT32_C(1) << 28)
#define MAP_TO_PIN	  (UINT32_C(1) << 31)
#define MAP_WRITABLE	  (MAP_TO_PIN | UINT32_C(1) << 30 | 0x3f)
#define MAP_PIN		  0x3f
#define WEDGE_SET	  (UINT32_C(1) << 31)

/* Local and other sections */
#define GIC_VL_CTL	  0x00
#define GIC_VL_PEND	  0x04
#define GIC_VL_MASK	  0x08
#define GIC_VL_RMASK	  0x0c
#define GIC_VL_SMASK	  0x10
#define GIC_VL_MAP	  0x40
#define GIC_VL_OTHER	  0x80
#define GIC_VL_IDENT	  0x88
#define GIC_VL_WD_CONFIG  0x90
#define GIC_VL_WD_INITIAL 0x98
#define GIC_VL_COMPARE_LO 0xa0
#define GIC_VL_COMPARE_HI 0xa4

/* The order of the local map registers differs from the order of the pending bits. */
static const enum gic_local local_map_order[GIC_LOCALS] = {
	GIC_LOCAL_WD,	   GIC_LOCAL_COMPARE, GIC_LOCAL_TIMER,	GIC_LOCAL_FDC,
	GIC_LOCAL_PERFCTR, GIC_LOCAL_SWINT0,  GIC_LOCAL_SWINT1,
};

static uint64_t counter_at(const struct gic *gic, unsigned cpu)
{
	if (gic->counter_stopped)
		return gic->counter_offset;
	return gic->board.now(gic->board.opaque, cpu) + gic->counter_offset;
}

bool gic_counter_offset(const struct gic *gic, uint64_t *offset)
{
	*offset = gic->counter_offset;
	return !gic->counter_stopped;
}

static uint64_t counter_read(struct gic *gic, unsigned cpu)
{
	uint64_t counter = counter_at(gic, cpu);
	uint64_t last = atomic_load_explicit(&gic->counter_last, memory_order_relaxed);

	while (counter > last)
		if (atomic_compare_exchange_weak(&gic->counter_last, &last, counter))
			return counter;
	return last;
}

static uint32_t pending_word(const struct gic *gic, unsigned word)
{
	uint32_t active = ~(gic->line[word] ^ gic->polarity[word]);

	return (gic->latched[word] & gic->trigger[word]) | (active & ~gic->trigger[word]);
}

/* The pins that local interrupts raise on @cpu. */
static uint8_t local_pins(const struct gic_cpu *local)
{
	uint32_t raised = local->local_pending & local->local_mask;
	uint8_t pins = 0;

	for (unsigned n = 0; n < GIC_LOCALS; n++)
		if ((raised >> n & 1) && (local->local_map[n] & MAP_TO_PIN) &&
		    (local->local_map[n] & MAP_PIN) < GIC_PINS)
			pins |= 1u << (local->local_map[n] & MAP_PIN);
	return pins;
}

static uint8_t shared_pins(const struct gic *gic, unsigned cpu)
{
	uint8_t pins = 0;

	for (unsigned word = 0; word < gic->shared / 32; word++) {
		uint32_t raised = pending_word(gic, word) & gic->mask[word];

		for (unsigned bit = 0; raised; bit++, raised >>= 1) {
			uint32_t map = gic->map_pin[word * 32 + bit];

			if ((raised & 1) && (gic->map_vp[word * 32 + bit] >> cpu & 1) &&
			    (map & MAP_TO_PIN) && (map & MAP_PIN) < GIC_PINS)
				pins |= 1u << (map & MAP_PIN);
		}
	}
	return pins;
}

static void update_cpu(struct gic *gic, unsigned cpu)
{
	struct gic_cpu *local = &gic->cpu[cpu];
	uint8_t pins = local_pins(local) | shared_pins(gic, cpu);
	uint8_t changed = pins ^ local->pins;

	local->pins = pins;
	for (unsigned pin = 0; changed; pin++, changed >>= 1)
		if (changed & 1)
			gic->board.set_pin(gic->board.opaque, cpu, pin, pins >> pin & 1);
}

static void update_cpus(struct gic *gic, uint64_t cpus)
{
	for (unsigned cpu = 0; cpus && cpu < gic->cpus; cpu++, cpus >>= 1)
		if (cpus & 1)
			update_cpu(gic, cpu);
}

static void update_word(struct gic *gic, unsigned word, uint32_t bits)
{
	uint64_t cpus = 0;

	for (unsigned bit = 0; bits; bit++, bits >>= 1)
		if (bits & 1)
			cpus |= gic->map_vp[word * 32 + bit];
	update_cpus(gic, cpus);
}

void gic_set_shared(void *opaque, unsigned number, bool level)
{
	struct gic *gic = opaque;
	unsigned word = number / 32;
	uint32_t bit = UINT32_C(1) << (number % 32);
	bool was;

	if (number >= gic->shared)
		return;
	was = gic->line[word] & bit;
	if (was == level)
		return;
	gic->line[word] ^= bit;
	if ((gic->dual[word] & bit) || level == !!(gic->polarity[word] & bit))
		gic->latched[word] |= bit;
	update_word(gic, word, bit);
}

/* ---- compare timer ---- */

static void compare_changed(struct gic *gic, unsigned cpu)
{
	struct gic_cpu *local = &gic->cpu[cpu];
	uint64_t counter = counter_at(gic, cpu);

	local->local_pending &= ~(UINT32_C(1) << GIC_LOCAL_COMPARE);
	if (gic->counter_stopped || local->compare <= counter)
		gic->board.set_timer(gic->board.opaque, cpu, GIC_NO_TIMER);
	else
		gic->board.set_timer(gic->board.opaque, cpu,
				     gic->board.now(gic->board.opaque, cpu) + local->compare -
					     counter);
	update_cpu(gic, cpu);
}

void gic_timer(struct gic *gic, unsigned cpu)
{
	struct gic_cpu *local = &gic->cpu[cpu];

	if (gic->counter_stopped || counter_at(gic, cpu) < local->compare)
		return;
	gic->board.set_timer(gic->board.opaque, cpu, GIC_NO_TIMER);
	local->local_pending |= UINT32_C(1) << GIC_LOCAL_COMPARE;
	update_cpu(gic, cpu);
}

static void set_counter_stop(struct gic *gic, unsigned cpu, bool stop)
{
	uint64_t counter = counter_at(gic, cpu);

	if (gic->counter_stopped == stop)
		return;
	gic->counter_stopped = stop;
	gic->counter_offset = stop ? counter : counter - gic->board.now(gic->board.opaque, cpu);
	for (unsigned n = 0; n < gic->cpus; n++)
		compare_changed(gic, n);
}

static void write_counter(struct gic *gic, unsigned shift, uint32_t value)
{
	if (!gic->counter_stopped)
		return;
	gic->counter_offset &= ~(UINT64_C(0xffffffff) << shift);
	gic->counter_offset |= (uint64_t)value << shift;
	gic->counter_last = gic->counter_offset;
}

/* ---- local and other sections ---- */

static uint32_t local_read(struct gic *gic, unsigned cpu, unsigned offset)
{
	struct gic_cpu *local = &gic->cpu[cpu];

	if (offset >= GIC_VL_MAP && offset < GIC_VL_MAP + 4 * GIC_LOCALS)
		return local->local_map[local_map_order[(offset - GIC_VL_MAP) / 4]];
	switch (offset) {
	case GIC_VL_CTL:
		return local->ctl;
	case GIC_VL_PEND:
		return local->local_pending;
	case GIC_VL_MASK:
		return local->local_mask;
	case GIC_VL_OTHER:
		return local->other;
	case GIC_VL_IDENT:
		return cpu;
	case GIC_VL_WD_CONFIG:
		return (uint32_t)local->watchdog_config;
	case GIC_VL_WD_INITIAL:
		return (uint32_t)local->watchdog_initial;
	case GIC_VL_COMPARE_LO:
		return (uint32_t)local->compare;
	case GIC_VL_COMPARE_HI:
		return (uint32_t)(local->compare >> 32);
	}
	return 0;
}

static void local_write(struct gic *gic, unsigned cpu, unsigned offset, uint32_t value)
{
	struct gic_cpu *local = &gic->cpu[cpu];
	const uint32_t all = (UINT32_C(1) << GIC_LOCALS) - 1;

	if (offset >= GIC_VL_MAP && offset < GIC_VL_MAP + 4 * GIC_LOCALS) {
		local->local_map[local_map_order[(offset - GIC_VL_MAP) / 4]] = value & MAP_WRITABLE;
		update_cpu(gic, cpu);
		return;
	}
	switch (offset) {
	case GIC_VL_RMASK:
		local->local_mask &= ~value;
		break;
	case GIC_VL_SMASK:
		local->local_mask |= value & all;
		break;
	case GIC_VL_OTHER:
		local->other = value;
		return;
	case GIC_VL_WD_CONFIG:
		local->watchdog_config = value & 0x7f;
		return;
	case GIC_VL_WD_INITIAL:
		local->watchdog_initial = value;
		return;
	case GIC_VL_COMPARE_LO:
		local->compare = (local->compare & ~UINT64_C(0xffffffff)) | value;
		compare_changed(gic, cpu);
		return;
	case GIC_VL_COMPARE_HI:
		local->compare = (local->compare & 0xffffffff) | (uint64_t)value << 32;
		compare_changed(gic, cpu);
		return;
	default:
		return;
	}
	update_cpu(gic, cpu);
}

/* ---- shared section ---- */

/* Bitmap register @base: the word number, or -1 when @offset is not in it or beyond the sources. */
static int bitmap_word(const struct gic *gic, unsigned base, unsigned offset)
{
	unsigned word = (offset - base) / 4;

	if (offset < base || offset >= base + GIC_BITMAP_BYTES || word >= (gic->shared + 31) / 32)
		return -1;
	return (int)word;
}

static uint32_t bitmap_read(struct gic *gic, unsigned offset)
{
	const uint32_t *const plain[] = {gic->polarity, gic->trigger, gic->dual};
	int word;

	for (unsigned n = 0; n < 3; n++) {
		word = bitmap_word(gic, GIC_POL + n * GIC_BITMAP_BYTES, offset);
		if (word >= 0)
			return plain[n][word];
	}
	word = bitmap_word(gic, GIC_MASK, offset);
	if (word >= 0)
		return gic->mask[word];
	word = bitmap_word(gic, GIC_PEND, offset);
	return word >= 0 ? pending_word(gic, (unsigned)word) : 0;
}

static void bitmap_write(struct gic *gic, unsigned offset, uint32_t value)
{
	uint32_t *const plain[] = {gic->polarity, gic->trigger, gic->dual};
	int word;

	for (unsigned n = 0; n < 3; n++) {
		word = bitmap_word(gic, GIC_POL + n * GIC_BITMAP_BYTES, offset);
		if (word < 0)
			continue;
		plain[n][word] = value;
		update_word(gic, (unsigned)word, UINT32_MAX);
		return;
	}
	word = bitmap_word(gic, GIC_RMASK, offset);
	if (word >= 0) {
		gic->mask[word] &= ~value;
		update_word(gic, (unsigned)word, value);
		return;
	}
	word = bitmap_word(gic, GIC_SMASK, offset);
	if (word >= 0) {
		gic->mask[word] |= value;
		update_word(gic, (unsigned)word, value);
	}
}

static void wedge(struct gic *gic, uint32_t value)
{
	unsigned number = value & ~WEDGE_SET;
	uint32_t bit = UINT32_C(1) << (number % 32);

	if (number >= gic->shared)
		return;
	if (value & WEDGE_SET)
		gic->latched[number / 32] |= bit;
	else
		gic->latched[number / 32] &= ~bit;
	update_word(gic, number / 32, bit);
}

static uint32_t shared_read(struct gic *gic, unsigned cpu, unsigned offset)
{
	unsigned number;

	switch (offset) {
	case GIC_CONFIG:
		return (gic->counter_stopped ? CONFIG_COUNTSTOP : 0) | CONFIG_COUNTBITS |
		       (gic->shared / 8 - 1) << 16 | (gic->cpus - 1);
	case GIC_COUNTER_LO:
		return (uint32_t)counter_read(gic, cpu);
	case GIC_COUNTER_HI:
		return (uint32_t)(counter_read(gic, cpu) >> 32);
	}
	if (offset >= GIC_POL && offset < GIC_MAP_PIN)
		return bitmap_read(gic, offset);
	number = (offset - GIC_MAP_PIN) / 4;
	if (offset >= GIC_MAP_PIN && number < gic->shared)
		return gic->map_pin[number];
	number = (offset - GIC_MAP_VP) / GIC_MAP_VP_STRIDE;
	if (offset >= GIC_MAP_VP && number < gic->shared && offset % GIC_MAP_VP_STRIDE < 8)
		return (uint32_t)(gic->map_vp[number] >> (offset & 4) * 8);
	return 0;
}

static void shared_write(struct gic *gic, unsigned cpu, unsigned offset, uint32_t value)
{
	unsigned number;

	switch (offset) {
	case GIC_CONFIG:
		set_counter_stop(gic, cpu, value & CONFIG_COUNTSTOP);
		return;
	case GIC_COUNTER_LO:
		write_counter(gic, 0, value);
		return;
	case GIC_COUNTER_HI:
		write_counter(gic, 32, value);
		return;
	case GIC_WEDGE:
		wedge(gic, value);
		return;
	}
	if (offset >= GIC_POL && offset < GIC_MAP_PIN) {
		bitmap_write(gic, offset, value);
		return;
	}
	number = (offset - GIC_MAP_PIN) / 4;
	if (offset >= GIC_MAP_PIN && number < gic->shared) {
		gic->map_pin[number] = value & MAP_WRITABLE;
		update_cpus(gic, gic->map_vp[number]);
		return;
	}
	number = (offset - GIC_MAP_VP) / GIC_MAP_VP_STRIDE;
	if (offset >= GIC_MAP_VP && number < gic->shared && offset % GIC_MAP_VP_STRIDE < 8) {
		unsigned shift = (offset & 4) * 8;
		uint64_t before = gic->map_vp[number];

		gic->map_vp[number] =
			(before & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)value << shift;
		update_cpus(gic, before | gic->map_vp[number]);
	}
}

/* ---- the whole block, in 32-bit words ---- */

/* The CPU whose local registers an access to the local or other section means, or -1. */
static int section_cpu(const struct gic *gic, unsigned cpu, uint64_t offset)
{
	if (offset < GIC_OTHER_SECTION)
		return (int)cpu;
	return gic->cpu[cpu].other < gic->cpus ? (int)gic->cpu[cpu].other : -1;
}

static uint32_t word_read(struct gic *gic, unsigned cpu, uint64_t offset)
{
	int whose;

	if (offset < GIC_LOCAL_SECTION)
		return shared_read(gic, cpu, (unsigned)offset);
	if (offset >= GIC_USER_SECTION)
		return offset > GIC_USER_SECTION + 4
			       ? 0
			       : (uint32_t)(counter_read(gic, cpu) >> (offset & 4) * 8);
	whose = section_cpu(gic, cpu, offset);
	return whose < 0 ? 0 : local_read(gic, (unsigned)whose, offset & 0x3fff);
}

static void word_write(struct gic *gic, unsigned cpu, uint64_t offset, uint32_t value)
{
	int whose;

	if (offset < GIC_LOCAL_SECTION) {
		shared_write(gic, cpu, (unsigned)offset, value);
		return;
	}
	if (offset >= GIC_USER_SECTION)
		return;
	whose = section_cpu(gic, cpu, offset);
	if (whose >= 0)
		local_write(gic, (unsigned)whose, offset & 0x3fff, value);
}

bool gic_read(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value)
{
	struct gic *gic = opaque;

	if (size < 4 || cpu >= gic->cpus)
		return false;
	*value = word_read(gic, cpu, offset);
	if (size == 8)
		*value |= (uint64_t)word_read(gic, cpu, offset + 4) << 32;
	return true;
}

bool gic_write(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
	struct gic *gic = opaque;

	if (size < 4 || cpu >= gic->cpus)
		return false;
	if (size == 8)
		word_write(gic, cpu, offset + 4, (uint32_t)(value >> 32));
	word_write(gic, cpu, offset, (uint32_t)value);
	return true;
}

bool gic_local(void *opaque, unsigned cpu, uint64_t offset, unsigned size, bool write)
{
	uint64_t last = offset + size - 1;

	(void)opaque;
	(void)cpu;
	if (offset >= GIC_USER_SECTION)
		return true;
	if (offset >= GIC_LOCAL_SECTION && last < GIC_OTHER_SECTION)
		return true;
	return !write && last < GIC_LOCAL_SECTION;
}

void gic_init(struct gic *gic, const struct gic_board *board, unsigned cpus, unsigned shared)
{
	*gic = (struct gic){.board = *board, .cpus = cpus, .shared = shared};
	for (unsigned word = 0; word < GIC_WORDS; word++)
		gic->polarity[word] = UINT32_MAX;
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		gic->cpu[cpu].compare = UINT64_MAX;
		/* The stock kernel maps this one only on the CPUs that are up when it first asks
		 * for it, and relies on the reset value, pin 0, on the others. */
		gic->cpu[cpu].local_map[GIC_LOCAL_COMPARE] = MAP_TO_PIN;
	}
}
