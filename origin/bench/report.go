package main

import (
	"fmt"
	"strings"
	"time"
)

// report is everything measured, ready to be written.
type report struct {
	date, machine, load string
	versions            []string
	iipimage            string
	took                time.Duration
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

// forms are what Vitrine serves, in the order of the tables.
var forms = [...]string{formOwn, formJPEG, formTIFF}

// formTitle names a form in a heading.
func formTitle(form string) string {
	switch form {
	case formJPEG:
		return "plain JPEG"
	case formOwn:
		return "our pyramid"
	}
	return "libvips pyramid"
}

// peerForm is the form in which the peer serves what Vitrine serves as form: the
// same, or, when it cannot, the pyramid it is made for.
func (r *report) peerForm(p *picture, form string) string {
	for k := range r.results.cells {
		if k.picture == p.name && k.form == form && k.server == "IIPImage" {
			return form
		}
	}
	return formTIFF
}

// markdown writes the report.
func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Benchmark, %s\n\n", r.date)
	fmt.Fprintf(&b, "Machine: %s; load before the run %s; the run took %.0f min.\nVersions: %s.\n\n", r.machine, r.load, r.took.Minutes(), strings.Join(r.versions, "; "))
	fmt.Fprintf(&b, "Medians of up to %d runs, alternating between ours and theirs. Inputs: photographs of Debian's wallpaper packages, "+
		"JPEG 4:2:0 at quality 90; libvips pyramids have tiles of %d, quality 85.\n", r.plan.repetitions, r.plan.tile)
	for _, p := range r.pictures {
		fmt.Fprintf(&b, "%s is %d × %d.\n", p.title, p.width, p.height)
	}
	b.WriteString("\n## Targets\n\n")
	r.targets(&b)
	for _, c := range r.codecs {
		c.markdown(&b)
	}
	r.ingests(&b)
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
	fmt.Fprintf(b, "## Codecs, %s\n\nOne core; CPU is user and system time, that of the tool without starting its process.\n\n", c.picture.title)
	b.WriteString("| work | CPU ms: ours | native | CPU, ours ÷ native | wall ms: ours | native | native tool |\n|---|--:|--:|--:|--:|--:|---|\n")
	for _, r := range c.rows {
		if r.err != nil {
			fmt.Fprintf(b, "| %s | – | – | – | – | – | %s: %.80v |\n", r.title, r.tool, r.err)
			continue
		}
		native := timing{}
		show := func(v float64) string { return "–" }
		if r.native != nil {
			native, show = r.nativeMS, number
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |\n", r.title, number(r.oursMS.cpu), show(native.cpu),
			ratio(r.oursMS.cpu, native.cpu), number(r.oursMS.wall), show(native.wall), r.tool)
	}
	b.WriteString("\n")
}

// ingests writes the table of making pyramids.
func (r *report) ingests(b *strings.Builder) {
	if len(r.ingest) == 0 {
		return
	}
	b.WriteString("## Making a pyramid\n\nCPU is user and system time over all cores, MB the peak of resident memory.\n\n")
	b.WriteString("| picture | `vitrine ingest`: CPU s | wall s | MB | `vips tiffsave`: CPU s | wall s | MB | CPU, ours ÷ libvips | wall |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, i := range r.ingest {
		fmt.Fprintf(b, "| %s | %s | %s | %d | %s | %s | %d | %s | %s |\n", i.picture.title,
			number(i.ours.Total.Seconds()), number(i.ours.Wall.Seconds()), i.ours.Memory/1e6,
			number(i.native.Total.Seconds()), number(i.native.Wall.Seconds()), i.native.Memory/1e6,
			ratio(i.ours.Total.Seconds(), i.native.Total.Seconds()), ratio(i.ours.Wall.Seconds(), i.native.Wall.Seconds()))
	}
	b.WriteString("\n")
}

// http writes the tables of served requests.
func (r *report) http(b *strings.Builder) {
	b.WriteString("## Served over HTTP\n\n")
	b.WriteString("CPU is user and system time of all processes of the server per request, nginx in front of IIPImage included. " +
		"No server keeps answers; Vitrine runs without `--cache`. All warm requests go to files that the server has opened before, " +
		"where Vitrine may keep decoded pixels and indexes in memory (within `--memory`); each first touch goes to a name that " +
		"the server has not seen, with the file in the page cache. The client shares the cores with the servers.\n\n")
	for _, p := range r.pictures {
		for _, form := range forms {
			for _, conns := range r.plan.conns {
				r.requests(b, p, form, conns)
			}
		}
		r.static(b, p)
		r.memories(b, p)
	}
}

// requests writes the table of one form at one number of connections.
func (r *report) requests(b *strings.Builder, p *picture, form string, conns int) {
	peer := r.peerForm(p, form)
	fmt.Fprintf(b, "### %s, %s, %s\n\n", p.title, formTitle(form), connections(conns))
	if peer != form {
		fmt.Fprintf(b, "IIPImage serves the %s of the same picture here.\n\n", formTitle(peer))
	}
	b.WriteString("| request | CPU ms: Vitrine | IIPImage | CPU, IIPImage ÷ Vitrine | wall, median / p95 ms: Vitrine | IIPImage | requests/s: Vitrine | IIPImage | requests/s, Vitrine ÷ IIPImage |\n")
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

// memories writes the peaks of the servers.
func (r *report) memories(b *strings.Builder, p *picture) {
	fmt.Fprintf(b, "### %s, peak memory of the servers over all of this, MB\n\nThe sum over all processes of a server.\n\n", p.title)
	b.WriteString("| form | Vitrine | IIPImage with nginx | nginx, files |\n|---|--:|--:|--:|\n")
	for _, form := range forms {
		show := func(server string) string {
			n := r.results.memory[cellKey{picture: p.name, form: form, server: server}]
			if n == 0 {
				return "–"
			}
			return thousands(n / 1e6)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", formTitle(form), show("Vitrine"), show("IIPImage"), show("nginx"))
	}
	b.WriteString("\n")
}

// static compares tiles with the same bytes as files, and with Go's net/http
// answering them from memory, below which no server that is built on it can go.
func (r *report) static(b *strings.Builder, p *picture) {
	fmt.Fprintf(b, "### %s, the same 512 tiles as static files of nginx, and from memory by Go's net/http\n\n", p.title)
	b.WriteString("| form | connections | requests/s: Vitrine | nginx | net/http | Vitrine ÷ nginx | Vitrine ÷ net/http | CPU ms: Vitrine | nginx | net/http | client busy: Vitrine | nginx |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, form := range forms {
		for _, conns := range r.plan.conns {
			ours := r.results.cells[cellKey{p.name, form, "tile", "Vitrine", conns}]
			limit := r.results.cells[cellKey{p.name, form, "tile", "nginx", conns}]
			floor := r.results.cells[cellKey{p.name, form, "tile", "net/http", conns}]
			fmt.Fprintf(b, "| %s | %d | %s | %s | %s | **%s** | **%s** | %s | %s | %s | %.0f %% | %.0f %% |\n", formTitle(form), conns,
				ours.show(ours.rate), limit.show(limit.rate), floor.show(floor.rate), ratio(ours.rate, limit.rate), ratio(ours.rate, floor.rate),
				ours.show(ours.cpu), limit.show(limit.cpu), floor.show(floor.cpu), ours.busy*100, limit.busy*100)
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
