package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// report is what a run found.
type report struct {
	date, machine, version string
	size                   [2]int // of plan.wasm: bytes, gzip
	starts                 starts
	rows                   []row
	churn                  churn
}

// The section of README.md lies between these.
const (
	sectionBegin = "<!-- written by make bench-edge BENCH=-publish -->\n"
	sectionEnd   = "<!-- end of what make bench-edge writes -->\n"
)

// publish writes the section into README.md.
func (r *report) publish(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), sectionBegin)
	_, after, ok2 := strings.Cut(rest, sectionEnd)
	if !ok || !ok2 {
		return errors.New("README.md has no marks for the figures")
	}
	return os.WriteFile(path, []byte(before+sectionBegin+"\n"+r.markdown()+"\n"+sectionEnd+after), 0o644)
}

// verdict compares a figure with the greatest that is aimed at.
func verdict(v, limit float64) string {
	if v <= limit {
		return "met"
	}
	return "**missed**"
}

// markdown is the report.
func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Run of %s: %s; %s. CPU is user and system time of the workerd process, medians; the ratio is the median of the turns.\n\n", r.date, r.machine, r.version)
	b.WriteString("| | the Worker | twin in JavaScript | ratio | aim | |\n|---|--:|--:|--:|--:|---|\n")
	for _, w := range r.rows {
		aim, how := "–", ""
		if w.limit > 0 {
			aim, how = fmt.Sprintf("≤ %.2f", w.limit), verdict(w.ratio, w.limit)
		}
		fmt.Fprintf(&b, "| %s, CPU µs | %.0f | %.0f | %.3f | %s | %s |\n", w.title, w.ours, w.theirs, w.ratio, aim, how)
	}
	if r.churn.requests == 0 {
		return b.String() // only some kinds were measured
	}
	s := &r.starts
	for _, x := range []struct {
		title string
		v     [2]float64
		limit float64
	}{{"first request, ms", s.firstWall, 2}, {"first request, CPU ms", s.firstCPU, 2}} {
		ratio := x.v[0] / x.v[1]
		fmt.Fprintf(&b, "| %s | %.1f | %.1f | %.2f | ≤ %.0f | %s |\n", x.title, x.v[0], x.v[1], ratio, x.limit, verdict(ratio, x.limit))
	}
	for _, x := range []struct {
		title string
		v     [2]float64
	}{{"start-up, ms", s.startWall}, {"start-up, CPU ms", s.startCPU}} {
		more := x.v[0] - x.v[1]
		fmt.Fprintf(&b, "| %s | %.1f | %.1f | %+.1f ms | ≤ +30 ms | %s |\n", x.title, x.v[0], x.v[1], more, verdict(more, 30))
	}
	fmt.Fprintf(&b, "| start-up of the second Worker, CPU ms | %.1f | – | – | – | |\n", s.second)
	fmt.Fprintf(&b, "| plan.wasm, KB gzip | %.0f | – | – | ≤ 750 | %s |\n", float64(r.size[1])/1000, verdict(float64(r.size[1]), 750_000))
	c := &r.churn
	mib := float64(c.Memory) / (1 << 20)
	fmt.Fprintf(&b, "| memory of Go after %d requests, MiB | %.1f | – | – | ≤ 16 | %s |\n", c.requests, mib, verdict(mib, 16))
	fmt.Fprintf(&b, "| live references to JavaScript then | %d | – | – | ≤ 64 | %s |\n", c.References, verdict(float64(c.References), 64))
	fmt.Fprintf(&b, "\nA miss is answered by the second Worker, which only misses start; both are in the figure. The twin does not check what it need not and has no program for misses; it passes them on. Over the last %d requests the process grew by %.1f MiB.\n",
		c.requests-c.requests/10, float64(c.grown)/(1<<20))
	return b.String()
}
