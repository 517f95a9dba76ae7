package demo

import "strings"

// namer invents names that sound like an old atlas.
type namer struct {
	r                                  rng
	used                               map[string]bool
	onsets, vowels, codas, ends, words []string
}

func newNamer(seed uint64) *namer {
	return &namer{
		r:      rng{seed},
		used:   map[string]bool{},
		onsets: strings.Fields("b c d f g l m n p r s t v br cr dr fl gr pl tr th s l r m n c t v"),
		vowels: strings.Fields("a e i o u a e i o a i ae ia"),
		codas:  strings.Fields("l n r s m nd rt st l n r s x nt"),
		ends:   strings.Fields("a um us is ia ium ona enta ora inum ara essa etum anda urgum atis"),
		words: strings.Fields("et in ad non per est ut qui sed cum de ab ex sub pro nec aut " +
			"lumen aqua terra ventus mare silva mons flos herba stella luna nox dies umbra vita via " +
			"magna parva prima alba nigra viridis rosea aurea serena clara longa alta " +
			"fluit lucet ridet canit manet videt surgit crescit ardet floret venit dormit tenet " +
			"semper saepe iterum ibi inde olim mane sicut dum quando autem ergo enim"),
	}
}

func (n *namer) one(parts []string) string { return parts[n.r.intn(len(parts))] }

// place returns the name of a town or a country, not used before.
func (n *namer) place(syllables int) string {
	for {
		s := ""
		for i := range syllables {
			s += n.one(n.onsets) + n.one(n.vowels)
			if i == 0 && n.r.intn(3) > 0 {
				s += n.one(n.codas)
			}
		}
		s = s[:len(s)-1] + n.one(n.ends)
		if len(s) < 5 || len(s) > 12 || strings.Contains(s, "aa") || strings.Contains(s, "ii") || n.used[s] {
			continue
		}
		n.used[s] = true
		return strings.ToUpper(s[:1]) + s[1:]
	}
}

// word returns a word of a text that looks like Latin.
func (n *namer) word() string {
	if n.r.intn(4) == 0 {
		s := n.one(n.onsets) + n.one(n.vowels) + n.one(n.codas) + n.one(n.vowels)
		return s + n.one(strings.Fields("m s t ntur bat re nt mus tis"))
	}
	return n.one(n.words)
}

// capitals writes a name as on stone.
func capitals(s string) string {
	return strings.ReplaceAll(strings.ToUpper(s), "U", "V")
}
