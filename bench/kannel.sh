#!/usr/bin/env bash
# Runs Kannel, a gateway for SMS, as "messagehub bench deliver" runs the relay:
# from an HTTP request to a simulated HTTP provider, every message spooled to
# disk first. Prints its messages a second, for "bench deliver --kannel N".
# Kannel gets no receipts, and texts of 140 bytes, so that each is one SMS.
# usage: bench/kannel.sh [flags of "messagehub bench kannel"]
# Installs Kannel (Debian's 1.4.5) if it is not there; that needs root.
set -euo pipefail
cd "$(dirname "$0")/.."
binary="${MESSAGEHUB:-./bin/messagehub}"
[ -x "$binary" ] || { echo "build it first: make build" >&2; exit 1; }
if ! [ -x /usr/sbin/bearerbox ]; then
	apt-get update -qq >&2
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends kannel >&2
fi
work="$(mktemp -d)"
pids=()
finish() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
	rm -rf "$work"
}
trap finish EXIT

# listening waits until something listens at the port.
listening() {
	for _ in $(seq 100); do
		(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
		sleep 0.1
	done
	echo "nothing listens at port $1" >&2
	tail -5 "$work"/*.log >&2
	exit 1
}

"$binary" bench mock >"$work/mock" &
pids+=($!)
for _ in $(seq 100); do [ -s "$work/mock" ] && break; sleep 0.1; done
mock="$(head -1 "$work/mock")"
base="${KANNEL_PORT:-23100}"
mkdir "$work/spool"
cat >"$work/kannel.conf" <<C
group = core
admin-port = $base
admin-password = bench
smsbox-port = $((base + 1))
log-file = "$work/bearerbox.log"
log-level = 3
box-allow-ip = "127.0.0.1"
admin-allow-ip = "127.0.0.1"
store-type = spool
store-location = "$work/spool"

group = smsc
smsc = http
smsc-id = mock
system-type = kannel
smsc-username = bench
smsc-password = bench
port = $((base + 2))
connect-allow-ip = "127.0.0.1"
send-url = "http://$mock/cgi-bin/sendsms"
max-pending-submits = 100

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = $((base + 3))
log-file = "$work/smsbox.log"
log-level = 3

group = sendsms-user
username = bench
password = bench
C
/usr/sbin/bearerbox "$work/kannel.conf" >"$work/out.log" 2>&1 &
pids+=($!)
listening $((base + 1))
/usr/sbin/smsbox "$work/kannel.conf" >"$work/smsbox-out.log" 2>&1 &
pids+=($!)
listening $((base + 3))
sleep 1 # until the boxes know each other
/usr/sbin/bearerbox --version 2>/dev/null | head -1 >&2 || true
"$binary" bench kannel --target "http://127.0.0.1:$((base + 3))" --mock "$mock" --connections 64 --warmup 0s "$@"
