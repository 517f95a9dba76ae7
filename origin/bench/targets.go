package main

import (
	"fmt"
	"strings"
)

// goal is a line of the table of targets.
type goal struct {
	// target is empty for what is only told.
	work, target string
	// picture is the only one that the target is about; empty for all.
	picture string
	// measure is nil for what cannot be measured yet.
	measure gauge
}

// gauge returns what was measured of a picture, in words, and whether that
// meets the target; ok is false when nothing was.
type gauge func(r *report, p *picture) (text string, met, ok bool)

// The numbers of connections that goals are about: one for processor time, where
// a server cannot share work among requests, and many for requests per second.
const (
	alone = 1
	crowd = 16
)

// goals are the targets of the project that this program measures.
func goals() []goal {
	list := []goal{
		{work: "tile stored as JPEG in a libvips pyramid, bytes at hand", target: "≤ 0.010 ms of CPU", measure: codecLimit("splice", 0.010)},
		{work: "the same with plan, reading and new memory", measure: codecLimit("stored-vips", 0)},
		{work: "the same of our pyramid", measure: codecLimit("stored-own", 0)},
		{work: "tile of a plain JPEG, index at hand", target: "≤ 0.10 ms of CPU", measure: codecLimit("cut", 0.1)},
		{work: "index of a plain JPEG, first touch", target: "72 MP: ≤ 100 ms of CPU", picture: "p72", measure: codecLimit("index", 100)},
		{work: "`!512,512` of a plain JPEG", target: "≤ 0.6 × libvips", measure: codecRatio("thumb", 0.6)},
		{work: "JPEG decode", target: "≤ 1.2 × libjpeg-turbo", measure: codecRatio("decode", 1.2)},
		{work: "JPEG encode", target: "≤ 1.5 × libjpeg-turbo", measure: codecRatio("encode", 1.5)},
		{work: "downscale", target: "≤ 0.6 × libvips", measure: codecRatio("scale", 0.6)},
		{work: "PNG tile", target: "≤ 0.6 × libvips, level 6", measure: codecRatio("png", 0.6)},
		{work: "JPEG 2000 tile", target: "≤ 1.0 × OpenJPEG"},
		{work: "`vitrine ingest`, CPU", target: "72 MP: ≤ 0.5 × vips tiffsave", picture: "p72", measure: ingestCPU},
		{work: "`vitrine ingest`, peak memory", target: "≤ 200 MB", measure: ingestMemory},
	}
	pyramids := []string{formOwn, formTIFF}
	for _, form := range pyramids {
		list = append(list, goal{
			work: "tile of " + formTitle(form) + ", requests/s", target: "≥ 0.8 × nginx, same bytes as files", measure: againstFiles(form, 0.8),
		})
	}
	for _, form := range pyramids {
		list = append(list, goal{
			work: "tile of " + formTitle(form) + ", requests/s", target: "≥ 5 × IIPImage", measure: againstPeer(form, 5),
		})
	}
	return append(list, goal{work: "tile of a plain JPEG, CPU as served", target: "≥ 20 × IIPImage", measure: againstDecoder(20)})
}

// codec finds a line of the codec table.
func (r *report) codec(p *picture, key string) *codecRow {
	for _, c := range r.codecs {
		for _, row := range c.rows {
			if c.picture == p && row.key == key && row.err == nil {
				return row
			}
		}
	}
	return nil
}

func codecLimit(key string, limit float64) gauge {
	return func(r *report, p *picture) (string, bool, bool) {
		row := r.codec(p, key)
		if row == nil {
			return "", false, false
		}
		return number(row.oursMS.cpu) + " ms", row.oursMS.cpu <= limit, true
	}
}

func codecRatio(key string, most float64) gauge {
	return func(r *report, p *picture) (string, bool, bool) {
		row := r.codec(p, key)
		if row == nil || row.nativeMS.cpu == 0 {
			return "", false, false
		}
		q := row.oursMS.cpu / row.nativeMS.cpu
		return ratio(row.oursMS.cpu, row.nativeMS.cpu), q <= most, true
	}
}

func (r *report) ingested(p *picture) *ingestRow {
	for _, i := range r.ingest {
		if i.picture == p {
			return i
		}
	}
	return nil
}

func ingestCPU(r *report, p *picture) (string, bool, bool) {
	i := r.ingested(p)
	if i == nil || i.native.Total == 0 {
		return "", false, false
	}
	q := i.ours.Total.Seconds() / i.native.Total.Seconds()
	return number(q) + " ×", q <= 0.5, true
}

func ingestMemory(r *report, p *picture) (string, bool, bool) {
	i := r.ingested(p)
	if i == nil {
		return "", false, false
	}
	return fmt.Sprintf("%d MB", i.ours.Memory/1e6), i.ours.Memory <= 200e6, true
}

func againstFiles(form string, least float64) gauge {
	return func(r *report, p *picture) (string, bool, bool) {
		return r.faster(cellKey{p.name, form, "tile", "Vitrine", crowd}, cellKey{p.name, form, "tile", "nginx", crowd}, least)
	}
}

func againstPeer(form string, least float64) gauge {
	return func(r *report, p *picture) (string, bool, bool) {
		return r.faster(cellKey{p.name, form, "tile", "Vitrine", crowd}, cellKey{p.name, r.peerForm(p, form), "tile", "IIPImage", crowd}, least)
	}
}

func (r *report) faster(a, b cellKey, least float64) (string, bool, bool) {
	ours, theirs := r.results.cells[a], r.results.cells[b]
	if ours.rate == 0 || theirs.rate == 0 {
		return "", false, false
	}
	return ratio(ours.rate, theirs.rate), ours.rate/theirs.rate >= least, true
}

// againstDecoder compares with IIPImage on the same JPEG, or, when that cannot
// open it, with what libjpeg-turbo's own tools take for the tile: less than any
// server that is built on that library takes.
func againstDecoder(least float64) gauge {
	return func(r *report, p *picture) (string, bool, bool) {
		ours := r.results.cells[cellKey{p.name, formJPEG, "tile", "Vitrine", alone}].cpu
		theirs := r.results.cells[cellKey{p.name, formJPEG, "tile", "IIPImage", alone}].cpu
		mark := ""
		if row := r.codec(p, "cut"); theirs == 0 && row != nil {
			theirs, mark = row.nativeMS.cpu, "*"
		}
		if ours == 0 || theirs == 0 {
			return "", false, false
		}
		return ratio(theirs, ours) + mark, theirs/ours >= least, true
	}
}

// targets writes the table of targets.
func (r *report) targets(b *strings.Builder) {
	b.WriteString("CPU is user and system time; requests per second are at 16 connections.\n\n| work | target |")
	for _, p := range r.pictures {
		fmt.Fprintf(b, " %s |", p.title)
	}
	b.WriteString(" |\n|---|---|" + strings.Repeat("--:|", len(r.pictures)) + "---|\n")
	stars := false
	for _, g := range goals() {
		fmt.Fprintf(b, "| %s | %s |", g.work, g.target)
		verdict := "not measured"
		if g.measure == nil {
			verdict = "not measured: no decoder yet"
		}
		if g.target == "" {
			verdict = ""
		}
		for _, p := range r.pictures {
			text, met, ok := "–", false, false
			if g.measure != nil {
				if text, met, ok = g.measure(r, p); !ok {
					text = "–"
				}
			}
			fmt.Fprintf(b, " %s |", text)
			stars = stars || strings.HasSuffix(text, "*")
			switch {
			case !ok || g.target == "" || g.picture != "" && g.picture != p.name:
			case !met:
				verdict = "missed"
			case verdict != "missed":
				verdict = "met"
			}
		}
		fmt.Fprintf(b, " %s |\n", verdict)
	}
	b.WriteString("\n")
	if stars {
		fmt.Fprintf(b, "\\* %s does not open plain JPEGs. Compared is `djpeg -crop` into `cjpeg`, the least that a server built on "+
			"libjpeg-turbo has to do for a tile in the middle, without HTTP; ours is as served.\n\n", r.iipimage)
	}
}
