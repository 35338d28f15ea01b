// Engine runs a command beside a Docker engine made for it: go run ./e2e/engine COMMAND ARGUMENTS…
//
// The command finds the engine in DOCKER_HOST. Containers have no network but the host's. The engine and all
// it holds are gone afterwards.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"ronde/e2e/peers"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: engine COMMAND ARGUMENTS…")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "engine:", err)
		os.Exit(1)
	}
}

func run(command string, arguments []string) (err error) {
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()
	dir, err := os.MkdirTemp("", "ronde-")
	if err != nil {
		return fmt.Errorf("make a folder for the engine: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	engine, err := peers.StartDocker(ctx, dir)
	if err != nil {
		return err
	}
	defer engine.Stop()

	cmd := exec.CommandContext(ctx, command, arguments...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+engine.Host)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run %s: %w", command, err)
	}
	return nil
}
