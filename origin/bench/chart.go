package main

import (
	"bytes"
	"fmt"
	"html"
)

// series is one colour of bars: a value per group, 0 where nothing was measured.
type series struct {
	label  string
	values []float64
}

// The measures of the chart in pixels.
const (
	chartWidth = 760
	labelWidth = 190
	valueWidth = 64
	barHeight  = 13
	groupGap   = 14
	headHeight = 78
)

// chart draws the report's bars: horizontal, on one linear scale, so that lengths
// can be compared by eye.
func (r *report) chart() []byte {
	groups, list := r.bars()
	title := "CPU time per request, milliseconds"
	sub := ""
	if len(r.pictures) > 0 {
		p := r.pictures[0]
		sub = fmt.Sprintf("%d × %d (%s), one connection, known files, no cached answers; shorter is better", p.width, p.height, p.title)
	}
	return draw(title, sub, r.machine+", "+r.date, groups, list)
}

// draw writes a bar chart as a stand-alone SVG which is readable on light and dark
// ground: all colours are set in one style sheet.
func draw(title, sub, foot string, groups []string, list []series) []byte {
	most := 0.0
	for _, s := range list {
		for _, v := range s.values {
			most = max(most, v)
		}
	}
	group := len(list)*(barHeight+2) + groupGap
	height := headHeight + len(groups)*group + 26
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">
<style>
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #24292f; }
.title { font-size: 16px; font-weight: 600; }
.quiet { fill: #57606a; }
.ground { fill: #ffffff; }
.line { stroke: #d0d7de; }
.s0 { fill: #0b7285; } .s1 { fill: #3bafc4; } .s2 { fill: #8a8f98; } .s3 { fill: #b9bec7; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .quiet { fill: #9aa4af; } .ground { fill: #0d1117; } .line { stroke: #30363d; }
.s0 { fill: #3bc9db; } .s1 { fill: #1b8a9c; } .s2 { fill: #a5abb5; } .s3 { fill: #6e7681; }
}
</style>
<rect class="ground" width="%d" height="%d" rx="6"/>
<text class="title" x="16" y="26">%s</text>
<text class="quiet" x="16" y="44">%s</text>
`, chartWidth, height, chartWidth, height, html.EscapeString(title), chartWidth, height, html.EscapeString(title), html.EscapeString(sub))
	x := 16
	for i, s := range list {
		fmt.Fprintf(&b, `<rect class="s%d" x="%d" y="55" width="11" height="11" rx="2"/><text x="%d" y="65">%s</text>`+"\n",
			i%4, x, x+16, html.EscapeString(s.label))
		x += 34 + 7*len([]rune(s.label))
	}
	room := float64(chartWidth - labelWidth - valueWidth)
	for g, name := range groups {
		top := headHeight + g*group
		fmt.Fprintf(&b, `<line class="line" x1="16" x2="%d" y1="%d" y2="%d"/>`+"\n", chartWidth-16, top, top)
		fmt.Fprintf(&b, `<text x="16" y="%d">%s</text>`+"\n", top+group/2+4, html.EscapeString(name))
		for i, s := range list {
			y := top + groupGap/2 + i*(barHeight+2)
			v := 0.0
			if g < len(s.values) {
				v = s.values[g]
			}
			if v <= 0 || most <= 0 {
				fmt.Fprintf(&b, `<text class="quiet" x="%d" y="%d">–</text>`+"\n", labelWidth+6, y+barHeight-2)
				continue
			}
			w := max(1, v/most*room)
			fmt.Fprintf(&b, `<rect class="s%d" x="%d" y="%d" width="%.1f" height="%d" rx="1.5"/>`, i%4, labelWidth, y, w, barHeight)
			fmt.Fprintf(&b, `<text x="%.1f" y="%d">%s</text>`+"\n", labelWidth+w+6, y+barHeight-2, number(v))
		}
	}
	fmt.Fprintf(&b, `<text class="quiet" x="16" y="%d">%s</text>`+"\n</svg>\n", height-9, html.EscapeString(foot))
	return b.Bytes()
}
