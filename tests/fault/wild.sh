#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Guests that run wild: endless exceptions, random device registers, garbage in virtio rings, random
# instructions. disco must report and stop, never crash, and both engines must agree to the last bit:
# exit status, message, console and statistics.
# Usage: tests/fault/wild.sh [SEEDS]   (default 4 seeds a program)
set -u
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-build}
seeds=${1:-4}
export ASAN_OPTIONS=detect_leaks=0 # with SAN=1: what options allocate lives as long as disco
elf=$(realpath "$BUILD")/guest/wild
make -s -C tests/guest/priv DIR=../../fault/wild OUT="$elf" || { echo "0 passed, 1 failed"; exit 1; }
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

point() { # good? description
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $2"
	fi
}

# Runs $1.elf with command line $2 on both engines, to $3 instructions.
both() {
	local engine status=() name="$1 $2"
	for engine in interpreter translator; do
		mkdir -p "$work/$engine"
		(
			cd "$work/$engine" || exit 2
			rm -f disk && truncate -s 4M disk
			timeout --signal=KILL 120 "$program" boot --kernel "$elf/$1.elf" --append "$2" \
				--engine $engine --cpus 2 --memory 512M --limit "$3" --disk disk \
				--net loopback --seed 1 --quiet --json report </dev/null >console 2>message
			echo $? >status
			jq -S 'del(.host, .engine)' report >statistics 2>/dev/null
		)
		status+=("$(cat "$work/$engine/status")")
		# 0 finisher or halted, 1 wild, 4 limit; 2 is a usage error, more a crash
		case ${status[-1]} in 0 | 1 | 4) point 0 ;; *) point 1 "$name: $engine ends with status ${status[-1]}: $(head -c 300 "$work/$engine/message")" ;; esac
		[ "$(wc -l <"$work/$engine/message")" -le 1 ]
		point $? "$name: $engine says more than a line"
	done
	# not the disk: overlapping requests under way at once have no order
	for file in status console message statistics; do
		cmp -s "$work"/{interpreter,translator}/$file
		point $? "$name: the engines differ in $file"
	done
}

program=$(realpath "$BUILD/disco")
for case in $(seq 0 17); do
	both doom "case=$case" 2000000
done
for seed in $(seq 1 "$seeds"); do
	both registers "seed=$seed" 10000000
	both virtio "seed=$seed" 10000000
	both code "seed=$seed" 10000000
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
