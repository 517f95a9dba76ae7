// Package table reads objects from a CSV file: one row per page, grouped into objects
// and ordered, or one row per object with one image each.
//
// The first row names the columns; mapping.Default says which names are understood
// without a mapping. A name with a language in brackets, "title[cs]", is that field
// in that language. Comma, semicolon and tab are told apart by the first row.
package table

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/mapping"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Config says how a table is read.
type Config struct {
	// Open opens the table. Required.
	Open func(ctx context.Context) (io.ReadCloser, error)
	// File is its name, for messages. Required.
	File string
	// Mapping says what is what. Default mapping.Default().
	Mapping *mapping.Mapping
	// Group is the column that says which rows are pages of one object. Default: the
	// field "object" where there is such a column, otherwise every row is an object.
	Group string
}

// Source reads a table. It is safe for concurrent use.
type Source struct {
	cfg Config
}

var _ item.Source = (*Source)(nil)

const (
	// maxRows bounds memory: rows of one object may be anywhere in the table.
	maxRows = 2_000_000
	// maxTable is the largest table in bytes.
	maxTable = 1 << 30
)

// New checks cfg. It fails with Invalid.
func New(cfg Config) (*Source, error) {
	if cfg.Open == nil || cfg.File == "" {
		return nil, fault.New("table.New", fault.Invalid, "a table needs a file")
	}
	if cfg.Mapping == nil {
		m := mapping.Default()
		cfg.Mapping = &m
	}
	return &Source{cfg: cfg}, nil
}

// object is the rows of one object.
type object struct {
	first int // line
	rows  []mapping.Record
	err   error
}

// Items yields the objects in the order of their first rows.
func (s *Source) Items(ctx context.Context) iter.Seq2[item.Item, error] {
	return func(yield func(item.Item, error) bool) {
		objects, err := s.read(ctx)
		if err != nil {
			yield(item.Item{}, err)
			return
		}
		for _, o := range objects {
			ref := s.cfg.File + " row " + strconv.Itoa(o.first)
			var it item.Item
			if o.err == nil {
				it, o.err = s.cfg.Mapping.Item(ref, o.head(), o.rows...)
			}
			it.Ref = ref
			if it.Name != "" {
				// Rows move when a table is sorted; the name is what stays.
				it.Ref = s.cfg.File + " " + it.Name
			}
			if !yield(it, o.err) {
				return
			}
		}
	}
}

// head is the record of the object itself: of every field the first row that has it.
func (o *object) head() mapping.Record {
	if len(o.rows) == 1 {
		return o.rows[0]
	}
	head := mapping.Record{}
	for _, r := range o.rows {
		for k, v := range r {
			if _, ok := head[k]; !ok && v != "" {
				head[k] = v
			}
		}
	}
	return head
}

// read reads the whole table.
func (s *Source) read(ctx context.Context) ([]*object, error) {
	file, err := s.cfg.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return s.parse(io.LimitReader(file, maxTable))
}

func (s *Source) parse(file io.Reader) ([]*object, error) {
	const op = "table.Items"
	in := bufio.NewReaderSize(file, 64<<10)
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		in.Discard(3) // spreadsheets write a byte order mark
	}
	rows := csv.NewReader(in)
	rows.Comma = separator(in)
	rows.FieldsPerRecord = -1
	rows.LazyQuotes = true
	columns, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, fault.New(op, fault.Invalid, s.cfg.File+" is empty")
	}
	if err != nil {
		return nil, fault.E(op, fault.Invalid, err).WithPublic(s.cfg.File + " is not a table: " + err.Error())
	}
	for i, c := range columns {
		columns[i] = strings.TrimSpace(c)
	}
	group := s.cfg.Group
	if group == "" {
		group = "object"
	}
	var objects []*object
	byKey := map[string]*object{}
	for n := 0; ; n++ {
		fields, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		line, _ := rows.FieldPos(0)
		if err != nil || n == maxRows {
			return nil, fault.E(op, fault.Invalid, err).WithPublic(s.cfg.File + " cannot be read to its end, at row " + strconv.Itoa(n+2))
		}
		r, err := record(columns, fields)
		if r == nil && err == nil {
			continue // an empty row
		}
		key, _ := r[group].(string)
		o := byKey[key]
		if o == nil || key == "" {
			o = &object{first: line}
			objects = append(objects, o)
			if key != "" {
				byKey[key] = o
			}
		}
		if _, named := r["name"]; !named && key != "" {
			r["name"] = key
		}
		o.rows = append(o.rows, r)
		o.err = errors.Join(o.err, err)
	}
}

// separator tells commas, semicolons and tabs apart by the first row.
func separator(in *bufio.Reader) rune {
	head, _ := in.Peek(in.Size())
	if end := bytes.IndexByte(head, '\n'); end >= 0 {
		head = head[:end]
	}
	best, most := ',', bytes.Count(head, []byte{','})
	for _, c := range []byte{';', '\t'} {
		if n := bytes.Count(head, []byte{c}); n > most {
			best, most = rune(c), n
		}
	}
	return best
}

// record makes a record of a row; nil for an empty one. A column "title[cs]" becomes
// the language cs of the field title.
func record(columns, fields []string) (mapping.Record, error) {
	const op = "table.Items"
	var r mapping.Record
	for i, v := range fields {
		v = strings.TrimSpace(v)
		if v == "" {
			continue
		}
		if r == nil {
			r = mapping.Record{}
		}
		if i >= len(columns) {
			return r, fault.New(op, fault.Invalid, "the row has more fields than the table has columns")
		}
		if !utf8.ValidString(v) {
			return r, fault.New(op, fault.Invalid, "column "+strconv.Quote(columns[i])+" is not UTF-8; save the table as UTF-8")
		}
		name, lang, ok := strings.Cut(columns[i], "[")
		if lang, closed := strings.CutSuffix(lang, "]"); ok && closed {
			texts, _ := r[name].(map[string]any)
			if texts == nil {
				texts = map[string]any{}
				if plain, ok := r[name].(string); ok {
					texts[item.None] = plain
				}
				r[name] = texts
			}
			texts[lang] = v
			continue
		}
		if texts, ok := r[columns[i]].(map[string]any); ok {
			texts[item.None] = v
			continue
		}
		r[columns[i]] = v
	}
	return r, nil
}
