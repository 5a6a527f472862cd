# SPDX-License-Identifier: GPL-2.0-or-later
# Disco: a virtual machine monitor for ccNUMA machines. `make help` lists the targets.
# Each part lists its sources in its own module.mk; the rules are in mk/.

all:

include mk/common.mk
include vmm-core/module.mk
include emu-mips/module.mk
include numa-map/module.mk
include userspace/module.mk
-include guests/module.mk
-include kmod/module.mk
include tests/module.mk
include mk/setup.mk
include mk/install.mk
include mk/lint.mk
include mk/demo.mk

.DEFAULT_GOAL := all
.PHONY: all help clean

all: $(ALL)

clean:
	rm -rf $(BUILD)

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)
