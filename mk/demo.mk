# SPDX-License-Identifier: GPL-2.0-or-later
## make demo       set up, build, and run four stock Debian systems under the monitor
.PHONY: demo demo-bare
demo: setup
	$(MAKE) all
	BUILD=$(BUILD) guests/debian/demo

## make demo-bare  the same kernel on the bare machine, on four CPUs that all work
demo-bare: setup
	$(MAKE) all
	$(BUILD)/disco boot --guest debian --cpus 4 --run "$$(cat guests/debian/show)"

## make plots      SVG figures of the reports in build/ (disco demo, make bench), into build/plots
.PHONY: plots
plots: all
	mkdir -p $(BUILD)/plots
	[ -s $(BUILD)/demo.json ] || $(BUILD)/disco demo --json $(BUILD)/demo.json
	$(BUILD)/disco plot --skip -o $(BUILD)/plots $(BUILD)/*.json $(wildcard $(BUILD)/bench/*.json)
