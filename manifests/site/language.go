package site

import (
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// The words of the site itself: a file for each language, from the English to the
// translation. Whoever adds one needs no Go; TestTongues says what is missing.
//
//go:embed languages
var languageFiles embed.FS

// tongue is the language in which the site speaks, which is that of its texts if there
// is a file for it, and else English.
type tongue struct {
	// Lang is the BCP 47 tag.
	Lang  string
	words map[string]string
	file  []byte
}

// newTongue reads the words for a BCP 47 tag.
func newTongue(tag string) (tongue, error) {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	t := tongue{Lang: base}
	body, err := languageFiles.ReadFile("languages/" + base + ".json")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return tongue{Lang: "en"}, nil
	}
	if err == nil {
		t.file = body
		err = json.Unmarshal(body, &t.words)
	}
	if err != nil {
		return t, fault.E("site.New", fault.Internal, err)
	}
	return t, nil
}

// say translates.
func (t tongue) say(english string) string {
	if s := t.words[english]; s != "" {
		return s
	}
	return english
}

// plural is the form of a word that goes with a number. Forms are separated by bars: of
// one, of a few where the language has that, of many.
func (t tongue) plural(n int, english string) string {
	forms := strings.Split(t.say(english), "|")
	switch form := plural.Cardinal.MatchPlural(language.Make(t.Lang), n%10_000_000, 0, 0, 0, 0); {
	case form == plural.One:
		return forms[0]
	case form == plural.Few && len(forms) > 2:
		return forms[1]
	}
	return forms[len(forms)-1]
}

// count writes "1 page", "12 pages".
func (t tongue) count(n int, english string) string {
	return strings.Replace(t.plural(n, english), "{n}", t.number(n), 1)
}

// number writes 12345 as "12,345".
func (t tongue) number(n int) string {
	separator := strings.Trim(t.say("1,000"), "01")
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + separator + s[i:]
	}
	return s
}

// date writes "12 May 1845".
func (t tongue) date(d time.Time) string {
	return strings.NewReplacer("{day}", strconv.Itoa(d.Day()), "{month}", t.say(d.Month().String()), "{year}", strconv.Itoa(d.Year())).
		Replace(t.say("{day} {month} {year}"))
}

// fill writes numbers or names into the places {n}, {all} of a sentence.
func (t tongue) fill(english string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(t.say(english))
}
