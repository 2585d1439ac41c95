#!/usr/bin/env bash
# Gives every fuzz target of the module the same number of executions.
# usage: bench/fuzz.sh EXECUTIONS [PACKAGE…]
set -euo pipefail
cd "$(dirname "$0")/.."
execs="${1:?usage: bench/fuzz.sh EXECUTIONS [PACKAGE…]}"
shift || true
count=0
for pkg in $(go list "${@:-./...}"); do
	dir="$(go list -f '{{.Dir}}' "$pkg")"
	targets="$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go 2>/dev/null | sed 's/^func //' | sort -u || true)"
	[ -n "$targets" ] || continue
	for target in $targets; do
		started=$SECONDS
		if ! out="$(go test "$pkg" -run '^$' -fuzz "^$target\$" -fuzztime "${execs}x" -fuzzminimizetime 10s -parallel "$(nproc)" 2>&1)"; then
			printf '%s\n' "$out"
			echo "FAIL $pkg $target"
			exit 1
		fi
		done_execs="$(printf '%s\n' "$out" | grep -oE 'execs: [0-9]+' | tail -1 | grep -oE '[0-9]+' || echo 0)"
		echo "fuzz $pkg $target: $done_execs executions in $((SECONDS - started)) s, 0 crashes"
		if [ "$done_execs" -lt "$execs" ]; then
			echo "FAIL $target: only $done_execs of $execs executions"
			exit 1
		fi
		count=$((count + 1))
	done
done
echo "fuzz: $count targets, $execs executions each"
[ "$count" -gt 0 ]
