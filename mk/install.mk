# SPDX-License-Identifier: GPL-2.0-or-later
PREFIX ?= /usr/local
## make install    install into PREFIX (/usr/local), DESTDIR respected
.PHONY: install
install: all
	install -D -m 755 $(BUILD)/disco $(DESTDIR)$(PREFIX)/bin/disco
	for f in machines/*.cfg; do install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/disco/$$f; done
	for f in man/*.1; do install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/man/man1/$${f##*/}; done
