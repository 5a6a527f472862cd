#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A VM that runs wild beside one that does its work, on the same CPUs: the other one passes all its
# checks, the monitor's memory maps stay consistent (--audit), and disco ends in an orderly way.
# Usage: tests/fault/vm.sh [SEEDS [OPTIONS for disco run]]   (default 2 seeds a program)
set -u
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-build}
export ASAN_OPTIONS=detect_leaks=0 # with SAN=1: what options allocate lives as long as disco
seeds=${1:-2}
shift $(($# > 0))
options=("$@")
out=$(realpath "$BUILD")/guest
if ! make -s -C tests/guest/priv DIR=../../fault/wild OUT="$out/wild" ||
	! make -s -C tests/guest/priv OUT="$out/priv/disco"; then
	echo "0 passed, 1 failed"
	exit 1
fi
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
program=$(realpath "$BUILD/disco")
passed=0 failed=0

point() { # good? description
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $2"
	fi
}

# The wild program $1 with command line $2 beside the test program $3.
beside() {
	local name="$1 $2 beside $3" status
	truncate -s 4M "$work/disk"
	cat >"$work/config" <<-END
		machine = "flash8"; cpus = 2;
		monitor: { audit_ms = 1; };
		vms = (
		  { name = "wild"; kernel = "$out/wild/$1.elf"; append = "$2"; vcpus = 2;
		    memory = "256M"; disks = ( "$work/disk" ); },
		  { name = "good"; kernel = "$out/priv/disco/$3.elf"; vcpus = 1; memory = "256M"; } );
	END
	rm -rf "$work/consoles"
	timeout --signal=KILL 120 "$program" run --config "$work/config" "${options[@]}" --limit 40000000 \
		--console "files:$work/consoles" --json "$work/report" </dev/null >"$work/log" 2>&1
	status=$?
	case $status in 0 | 1 | 4) point 0 ;; *) point 1 "$name: disco ends with status $status: $(tail -n 5 "$work/log")" ;; esac
	grep -aqrE "^$3: [0-9]+ passed, 0 failed" "$work/consoles" "$work/log"
	point $? "$name: the other VM did not pass: $(grep -arh "passed\|FAIL" "$work/consoles" | head -n 3)"
	grep -aqE "audit: [1-9][0-9]* times, 0 inconsistencies" "$work/log"
	point $? "$name: memory maps: $(grep -ai "audit" "$work/log" | head -n 1)"
}

others=(tlb segments exceptions cache)
for case in $(seq 0 17); do
	beside doom "case=$case" "${others[case % 4]}"
done
for seed in $(seq 1 "$seeds"); do
	for wild in registers virtio code; do
		beside $wild "seed=$seed" "${others[seed % 4]}"
	done
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
