# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of disco. Options are read from the program's own --help.
# shellcheck shell=bash
_disco() {
	local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local disco=${COMP_WORDS[0]} command=${COMP_WORDS[1]} words=''

	if [ "$COMP_CWORD" -eq 1 ]; then
		words="$("$disco" --help 2>/dev/null | sed -nE 's/^  ([a-z]+) +[a-z].*/\1/p' | grep -vx disco) --help --version"
	elif [[ $previous == --guest || $command == guest && $COMP_CWORD -eq 3 ]]; then
		words=$("$disco" guest list 2>/dev/null | cut -d ' ' -f 1)
	elif [[ $previous == --machine || $command == machine && $COMP_CWORD -eq 3 ]]; then
		words=$("$disco" machine list 2>/dev/null | cut -d ' ' -f 1)
		compopt -o default
	elif [[ $command == workload && $COMP_CWORD -eq 3 && $previous != compare ]]; then
		words=$("$disco" workload list 2>/dev/null | cut -d ' ' -f 1)
	elif [[ $previous == --size ]]; then
		words="small paper large"
	elif [[ $command == guest || $command == machine || $command == workload ]] && [ "$COMP_CWORD" -eq 2 ]; then
		words=$("$disco" "$command" --help 2>/dev/null | sed -nE "s/.*disco $command ([a-z]+).*/\1/p" | sort -u)
	elif [[ $previous == --svg || $previous == --json || $previous == -o ]]; then
		compopt -o default
	elif [[ $word == -* ]]; then
		words=$("$disco" "$command" --help 2>/dev/null | grep -oE -- '--[a-z][a-z0-9-]*' | sort -u)
	else
		compopt -o default
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _disco disco
