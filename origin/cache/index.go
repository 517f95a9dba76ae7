package cache

import (
	"cmp"
	"slices"
	"time"
)

// index knows the size of every entry and which was used least recently. It is
// a list threaded through a slice: half a million entries take about 50 MB less
// than with one allocation each. It has no lock of its own.
type index struct {
	at    map[name]int32
	nodes []node // nodes[0] is the ring's head: next is the newest, prev the oldest
	free  int32  // unused nodes, linked by next; 0 when none
	total int64  // bytes of all entries and of reservations
	round uint32 // number of the reading of the folder
	// gone holds what was removed during a reading of the folder, which may have
	// seen it before; nil between readings.
	gone map[name]struct{}
}

type node struct {
	name       name
	size       int64
	used       int64 // last use, Unix nanoseconds
	stamped    int64 // what the file's own time says, likewise
	prev, next int32
	round      uint32 // last reading of the folder that knew it
}

// found is a file that a reading of the folder came upon.
type found struct {
	name name
	size int64
	used int64
}

func newIndex() *index {
	return &index{at: map[name]int32{}, nodes: make([]node, 1)}
}

func (x *index) len() int { return len(x.at) }

// add notes an entry that was just written.
func (x *index) add(n name, size int64, now time.Time) {
	x.remove(n)
	x.insert(found{n, size, now.UnixNano()}, 0)
}

// touch notes a use, also of an entry that another process wrote. It reports
// whether the file's time should be renewed.
func (x *index) touch(n name, size int64, now time.Time) bool {
	i, ok := x.at[n]
	if !ok {
		i = x.insert(found{n, size, now.UnixNano()}, 0)
		x.nodes[i].stamped = 0 // not known
	} else {
		x.total += size - x.nodes[i].size
		x.nodes[i].size = size
		x.unlink(i)
		x.link(i, 0)
	}
	d := &x.nodes[i]
	d.used = now.UnixNano()
	if d.used-d.stamped < int64(refresh) {
		return false
	}
	d.stamped = d.used
	return true
}

// remove drops an entry, if it is known.
func (x *index) remove(n name) {
	i, ok := x.at[n]
	if !ok {
		return
	}
	x.total -= x.nodes[i].size
	delete(x.at, n)
	if x.gone != nil {
		x.gone[n] = struct{}{}
	}
	x.unlink(i)
	x.nodes[i] = node{next: x.free}
	x.free = i
}

// reserve takes size bytes and returns the entries to delete for it. Above nine
// tenths of max it gives back twice what it takes: the cache then stays near
// that line, with room for writes under way, and no single call has to delete a
// tenth of everything. It never leaves more than max.
func (x *index) reserve(size, max int64) []name {
	x.total += size
	return x.shrink(max, max/10*9, 2*size)
}

// release gives a reservation back.
func (x *index) release(size int64) { x.total -= size }

// shrink removes the oldest entries while the total is above most, or above
// line and less than amount has been removed.
func (x *index) shrink(most, line, amount int64) []name {
	var victims []name
	for x.total > most || x.total > line && amount > 0 {
		oldest := x.nodes[0].prev
		if oldest == 0 {
			break // the rest is reservations
		}
		d := x.nodes[oldest]
		victims = append(victims, d.name)
		amount -= d.size
		x.remove(d.name)
	}
	return victims
}

// begin starts a reading of the folder.
func (x *index) begin() {
	x.round++
	x.gone = map[name]struct{}{}
}

// abandon ends a reading of the folder that came to nothing.
func (x *index) abandon() { x.gone = nil }

// merge ends a reading of the folder: files that were not known are put in
// their places by time, entries that were not seen again are dropped.
func (x *index) merge(files []found) {
	gone := x.gone
	x.gone = nil
	fresh := files[:0]
	for _, f := range files {
		if i, ok := x.at[f.name]; ok {
			x.nodes[i].round = x.round
		} else if _, ok := gone[f.name]; !ok {
			fresh = append(fresh, f)
		}
	}
	for i := x.nodes[0].prev; i != 0; {
		d := x.nodes[i]
		if d.round != x.round {
			x.remove(d.name)
		}
		i = d.prev
	}
	slices.SortFunc(fresh, func(a, b found) int { return cmp.Compare(a.used, b.used) })
	place := x.nodes[0].prev // going from the oldest to the newest; 0 is past the end
	for _, f := range fresh {
		if _, twice := x.at[f.name]; twice {
			continue
		}
		for place != 0 && x.nodes[place].used <= f.used {
			place = x.nodes[place].prev
		}
		x.insert(f, place)
	}
}

// insert adds an entry on the older side of node after; 0 makes it the newest.
func (x *index) insert(f found, after int32) int32 {
	i := x.free
	if i != 0 {
		x.free = x.nodes[i].next
	} else {
		x.nodes = append(x.nodes, node{})
		i = int32(len(x.nodes) - 1)
	}
	x.nodes[i] = node{name: f.name, size: f.size, used: f.used, stamped: f.used, round: x.round}
	x.at[f.name] = i
	x.total += f.size
	x.link(i, after)
	return i
}

func (x *index) link(i, after int32) {
	next := x.nodes[after].next
	x.nodes[i].prev, x.nodes[i].next = after, next
	x.nodes[after].next, x.nodes[next].prev = i, i
}

func (x *index) unlink(i int32) {
	d := x.nodes[i]
	x.nodes[d.prev].next, x.nodes[d.next].prev = d.next, d.prev
}
