package pixel

// scaling turns planes of one size into planes of another. The weights are
// computed once for all planes of an image that share them.
type scaling struct {
	// Cells of bx × by samples from (x0, y0) are averaged first, unless both are 1.
	x0, y0, bx, by int
	// cols and rows are the dimensions of what is filtered.
	cols, rows int
	// The output is a copy of it from (copyX, copyY), or filtered by tx and ty.
	copied       bool
	copyX, copyY int
	tx, ty       taps
	// from and to are the columns that tx touches; tx counts from there.
	from, to int
}

func newScaling(width, height int, ax, ay axis, f Filter) *scaling {
	s := &scaling{bx: 1, by: 1, cols: width, rows: height}
	if s.copies(ax, ay) {
		return s
	}
	if bx, by := boxFactor(ax.scale, f), boxFactor(ay.scale, f); bx > 1 || by > 1 {
		s.bx, s.by = bx, by
		s.x0, s.cols, ax = ax.cells(width, bx, f)
		s.y0, s.rows, ay = ay.cells(height, by, f)
		if s.copies(ax, ay) {
			return s
		}
	}
	s.tx, s.ty = ax.weigh(s.cols, f), ay.weigh(s.rows, f)
	s.from, s.to = s.tx.span()
	for i := range s.tx.lo {
		s.tx.lo[i] -= int32(s.from)
	}
	return s
}

func (s *scaling) copies(ax, ay axis) bool {
	x, okX := ax.copies(s.cols)
	y, okY := ay.copies(s.rows)
	s.copyX, s.copyY, s.copied = x, y, okX && okY
	return s.copied
}

// apply fills dst from src, planes of the sizes that s was made for.
func (s *scaling) apply(dst, src *Plane) {
	in := reader{src: src}
	if s.bx > 1 || s.by > 1 {
		in.cells = newCells(src, s.x0, s.y0, s.bx, s.by, s.cols)
		in.depth = max(s.ty.n, 1)
		in.ring, in.held = make([]byte, in.depth*s.cols), make([]int, in.depth)
	}
	switch {
	case s.copied:
		for y := range dst.Height {
			copy(dst.Row(y), in.row(s.copyY + y)[s.copyX:])
		}
	case vectors && s.to-s.from >= minColumns:
		s.scaleVectors(dst, &in)
	default:
		s.scaleWords(dst, &in)
	}
}

// scalePlane fills dst from src.
func scalePlane(dst, src *Plane, ax, ay axis, f Filter) {
	newScaling(src.Width, src.Height, ax, ay, f).apply(dst, src)
}

// reader gives the rows that are filtered: those of a plane, or of its averages.
// Averages are computed when they are asked for and kept while the filter spans
// them, so that they never leave the cache.
type reader struct {
	src   *Plane
	cells *cells // nil: no averaging
	depth int
	ring  []byte // of depth rows
	held  []int  // which row each place of the ring holds, plus 1
}

// row returns row y, which is valid until depth other rows have been read.
func (r *reader) row(y int) []byte {
	if r.cells == nil {
		return r.src.Row(y)
	}
	place, n := y%r.depth, r.cells.cols
	row := r.ring[place*n : place*n+n : place*n+n]
	if r.held[place] != y+1 {
		r.held[place] = y + 1
		r.cells.row(row, y)
	}
	return row
}
