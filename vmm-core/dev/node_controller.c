/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The node controller; its registers are in dev/node_controller.h. */
#include "dev/node_controller.h"

#define DEFAULT_THRESHOLD 128

/* A page's counters: the interval they are of, then writes, then one a node. */
#define STAMP		  0
#define WRITES		  1
#define FIRST_NODE	  2

#define COUNT		  0x7fff /* of a counter of a node: the misses */
#define REPORTED	  0x8000 /* hot in this interval */
#define AGING		  2	 /* bits a count loses at the end of an interval */

static uint16_t *counters_of(const struct node_controller *controller, uint32_t page)
{
	return &controller->counters[(size_t)page * (controller->config.nodes + FIRST_NODE)];
}

static void clear(const struct node_controller *controller, uint32_t page)
{
	uint16_t *counters = counters_of(controller, page);

	for (unsigned n = WRITES; n < controller->config.nodes + FIRST_NODE; n++)
		counters[n] = 0;
}

static void clear_all(struct node_controller *controller)
{
	for (uint32_t page = 0; page < controller->config.pages; page++)
		clear(controller, page);
}

/* So many intervals have passed. What the other nodes missed counts on for a while, so that a page
 * gets hot that is used steadily, not only one that is used in bursts. */
static void age(const struct node_controller *controller, uint32_t page, uint16_t intervals)
{
	uint16_t *counters = counters_of(controller, page);

	if (intervals * AGING > 15)
		intervals = 15 / AGING + 1;
	for (unsigned n = FIRST_NODE; n < controller->config.nodes + FIRST_NODE; n++) {
		counters[n] = (counters[n] & COUNT) >> intervals * AGING;
		if (counters[n] > controller->threshold / 2)
			counters[n] = controller->threshold / 2;
	}
	counters[FIRST_NODE + controller->config.node] = counters[WRITES] = 0;
}

/* The page's counters, aged when they are of an earlier interval: nobody has to walk over all pages
 * at the end of one. */
static uint16_t *current_counters(struct node_controller *controller, uint32_t page)
{
	uint16_t *counters = counters_of(controller, page);
	uint16_t stamp;

	if (!controller->interval)
		return counters;
	stamp = (uint16_t)(controller->config.now(controller->config.opaque) /
			   controller->interval);
	if (counters[STAMP] != stamp) {
		age(controller, page, (uint16_t)(stamp - counters[STAMP]));
		counters[STAMP] = stamp;
	}
	return counters;
}

static void update_irq(const struct node_controller *controller)
{
	irq_line_set(&controller->config.irq,
		     controller->fifo_length && (controller->control & NODE_CONTROL_IRQ));
}

static bool report_hot(struct node_controller *controller, uint32_t page, unsigned from)
{
	unsigned at = (controller->fifo_first + controller->fifo_length) % NODE_FIFO;

	if (controller->fifo_length == NODE_FIFO) {
		controller->overflow++;
		return false;
	}
	controller->fifo[at] = NODE_HOT_VALID | (uint64_t)from << NODE_HOT_NODE_SHIFT | page;
	controller->fifo_length++;
	update_irq(controller);
	return true;
}

void node_controller_miss(struct node_controller *controller, uint32_t page, unsigned from,
			  bool write)
{
	uint16_t *counters, *counter;

	if (from == controller->config.node)
		controller->local++;
	else
		controller->remote++;
	if (!(controller->control & NODE_CONTROL_COUNT) || page >= controller->config.pages ||
	    ++controller->skipped < controller->sampling)
		return;
	controller->skipped = 0;
	counters = current_counters(controller, page);
	if (write && counters[WRITES] < UINT16_MAX)
		counters[WRITES]++;
	counter = &counters[FIRST_NODE + from];
	if ((*counter & COUNT) < COUNT)
		++*counter;
	if (*counter >= controller->threshold && !(*counter & REPORTED) &&
	    from != controller->config.node && report_hot(controller, page, from))
		*counter |= REPORTED;
}

static uint64_t take_hot(struct node_controller *controller)
{
	uint64_t hot;

	if (!controller->fifo_length)
		return 0;
	hot = controller->fifo[controller->fifo_first];
	controller->fifo_first = (controller->fifo_first + 1) % NODE_FIFO;
	controller->fifo_length--;
	update_irq(controller);
	return hot;
}

static bool read_array(struct node_controller *controller, uint64_t offset, uint64_t *value)
{
	unsigned nodes = controller->config.nodes;

	if (offset >= NODE_COUNT(0) && offset < NODE_COUNT(nodes)) {
		*value = current_counters(
				 controller,
				 controller->selected)[FIRST_NODE + (offset - NODE_COUNT(0)) / 8] &
			 COUNT;
		return true;
	}
	if (offset >= NODE_COUNTS(0) && offset < NODE_COUNTS((nodes + 3) / 4)) {
		unsigned first = (unsigned)(offset - NODE_COUNTS(0)) / 8 * 4;
		const uint16_t *counters = current_counters(controller, controller->selected);

		*value = 0;
		for (unsigned n = first; n < first + 4 && n < nodes; n++)
			*value |= (uint64_t)(counters[FIRST_NODE + n] & COUNT) << 16 * (n - first);
		return true;
	}
	if (offset >= NODE_LATENCY(0) && offset < NODE_LATENCY(nodes)) {
		*value = controller->config.latency[(offset - NODE_LATENCY(0)) / 8];
		return true;
	}
	return false;
}

static bool read_register(struct node_controller *controller, uint64_t offset, uint64_t *value)
{
	const struct node_controller_config *config = &controller->config;
	const uint64_t plain[] = {
		[NODE_ID / 8] = NODE_ID_VALUE,
		[NODE_NODE / 8] = config->node,
		[NODE_NODES / 8] = config->nodes,
		[NODE_PAGES / 8] = config->pages,
		[NODE_FIRST / 8] = config->first,
		[NODE_STRIDE / 8] = config->stride,
		[NODE_CPUS / 8] = config->cpus,
		[NODE_CONTROL / 8] = controller->control,
		[NODE_THRESHOLD / 8] = controller->threshold,
		[NODE_SAMPLING / 8] = controller->sampling,
		[NODE_INTERVAL / 8] = controller->interval,
		[NODE_OVERFLOW / 8] = controller->overflow,
		[NODE_SELECT / 8] = controller->selected,
		[NODE_LOCAL / 8] = controller->local,
		[NODE_REMOTE / 8] = controller->remote,
	};

	switch (offset) {
	case NODE_HOT:
		*value = take_hot(controller);
		return true;
	case NODE_WRITES:
		*value = current_counters(controller, controller->selected)[WRITES];
		return true;
	case NODE_RESET:
		*value = 0;
		return true;
	default:
		if (offset / 8 >= sizeof(plain) / sizeof(plain[0]))
			return read_array(controller, offset, value);
		*value = plain[offset / 8];
		return true;
	}
}

bool node_controller_read(void *opaque, unsigned cpu, uint64_t offset, unsigned size,
			  uint64_t *value)
{
	(void)cpu;
	if (size < 4 || offset % 8 || !read_register(opaque, offset, value))
		return false;
	if (size == 4)
		*value = (uint32_t)*value;
	return true;
}

static uint16_t limited(uint64_t value, uint16_t most)
{
	if (value < 1)
		return 1;
	return value > most ? most : (uint16_t)value;
}

bool node_controller_write(void *opaque, unsigned cpu, uint64_t offset, unsigned size,
			   uint64_t value)
{
	struct node_controller *controller = opaque;

	(void)cpu;
	if (size < 4 || offset % 8)
		return false;
	switch (offset) {
	case NODE_CONTROL:
		controller->control = value & (NODE_CONTROL_COUNT | NODE_CONTROL_IRQ);
		update_irq(controller);
		return true;
	case NODE_THRESHOLD:
		controller->threshold = limited(value, COUNT);
		return true;
	case NODE_SAMPLING:
		controller->sampling = limited(value, UINT16_MAX);
		return true;
	case NODE_INTERVAL:
		controller->interval = value;
		clear_all(controller);
		return true;
	case NODE_OVERFLOW:
		controller->overflow = value;
		return true;
	case NODE_SELECT:
		if (value < controller->config.pages)
			controller->selected = (uint32_t)value;
		return true;
	case NODE_RESET:
		if (value)
			clear_all(controller);
		else
			clear(controller, controller->selected);
		return true;
	default:
		return false;
	}
}

size_t node_controller_memory(unsigned nodes, uint32_t pages)
{
	return (size_t)pages * (nodes + FIRST_NODE) * sizeof(uint16_t);
}

void node_controller_init(struct node_controller *controller,
			  const struct node_controller_config *config, void *memory)
{
	*controller = (struct node_controller){
		.config = *config,
		.threshold = DEFAULT_THRESHOLD,
		.sampling = 1,
		.counters = memory,
	};
}
