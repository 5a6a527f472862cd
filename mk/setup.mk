# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian 12 packages the project needs.
PACKAGES := gcc clang make pkg-config liburing-dev libfdt-dev device-tree-compiler libconfig-dev \
	libjansson-dev libcmocka-dev libcapstone-dev libnuma-dev libslirp-dev libncurses-dev \
	gcc-mips64el-linux-gnuabi64 g++-mips64el-linux-gnuabi64 verilator libc6-dev-mips64el-cross qemu-user qemu-system-mips \
	qemu-system-x86 qemu-utils gnuplot-nox cpio e2fsprogs fio xz-utils zstd libclang-rt-14-dev \
	jq libxml2-utils sparse cppcheck clang-tidy clang-format shellcheck kmod bc flex bison libelf-dev libssl-dev python3 perl rsync

## make setup      install every Debian package needed (root or sudo; lists them otherwise)
.PHONY: setup
setup:
	@missing=; for p in $(PACKAGES); do \
		dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
	done; \
	if [ -z "$$missing" ]; then echo "setup: all packages are installed"; exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then sudo=; \
	elif sudo -n true 2>/dev/null; then sudo=sudo; \
	else echo "setup: as root, run: apt-get install$$missing" >&2; exit 1; fi; \
	$$sudo apt-get update -qq && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing
