# SPDX-License-Identifier: GPL-2.0-or-later
# The model of machine.v for the guest: C++ by Verilator, compiled for mips64el. Run in a folder with the
# three sources: make -f model.mk
CXX := mips64el-linux-gnuabi64-g++
RUNTIME := $(shell verilator --getenv VERILATOR_ROOT)/include
PROCESSORS := 128

machine: Vmachine.mk
	$(MAKE) -f model.mk link

# All of the design as one module, as compiled-code simulators treat it: its text is what they execute.
Vmachine.mk: machine.v picorv32.v
	verilator --cc --flatten -O3 --x-assign fast --x-initial 0 -Wno-fatal -Wno-lint --output-split 20000 \
		--top-module machine -GPROCESSORS=$(PROCESSORS) --Mdir . machine.v picorv32.v

# What runs once is not worth optimizing.
SOURCES := $(wildcard Vmachine*.cpp) machine.cpp verilated.cpp verilated_threads.cpp
OBJECTS := $(SOURCES:.cpp=.o)
VPATH := $(RUNTIME)
%.o: %.cpp
	$(CXX) $(if $(findstring Slow,$<),-O0,-O1) -I. -isystem $(RUNTIME) -isystem $(RUNTIME)/vltstd -w -c -o $@ $<

.PHONY: link
link: $(OBJECTS)
	$(CXX) -static -s -o machine $(sort $(OBJECTS)) -lpthread
