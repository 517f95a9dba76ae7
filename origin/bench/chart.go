package main

import (
	"bytes"
	"fmt"
	"html"
	"strings"
)

// panel is the bars of one picture: a value per group in each series, 0 where
// nothing was measured.
type panel struct {
	title  string
	values [][]float64
}

// figure is a chart: panels side by side, with the same groups and series.
type figure struct {
	title, sub, foot string
	groups, series   []string
	panels           []panel
}

// The measures of the chart in pixels.
const (
	chartWidth = 920
	labelWidth = 186
	valueWidth = 46
	barHeight  = 12
	groupGap   = 12
	headHeight = 102
)

// chart draws the processor time of warm requests over one connection.
func (r *report) chart() []byte {
	f := figure{
		title:  "CPU time per request, milliseconds",
		sub:    "one connection, files that were opened before, no cached answers; shorter is better; each size has its own scale, » is cut",
		foot:   r.machine + ", " + r.date,
		series: []string{"Vitrine, own pyramid", "Vitrine, plain JPEG", r.iipimage + ", libvips pyramid"},
	}
	for _, w := range works() {
		if !w.cold {
			f.groups = append(f.groups, strings.ReplaceAll(w.title, "`", ""))
		}
	}
	for _, p := range r.pictures {
		one := panel{title: p.title}
		for _, s := range []struct{ server, form string }{{"Vitrine", formOwn}, {"Vitrine", formJPEG}, {"IIPImage", formTIFF}} {
			var values []float64
			for _, w := range works() {
				if !w.cold {
					values = append(values, r.results.cells[cellKey{p.name, s.form, w.key, s.server, alone}].cpu)
				}
			}
			one.values = append(one.values, values)
		}
		f.panels = append(f.panels, one)
	}
	return f.draw()
}

// draw writes the chart as a stand-alone SVG which is readable on light and dark
// ground: all colours are set in one style sheet.
func (f figure) draw() []byte {
	group := len(f.series)*(barHeight+2) + groupGap
	height := headHeight + len(f.groups)*group + 26
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">
<style>
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #24292f; }
.title { font-size: 16px; font-weight: 600; }
.head { font-weight: 600; }
.quiet { fill: #57606a; }
.ground { fill: #ffffff; }
.line { stroke: #d0d7de; }
.s0 { fill: #0b7285; } .s1 { fill: #3bafc4; } .s2 { fill: #8a8f98; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .quiet { fill: #9aa4af; } .ground { fill: #0d1117; } .line { stroke: #30363d; }
.s0 { fill: #3bc9db; } .s1 { fill: #1b8a9c; } .s2 { fill: #a5abb5; }
}
</style>
<rect class="ground" width="%d" height="%d" rx="6"/>
<text class="title" x="16" y="26">%s</text>
<text class="quiet" x="16" y="44">%s</text>
`, chartWidth, height, chartWidth, height, html.EscapeString(f.title), chartWidth, height, html.EscapeString(f.title), html.EscapeString(f.sub))
	x := 16
	for i, label := range f.series {
		fmt.Fprintf(&b, `<rect class="s%d" x="%d" y="55" width="11" height="11" rx="2"/><text x="%d" y="65">%s</text>`+"\n",
			i, x, x+16, html.EscapeString(label))
		x += 34 + 7*len([]rune(label))
	}
	for g, name := range f.groups {
		top := headHeight + g*group
		fmt.Fprintf(&b, `<line class="line" x1="16" x2="%d" y1="%d" y2="%d"/>`+"\n", chartWidth-16, top, top)
		fmt.Fprintf(&b, `<text x="16" y="%d">%s</text>`+"\n", top+group/2+4, html.EscapeString(name))
	}
	width := (chartWidth - labelWidth - 16) / max(1, len(f.panels))
	for i, p := range f.panels {
		p.draw(&b, labelWidth+i*width, width-12, group)
	}
	fmt.Fprintf(&b, `<text class="quiet" x="16" y="%d">%s</text>`+"\n</svg>\n", height-9, html.EscapeString(f.foot))
	return b.Bytes()
}

// draw writes the bars of a panel on a linear scale of its own, so that lengths in
// it can be compared by eye. The scale is that of the last series, the peer's:
// one bar that is many times longer would leave no length to the others.
func (p panel) draw(b *bytes.Buffer, left, width, group int) {
	most := 0.0
	for s := len(p.values) - 1; s >= 0 && most == 0; s-- {
		for _, v := range p.values[s] {
			most = max(most, v)
		}
	}
	fmt.Fprintf(b, `<text class="head" x="%d" y="%d">%s</text>`+"\n", left, headHeight-9, html.EscapeString(p.title))
	for s, values := range p.values {
		for g, v := range values {
			y := headHeight + g*group + groupGap/2 + s*(barHeight+2)
			if v <= 0 {
				fmt.Fprintf(b, `<text class="quiet" x="%d" y="%d">–</text>`+"\n", left, y+barHeight-2)
				continue
			}
			w, mark := max(1, min(1, v/most)*float64(width-valueWidth)), ""
			if v > most {
				mark = "» "
			}
			fmt.Fprintf(b, `<rect class="s%d" x="%d" y="%d" width="%.1f" height="%d" rx="1.5"/>`, s, left, y, w, barHeight)
			fmt.Fprintf(b, `<text x="%.1f" y="%d">%s</text>`+"\n", float64(left)+w+5, y+barHeight-2, mark+number(v))
		}
	}
}
