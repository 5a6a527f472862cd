#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Kills disco (SIGKILL) while the guest writes numbered sectors with fsync and says which are done:
# every sector that was acknowledged must be in the image. The host's page cache survives the kill,
# so this shows that disco itself holds nothing back, not what a power cut does.
# Usage: tests/fault/disk_kill.sh [ROUNDS]
# shellcheck disable=SC2016 # guest commands in single quotes
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/guest/lib.sh
. tests/guest/lib.sh
need_guest
rounds=${1:-1}
image=$tmp/disk.img
write='i=0; while :; do i=$((i + 1)); printf "sector %-505s" $i |
	dd of=/dev/vda bs=512 seek=$i conv=fsync,notrunc 2>/dev/null; echo "done $i"; done'

for round in $(seq "$rounds"); do
	rm -f "$image" "$tmp/console"
	truncate -s 16M "$image"
	"$disco" boot --guest debian --cpus 1 --memory 128M --quiet --disk "$image" --run "$write" \
		--console="$tmp/console" >/dev/null 2>&1 </dev/null &
	pid=$!
	for _ in $(seq 600); do
		last=$(grep -c '^done' "$tmp/console" 2>/dev/null)
		[ "${last:-0}" -lt $((20 + RANDOM % 40)) ] || break
		sleep 0.2
	done
	kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	last=$(tr -d '\r' <"$tmp/console" | sed -nE 's/^done ([0-9]+)$/\1/p' | tail -n 1)
	missing=0
	for n in $(seq "${last:-0}"); do
		[ "$(dd if="$image" bs=512 skip="$n" count=1 2>/dev/null | tr -d ' ')" = "sector$n" ] ||
			missing=$((missing + 1))
	done
	check "round $round: the guest wrote" test "${last:-0}" -ge 20
	check "round $round: $last acknowledged sectors are in the image" test "$missing" -eq 0
done
finish
