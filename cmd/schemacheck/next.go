package main

import (
	"strings"

	"github.com/spf13/pflag"
)

// command is a command of migrate that goes on with the same plans on the same
// Dgraph, as it is typed.
func (m *migration) command(name string, args ...string) string {
	words := []string{"schemacheck migrate", name}
	for _, word := range append(args, m.where) {
		if word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

// again goes on with a run.
func (m *migration) again() string {
	if len(m.files) == 0 {
		return "run this again"
	}
	return m.command("up", m.spelt, m.deploys, m.how)
}

// afterwards goes on with a run once another schema is deployed than the run has
// deployed already.
func (m *migration) afterwards() string { return m.command("up", m.spelt, m.how) }

// repeated are flags of a command line with their values, as they are typed: those of
// some names that were given, and not by variables, which hold for the next command too.
func repeated(flags *pflag.FlagSet, names ...string) string {
	var all []string
	for _, name := range names {
		f := flags.Lookup(name)
		switch {
		case f == nil || !f.Changed || f.Annotations[variable] != nil:
		case f.Value.Type() == "bool" && f.Value.String() == "true":
			all = append(all, "--"+name)
		case f.Value.Type() == "bool":
		default:
			all = append(all, "--"+name, spelt(f.Value.String()))
		}
	}
	return strings.Join(all, " ")
}

// where are the flags of a command line that say which Dgraph is meant, but for
// secrets: those come from a file, or have to be given again.
func where(flags *pflag.FlagSet) string {
	var all []string
	for _, name := range []string{"config", "env", "alpha", "conn-str", "http", "tls", "creds", "auth-token", "api-key"} {
		f := flags.Lookup(name)
		if f == nil || !f.Changed || f.Annotations[variable] != nil {
			continue
		}
		value := f.Value.String()
		if list, ok := f.Value.(pflag.SliceValue); ok {
			value = strings.Join(list.GetSlice(), ",")
		}
		secret := !strings.HasPrefix(value, "@")
		switch name {
		case "config", "env", "alpha", "tls":
			secret = false
		case "http", "conn-str":
			secret = secret && holdsSecret(value)
		}
		if !secret {
			all = append(all, "--"+name, spelt(value))
		}
	}
	return strings.Join(all, " ")
}

// spelt are words as a shell takes them.
func spelt(words ...string) string {
	var all []string
	for _, w := range words {
		if w == "" || strings.ContainsFunc(w, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@%+=:,./_-", r))
		}) {
			w = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		all = append(all, w)
	}
	return strings.Join(all, " ")
}
