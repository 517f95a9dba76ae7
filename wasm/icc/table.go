package icc

import "encoding/binary"

// encoding is how the outputs of a table stand for the connection space.
type encoding uint8

const (
	encXYZ    encoding = iota // 0–1 is 0–1.99997
	encLab                    // L* 0–100, a* and b* −128–127
	encLegacy                 // Lab of lut16Type: 0xFF00 is L* 100 (ICC.1:2022 §10.10)
)

// table is a lookup table from device to connection space in the order of
// lutAToBType: curves in, grid, curves m, matrix, curves out. What is nil is not
// applied. lut8Type and lut16Type have no m and, for these device spaces, no
// matrix.
type table struct {
	inputs   int
	in       []curve
	grid     []int // points per input, at least 2; nil without a grid
	nodes    []byte
	size     int // bytes per value of nodes
	m        []curve
	matrix   *[12]float64
	out      []curve
	encoding encoding
}

func parseTable(b []byte, inputs int, lab bool) (*table, error) {
	if len(b) < 32 {
		return nil, corrupt("table")
	}
	kind := string(b[:4])
	if kind != "mft1" && kind != "mft2" && kind != "mAB " {
		return nil, unsupported("table type")
	}
	if int(b[8]) != inputs || b[9] != 3 {
		return nil, corrupt("table channels")
	}
	t := &table{inputs: inputs}
	switch {
	case lab && kind == "mft2":
		t.encoding = encLegacy
	case lab:
		t.encoding = encLab
	}
	if kind == "mAB " {
		return t, t.parseStages(b)
	}
	return t, t.parsePlain(b, kind)
}

// parsePlain reads lut8Type and lut16Type (ICC.1:2022 §10.10, §10.11).
func (t *table) parsePlain(b []byte, kind string) error {
	entriesIn, entriesOut, at := 256, 256, 48
	t.size = 1
	if kind == "mft2" {
		if len(b) < 52 {
			return corrupt("table")
		}
		entriesIn, entriesOut, at = int(binary.BigEndian.Uint16(b[48:])), int(binary.BigEndian.Uint16(b[50:])), 52
		t.size = 2
	}
	if entriesIn < 2 || entriesOut < 2 {
		return corrupt("table curves")
	}
	grid := b[10]
	b = b[min(at, len(b)):]
	take := func(n int) []byte {
		if n > len(b) {
			return nil
		}
		part := b[:n]
		b = b[n:]
		return part
	}
	for range t.inputs {
		part := take(entriesIn * t.size)
		if part == nil {
			return corrupt("table curves")
		}
		t.in = append(t.in, curve{table: samples(part, t.size)})
	}
	var points [4]byte
	for i := range t.inputs {
		points[i] = grid
	}
	if err := t.setGrid(points[:t.inputs], b); err != nil {
		return err
	}
	take(len(t.nodes))
	for range 3 {
		part := take(entriesOut * t.size)
		if part == nil {
			return corrupt("table curves")
		}
		t.out = append(t.out, curve{table: samples(part, t.size)})
	}
	return nil
}

// setGrid checks the points of the grid against the bytes that hold it.
func (t *table) setGrid(points []byte, nodes []byte) error {
	need := 3 * t.size
	for _, n := range points {
		if n < 2 {
			return corrupt("table grid")
		}
		if need *= int(n); need > len(nodes) {
			return corrupt("table grid")
		}
		t.grid = append(t.grid, int(n))
	}
	t.nodes = append([]byte(nil), nodes[:need]...)
	return nil
}

// parseStages reads lutAToBType (ICC.1:2022 §10.12).
func (t *table) parseStages(b []byte) error {
	var offsets [5]int // B curves, matrix, M curves, grid, A curves
	for i := range offsets {
		o := binary.BigEndian.Uint32(b[12+4*i:])
		if o > uint32(len(b)) {
			return corrupt("table stages")
		}
		offsets[i] = int(o)
	}
	curves := func(offset, n int) (cs []curve, err error) {
		for at := offset; offset > 0 && n > 0; n-- {
			if at > len(b) {
				return nil, corrupt("table curves")
			}
			c, size, err := parseCurve(b[at:])
			if err != nil {
				return nil, err
			}
			cs = append(cs, c)
			at += (size + 3) &^ 3
		}
		return cs, nil
	}
	var err error
	if t.out, err = curves(offsets[0], 3); err != nil {
		return err
	}
	if at := offsets[1]; at > 0 {
		if len(b)-at < 48 {
			return corrupt("table matrix")
		}
		t.matrix = new([12]float64)
		for i := range t.matrix {
			t.matrix[i] = fixed(b[at+4*i:])
		}
	}
	if t.m, err = curves(offsets[2], 3); err != nil {
		return err
	}
	if t.in, err = curves(offsets[4], t.inputs); err != nil {
		return err
	}
	at := offsets[3]
	if at == 0 {
		if t.inputs != 3 {
			return corrupt("table without a grid")
		}
		return nil
	}
	if len(b)-at < 20 {
		return corrupt("table grid")
	}
	if t.size = int(b[at+16]); t.size != 1 && t.size != 2 {
		return corrupt("table precision")
	}
	return t.setGrid(b[at:at+t.inputs], b[at+20:])
}

// xyz evaluates the table at device values from 0 to 1: XYZ of D50.
func (t *table) xyz(device []float64) [3]float64 {
	var buffer [4]float64
	x := buffer[:len(device)]
	for i, v := range device {
		if x[i] = v; t.in != nil {
			x[i] = t.in[i].at(v)
		}
	}
	var v [3]float64
	if t.grid != nil {
		v = t.lookUp(x)
	} else {
		copy(v[:], x)
	}
	if t.m != nil {
		for i := range v {
			v[i] = t.m[i].at(v[i])
		}
	}
	if k := t.matrix; k != nil {
		v = [3]float64{
			k[0]*v[0] + k[1]*v[1] + k[2]*v[2] + k[9],
			k[3]*v[0] + k[4]*v[1] + k[5]*v[2] + k[10],
			k[6]*v[0] + k[7]*v[1] + k[8]*v[2] + k[11],
		}
	}
	if t.out != nil {
		for i := range v {
			v[i] = t.out[i].at(v[i])
		}
	}
	switch t.encoding {
	case encXYZ:
		for i := range v {
			v[i] *= 1 + 32767.0/32768
		}
		return v
	case encLegacy:
		return labToXYZ(v[0]*100*65535/65280, v[1]*65535/256-128, v[2]*65535/256-128)
	}
	return labToXYZ(v[0]*100, v[1]*255-128, v[2]*255-128)
}

// lookUp interpolates in the grid: tetrahedra over the last three inputs, which
// keeps grays gray, and linearly over a first of four.
func (t *table) lookUp(x []float64) [3]float64 {
	var index [4]int
	var part [4]float64
	var step [4]int
	stride := 3
	for i := len(x) - 1; i >= 0; i-- {
		p := unit(x[i]) * float64(t.grid[i]-1)
		index[i] = min(int(p), t.grid[i]-2)
		part[i] = p - float64(index[i])
		step[i] = stride
		stride *= t.grid[i]
	}
	base := 0
	for i := range x {
		base += index[i] * step[i]
	}
	if len(x) == 3 {
		return t.tetrahedron(base, part[:3], step[:3])
	}
	low := t.tetrahedron(base, part[1:4], step[1:4])
	high := t.tetrahedron(base+step[0], part[1:4], step[1:4])
	for i := range low {
		low[i] += part[0] * (high[i] - low[i])
	}
	return low
}

// tetrahedron walks from the cell's lowest corner to its highest, along the axis
// with the largest part first.
func (t *table) tetrahedron(at int, part []float64, step []int) [3]float64 {
	a, b, c := 0, 1, 2
	if part[a] < part[b] {
		a, b = b, a
	}
	if part[b] < part[c] {
		b, c = c, b
	}
	if part[a] < part[b] {
		a, b = b, a
	}
	weights := [4]float64{1 - part[a], part[a] - part[b], part[b] - part[c], part[c]}
	steps := [4]int{0, step[a], step[b], step[c]}
	var v [3]float64
	for i, w := range weights {
		at += steps[i]
		for k := range v {
			v[k] += w * t.node(at+k)
		}
	}
	return v
}

// node returns value i of the grid, 0 to 1.
func (t *table) node(i int) float64 {
	if t.size == 1 {
		return float64(t.nodes[i]) / 255
	}
	return float64(binary.BigEndian.Uint16(t.nodes[2*i:])) / 65535
}
