# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by the boot tests: runs of disco, checks, counts.
# shellcheck shell=bash disable=SC2034

disco=$PWD/${BUILD:-build}/disco
passed=0 failed=0 skipped=0
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

# Skips everything when the guest is not in the cache and cannot be fetched.
need_guest() {
	"$disco" guest fetch debian --once 2>"$tmp/fetch" && return
	cat "$tmp/fetch"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}

check() { # what command...
	local what=$1
	shift
	if "$@" >>"$tmp/log" 2>&1; then
		passed=$((passed + 1))
		echo "ok: $what"
	else
		failed=$((failed + 1))
		echo "FAILED: $what"
		tail -n 15 "$tmp/out" "$tmp/err" 2>/dev/null | sed 's/^/    /'
	fi
}

# boot ARGUMENT...: console without carriage returns in $tmp/out, messages in $tmp/err, report in
# $tmp/json, status in $status. BOOT_SECONDS: at most so long (default 300).
boot() {
	local start=$SECONDS
	timeout --kill-after=5 "${BOOT_SECONDS:-300}" "$disco" boot --guest debian --json "$tmp/json" "$@" \
		>"$tmp/raw" 2>"$tmp/err" </dev/null
	status=$?
	tr -d '\r' <"$tmp/raw" >"$tmp/out"
	echo "boot $*: status $status, $((SECONDS - start)) s"
}

has() { # regex in the console's output
	grep -qE "$1" "$tmp/out"
}
is() { # JSON expression (jq) true
	jq -e "$1" "$tmp/json"
}

finish() {
	echo "$passed passed, $failed failed$([ $skipped -eq 0 ] || echo ", $skipped skipped")"
	[ $failed -eq 0 ]
	exit
}
