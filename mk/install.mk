# SPDX-License-Identifier: GPL-2.0-or-later
PREFIX ?= /usr/local
SHARE   = $(DESTDIR)$(PREFIX)/share
## make install    install into PREFIX (/usr/local), DESTDIR respected
.PHONY: install
install: all
	install -D -m 755 $(BUILD)/disco $(DESTDIR)$(PREFIX)/bin/disco
	for f in machines/*.cfg; do install -D -m 644 $$f $(SHARE)/disco/$$f; done
	for f in $(filter-out %.c %/module.mk,$(wildcard guests/debian/* guests/workloads/*.* guests/workloads/*/*)) \
		guests/workloads/workload guests/workloads/compare guests/workloads/preamble; do \
		m=644; [ ! -x $$f ] || m=755; install -D -m $$m $$f $(SHARE)/disco/$$f; \
	done
	install -D -m 755 $(debian-out)/disco-mark $(SHARE)/disco/guests/debian/disco-mark
	for f in $(splash-names); do \
		install -D -m 644 $(splash-out)/$$f.elf $(SHARE)/disco/guests/splashos/$$f.elf; \
	done
	install -D -m 755 userspace/plot $(SHARE)/disco/userspace/plot
	for f in man/*.1; do install -D -m 644 $$f $(SHARE)/man/man1/$${f##*/}; done
	install -D -m 644 userspace/completion.bash $(SHARE)/bash-completion/completions/disco
