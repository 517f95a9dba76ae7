package main

import (
	"fmt"
	"slices"
	"strings"
)

// report is everything measured, ready to be written.
type report struct {
	date, machine, load string
	versions            []string
	plan                plan
	pictures            []*picture
	codecs              []codecPart
	ingest              []*ingestRow
	results             results
}

// codecPart is the codec table of one picture.
type codecPart struct {
	picture *picture
	rows    []*codecRow
}

// formTitle names a form in a heading.
func formTitle(form string) string {
	switch {
	case form == formJPEG:
		return "plain JPEG"
	case form == formOwn:
		return "our pyramid"
	}
	return "libvips pyramid, tiles of " + strings.TrimPrefix(form, formTIFF)
}

// peerForm is the form in which the peer serves what Vitrine serves as form: the
// same, or, when it cannot, the pyramid it is made for.
func (r *report) peerForm(p *picture, form string) string {
	if r.has(p, form, "IIPImage") {
		return form
	}
	return fmt.Sprint(formTIFF, r.plan.tiles[0])
}

// has tells whether a server answered anything in a form.
func (r *report) has(p *picture, form, server string) bool {
	for k := range r.results.cells {
		if k.picture == p.name && k.form == form && k.server == server {
			return true
		}
	}
	return false
}

// forms are the forms that Vitrine was measured in, in the order of the tables.
func (r *report) forms(p *picture) []string {
	var list []string
	all := []string{formOwn, formJPEG}
	for _, t := range r.plan.tiles {
		all = append(all, fmt.Sprint(formTIFF, t))
	}
	for _, form := range all {
		if r.has(p, form, "Vitrine") {
			list = append(list, form)
		}
	}
	return list
}

// markdown writes the report.
func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Benchmark, %s\n\n", r.date)
	fmt.Fprintf(&b, "Machine: %s; load before the run %s.\nVersions: %s.\n\n", r.machine, r.load, strings.Join(r.versions, "; "))
	fmt.Fprintf(&b, "Medians of %d runs, alternating between the servers. Inputs: photographs of Debian's wallpaper packages, JPEG 4:2:0 at quality 90.\n", r.plan.repetitions)
	for _, p := range r.pictures {
		fmt.Fprintf(&b, "%s is %d × %d.\n", p.title, p.width, p.height)
	}
	b.WriteString("\n")
	for _, c := range r.codecs {
		c.markdown(&b)
	}
	if len(r.ingest) > 0 {
		b.WriteString("## Making a pyramid\n\nCPU is user and system time over all cores; target: at most 0.5 × and 200 MB at 72 MP.\n\n")
		b.WriteString("| picture | `vitrine ingest`: CPU s | MB | `vips tiffsave`: CPU s | MB | ours ÷ libvips |\n|---|--:|--:|--:|--:|--:|\n")
		for _, i := range r.ingest {
			fmt.Fprintf(&b, "| %s | %s | %d | %s | %d | %s |\n", i.title, number(i.ours.total.Seconds()), i.ours.memory/1e6,
				number(i.native.total.Seconds()), i.native.memory/1e6, ratio(i.ours.total.Seconds(), i.native.total.Seconds()))
		}
		b.WriteString("\n")
	}
	if len(r.results.cells) > 0 {
		r.http(&b)
	}
	if len(r.results.notes) > 0 {
		b.WriteString("## Not measured\n\n")
		for _, n := range r.results.notes {
			fmt.Fprintf(&b, "- %s\n", strings.ReplaceAll(n, "\n", " "))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// markdown writes the codec table.
func (c codecPart) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "## Codecs, %s\n\nUser time of one core; that of the tool without starting its process.\n\n", c.picture.title)
	b.WriteString("| work | ours ms | native ms | native tool | ours ÷ native | target | |\n|---|--:|--:|---|--:|--:|---|\n")
	for _, r := range c.rows {
		if r.err != nil {
			fmt.Fprintf(b, "| %s | – | – | %s | – | | %.80v |\n", r.title, r.tool, r.err)
			continue
		}
		target, met := "", ""
		switch {
		case r.target > 0 && r.nativeMS > 0:
			target, met = "≤ "+number(r.target)+" ×", verdict(r.oursMS/r.nativeMS <= r.target)
		case r.limit > 0:
			target, met = "≤ "+number(r.limit)+" ms", verdict(r.oursMS <= r.limit)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |\n", r.title, number(r.oursMS), number(r.nativeMS), r.tool,
			ratio(r.oursMS, r.nativeMS), target, met)
	}
	b.WriteString("\n")
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "missed"
}

// http writes the tables of served requests.
func (r *report) http(b *strings.Builder) {
	b.WriteString("## Served over HTTP\n\n")
	b.WriteString("CPU is user and system time of all processes of the server per request, nginx in front of IIPImage included. " +
		"No server keeps answers; Vitrine runs without `--cache`. All warm requests go to files that the server has opened before, " +
		"where Vitrine may keep decoded pixels and indexes in memory (within `--memory`); each first touch goes to a name that " +
		"the server has not seen, with the file in the page cache. The client shares the cores with the servers.\n\n")
	for _, p := range r.pictures {
		for _, form := range r.forms(p) {
			peer := r.peerForm(p, form)
			for _, conns := range r.plan.conns {
				fmt.Fprintf(b, "### %s, %s, %s\n\n", p.title, formTitle(form), connections(conns))
				if peer != form {
					fmt.Fprintf(b, "IIPImage serves the %s of the same picture here.\n\n", formTitle(peer))
				}
				b.WriteString("| request | CPU ms: Vitrine | IIPImage | CPU, IIPImage ÷ Vitrine | median / p95 ms: Vitrine | IIPImage | requests/s: Vitrine | IIPImage | requests/s, Vitrine ÷ IIPImage |\n")
				b.WriteString("|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
				for _, w := range works() {
					ours, ok := r.results.cells[cellKey{p.name, form, w.key, "Vitrine", conns}]
					theirs, ok2 := r.results.cells[cellKey{p.name, peer, w.key, "IIPImage", conns}]
					if !ok && !ok2 {
						continue
					}
					fmt.Fprintf(b, "| %s | %s | %s | **%s** | %s | %s | %s | %s | **%s** |\n", w.title,
						ours.show(ours.cpu), theirs.show(theirs.cpu), ratio(theirs.cpu, ours.cpu),
						ours.times(), theirs.times(), ours.show(ours.rate), theirs.show(theirs.rate), ratio(ours.rate, theirs.rate))
				}
				b.WriteString("\n")
			}
		}
		r.static(b, p)
	}
}

// static compares tiles with the same bytes as files, and with Go's net/http
// answering them from memory, below which no server that is built on it can go.
func (r *report) static(b *strings.Builder, p *picture) {
	fmt.Fprintf(b, "### %s, the same 512 tiles as static files of nginx, and from memory by Go's net/http\n\n", p.title)
	b.WriteString("| form | connections | requests/s: Vitrine | nginx | net/http | Vitrine ÷ nginx | Vitrine ÷ net/http | CPU ms: Vitrine | nginx | net/http |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, form := range r.forms(p) {
		for _, conns := range r.plan.conns {
			ours := r.results.cells[cellKey{p.name, form, "tile", "Vitrine", conns}]
			limit := r.results.cells[cellKey{p.name, form, "tile", "nginx", conns}]
			floor := r.results.cells[cellKey{p.name, form, "tile", "net/http", conns}]
			fmt.Fprintf(b, "| %s | %d | %s | %s | %s | **%s** | **%s** | %s | %s | %s |\n", formTitle(form), conns,
				ours.show(ours.rate), limit.show(limit.rate), floor.show(floor.rate), ratio(ours.rate, limit.rate), ratio(ours.rate, floor.rate),
				ours.show(ours.cpu), limit.show(limit.cpu), floor.show(floor.cpu))
		}
	}
	b.WriteString("\n")
}

func connections(n int) string {
	if n == 1 {
		return "1 connection"
	}
	return fmt.Sprint(n, " connections")
}

// show writes a value of c, or a dash when c was not measured.
func (c cell) show(v float64) string {
	if c.requests == 0 {
		return "–"
	}
	return number(v)
}

// times writes median and 95th percentile.
func (c cell) times() string {
	if c.requests == 0 {
		return "–"
	}
	return number(c.p50) + " / " + number(c.p95)
}

// bars picks what the chart shows: processor time of warm requests to the first
// picture over one connection.
func (r *report) bars() (groups []string, list []series) {
	if len(r.pictures) == 0 {
		return nil, nil
	}
	p := r.pictures[0]
	peer := fmt.Sprint(formTIFF, r.plan.tiles[0])
	add := func(label, server, form string) {
		s := series{label: label}
		for _, w := range works() {
			if w.cold {
				continue
			}
			c := r.results.cells[cellKey{p.name, form, w.key, server, r.plan.conns[0]}]
			s.values = append(s.values, c.cpu)
		}
		if slices.Max(s.values) > 0 {
			list = append(list, s)
		}
	}
	for _, w := range works() {
		if !w.cold {
			groups = append(groups, strings.ReplaceAll(w.title, "`", ""))
		}
	}
	add("Vitrine, own pyramid", "Vitrine", formOwn)
	if len(list) == 0 {
		add("Vitrine, libvips pyramid", "Vitrine", peer)
	}
	add("Vitrine, plain JPEG", "Vitrine", formJPEG)
	add("IIPImage, libvips pyramid", "IIPImage", peer)
	add("IIPImage, plain JPEG", "IIPImage", formJPEG)
	return groups, list
}
