#!/usr/bin/env bash
# Gives every fuzz target of the module the same number of executions, as a
# seeded loop (package store/message/mutate), as many packages at once as there
# are CPUs; then lets Go's guided fuzzer look at each for a moment. Fails if a
# target did not have its executions.
# usage: bench/fuzz.sh EXECUTIONS [GUIDED_EXECUTIONS]
set -euo pipefail
cd "$(dirname "$0")/.."

# fuzz_package prints a line for each target of a package.
fuzz_package() {
	local pkg="$1" execs="$2" guided="$3" dir targets out had
	dir="$(go list -f '{{.Dir}}' "$pkg")"
	targets="$(grep -hoE '^func Fuzz[A-Za-z0-9_]+\(f ' "$dir"/*_test.go 2>/dev/null | sed -E 's/^func (.*)\(f /\1/' | sort -u || true)"
	[ -n "$targets" ] || return 0
	out="$(MESSAGEHUB_FUZZ_EXECS="$execs" go test "$pkg" -run '^Fuzz' -v -count=1 -timeout 30m 2>&1)" || { printf '%s\n' "$out" | tail -50; return 1; }
	for target in $targets; do
		had="$(printf '%s\n' "$out" | awk -v t="$target" '$1=="===" && $2=="RUN" {cur=$3} cur==t && /executions, 0 failures/ {print $2}')"
		if [ "${had:-0}" -lt "$execs" ]; then
			echo "FAIL $pkg $target: ${had:-0} of $execs executions"
			return 1
		fi
		if [ "$guided" -gt 0 ]; then
			go test "$pkg" -run '^$' -fuzz "^$target\$" -fuzztime "${guided}x" >/dev/null
		fi
		echo "fuzz ${pkg#messagehub/} $target: $had executions, 0 crashes"
	done
}

if [ "${1:-}" = --package ]; then
	shift
	fuzz_package "$@"
	exit
fi
execs="${1:?usage: bench/fuzz.sh EXECUTIONS [GUIDED_EXECUTIONS]}"
guided="${2:-0}"
lines="$(mktemp)"
trap 'rm -f "$lines"' EXIT
go list ./... | xargs -P "$(nproc)" -I {} bench/fuzz.sh --package {} "$execs" "$guided" | tee "$lines"
count="$(grep -c '^fuzz ' "$lines")"
echo "fuzz: $count targets, $execs executions each, 0 crashes"
