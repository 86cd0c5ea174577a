package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dgraph-io/dgraph/v25/dql"
	graphql "github.com/dgraph-io/dgraph/v25/graphql/schema"
	stored "github.com/dgraph-io/dgraph/v25/schema"
	"github.com/dgraph-io/dgraph/v25/x"
	"github.com/dgraph-io/gqlparser/v2/gqlerror"
	_ "github.com/dgraph-io/gqlparser/v2/validator/rules" // as in the alpha: without it no @auth rule is checked
	"github.com/dgraph-io/ristretto/v2/z"
)

// Stages at which a text is refused.
const (
	stageHandler = "handler" // the GraphQL schema itself
	stageSchema  = "schema"  // the generated API, where @auth rules are checked
	stageDQL     = "dql"     // the DQL schema or query
	stageNetwork = "network" // undecided: the verdict depends on what a remote endpoint says
)

// judgeSchema takes the steps of an updateGQLSchema mutation, up to the point where it would be saved.
func judgeSchema(text string, lambda bool) (a answer) {
	defer catch(&a)
	x.Config.GraphQL = graphqlFlags(lambda)

	a.Stage = stageHandler
	h, err := newHandler(text, &a)
	if err != nil {
		a.Errors = slices.DeleteFunc(problems(err), ofNetwork)
		if len(a.Errors) == 0 {
			a.Stage = stageNetwork
		}
		return a
	}
	a.Stage = stageSchema
	api := h.GQLSchema()
	if _, err := graphql.FromString(api, x.RootNamespace); err != nil {
		a.Errors = problems(err)
		return a
	}
	a.API, a.DQL = api, h.DGSchema()
	a.Stage = stageDQL
	// A schema of only custom queries stores nothing, and the server then skips this step.
	if a.DQL != "" {
		if err := checkDQLSchema(a.DQL); err != nil {
			a.Errors = problems(err)
			return a
		}
	}
	a.Stage = ""
	return a
}

// newHandler reads the schema. Key sets are fetched last of all, when everything else has been accepted,
// so a refused fetch is answered by reading the schema again without its authorization line.
func newHandler(text string, a *answer) (graphql.Handler, error) {
	attempts.Store(0)
	h, err := graphql.NewHandler(text, false)
	a.Network = attempts.Load() > 0
	if errors.Is(err, errNoNetwork) {
		h, err = graphql.NewHandler(withoutAuthorization(text), false)
	}
	return h, err
}

// ofNetwork tells the errors that only say that the network is closed. Any other one refuses the schema,
// whatever a remote endpoint says.
func ofNetwork(p problem) bool { return strings.Contains(p.Message, errNoNetwork.Error()) }

// withoutAuthorization blanks the line that Dgraph takes for its authorization settings; line numbers stay.
func withoutAuthorization(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "#")
		if ok && strings.HasPrefix(strings.TrimSpace(comment), "Dgraph.Authorization") {
			lines[i] = ""
		}
	}
	return strings.Join(lines, "\n")
}

// graphqlFlags is the alpha's --graphql flag; it decides whether @lambda is allowed.
func graphqlFlags(lambda bool) *z.SuperFlag {
	flags := ""
	if lambda {
		flags = "lambda-url=http://lambda.invalid/graphql-worker;"
	}
	return z.NewSuperFlag(flags).MergeAndCheckDefault("lambda-url=;")
}

func judgeQuery(text string, vars map[string]string) (a answer) {
	a.Stage = stageDQL
	defer catch(&a)
	if _, err := dql.Parse(dql.Request{Str: text, Variables: vars}); err != nil {
		a.Errors = problems(err)
		return a
	}
	a.Stage = ""
	return a
}

func judgeDQLSchema(text string) (a answer) {
	a.Stage = stageDQL
	defer catch(&a)
	if err := checkDQLSchema(text); err != nil {
		a.Errors = problems(err)
		return a
	}
	a.Stage = ""
	return a
}

// checkDQLSchema refuses what an alter refuses before it looks at what is stored. The server's own check
// is not exported (edgraph, parseSchemaFromAlterOperation); the exported pieces that it uses are.
func checkDQLSchema(text string) error {
	parsed, err := stored.ParseWithNamespace(text, x.RootNamespace)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, p := range parsed.Preds {
		name := x.ParseAttr(p.Predicate)
		switch {
		case seen[name]:
			return fmt.Errorf("predicate %q stands twice in the schema", name)
		case stored.CheckAndModifyPreDefPredicate(p):
			return fmt.Errorf("predicate %q is Dgraph's own and cannot be changed", name)
		case len(p.Predicate) > maxName:
			return fmt.Errorf("a predicate name of %d bytes is too long", len(name))
		case x.IsReservedPredicate(p.Predicate) && !x.IsPreDefinedPredicate(p.Predicate):
			return fmt.Errorf("predicate %q is in the reserved namespace dgraph", name)
		}
		seen[name] = true
	}
	seen = map[string]bool{}
	for _, t := range parsed.Types {
		name := x.ParseAttr(t.TypeName)
		switch {
		case seen[name]:
			return fmt.Errorf("type %q stands twice in the schema", name)
		case stored.IsPreDefTypeChanged(t):
			return fmt.Errorf("type %q is Dgraph's own and cannot be changed", name)
		case x.IsReservedType(t.TypeName) && !x.IsPreDefinedType(t.TypeName):
			return fmt.Errorf("type %q is in the reserved namespace dgraph", name)
		}
		seen[name] = true
	}
	return nil
}

// maxName is the longest predicate name in bytes, namespace prefix included (edgraph, validatePredName).
const maxName = 1<<16 - 1

// catch turns a panic of Dgraph's into a refusal: the server traps it and refuses as well.
func catch(a *answer) {
	if p := recover(); p != nil {
		a.Panic = fmt.Sprint(p)
		a.DQL, a.API = "", ""
	}
}

// dqlPosition finds the position that DQL errors carry in their text.
var dqlPosition = regexp.MustCompile(`line (\d+) column (\d+)`)

func problems(err error) []problem {
	var list gqlerror.List
	if errors.As(err, &list) {
		var found []problem
		for _, e := range list {
			found = append(found, positioned(e))
		}
		return found
	}
	var one *gqlerror.Error
	if errors.As(err, &one) {
		return []problem{positioned(one)}
	}
	p := problem{Message: err.Error()}
	if m := dqlPosition.FindStringSubmatch(p.Message); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Column, _ = strconv.Atoi(m[2])
	}
	return []problem{p}
}

func positioned(e *gqlerror.Error) problem {
	p := problem{Message: e.Message}
	if len(e.Locations) > 0 {
		p.Line, p.Column = e.Locations[0].Line, e.Locations[0].Column
	}
	return p
}
