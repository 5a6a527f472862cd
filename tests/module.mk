# SPDX-License-Identifier: GPL-2.0-or-later
# Tests. A unit test is one file tests/unit/NAME_test.c with its own main (cmocka), linked with the
# libraries. tests/suites lists what `make test` and `make test-long` run; tests/run adds it up.
unit-bins := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/*_test.c))
# Tests of the monitor's core alone, on a HAL of memory: $(FAKE_HAL) comes before the emulator's.
fake-hal-tests := $(BUILD)/tests/move_test \
		  $(filter $(BUILD)/tests/core_%,$(unit-bins))
$(fake-hal-tests): FAKE_HAL := $(call objects,tests/unit/support/fake_hal.c)
$(fake-hal-tests): $(call objects,tests/unit/support/fake_hal.c)

$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libemu.a $(BUILD)/libvmm.a $(BUILD)/libnumamap.a
	$(Q)mkdir -p $(@D)
	@$(if $(V),,echo "  CCLD    $@")
	$(Q)$(CC) $(ALLFLAGS) $(LDFLAGS) -o $@ $< $(FAKE_HAL) $(BUILD)/libemu.a $(BUILD)/libvmm.a $(BUILD)/libnumamap.a -lcmocka $(USER_LIBS)

# The comparison of engines: tests/conformance/lockstep.
lockstep-srcs := tests/conformance/lockstep/lockstep.c tests/conformance/lockstep/generator.c
$(BUILD)/tests/lockstep: $(call objects,$(lockstep-srcs)) $(BUILD)/libemu.a $(BUILD)/libvmm.a
	$(Q)mkdir -p $(@D)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(USER_LIBS)

# The user-level comparison with qemu-mips64el: tests/conformance/user.
include tests/conformance/user/module.mk

$(BUILD)/tests/lockstep-boot: $(call objects,tests/conformance/lockstep/boot.c) $(BUILD)/libemu.a \
		$(BUILD)/libvmm.a
	$(Q)mkdir -p $(@D)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(USER_LIBS)

include tests/fuzz/module.mk

.PHONY: test test-long bench tests
tests: $(unit-bins) $(fuzz-bins) $(BUILD)/tests/lockstep $(BUILD)/tests/lockstep-boot $(user-conformance)
## make test       run all tests (under 25 minutes); last line is "N passed, N failed"
test: all tests
	$(Q)BUILD=$(BUILD) tests/run test
## make test-long  the longer checks too
test-long: all tests
	$(Q)BUILD=$(BUILD) tests/run test long
## make bench      benchmarks: tables and JSON, peers beside
bench: all
	$(Q)BUILD=$(BUILD) tests/bench/run
