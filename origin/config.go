package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/alecthomas/kong"
	"github.com/pelletier/go-toml/v2"
)

// layers holds the settings that come from outside the command line. A flag wins
// over the environment, the environment over the file, the file over the default.
type layers struct {
	env      map[string]string // flag name → text
	file     map[string]any    // flag name → text or list of texts
	fileName string            // "" when there is no file
}

const envPrefix = "VITRINE_"

// envName returns the environment variable of a flag: s3-endpoint is
// VITRINE_S3_ENDPOINT.
func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// readLayers reads the file (name may be "") and keeps the environment's part.
// The error joins everything that is wrong with the file's form.
func readLayers(fileName string, environ []string) (*layers, error) {
	l := &layers{env: map[string]string{}, file: map[string]any{}, fileName: fileName}
	for _, kv := range environ {
		if name, value, ok := strings.Cut(kv, "="); ok && strings.HasPrefix(name, envPrefix) {
			l.env[name] = value
		}
	}
	if fileName == "" {
		return l, nil
	}
	text, err := os.ReadFile(fileName)
	if err != nil {
		return l, fmt.Errorf("cannot read the configuration: %w", err)
	}
	var tree map[string]any
	if err := toml.Unmarshal(text, &tree); err != nil {
		var syntax *toml.DecodeError
		if errors.As(err, &syntax) {
			row, column := syntax.Position()
			return l, fmt.Errorf("%s:%d:%d: %s", fileName, row, column, strings.TrimPrefix(syntax.Error(), "toml: "))
		}
		return l, fmt.Errorf("%s: %w", fileName, err)
	}
	return l, l.flatten("", tree)
}

// flatten turns tables into prefixes: [s3] endpoint is s3-endpoint.
func (l *layers) flatten(prefix string, tree map[string]any) error {
	var errs []error
	for key, value := range tree {
		name := prefix + key
		if _, twice := l.file[name]; twice {
			errs = append(errs, fmt.Errorf("%s: %s is set twice, as a key and in a table", l.fileName, name))
			continue
		}
		switch v := value.(type) {
		case map[string]any:
			errs = append(errs, l.flatten(name+"-", v))
		case []any:
			list := make([]any, len(v))
			for i := range v {
				list[i] = fmt.Sprint(v[i])
			}
			l.file[name] = list
		default:
			l.file[name] = fmt.Sprint(v)
		}
	}
	return errors.Join(errs...)
}

// check tries every value of the environment and the file against the flags of
// the grammar, forgets those that do not fit, and returns all complaints.
func (l *layers) check(flags []*kong.Flag) []error {
	var errs []error
	known := map[string]*kong.Flag{}
	knownEnv := map[string]*kong.Flag{}
	var names []string
	for _, f := range flags {
		known[f.Name], knownEnv[envName(f.Name)] = f, f
		names = append(names, f.Name)
	}
	for key, value := range l.file {
		f := known[key]
		err := error(nil)
		switch {
		case f == nil || f.Name == "config":
			err = fmt.Errorf("unknown key%s", suggest(key, names))
		default:
			err = tryValue(f, value)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", l.fileName, key, err))
			delete(l.file, key)
		}
	}
	for name, value := range l.env {
		f := knownEnv[name]
		if f == nil {
			// Other programs of the family may share the prefix.
			if strings.HasPrefix(name, envPrefix+"CI") || strings.HasPrefix(name, envPrefix+"TEST") {
				continue
			}
			errs = append(errs, fmt.Errorf("environment: %s: unknown variable", name))
		} else if err := tryValue(f, value); err != nil {
			errs = append(errs, fmt.Errorf("environment: %s: %w", name, err))
			delete(l.env, name)
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

// tryValue reports whether a value fits a flag, without setting it.
func tryValue(f *kong.Flag, value any) error {
	if _, list := value.([]any); list && !f.IsSlice() {
		return errors.New("takes one value, not a list")
	}
	scratch := reflect.New(f.Target.Type()).Elem()
	token := kong.Scan().PushTyped(value, kong.FlagValueToken)
	if err := f.Mapper.Decode(&kong.DecodeContext{Value: f.Value, Scan: token}, scratch); err != nil {
		return err
	}
	if text, ok := value.(string); ok && f.Enum != "" && !f.EnumMap()[text] {
		return fmt.Errorf("%q is not one of %s", text, strings.Join(f.EnumSlice(), ", "))
	}
	return nil
}

// Validate is part of kong.Resolver; check has been there before.
func (l *layers) Validate(*kong.Application) error { return nil }

// Resolve is part of kong.Resolver: it answers for flags that the command line
// does not set.
func (l *layers) Resolve(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
	if v, ok := l.env[envName(f.Name)]; ok {
		return v, nil
	}
	if v, ok := l.file[f.Name]; ok {
		return v, nil
	}
	return nil, nil
}

// origin says where the value of a flag that is not on the command line is from.
func (l *layers) origin(f *kong.Flag) string {
	if _, ok := l.env[envName(f.Name)]; ok {
		return "environment " + envName(f.Name)
	}
	if _, ok := l.file[f.Name]; ok {
		return l.fileName
	}
	return "default"
}

// suggest returns " (did you mean …?)" for the closest name, or "".
func suggest(key string, names []string) string {
	plain := strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(key))
	best, distance := "", 3
	for _, n := range names {
		if d := levenshtein.ComputeDistance(plain, n); d < distance {
			best, distance = n, d
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// secretFlags are the settings whose values are never shown.
var secretFlags = map[string]bool{"s3-secret-key": true, "r2-secret-key": true, "http-authorization": true, "edge-secret": true,
	"publish-token": true, "publish-hook-token": true}

// printConfig writes the effective settings as TOML, each with where it is from.
// Secrets are masked.
func printConfig(w io.Writer, ctx *kong.Context, l *layers) {
	onLine := map[*kong.Flag]bool{}
	for _, p := range ctx.Path {
		if p.Flag != nil && !p.Resolved {
			onLine[p.Flag] = true
		}
	}
	var width int
	var lines [][2]string
	for _, f := range settingFlags(ctx) {
		from := l.origin(f)
		if onLine[f] {
			from = "flag --" + f.Name
		}
		line := f.Name + " = " + tomlValue(f.Target.Interface())
		if secretFlags[f.Name] && isSet(f.Target) {
			line = "# " + f.Name + " is set" // and not shown; the output stays a valid file
		}
		width = max(width, min(len(line), 60))
		lines = append(lines, [2]string{line, from})
	}
	for _, line := range lines {
		fmt.Fprintf(w, "%-*s  # %s\n", width, line[0], line[1])
	}
}

// isSet reports whether a setting holds anything.
func isSet(v reflect.Value) bool {
	if v.Kind() == reflect.Slice {
		return v.Len() > 0
	}
	return !v.IsZero()
}

// settingFlags returns the flags of the chosen command that are settings.
func settingFlags(ctx *kong.Context) []*kong.Flag {
	var flags []*kong.Flag
	for _, f := range ctx.Selected().Flags {
		if f.Name != "help" && f.Name != "config" && f.Name != "version" {
			flags = append(flags, f)
		}
	}
	return flags
}

func tomlValue(v any) string {
	if m, ok := v.(interface{ MarshalText() ([]byte, error) }); ok {
		text, err := m.MarshalText()
		if err == nil {
			return tomlValue(string(text))
		}
	}
	if s, ok := v.(fmt.Stringer); ok {
		v = s.String()
	}
	out, err := toml.Marshal(map[string]any{"v": v})
	if err != nil {
		return fmt.Sprintf("%q", fmt.Sprint(v))
	}
	return strings.TrimSpace(strings.TrimPrefix(string(out), "v = "))
}
