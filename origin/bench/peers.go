package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// peers are the programs to compare with, and the machine.
type peers struct {
	// root is the folder of our module, binary our program.
	root, binary string
	// versions are lines for the report, iipimage the version that the peer says it
	// is, machine one line about the hardware.
	versions []string
	iipimage string
	machine  string
}

// findPeers installs what is missing, builds our program into dir unless binary
// names one, and asks everything for its version.
func findPeers(ctx context.Context, dir, binary, iipsrv string, install bool, say func(string, ...any)) (*peers, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return nil, fmt.Errorf("run it inside the module: %w", err)
	}
	p := &peers{root: strings.TrimSpace(string(out)), binary: binary}
	if err := os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin"); err != nil {
		return nil, err
	}
	if install {
		cmd := exec.CommandContext(ctx, filepath.Join(p.root, ".ci", "bench-deps"))
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("installing the peers: %w", err)
		}
	}
	if p.binary == "" {
		p.binary = filepath.Join(dir, "vitrine")
		say("building vitrine")
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", p.binary, "./origin")
		cmd.Dir = p.root
		if text, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("building vitrine: %w: %s", err, text)
		}
	}
	commit, _ := exec.CommandContext(ctx, "git", "-C", p.root, "describe", "--always", "--dirty").Output()
	p.versions = append(p.versions, strings.Join(strings.Fields("Vitrine "+string(commit)+" ("+runtime.Version()+")"), " "))
	for _, c := range [][]string{{"vips", "--version"}, {"djpeg", "-version"}, {"nginx", "-v"}} {
		text, err := exec.CommandContext(ctx, c[0], c[1:]...).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c[0], err)
		}
		line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
		p.versions = append(p.versions, strings.TrimPrefix(line, "nginx version: "))
	}
	if _, err := os.Stat(iipsrv); err != nil {
		return nil, errors.New("IIPImage is not installed: run .ci/bench-deps or name it with -iipsrv")
	}
	version := iipsrv
	p.iipimage = "IIPImage"
	if out, err := exec.CommandContext(ctx, "dpkg-query", "-S", iipsrv).Output(); err == nil {
		name, _, _ := strings.Cut(string(out), ":")
		if out, err = exec.CommandContext(ctx, "dpkg-query", "-W", "-f", "${Package} ${Version}", name).Output(); err == nil {
			version = string(out)
			_, number, _ := strings.Cut(version, " ")
			number, _, _ = strings.Cut(number, "-")
			p.iipimage += " " + number
		}
	}
	p.versions = append(p.versions, "IIPImage ("+version+")")
	p.machine = machine()
	return p, nil
}

// machine is the processor, its number of cores and the operating system.
func machine() string {
	cpu := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if m := regexp.MustCompile(`(?m)^model name\s*:\s*(.+)$`).FindSubmatch(text); m != nil {
			cpu = string(m[1])
		}
	}
	system := runtime.GOOS
	if text, err := os.ReadFile("/etc/os-release"); err == nil {
		if m := regexp.MustCompile(`(?m)^PRETTY_NAME="?([^"\n]+)`).FindSubmatch(text); m != nil {
			system = string(m[1])
		}
	}
	return fmt.Sprintf("%s, %d cores, %s, %s", cpu, runtime.NumCPU(), runtime.GOARCH, system)
}
