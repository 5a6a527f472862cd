// SPDX-License-Identifier: GPL-2.0
/*
 * Counts from the processor's sampled data addresses: AMD's IBS, Intel's PEBS, or any other event
 * with an address that the caller names by perf type and config. The handler may run in NMI context:
 * it puts the sample into a ring of its CPU, and an irq_work counts it.
 */
#include <linux/local_lock.h>
#include <linux/perf_event.h>
#include <linux/slab.h>

#include "disco.h"

#ifdef CONFIG_PERF_EVENTS

#define SAMPLES 256 /* a CPU */

struct sample {
	u32 slot;
	u32 view;
};

struct cpu_samples {
	struct perf_event *event;
	struct irq_work work;
	struct disco_space *space;
	unsigned int head; /* written by the handler */
	unsigned int tail; /* written by the irq_work */
	struct sample sample[SAMPLES];
};

struct disco_pmu {
	struct cpu_samples __percpu *cpu;
};

static bool find_slot(struct disco_space *space, unsigned long addr, struct sample *sample)
{
	unsigned int i;

	for (i = 0; i < space->views; i++) {
		const struct disco_view *view = &space->view[i];
		unsigned long pages = READ_ONCE(view->pages), page;

		smp_rmb(); /* pairs with map_view() */
		page = (addr - READ_ONCE(view->start)) >> PAGE_SHIFT;
		if (!pages || addr < READ_ONCE(view->start) || page >= pages)
			continue;
		sample->slot = READ_ONCE(view->first) + page;
		sample->view = i;
		return sample->slot < space->slots;
	}
	return false;
}

static void overflow(struct perf_event *event, struct perf_sample_data *data, struct pt_regs *regs)
{
	struct cpu_samples *cpu = event->overflow_handler_context;
	struct disco_space *space = cpu->space;
	struct sample sample;
	unsigned int head = cpu->head;

	if (current->mm != space->mm || !data->addr || !find_slot(space, data->addr, &sample))
		return;
	if (head - smp_load_acquire(&cpu->tail) >= SAMPLES) { /* drain() has read the place */
		atomic64_inc(&space->counts.samples_lost);
		return;
	}
	cpu->sample[head % SAMPLES] = sample;
	smp_store_release(&cpu->head, head + 1); /* after the sample */
	irq_work_queue(&cpu->work);
}

static void drain(struct irq_work *work)
{
	struct cpu_samples *cpu = container_of(work, struct cpu_samples, work);
	unsigned int head = smp_load_acquire(&cpu->head), tail = cpu->tail; /* overflow() */

	for (; tail != head; tail++) {
		struct sample sample = cpu->sample[tail % SAMPLES];

		disco_count_access(cpu->space, sample.slot, sample.view, 1, DISCO_COUNT_PMU);
		atomic64_inc(&cpu->space->counts.samples);
	}
	smp_store_release(&cpu->tail, tail); /* after the samples are read */
}

/* PEBS wants precise_ip for addresses, other units refuse it; some cannot leave out the kernel. */
static struct perf_event *create(const struct disco_count_config *arg, int cpu,
				 struct cpu_samples *context)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = arg->pmu_type,
		.config = arg->pmu_config,
		.config1 = arg->pmu_config1,
		.sample_period = arg->pmu_period,
		.sample_type = PERF_SAMPLE_ADDR | PERF_SAMPLE_WEIGHT | PERF_SAMPLE_DATA_SRC,
		.pinned = 1,
	};
	struct perf_event *event = ERR_PTR(-EINVAL);
	int attempt;

	for (attempt = 0; attempt < 4 && IS_ERR(event); attempt++) {
		attr.precise_ip = attempt & 1 ? 0 : 2;
		attr.exclude_kernel = attempt < 2;
		event = perf_event_create_kernel_counter(&attr, cpu, NULL, overflow, context);
	}
	return event;
}

static int start_cpu(struct disco_space *space, struct cpu_samples *cpu, int number,
		     const struct disco_count_config *arg)
{
	struct perf_event *event;

	cpu->space = space;
	init_irq_work(&cpu->work, drain);
	event = create(arg, number, cpu);
	if (IS_ERR(event))
		return PTR_ERR(event);
	cpu->event = event;
	return 0;
}

int disco_pmu_start(struct disco_space *space, const struct disco_count_config *arg)
{
	struct disco_pmu *pmu = kzalloc(sizeof(*pmu), GFP_KERNEL_ACCOUNT);
	int cpu, ret = 0;

	if (!pmu)
		return -ENOMEM;
	pmu->cpu = alloc_percpu_gfp(struct cpu_samples, GFP_KERNEL_ACCOUNT);
	if (!pmu->cpu) {
		kfree(pmu);
		return -ENOMEM;
	}
	space->counts.pmu = pmu;
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		ret = start_cpu(space, per_cpu_ptr(pmu->cpu, cpu), cpu, arg);
		if (ret)
			break;
	}
	cpus_read_unlock();
	if (ret)
		disco_pmu_stop(space);
	return ret;
}

void disco_pmu_stop(struct disco_space *space)
{
	struct disco_pmu *pmu = space->counts.pmu;
	int cpu;

	if (!pmu)
		return;
	for_each_possible_cpu(cpu) {
		struct cpu_samples *samples = per_cpu_ptr(pmu->cpu, cpu);

		if (!samples->event)
			continue;
		perf_event_release_kernel(samples->event);
		irq_work_sync(&samples->work);
	}
	space->counts.pmu = NULL;
	free_percpu(pmu->cpu);
	kfree(pmu);
}

#else

int disco_pmu_start(struct disco_space *space, const struct disco_count_config *arg)
{
	return -EOPNOTSUPP;
}

void disco_pmu_stop(struct disco_space *space)
{
}

#endif
