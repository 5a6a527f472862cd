/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flattened device tree (Devicetree Specification v0.4, chapter 5): command line, memory,
 * clock. Addresses and sizes are 64 bits below the root and 32 bits below /soc, as the board writes
 * them.
 */
#include "system.h"

#define MAGIC	   0xd00dfeedu
#define BEGIN_NODE 1
#define END_NODE   2
#define PROP	   3
#define NOP	   4

#define AT_TOTAL   4
#define AT_STRUCT  8
#define AT_STRINGS 12

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

static uint64_t be64(const uint8_t *at)
{
	return (uint64_t)be32(at) << 32 | be32(at + 4);
}

static bool equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* Is @node NAME or NAME@ADDRESS? */
static bool is_node(const char *node, const char *name)
{
	while (*name && *node == *name)
		node++, name++;
	return !*name && (!*node || *node == '@');
}

static void take(struct boot_info *info, const char *node, const char *name, const uint8_t *value,
		 uint32_t length)
{
	if (is_node(node, "chosen") && equal(name, "bootargs"))
		info->command_line = (const char *)value;
	if (is_node(node, "cpuclk") && equal(name, "clock-frequency"))
		info->clock = be32(value);
	if (is_node(node, "virtio") && equal(name, "reg") && be32(value) >= MAP_VIRTIO_BASE)
		info->virtio_slots |= 1u << (be32(value) - MAP_VIRTIO_BASE) / MAP_VIRTIO_STRIDE;
	if (is_node(node, "shared-memory") && equal(name, "reg") && length >= 32)
		info->shared_window = (struct memory_range){be64(value + 16), be64(value + 24)};
	if (is_node(node, "memory") && equal(name, "reg"))
		for (; length >= 16 && info->ranges < 4; value += 16, length -= 16)
			info->memory[info->ranges++] =
				(struct memory_range){be64(value), be64(value + 8)};
}

bool devicetree_read(uint64_t tree_pa, struct boot_info *info)
{
	const uint8_t *tree = memory_at(tree_pa), *at;
	const char *node = "", *strings;
	uint32_t length;

	if (be32(tree) != MAGIC)
		return false;
	info->tree_end = tree_pa + be32(tree + AT_TOTAL);
	info->command_line = "";
	strings = (const char *)tree + be32(tree + AT_STRINGS);
	at = tree + be32(tree + AT_STRUCT);
	for (;;) {
		uint32_t token = be32(at);

		at += 4;
		switch (token) {
		case BEGIN_NODE:
			node = (const char *)at;
			while (*at++)
				;
			at = (const uint8_t *)(((uintptr_t)at + 3) & ~(uintptr_t)3);
			break;
		case PROP:
			length = be32(at);
			take(info, node, strings + be32(at + 4), at + 8, length);
			at += 8 + ((length + 3) & ~3u);
			break;
		case END_NODE:
			node = "";
			break;
		case NOP:
			break;
		default: /* END */
			return info->ranges > 0;
		}
	}
}
