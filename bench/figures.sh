#!/usr/bin/env bash
# Measures the README's figures on this machine and keeps them as text in
# bench/results, with the commands that made them.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p bench/results
{
	echo "commit $(git rev-parse --short HEAD), $(go version | cut -d' ' -f3-), $(nproc) CPUs, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)"
	echo "$(date -u +'%Y-%m-%d %H:%M UTC'), load $(cut -d' ' -f1 /proc/loadavg)"
	for args in "accept" "overload" "restart" "contacts"; do
		echo
		echo "\$ messagehub bench $args"
		./bin/messagehub bench $args 2>/dev/null
	done
	echo
	echo '$ go test ./relay -run ^$ -bench Admit -benchmem'
	go test ./relay -run '^$' -bench 'Admit|Auth|Keyring' -benchmem | grep -E '^Benchmark' || true
} | tee "bench/results/$(date -u +%Y-%m-%d).txt"
