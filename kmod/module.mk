# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel module: built for a kernel's headers outside the source tree, installed, tested.
KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
guest-srcs := $(wildcard tests/kmod/guest/*.c numa-map/*.c)

$(BUILD)/kmod/guest: $(guest-srcs) tests/kmod/guest/guest.h kmod/uapi/disco.h
	$(Q)mkdir -p $(@D)
	@$(if $(V),,echo "  CCLD    $@")
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) -Ikmod/uapi -Inuma-map/include -O2 -g -static -pthread -o $@ $(guest-srcs) \
		-luring -lnuma

## make modules    the kernel module, for the running kernel or KVER= / KDIR=
.PHONY: modules modules_install kunit kunit-debug
modules:
	@test -d "$(KDIR)" || { echo "make modules: no kernel headers in $(KDIR):" \
		"install linux-headers-$(KVER), or set KDIR" >&2; exit 1; }
	$(Q)tests/kmod/build-module "$(KDIR)" "$(BUILD)/kmod/$(KVER)"

## make modules_install   install it, its udev rule, man page and DKMS files (INSTALL_MOD_PATH, DESTDIR)
modules_install: modules
	$(Q)$(MAKE) -s -C "$(KDIR)" M="$(abspath $(BUILD)/kmod/$(KVER))" \
		INSTALL_MOD_PATH="$(or $(INSTALL_MOD_PATH),$(DESTDIR))" modules_install
	install -D -m 644 kmod/60-disco.rules $(DESTDIR)/usr/lib/udev/rules.d/60-disco.rules
	install -D -m 644 kmod/disco.sysusers $(DESTDIR)/usr/lib/sysusers.d/disco.conf
	install -D -m 644 man/disco.4 $(DESTDIR)$(PREFIX)/share/man/man4/disco.4

## make kunit      the module's unit tests on a small kernel built from linux-source-6.1 (cached)
kunit:
	$(Q)BUILD=$(BUILD) tests/kmod/kunit kunit
## make kunit-debug   the same with KASAN, lockdep, kmemleak
kunit-debug:
	$(Q)BUILD=$(BUILD) tests/kmod/kunit debug

## make dkms_install   put the module's source where DKMS finds it (/usr/src/disco-1.0)
.PHONY: dkms_install
dkms_install:
	for f in Kbuild $$(find kmod -type f); do \
		install -D -m 644 $$f $(DESTDIR)/usr/src/disco-1.0/$$f; done
	install -D -m 644 kmod/dkms.conf $(DESTDIR)/usr/src/disco-1.0/dkms.conf
