package pixel

// Deinterleave3 sets a, b and c, of one length n, to every third byte of src from
// its first, second and third on; src has 3·n bytes at least. It panics when it
// has not.
func Deinterleave3(a, b, c, src []byte) {
	n := len(a)
	b, c, src = b[:n], c[:n], src[:3*n]
	if vectors && n >= minPixels {
		deinterleave3Vector(a, b, c, src)
		return
	}
	for i := range a {
		p := src[3*i : 3*i+3 : 3*i+3]
		a[i], b[i], c[i] = p[0], p[1], p[2]
	}
}

// Accumulate replaces each byte of row by the sum of all up to it, modulo 256: what
// undoes horizontal differences.
func Accumulate(row []byte) {
	sum := byte(0)
	if full := len(row) &^ (minPixels - 1); vectors && full > 0 {
		accumulateVector(row[:full])
		sum, row = row[full-1], row[full:]
	}
	for i, v := range row {
		sum += v
		row[i] = sum
	}
}
