# MessageHub. "make demo" runs it, "make test" tests it; both need only Go, git and make.

GO         ?= go
BIN        := bin
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOFUMPT     := mvdan.cc/gofumpt@v0.12.0
VERSION    := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS    := -X main.version=$(VERSION)

.PHONY: help demo build man test race fuzz lint check crash distribute-kill bench bench-accept bench-kannel bench-contacts

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

demo: build ## run the relay with simulated providers, a ready key and a curl to paste
	$(BIN)/messagehub demo

build: ## build bin/messagehub
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/messagehub ./cmd/messagehub

man: build ## write the manual pages to bin/man1
	$(BIN)/messagehub docs man $(BIN)/man1

test: ## run every test
	$(GO) test ./...

race: ## run every test under the race detector
	$(GO) test -race ./...

fuzz: ## give every fuzz target FUZZ_EXECS executions
	./bench/fuzz.sh $(or $(FUZZ_EXECS),1000000)

lint: ## format, vet, staticcheck
	@files="$$($(GO) run $(GOFUMPT) -l .)"; test -z "$$files" || { echo "$$files"; echo 'run: go run $(GOFUMPT) -w .'; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

check: lint test race ## what CI runs, without fuzzing and crashes

crash: build ## kill -9 under load: 200 cycles (CYCLES=n)
	MESSAGEHUB_CRASH_CYCLES=$(or $(CYCLES),200) $(GO) test ./cmd/messagehub -run TestKillUnderLoad -count=1 -timeout 3h -v

distribute-kill: build ## kill -9 ten times while 100,000 contacts get their messages (CONTACTS=n)
	MESSAGEHUB_DISTRIBUTE_CONTACTS=$(or $(CONTACTS),100000) $(GO) test ./cmd/messagehub -run TestKillDuringDistribution -count=1 -timeout 1h -v

bench: build ## the figures of the README: measured, kept in bench/results, written into it
	$(BIN)/messagehub bench suite --results bench/results --keep $(BIN)/results $(BENCH)
	$(BIN)/messagehub bench figures --write README.md
	$(BIN)/messagehub bench report $(BIN)/results/*.json --out $(BIN)/report.html

bench-accept: build ## durable 202s beside a bare server that answers the same bytes
	$(BIN)/messagehub bench accept --closed $(BENCH)

bench-kannel: build ## the whole way of a message beside Kannel 1.4.5, in turn (Debian's kannel must be installed)
	$(BIN)/messagehub bench kannel $(BENCH)

bench-contacts: build ## a million contacts: import, look-ups by phone number, one erasure
	$(BIN)/messagehub bench contacts $(BENCH)
