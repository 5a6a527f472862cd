/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that several VMs share. Each VM that may use a piece of it has a part of its window for
 * it, guest-physical pages above its RAM; once attached, the pages there are the same machine pages
 * in all of them. A machine page is given on the first use by anyone, and goes back when the last
 * VM detaches or ends: the death of one takes nothing from the others.
 */
#include "dev/shared_memory.h"
#include "vm.h"

#define ENOENT_ 2
#define EACCES_ 13

static bool may_use(const struct vm *vm, unsigned number)
{
	return number < vm->vmm->config.shared_memories && (vm->config.shared_memory >> number & 1);
}

uint32_t shared_window_pages(const struct vmm_config *config, uint32_t allowed)
{
	uint32_t pages = 0;

	for (unsigned i = 0; i < config->shared_memories; i++)
		if (allowed >> i & 1)
			pages += config->shared_memory[i].pages;
	return pages;
}

/* The first page of memory @number in the VM's window. */
static uint32_t place(const struct vm *vm, unsigned number)
{
	uint32_t before = vm->config.shared_memory & ((UINT32_C(1) << number) - 1);

	return vm->ram_pages + shared_window_pages(&vm->vmm->config, before);
}

bool shared_at(const struct vm *vm, uint32_t index, unsigned *number, uint32_t *page)
{
	uint32_t at = vm->ram_pages;

	for (unsigned i = 0; i < vm->vmm->config.shared_memories; i++) {
		uint32_t pages = may_use(vm, i) ? vm->vmm->config.shared_memory[i].pages : 0;

		if (index >= at && index - at < pages) {
			*number = i;
			*page = index - at;
			return vm->shared_attached >> i & 1;
		}
		at += pages;
	}
	return false;
}

bool shared_index(const struct vm *vm, unsigned number, uint32_t page, uint32_t *index)
{
	*index = place(vm, number) + page;
	return vm->shared_attached >> number & 1;
}

struct mpn shared_get(struct vm *vm, uint32_t index, unsigned node)
{
	struct vmm *vmm = vm->vmm;
	unsigned number = 0;
	uint32_t at = 0;
	struct mpn *mpn;

	if (!shared_at(vm, index, &number, &at))
		return (struct mpn){MPN_NONE};
	mpn = &vmm->shared[number].mpn[at];
	if (mpn->value != MPN_NONE)
		return *mpn;
	do
		*mpn = palloc_get_like(vmm, move_place(vmm, at, node), 0, at);
	while (mpn->value == MPN_NONE && move_give_up(vmm));
	if (mpn->value == MPN_NONE)
		return *mpn;
	vmm->page[mpn->value] = (struct page){
		.ppn = at, .previous = MPN_NONE, .vm = (uint8_t)number, .state = PAGE_SHARED};
	vmm->shared[number].present++;
	return *mpn;
}

/* ---- coming and going ---- */

static void free_pages(struct vmm *vmm, unsigned number)
{
	struct shared_memory *shared = &vmm->shared[number];

	for (uint32_t i = 0; i < vmm->config.shared_memory[number].pages; i++) {
		if (shared->mpn[i].value == MPN_NONE)
			continue;
		hal_page_changes(shared->mpn[i], 1);
		palloc_put(vmm, shared->mpn[i], 0);
		shared->mpn[i].value = MPN_NONE;
	}
	shared->present = 0;
}

static void detach(struct vm *vm, unsigned number)
{
	struct vmm *vmm = vm->vmm;
	uint32_t first = place(vm, number);

	if (!(vm->shared_attached >> number & 1))
		return;
	for (uint32_t i = 0; i < vmm->config.shared_memory[number].pages; i++)
		pmap_release(vm, first + i);
	vm->shared_attached &= ~(UINT32_C(1) << number);
	if (!--vmm->shared[number].users)
		free_pages(vmm, number);
}

void shared_detach_all(struct vm *vm)
{
	for (unsigned i = 0; i < vm->vmm->config.shared_memories; i++)
		detach(vm, i);
}

static unsigned attach(struct vm *vm, unsigned number)
{
	struct shared_memory *shared = &vm->vmm->shared[number];
	uint32_t pages = vm->vmm->config.shared_memory[number].pages;

	if (!may_use(vm, number)) {
		shared->refused++;
		return EACCES_;
	}
	if (vm->shared_pages > pages)
		return (unsigned)-EINVAL_;
	if (!(vm->shared_attached >> number & 1)) {
		vm->shared_attached |= UINT32_C(1) << number;
		shared->users++;
		shared->attached++;
	}
	vm->shared_pages = pages;
	vm->shared_address = pmap_address(place(vm, number)).value;
	return 0;
}

static bool equal_names(const char *a, const char *b)
{
	for (unsigned i = 0; i < SHARED_NAME_MAX; i++) {
		if (a[i] != b[i])
			return false;
		if (!a[i])
			return true;
	}
	return true;
}

static unsigned call(struct vm *vm, uint32_t what)
{
	const struct vmm_config *config = &vm->vmm->config;

	for (unsigned i = 0; i < config->shared_memories; i++) {
		if (!equal_names(config->shared_memory[i].name, vm->shared_name))
			continue;
		if (what == SHARED_ATTACH)
			return attach(vm, i);
		if (what != SHARED_DETACH)
			return (unsigned)-EINVAL_;
		detach(vm, i);
		return 0;
	}
	return ENOENT_;
}

/* ---- the registers ---- */

bool shared_read(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value)
{
	const struct vm *vm = opaque;

	(void)cpu;
	if (size != 4)
		return false;
	switch (offset) {
	case SHARED_ID:
		*value = SHARED_ID_VALUE;
		return true;
	case SHARED_RESULT:
		*value = vm->shared_result;
		return true;
	case SHARED_LOW:
		*value = (uint32_t)vm->shared_address;
		return true;
	case SHARED_HIGH:
		*value = vm->shared_address >> 32;
		return true;
	case SHARED_PAGES:
		*value = vm->shared_pages;
		return true;
	default:
		return false;
	}
}

bool shared_write(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
	struct vm *vm = opaque;

	(void)cpu;
	if (size != 4)
		return false;
	if (offset >= SHARED_NAME && offset < SHARED_NAME + SHARED_NAME_MAX) {
		for (unsigned i = 0; i < 4; i++)
			vm->shared_name[(offset & ~UINT64_C(3)) - SHARED_NAME + i] =
				(char)(value >> 8 * i);
		return true;
	}
	switch (offset) {
	case SHARED_PAGES:
		vm->shared_pages = (uint32_t)value;
		return true;
	case SHARED_CALL:
		vm->shared_result = call(vm, (uint32_t)value);
		return true;
	default:
		return false;
	}
}

/* ---- the outside ---- */

void vmm_shared_window(const struct vmm *vmm, unsigned number, uint64_t *base, uint64_t *bytes)
{
	const struct vm *vm = vmm->vm[number];

	*base = pmap_address(vm->ram_pages).value;
	*bytes = (uint64_t)(vm->pages - vm->ram_pages) << PAGE_SHIFT;
}

bool vmm_shared_stats(const struct vmm *vmm, unsigned number, struct vmm_shared_stats *stats)
{
	const struct shared_memory *shared = &vmm->shared[number];

	if (number >= vmm->config.shared_memories)
		return false;
	*stats = (struct vmm_shared_stats){
		.pages = shared->present,
		.users = shared->users,
		.attached = shared->attached,
		.refused = shared->refused,
	};
	return true;
}
