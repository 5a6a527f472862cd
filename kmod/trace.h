/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints: /sys/kernel/tracing/events/disco. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM disco

#if !defined(DISCO_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define DISCO_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(disco_remap,
	TP_PROTO(u32 space, u32 count, u32 done, u32 flushes, u64 ns),
	TP_ARGS(space, count, done, flushes, ns),
	TP_STRUCT__entry(
		__field(u32, space)
		__field(u32, count)
		__field(u32, done)
		__field(u32, flushes)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->space = space;
		__entry->count = count;
		__entry->done = done;
		__entry->flushes = flushes;
		__entry->ns = ns;
	),
	TP_printk("space=%u count=%u done=%u flushes=%u ns=%llu", __entry->space, __entry->count,
		  __entry->done, __entry->flushes, __entry->ns)
);

TRACE_EVENT(disco_fault,
	TP_PROTO(u32 space, unsigned long slot, u32 view, bool write, int error),
	TP_ARGS(space, slot, view, write, error),
	TP_STRUCT__entry(
		__field(u32, space)
		__field(unsigned long, slot)
		__field(u32, view)
		__field(bool, write)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->space = space;
		__entry->slot = slot;
		__entry->view = view;
		__entry->write = write;
		__entry->error = error;
	),
	TP_printk("space=%u slot=%lu view=%u write=%d error=%d", __entry->space, __entry->slot,
		  __entry->view, __entry->write, __entry->error)
);

TRACE_EVENT(disco_hot,
	TP_PROTO(u32 space, unsigned long slot, u32 view, u32 source, u32 count),
	TP_ARGS(space, slot, view, source, count),
	TP_STRUCT__entry(
		__field(u32, space)
		__field(unsigned long, slot)
		__field(u32, view)
		__field(u32, source)
		__field(u32, count)
	),
	TP_fast_assign(
		__entry->space = space;
		__entry->slot = slot;
		__entry->view = view;
		__entry->source = source;
		__entry->count = count;
	),
	TP_printk("space=%u slot=%lu view=%u source=%u count=%u", __entry->space, __entry->slot,
		  __entry->view, __entry->source, __entry->count)
);

#endif

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
