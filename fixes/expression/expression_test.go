package expression

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// user is an object with a field of each kind.
func user() *Object {
	return &Object{
		Fields: map[string]Field{
			"name": {Kind: Text}, "age": {Kind: Integer}, "score": {Kind: Number}, "isPro": {Kind: Boolean}, "born": {Kind: Moment},
			"tags": {Kind: Text, List: true}, "in": {Kind: Text}, "missing": {Kind: Text}, "broken": {Kind: Text}, "none": {Kind: Integer, List: true},
			"team":  {Kind: Edge, Node: &Object{Fields: map[string]Field{"name": {Kind: Text}, "lead": {Kind: Edge, Node: &Object{Fields: map[string]Field{"name": {Kind: Text}}}}}}},
			"posts": {Kind: Edge, List: true, Node: &Object{Fields: map[string]Field{"title": {Kind: Text}, "votes": {Kind: Integer}}}},
			"boss":  {Kind: Edge},
		},
		Doubt: func(name string) string {
			if name == "password" {
				return ": nobody can read it"
			}
			return ""
		},
	}
}

func ann(o *Object) *Node {
	team, posts := o.Fields["team"].Node, o.Fields["posts"].Node
	return &Node{UID: "0x1", Of: o, Values: map[string]any{
		"name": "Ann \"A\"\n😀_sm.jpg", "age": int64(41), "score": 1.5, "isPro": true, "born": time.Date(2020, 2, 29, 12, 0, 0, 0, time.UTC),
		"tags": []any{"b", "a"}, "in": "word", "broken": errors.New("it cannot be read"),
		"team": &Node{UID: "0x2", Of: team, Values: map[string]any{"name": "Red"}},
		"posts": []any{&Node{UID: "0x3", Of: posts, Values: map[string]any{"title": "one", "votes": int64(3)}},
			&Node{UID: "0x4", Of: posts, Values: map[string]any{"title": "two"}}},
		"boss": &Node{UID: "0x5"},
	}}
}

func TestEval(t *testing.T) {
	t.Parallel()
	o := user()
	env, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	text, list := Want{Kind: Text}, Want{Kind: Text, List: true}
	for _, c := range []struct {
		text string
		want Want
		is   any    // the value
		err  string // or a part of the error
	}{
		{`node.isPro ? "pro" : "basic"`, text, "pro", ""},
		{`node.name.replace("_sm.jpg", "_lg.jpg")`, text, "Ann \"A\"\n😀_lg.jpg", ""},
		{`node.uid`, text, "0x1", ""},
		{"node.`in`", text, "word", ""},
		{`has(node.missing) ? node.missing : "x"`, text, "x", ""},
		{`node.?missing.orValue("y")`, text, "y", ""},
		{`node.?missing`, text, nil, ""},
		{`node.?name.hasValue() ? "there" : "not"`, text, "there", ""},
		{`null`, text, nil, ""},
		{`true ? "a" : null`, text, nil, "optional.none()"},
		{`node.isPro ? optional.of("a") : optional.none()`, text, "a", ""},
		{`node.isPro ? optional.none() : optional.of("a")`, text, nil, ""},
		{`node.missing`, text, nil, "missing is missing; test it first"},
		{`node.broken + "x"`, text, nil, "it cannot be read"},
		{`node.isPro ? "x" : node.broken`, text, "x", ""},
		{`has(node.broken) ? "there" : ""`, text, "there", ""},
		{`node.?broken.orValue("x")`, text, nil, "it cannot be read"},
		{`string(node.age) + "/" + string(node.score)`, text, "41/1.5", ""},
		{`string(node.born)`, text, "2020-02-29T12:00:00Z", ""},
		{`node.born + duration("24h")`, Want{Kind: Moment}, time.Date(2020, 3, 1, 12, 0, 0, 0, time.UTC), ""},
		{`now`, Want{Kind: Moment}, now, ""},
		{`string(node.born.getFullYear())`, text, "2020", ""},
		{`int(node.name.matches("^Ann"))`, Want{Kind: Integer}, nil, "no matching overload"},
		{`node.age > 40 ? 1 : 0`, Want{Kind: Integer}, int64(1), ""},
		{`node.age`, Want{Kind: Number}, 41.0, ""},
		{`int(node.score)`, Want{Kind: Integer}, int64(1), ""},
		{`double(node.age) / 0.0`, Want{Kind: Number}, nil, "Inf"},
		{`node.age / (node.age - 41)`, Want{Kind: Integer}, nil, "division by zero"},
		{`node.age * 9223372036854775807`, Want{Kind: Integer}, nil, "overflow"},
		{`regex.extract(node.name, "_(..)[.]").orValue("")`, text, "sm", ""},
		{`regex.replace(node.name, "[^A-Za-z]", "")`, text, "AnnAsmjpg", ""},
		{`node.tags.sort()`, list, []any{"a", "b"}, ""},
		{`node.tags.map(t, t.upperAscii())`, list, []any{"B", "A"}, ""},
		{`node.tags`, list, []any{"b", "a"}, ""},
		{`node.none.size()`, Want{Kind: Integer}, int64(0), ""},
		{`has(node.none)`, Want{Kind: Boolean}, false, ""},
		{`[]`, list, []any{}, ""},
		{`"one"`, Want{Kind: Text, List: true, Both: true}, []any{"one"}, ""},
		{`node.team.name`, text, "Red", ""},
		{`has(node.team.lead) ? node.team.lead.name : "nobody"`, text, "nobody", ""},
		{`node.?team.?lead.?name.orValue("nobody")`, text, "nobody", ""},
		{`node.posts.filter(p, has(p.votes)).map(p, p.title)`, list, []any{"one"}, ""},
		{`node.posts.exists(p, p.title == "two")`, Want{Kind: Boolean}, true, ""},
		{`node.boss.uid`, text, "0x5", ""},
		{`node.boss == node.team`, Want{Kind: Boolean}, nil, "no matching overload"},
		{`cel.bind(n, node.name, n + n).size()`, Want{Kind: Integer}, int64(32), ""},
		{`dyn(node.age)`, text, nil, "int64"},
		{`dyn(node).name`, text, nil, "no such key"},
	} {
		p, err := env.Compile(c.text, c.want)
		var got any
		if err == nil {
			got, err = p.Eval(ann(o), now)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) || c.err == "" && err != nil {
			t.Errorf("%s: %v, want %q", c.text, err, c.err)
		}
		if n, ok := got.(*Node); ok {
			got = n.UID
		}
		if c.err == "" && !reflect.DeepEqual(got, c.is) {
			t.Errorf("%s: %#v, want %#v", c.text, got, c.is)
		}
	}
}

// TestCompileErrors: what is wrong is found before anything runs, and where.
func TestCompileErrors(t *testing.T) {
	t.Parallel()
	env, err := New(user())
	if err != nil {
		t.Fatal(err)
	}
	text := Want{Kind: Text}
	for _, c := range []struct {
		text string
		want Want
		err  string
	}{
		{`node.nmae`, text, "1:5: there is no field nmae in node; did you mean name?"},
		{"node.isPro ?\n  node.team.nam :\n  ''", text, "2:12: there is no field nam in node.team; did you mean name?"},
		{`node.posts.map(p, p.titel)`, text, "1:20: there is no field titel in node.posts; did you mean title?"},
		{`node.password`, text, "1:5: there is no field password in node: nobody can read it"},
		{`node.boss.name`, text, "1:10: there is no field name in a node"},
		{`name`, text, "1:1: there is no name; did you mean node.name?"},
		{`nod.name`, text, "1:1: there is no nod; did you mean node?"},
		{"", text, "1:1: "},
		{"  ", text, "1:"},
		{`node.name +`, text, "1:12: mismatched input '<EOF>'"},
		{`node.age`, text, "1:5: it is of type int, and a string is wanted: write string(...)"},
		{`node.name`, Want{Kind: Integer}, "1:5: it is of type string, and an int is wanted: write int(...)"},
		{`node.score`, Want{Kind: Integer}, "write int(...)"},
		{`node.born`, text, "write string(...)"},
		{`node.isPro`, Want{Kind: Integer}, "x ? 1 : 0"},
		{`node.age`, Want{Kind: Boolean}, "x != 0"},
		{`node.age`, Want{Kind: Moment}, "timestamp(...)"},
		{`node.tags`, text, "it is a list, and a string is wanted"},
		{`node.name`, Want{Kind: Text, List: true}, "write [...] around it"},
		{`[node.age]`, Want{Kind: Text, List: true}, "it is of type list(int), and a list of strings is wanted"},
		{`node`, text, "it is a node, and a string is wanted"},
		{`{"a": 1}`, text, "map(string, int)"},
		{`node.name.nope()`, text, "1:15: there is no function nope"},
		{`node.name.upperAsci()`, text, "there is no function upperAsci; did you mean upperAscii?"},
		{`node.name + 1`, text, "1:11: found no matching overload"},
		{`node.name.matches("(")`, Want{Kind: Boolean}, ""},
		{strings.Repeat("(", 200) + "1" + strings.Repeat(")", 200), Want{Kind: Integer}, "recursion"},
		{`"` + strings.Repeat("x", 20_000) + `"`, text, "size"},
	} {
		_, err := env.Compile(c.text, c.want)
		var e *Error
		switch {
		case c.err == "" && err != nil:
			t.Errorf("%s: %v", c.text, err)
		case c.err != "" && (!errors.As(err, &e) || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%.80s: %v, want %q", c.text, err, c.err)
		}
	}
}

// TestBounds: an expression that takes long or grows is stopped.
func TestBounds(t *testing.T) {
	t.Parallel()
	o := user()
	env, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	var many []any
	for i := range 2000 {
		many = append(many, fmt.Sprint(i))
	}
	node := &Node{UID: "0x1", Of: o, Values: map[string]any{"name": strings.Repeat("a", 64<<10), "tags": many}}
	growing := "node.name"
	for i := range 30 {
		growing = fmt.Sprintf("cel.bind(v%d, %s, v%[1]d + v%[1]d)", i, growing)
	}
	replacing := "node.name"
	for range 6 {
		replacing += `.replace("a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")`
	}
	for _, c := range []struct {
		name, text string
		want       Want
	}{
		{"nested lists", `node.tags.all(a, node.tags.all(b, node.tags.all(c, a + b + c != "")))`, Want{Kind: Boolean}},
		{"doubling", growing, Want{Kind: Text}},
		{"replacing", replacing, Want{Kind: Text}},
		{"range", `lists.range(100000000).size()`, Want{Kind: Integer}},
		{"range of what a node has", `lists.range(node.tags.size() * 100000).size()`, Want{Kind: Integer}},
		{"join", `node.tags.map(a, node.name).join()`, Want{Kind: Text}},
		{"patterns", `node.tags.all(a, !node.name.matches("(a*)*b|" + a))`, Want{Kind: Boolean}},
		{"a large value", `node.name + node.name + node.name + node.name + node.name + node.name + node.name + node.name + node.name + node.name + node.name + node.name + node.name + node.name + node.name + node.name + node.name`, Want{Kind: Text}},
		{"format", `"%s%s%s%s%s%s%s%s".format([node.name, node.name, node.name, node.name, node.name, node.name, node.name, node.name]).replace("a", "bbbb")`, Want{Kind: Text}},
	} {
		start := time.Now()
		p, err := env.Compile(c.text, c.want)
		var v any
		if err == nil {
			v, err = p.Eval(node, time.Time{})
		}
		took := time.Since(start)
		if err == nil {
			t.Errorf("%s: %.40v", c.name, v)
		}
		if took > 30*time.Second { // without bounds it would be hours; the race detector takes its time
			t.Errorf("%s takes %v", c.name, took)
		}
	}
}

func TestUses(t *testing.T) {
	t.Parallel()
	env, err := New(user())
	if err != nil {
		t.Fatal(err)
	}
	p, err := env.Compile(`node.?team.?lead.?name.orValue("") + node.posts.map(p, p.title).join() + (has(node.age) ? node.uid : "")`, Want{Kind: Text})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, path := range p.Uses {
		got = append(got, strings.Join(path, "."))
	}
	want := []string{"team.lead.name", "team.lead", "team", "posts", "posts.title", "age", "uid"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
