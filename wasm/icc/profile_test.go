package icc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"os"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// made builds a profile of version 4 from tags given as name, data pairs.
func made(space, pcs string, tags ...string) []byte {
	var entries, body []byte
	n := len(tags) / 2
	for i := 0; i < len(tags); i += 2 {
		entries = append(entries, tags[i]...)
		entries = binary.BigEndian.AppendUint32(entries, uint32(132+12*n+len(body)))
		entries = binary.BigEndian.AppendUint32(entries, uint32(len(tags[i+1])))
		body = append(body, tags[i+1]...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	b := make([]byte, 128)
	b[8] = 4
	copy(b[12:], "prtr"+space+pcs)
	copy(b[36:], "acsp")
	binary.BigEndian.PutUint32(b[68:], 0xF6D6)
	binary.BigEndian.PutUint32(b[72:], 0x10000)
	binary.BigEndian.PutUint32(b[76:], 0xD32D)
	b = binary.BigEndian.AppendUint32(b, uint32(n))
	b = append(append(b, entries...), body...)
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

func numbers(values ...float64) string {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536))))
	}
	return string(b)
}

func formula(kind byte, values ...float64) string {
	return "para\x00\x00\x00\x00\x00" + string(kind) + "\x00\x00" + numbers(values...)
}

func sampled(f func(float64) float64, n int) string {
	b := []byte("curv\x00\x00\x00\x00\x00\x00\x00\x00")
	binary.BigEndian.PutUint32(b[8:], uint32(n))
	for i := range n {
		b = binary.BigEndian.AppendUint16(b, uint16(math.Round(f(float64(i)/float64(n-1))*65535)))
	}
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return string(b)
}

// ink is a smooth Lab of some device values, in the encoding of 0–1.
func ink(space string, x []float64) []float64 {
	light := 0.0
	for i, v := range x {
		light += v * []float64{0.5, 0.7, 0.35, 0.6}[i]
	}
	if space == "CMYK" {
		light = 1 - light/2.15
	} else {
		light /= 1.55
	}
	return []float64{light * light, 0.5 + 0.2*(x[0]-x[1]), 0.5 + 0.25*(x[1]*x[0]-x[2])}
}

// nodes samples ink on a grid.
func nodes(space string, grid []int, size int) string {
	total := 1
	for _, n := range grid {
		total *= n
	}
	var b []byte
	for i := range total {
		x := make([]float64, len(grid))
		for k, rest := len(grid)-1, i; k >= 0; k-- {
			x[k] = float64(rest%grid[k]) / float64(grid[k]-1)
			rest /= grid[k]
		}
		for _, v := range ink(space, x) {
			if size == 1 {
				b = append(b, byte(math.Round(v*255)))
			} else {
				b = binary.BigEndian.AppendUint16(b, uint16(math.Round(v*65535)))
			}
		}
	}
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return string(b)
}

// staged builds a lutAToBType; every part but out may be empty.
func staged(inputs int, out, matrix, m, grid, in string) string {
	b := "mAB \x00\x00\x00\x00" + string([]byte{byte(inputs), 3, 0, 0})
	at := uint32(32)
	var offsets []byte
	for _, part := range []string{out, matrix, m, grid, in} {
		if part == "" {
			offsets = append(offsets, 0, 0, 0, 0)
			continue
		}
		offsets = binary.BigEndian.AppendUint32(offsets, at)
		at += uint32(len(part))
	}
	return b + string(offsets) + out + matrix + m + grid + in
}

func gridOf(space string, grid []int, size int) string {
	var head [20]byte
	for i, n := range grid {
		head[i] = byte(n)
	}
	head[16] = byte(size)
	return string(head[:]) + nodes(space, grid, size)
}

// plain builds a lut8Type or lut16Type.
func plain(space string, inputs, points, size int) string {
	kind, entries := "mft1", 256
	if size == 2 {
		kind, entries = "mft2", 33
	}
	b := []byte(kind + "\x00\x00\x00\x00" + string([]byte{byte(inputs), 3, byte(points), 0}) +
		numbers(1, 0, 0, 0, 1, 0, 0, 0, 1))
	if size == 2 {
		b = append(b, 0, byte(entries), 0, byte(entries))
	}
	curve := func(g float64) {
		for i := range entries {
			v := math.Pow(float64(i)/float64(entries-1), g)
			if size == 1 {
				b = append(b, byte(math.Round(v*255)))
			} else {
				b = binary.BigEndian.AppendUint16(b, uint16(math.Round(v*65535)))
			}
		}
	}
	for i := range inputs {
		curve(1.1 + 0.2*float64(i))
	}
	grid := make([]int, inputs)
	for i := range grid {
		grid[i] = points
	}
	b = append(b, strings.TrimRight(nodes(space, grid, size), "")...)
	b = b[:52+(size-1)*0-4*(2-size)+inputs*entries*size+pow(points, inputs)*3*size]
	for range 3 {
		curve(0.95)
	}
	return string(b)
}

func pow(n, k int) int {
	p := 1
	for range k {
		p *= n
	}
	return p
}

func synthetic() map[string][]byte {
	id := formula(0, 1)
	gamma := sampled(func(x float64) float64 { return math.Pow(x, 1.4) }, 33)
	bend := formula(3, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)
	m := numbers(0.9, 0.05, 0.03, 0.02, 0.93, 0.01, -0.02, 0.04, 0.95, 0.01, 0.012, -0.005)
	return map[string][]byte{
		"RGB mft1":  made("RGB ", "Lab ", "A2B0", plain("RGB ", 3, 7, 1)),
		"RGB mft2":  made("RGB ", "Lab ", "A2B0", plain("RGB ", 3, 9, 2)),
		"CMYK mft1": made("CMYK", "Lab ", "A2B0", plain("CMYK", 4, 5, 1)),
		"CMYK mft2": made("CMYK", "Lab ", "A2B0", plain("CMYK", 4, 6, 2)),
		"CMYK mAB 8 bits, uneven grid": made("CMYK", "Lab ", "A2B0",
			staged(4, id+gamma+id, "", "", gridOf("CMYK", []int{3, 4, 2, 5}, 1), gamma+id+bend+gamma)),
		"CMYK mAB 16 bits, all stages": made("CMYK", "Lab ", "A2B1",
			staged(4, id+id+id, m, gamma+id+id, gridOf("CMYK", []int{5, 3, 4, 6}, 2), id+id+bend+gamma)),
		"RGB mAB, uneven grid": made("RGB ", "Lab ", "A2B0",
			staged(3, id+id+id, "", "", gridOf("RGB ", []int{6, 3, 9}, 2), bend+gamma+id)),
		"RGB mAB to XYZ by matrix": made("RGB ", "XYZ ", "A2B0", staged(3, id+id+id,
			numbers(0.218, 0.1926, 0.0715, 0.1112, 0.3584, 0.0303, 0.007, 0.0485, 0.357, 0, 0, 0), bend+bend+bend, "", "")),
		"RGB matrix, all formulas": made("RGB ", "XYZ ",
			"rXYZ", "XYZ \x00\x00\x00\x00"+numbers(0.4361, 0.2225, 0.0139),
			"gXYZ", "XYZ \x00\x00\x00\x00"+numbers(0.3851, 0.7169, 0.0971),
			"bXYZ", "XYZ \x00\x00\x00\x00"+numbers(0.1431, 0.0606, 0.7141),
			"rTRC", formula(1, 2, 1.1, -0.1), "gTRC", formula(2, 2.2, 0.9, 0.02, 0.05),
			"bTRC", formula(4, 2.4, 0.9, 0.1, 0.07, 0.04, 0.01, 0.003)),
	}
}

// The exact conversion agrees with the exact one of Little CMS for every kind of
// table, and the fast conversion of images with the exact one.
func TestEveryKindAgreesWithTransicc(t *testing.T) {
	if _, err := exec.LookPath("transicc"); err != nil {
		missing(t, "transicc (liblcms2-utils)")
	}
	for name, data := range synthetic() {
		t.Run(name, func(t *testing.T) {
			p, err := Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "p.icc")
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			m := samplesOf(models(p.Space()))
			fast, err := p.ToSRGB(m)
			if err != nil {
				t.Fatal(err)
			}
			var in bytes.Buffer
			var places []int
			for i := 0; i < len(m.Planes[0].Pix); i += 11 {
				places = append(places, i)
				for c := range m.Planes {
					v := float64(m.Planes[c].Pix[i])
					if p.space == CMYK {
						v /= 2.55 // per cent
					}
					fmt.Fprintf(&in, "%.9f\n", v)
				}
			}
			c := exec.Command("transicc", "-i"+file, "-o*sRGB", "-t1", "-n", "-s", "-c0")
			c.Stdin = &in
			out, err := c.Output()
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			if len(lines) < len(places) {
				t.Fatalf("transicc answered %q", out)
			}
			lines = lines[len(lines)-len(places):]
			var exact, tabled, mean float64
			for k, i := range places {
				var want [3]float64
				if n, _ := fmt.Sscan(lines[k], &want[0], &want[1], &want[2]); n != 3 {
					t.Fatalf("transicc answered %q", lines[k])
				}
				device := make([]float64, len(m.Planes))
				for c := range device {
					device[c] = float64(m.Planes[c].Pix[i]) / 255
				}
				for c, v := range p.convert(device) {
					exact = max(exact, math.Abs(v*255-want[c]))
					d := math.Abs(float64(fast.Planes[c].Pix[i]) - want[c])
					tabled, mean = max(tabled, d), mean+d/float64(3*len(places))
				}
			}
			t.Logf("exact: worst %.2f; fast: mean %.2f, worst %.2f", exact, mean, tabled)
			// Between the nodes of 17⁴ and 33³ the worst is a kink; the lattice
			// of Little CMS for 8 bits errs by up to 16 on SWOP, ours by 11.
			if exact > 0.6 || mean > 0.6 || tabled > 20 {
				t.Error("differs from Little CMS")
			}
		})
	}
}

func TestParseFailures(t *testing.T) {
	good := synthetic()["CMYK mAB 16 bits, all stages"]
	change := func(at int, with string) []byte {
		b := bytes.Clone(good)
		copy(b[at:], with)
		return b
	}
	tag := 132 + 12
	for _, c := range []struct {
		name string
		data []byte
		kind fault.Kind
	}{
		{"empty", nil, fault.Corrupt},
		{"header only", good[:128], fault.Corrupt},
		{"no signature", change(36, "ACSP"), fault.Corrupt},
		{"device link", change(12, "link"), fault.Unsupported},
		{"six inks", change(16, "6CLR"), fault.Unsupported},
		{"PCS of Luv", change(20, "Luv "), fault.Unsupported},
		{"four billion tags", change(128, "\xff\xff\xff\xff"), fault.Corrupt},
		{"tag outside", change(136, "\xff\xff\xff\xf0"), fault.Corrupt},
		{"table type", change(tag, "mBA "), fault.Unsupported},
		{"three inputs", change(tag+8, "\x03"), fault.Corrupt},
		{"grid of 255⁴", change(tag+32+48+48+112, "\xff\xff\xff\xff"), fault.Corrupt},
		{"truncated", good[:len(good)-1], fault.Corrupt},
		{"no tone curve", made("RGB ", "XYZ "), fault.Corrupt},
		{"gray without curve", made("GRAY", "XYZ "), fault.Corrupt},
		{"long curve", made("GRAY", "XYZ ", "kTRC", "curv\x00\x00\x00\x00\x7f\xff\xff\xff\x00\x00"), fault.Corrupt},
		{"formula 5", made("GRAY", "XYZ ", "kTRC", formula(5, 1, 1, 1, 1, 1, 1, 1)), fault.Unsupported},
	} {
		if _, err := Parse(c.data); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v, want %v", c.name, err, c.kind)
		}
	}
}

func TestModels(t *testing.T) {
	rgb, err := Parse(SRGB())
	if err != nil {
		t.Fatal(err)
	}
	gray, err := Parse(made("GRAY", "XYZ ", "kTRC", formula(0, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if gray.IsSRGB() || gray.Space() != Gray {
		t.Error("linear gray is taken for sRGB")
	}
	for _, c := range []struct {
		p     *Profile
		model pixel.Model
		ok    bool
	}{
		{rgb, pixel.RGB, true}, {rgb, pixel.YCbCr, true}, {rgb, pixel.Gray, true}, {rgb, pixel.CMYK, false},
		{gray, pixel.Gray, true}, {gray, pixel.RGB, false}, {gray, pixel.YCbCr, false},
	} {
		m := pixel.New(c.model, 3, 3, 2, 2, c.model != pixel.CMYK)
		m.ICC = []byte("x")
		r, err := c.p.ToSRGB(m)
		if (err == nil) != c.ok || c.ok != c.p.Describes(c.model) {
			t.Errorf("model %d: %v", c.model, err)
			continue
		}
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("model %d: %v", c.model, err)
			}
			continue
		}
		if r.ICC != nil || r.Alpha == nil || (r.Model == pixel.Gray) != (c.model == pixel.Gray) || r.Model == pixel.YCbCr {
			t.Errorf("model %d became %d, ICC %v", c.model, r.Model, r.ICC)
		}
	}
}

// Linear gray of 50% is 188 in sRGB (IEC 61966-2-1: 1.055·0.50196^(1/2.4)−0.055).
func TestLinearGray(t *testing.T) {
	p, err := Parse(made("GRAY", "XYZ ", "kTRC", "curv\x00\x00\x00\x00\x00\x00\x00\x00"))
	if err != nil {
		t.Fatal(err)
	}
	m := pixel.New(pixel.Gray, 3, 1, 1, 1, false)
	copy(m.Planes[0].Pix, []byte{0, 128, 255})
	r, err := p.ToSRGB(m)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Planes[0].Pix; got[0] != 0 || got[1] != 188 || got[2] != 255 {
		t.Errorf("0 128 255 became %v", got)
	}
}

func TestNaiveCMYK(t *testing.T) {
	m := pixel.New(pixel.CMYK, 3, 1, 1, 1, false)
	for c, v := range [][]byte{{0, 255, 100}, {0, 0, 50}, {0, 0, 0}, {0, 0, 128}} {
		copy(m.Planes[c].Pix, v)
	}
	r := NaiveCMYK(m)
	// 155·127/255 = 77.2, 205·127/255 = 102.1, 255·127/255 = 127
	for c, want := range [][]byte{{255, 0, 77}, {255, 255, 102}, {255, 255, 127}} {
		if !bytes.Equal(r.Planes[c].Pix, want) {
			t.Errorf("channel %d is %v, want %v", c, r.Planes[c].Pix, want)
		}
	}
	if g := pixel.New(pixel.Gray, 1, 1, 1, 1, false); NaiveCMYK(g) != g {
		t.Error("gray was converted")
	}
}

func FuzzParse(f *testing.F) {
	for _, data := range synthetic() {
		f.Add(data)
	}
	f.Add(SRGB())
	f.Add(made("GRAY", "Lab ", "kTRC", formula(0, 2)))
	m := map[Space]*pixel.Image{Gray: samplesOf(pixel.Gray), RGB: samplesOf(pixel.RGB), CMYK: samplesOf(pixel.CMYK)}
	for _, i := range m {
		i.Height = 2
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data)
		if err != nil {
			if k := fault.KindOf(err); k != fault.Corrupt && k != fault.Unsupported {
				t.Fatalf("kind %v", k)
			}
			return
		}
		for _, v := range []float64{0, 0.001, 0.3, 0.5, 0.99, 1} {
			device := []float64{v, 1 - v, v, v * v}
			for _, out := range p.convert(device[:p.Space().channels()]) {
				if !(out >= 0 && out <= 1) {
					t.Fatalf("%v became %v", device, out)
				}
			}
		}
		if p.table != nil {
			p.bake = func() *lattice { return p.sampled(3) } // the usual one is slow
		}
		if _, err := p.ToSRGB(m[p.Space()]); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkToSRGB(b *testing.B) {
	all := synthetic()
	for _, name := range []string{"RGB matrix, all formulas", "RGB mft2", "CMYK mft2"} {
		p, err := Parse(all[name])
		if err != nil {
			b.Fatal(err)
		}
		m := pixel.New(models(p.Space()), 1024, 1024, 1, 1, false)
		for c := range m.Planes {
			for i := range m.Planes[c].Pix {
				m.Planes[c].Pix[i] = byte(i>>c + i>>10)
			}
		}
		b.Run(name, func(b *testing.B) {
			if _, err := p.ToSRGB(m); err != nil { // makes the tables
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := p.ToSRGB(m); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(1<<20), "ns/pixel")
		})
		b.Run(name+" tables", func(b *testing.B) {
			for b.Loop() {
				if p.table != nil {
					p.lattice()
				} else {
					p.tones()
				}
			}
		})
	}
}
