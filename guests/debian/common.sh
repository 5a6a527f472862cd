# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by the scripts of the Debian recipe: messages, the cache folder, and an apt of its own for
# the mips64el architecture that needs no root and leaves the host's package state alone.
# shellcheck shell=bash

ARCH=mips64el
SUITE=bookworm
CACHE=${DISCO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/disco}/debian

# As when root runs apt in a minimal system, the file system tools may be outside PATH.
PATH=$PATH:/usr/sbin:/sbin

say() { echo "debian: $*" >&2; }
die() {
	echo "debian: $*" >&2
	exit 1
}
usage_error() {
	echo "debian: $*" >&2
	exit 2
}
step() { # "what" command...: runs it with its output kept; on failure one line and status 1
	local what=$1
	shift
	if ! "$@" >"$work/log" 2>&1; then
		explain "$what"
	fi
}

# One line out of a failed command's output: apt's own first error, or the last line.
explain() {
	local reason
	reason=$(grep -m 1 '^E: ' "$work/log" || tail -n 1 "$work/log")
	if grep -qiE 'no space left|disk quota' "$work/log"; then
		reason="no space left in $CACHE"
	elif grep -qiE 'temporary failure resolving|could not resolve|could not connect|cannot initiate|network is unreachable|connection (failed|refused|timed out)' "$work/log"; then
		reason="the package mirror cannot be reached (${reason#E: }); the network is needed once"
	fi
	die "cannot $1: ${reason#E: }"
}

need() { # command package
	command -v "$1" >/dev/null || die "the command $1 is missing: install the package $2 (make setup)"
}

# Makes $work, a scratch folder inside the cache (so that a rename is atomic), removed at the end.
start_work() {
	mkdir -p "$CACHE" 2>/dev/null || die "cannot create the cache folder $CACHE"
	[ -w "$CACHE" ] || die "cannot write into the cache folder $CACHE"
	work=$(mktemp -d "$CACHE/tmp.XXXXXX") || die "cannot write into the cache folder $CACHE"
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT TERM
	exec 9>"$CACHE/lock" || die "cannot write into the cache folder $CACHE"
	flock -n 9 || {
		say "waiting for another disco that fills $CACHE"
		flock 9
	}
}

# The mirrors are the host's own: whatever its sources name for its own release.
write_sources() {
	local codename mirror security key
	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	entries=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 2>/dev/null)
	mirror=$(awk -v r="$codename" '$2 == r && $3 == "main" { print $1; exit }' <<<"$entries")
	security=$(awk -v r="$codename-security" '$2 == r && $3 == "main" { print $1; exit }' <<<"$entries")
	[ -n "$mirror" ] || die "no Debian mirror in this host's apt sources (/etc/apt)"
	key=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -r $key ] && key="[signed-by=$key]" || key=
	echo "deb $key $mirror $SUITE main"
	echo "deb $key $mirror $SUITE-updates main"
	[ -z "$security" ] || echo "deb $key $security $SUITE-security main"
}

# Own state, lists, archives and sources; from the host's configuration only how to reach the
# network (Acquire). An empty status file makes apt resolve every dependency.
setup_apt() {
	need apt-get apt
	APT=$CACHE/apt
	mkdir -p "$APT/lists/partial" "$CACHE/debs/partial" 2>/dev/null ||
		die "cannot write into the cache folder $CACHE"
	write_sources >"$work/sources.list" || exit 1
	{
		apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries|Languages|ForceIPv)'
		cat <<-CONF
			APT::Architecture "$ARCH";
			APT::Architectures { "$ARCH"; };
			APT::Install-Recommends "0";
			APT::Sandbox::User "";
			Acquire::Languages "none";
			Acquire::Retries "3";
			Acquire::http::Timeout "30";
			Dir::State "$APT";
			Dir::State::lists "$APT/lists";
			Dir::State::status "$APT/status";
			Dir::State::extended_states "$APT/extended_states";
			Dir::Cache "$APT";
			Dir::Cache::archives "$CACHE/debs";
			Dir::Etc::sourcelist "$APT/sources.list";
			Dir::Etc::sourceparts "/dev/null";
			Dir::Etc::parts "/dev/null";
			Dir::Etc::main "/dev/null";
			Dir::Etc::preferences "/dev/null";
			Dir::Etc::preferencesparts "/dev/null";
			Dir::Log "$APT";
			quiet::NoUpdate "true";
		CONF
	} >"$work/apt.conf"
	: >"$work/status"
	cp "$work/status" "$work/sources.list" "$APT/" || die "cannot write into the cache folder $CACHE"
	export APT_CONFIG=$work/apt.conf
}

# Package lists, at most a day old; old ones serve when the network is away.
update_lists() {
	if [ -n "$(find "$APT/updated" -mtime -1 2>/dev/null)" ]; then
		return
	fi
	say "reading the package lists of $SUITE/$ARCH"
	if apt-get -q update >"$work/log" 2>&1 && ! grep -q '^W: Failed to fetch' "$work/log"; then
		touch "$APT/updated"
	elif [ -e "$APT/updated" ]; then
		say "no network: going on with the package lists of $(date -r "$APT/updated" +%F)"
	else
		sed -i 's/^W: Failed to fetch/E: Failed to fetch/' "$work/log"
		explain "read the package lists"
	fi
}

# Whether the package file has the sum that apt names for it (ForceHash: as SHA256:hex). apt itself
# verifies what it downloads, but a file that is already there only by its size.
intact() { # file sum
	[ "${2%%:*}" = SHA256 ] || return 1
	echo "${2#*:}  $1" | sha256sum --check --status 2>/dev/null
}

# Reads lines of `apt-get --print-uris` and removes damaged files from $CACHE/debs.
drop_damaged() {
	local name sum
	while read -r name sum; do
		[ ! -e "$CACHE/debs/$name" ] || intact "$CACHE/debs/$name" "$sum" || rm -f "$CACHE/debs/$name"
	done < <(sed -nE "s/^'[^']*' ([^ ]+) [0-9]+ ([^ ]+)$/\1 \2/p")
}

# fetch_packages NAME...: the packages with all they depend on, verified, into $CACHE/debs; their
# file names into $work/debs.
fetch_packages() {
	local bytes
	# With an empty archive folder apt names all files, not only the missing ones.
	step "resolve $*" apt-get -qq -y --print-uris -o Acquire::ForceHash=sha256 \
		-o Dir::Cache::archives="$work/none/" install "$@"
	sed -nE "s/^'[^']*' ([^ ]+) .*/\1/p" "$work/log" >"$work/debs"
	[ -s "$work/debs" ] || die "apt resolved $* to no package"
	drop_damaged <"$work/log"
	step "resolve $*" apt-get -qq -y --print-uris install "$@"
	bytes=$(awk '/^'\''/ { n += $3 } END { printf "%.1f", n / 1e6 }' "$work/log")
	[ "$bytes" = 0.0 ] || say "fetching $(grep -c "^'" "$work/log") packages, $bytes MB"
	step "fetch $*" apt-get -q -y --download-only install "$@"
}

unpack() { # deb folder: without replacing /bin -> usr/bin by a folder
	(
		set -o pipefail
		dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink --no-same-owner -C "$2"
	) 2>"$work/log" || explain "unpack ${1##*/}"
}
