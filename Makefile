# `make test` is the one to know; `make demo` is the one to see.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# goolm is Olm in Go; without the tag mautrix asks for a C library that is no longer kept.
export GOFLAGS := -tags=goolm -buildvcs=false

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
CACHE := $(or $(RONDE_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/ronde)
CONFIG ?= config.toml
FUZZTIME ?= 5s
SEEDS ?= 200

.PHONY: help build run test lint format fuzz chaos chaos-proof bench demo image ci clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 13

build: ## bin/ronde, stripped
	CGO_ENABLED=1 go build -trimpath -tags 'goolm sqlite_omit_load_extension' \
		-ldflags '-s -w -X main.version=$(VERSION)' -o bin/ronde .

run: build ## the bot with CONFIG (config.toml)
	bin/ronde run -c $(CONFIG)

test: ## everything, against real peers; installs them where it may
	e2e/setup.sh
	go test -race -shuffle=on -timeout 20m ./...

lint: $(CACHE)/bin ## the linters that tools/go.mod pins
	GOFLAGS=-buildvcs=false go -C tools build -trimpath -o $(CACHE)/bin/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	$(CACHE)/bin/golangci-lint run

format: $(CACHE)/bin ## rewrite what the linters would say about the format
	GOFLAGS=-buildvcs=false go -C tools build -trimpath -o $(CACHE)/bin/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	$(CACHE)/bin/golangci-lint fmt

$(CACHE)/bin:
	mkdir -p $@

fuzz: ## each fuzz test for FUZZTIME (5s)
	e2e/fuzz.sh $(FUZZTIME)

chaos: ## kill the bot at SEEDS (200) seeded points and count what is lost or doubled
	go run ./e2e/chaos -seeds $(SEEDS)

chaos-proof: ## take one promise at a time out of the bot, and see that chaos notices
	e2e/chaos/mutants.sh

bench: ## one line per figure
	@go run ./e2e/bench

demo: ## watch the bot live in two rooms of a real homeserver
	go run ./e2e/demo

image: ## the Docker image, as ronde:latest
	docker build --tag ronde --build-arg VERSION=$(VERSION) .

ci: ## what must pass before a change is taken
	.ci/run

clean: ## what make built here
	rm -rf bin
