# SPDX-License-Identifier: GPL-2.0-or-later
## make demo       set up, build, and run four stock Debian systems under the monitor
.PHONY: demo
demo: setup
	$(MAKE) all
	BUILD=$(BUILD) guests/debian/demo
