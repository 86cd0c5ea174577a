package dgraphtest

import (
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// answerTimeout bounds one verdict. Dgraph's cost is quadratic in a schema's size: 20 s for 1,000 linked
// types.
const answerTimeout = 3 * time.Minute

// Judge asks Dgraph's own packages about schemas, queries and values, without a server. It may be used by
// parallel tests; they wait for each other.
type Judge struct {
	t testing.TB
	p *oracleProcess
}

// Oracle returns the judge for a test. Without Dgraph the test is skipped or fails as with [Server].
func Oracle(t testing.TB) *Judge {
	t.Helper()
	binary, err := oracle()
	if err != nil {
		unavailable(t, err)
	}
	sharedOracle.mu.Lock()
	defer sharedOracle.mu.Unlock()
	sharedOracle.binary = binary
	return &Judge{t: t, p: &sharedOracle}
}

// Verdict is what Dgraph makes of a text.
type Verdict struct {
	// Stage is where the text was refused: "handler" (the GraphQL schema itself), "schema" (the
	// generated API, with the @auth rules; positions are in API then), "dql" (the DQL text, or the one
	// in DQL). It is "network" when the verdict hangs on the answer of a remote endpoint, which was not
	// asked, and "" when the text is accepted.
	Stage string
	// DQL and API are the derived DQL schema and the generated GraphQL schema. They are empty when
	// nothing was derived; API and DQL are both filled when Stage is "" or "dql".
	DQL, API string
	// Errors are Dgraph's reasons; empty when it panicked.
	Errors []Problem
	// Panic is set when Dgraph panicked or died; its server refuses such a text as well.
	Panic string
	// Network says that Dgraph would have fetched something. A key set alone leaves the verdict as it is.
	Network bool
}

// Problem is one error. Line and Column are 0 when Dgraph gives none.
type Problem struct {
	Message      string
	Line, Column int
}

// Accepted says that Dgraph takes the text.
func (v Verdict) Accepted() bool { return v.Stage == "" }

// SchemaOptions are settings of the server that decide about a GraphQL schema.
type SchemaOptions struct {
	LambdaURL bool // the alpha has a lambda-url, so @lambda is allowed
}

// Schema judges a GraphQL schema like an update, up to the point where it would be saved.
func (j *Judge) Schema(text string, o SchemaOptions) Verdict {
	j.t.Helper()
	return j.ask(map[string]any{"schema": text, "lambdaURL": o.LambdaURL})
}

// Query judges a DQL query. Vars holds the values of its variables, with their $; nil for none.
func (j *Judge) Query(text string, vars map[string]string) Verdict {
	j.t.Helper()
	return j.ask(map[string]any{"dql": text, "vars": vars})
}

// DQLSchema judges a DQL schema like an alter, up to the point where it would look at what is stored.
func (j *Judge) DQLSchema(text string) Verdict {
	j.t.Helper()
	return j.ask(map[string]any{"dqlSchema": text})
}

// Operation is a request to a GraphQL API.
type Operation struct {
	Text      string         `json:"text"`
	Variables map[string]any `json:"variables"` // by name, without the $
}

// Operations judges requests to the API of a GraphQL schema, up to the point where they would be carried out. It gives
// the reasons against each, none for those that would be carried out. A schema that Dgraph refuses ends the test.
func (j *Judge) Operations(schema string, all []Operation) [][]string {
	j.t.Helper()
	var a struct {
		Operations [][]string
		Refused    string
	}
	texts := []string{schema}
	for _, o := range all {
		texts = append(texts, o.Text)
	}
	if died := j.askFor(&a, map[string]any{"schema": schema, "lambdaURL": true, "operations": all}, texts...); died != "" {
		a.Refused = died
	}
	if a.Refused != "" {
		j.t.Fatalf("asking the oracle about operations: %s\n%s", a.Refused, schema)
	}
	return a.Operations
}

// Conversion asks how a value that is stored under one type is read under another.
type Conversion struct {
	From string `json:"from"` // DQL type, in lower case
	// Value is written as a string; a mutation would convert it to From like this.
	Value   string   `json:"value"`
	To      string   `json:"to"`
	GraphQL string   `json:"graphql"` // type of the field; "" asks only what DQL prints
	Enum    []string `json:"enum"`    // members of GraphQL, when it is an enum
}

// Converted says what queries print. At most one of Refused, Failed, Panic and Null is filled.
type Converted struct {
	Stored string // JSON under the old type; "" where nothing is printed
	Read   string // JSON under the new type; "" where nothing is printed
	// Refused is why the value cannot be stored under the old type at all.
	Refused string
	// Failed is why the query under the new type fails, and Panic how the server ends in it.
	Failed, Panic string
	// Null is why GraphQL puts null in the place of Read.
	Null string
}

// Convert asks what becomes of a value. It goes through the functions that a server calls.
func (j *Judge) Convert(c Conversion) Converted {
	j.t.Helper()
	var a Converted
	died := j.askFor(&a, map[string]any{"convert": c}, c.Value)
	if died != "" {
		return Converted{Panic: died}
	}
	return a
}

func (j *Judge) ask(request map[string]any) Verdict {
	j.t.Helper()
	var texts []string
	for _, value := range request {
		if text, ok := value.(string); ok {
			texts = append(texts, text)
		}
	}
	var v Verdict
	died := j.askFor(&v, request, texts...)
	if died == "" {
		return v
	}
	v = Verdict{Stage: "dql", Panic: died}
	if request["schema"] != nil {
		v.Stage = "handler"
	}
	return v
}

// askFor fills the answer, or returns what the oracle died of.
func (j *Judge) askFor(answer any, request map[string]any, texts ...string) (died string) {
	j.t.Helper()
	for _, text := range texts {
		if !utf8.ValidString(text) {
			j.t.Fatalf("asking the oracle: the text is not UTF-8, and would not get there unchanged: %q", text)
		}
	}
	died, err := j.p.ask(request, answer)
	if err != nil {
		j.t.Fatalf("asking the oracle: %v", err)
	}
	return died
}

// sharedOracle serves all tests of the process. It ends with the process, which closes its stdin.
var sharedOracle oracleProcess

type oracleProcess struct {
	mu     sync.Mutex
	binary string
	cmd    *exec.Cmd // nil when not running
	kill   func()
	in     io.WriteCloser
	out    *json.Decoder
	stderr *head
}

func (p *oracleProcess) ask(request map[string]any, answer any) (died string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, err := json.Marshal(request)
	if err != nil {
		return "", err
	}
	if p.cmd == nil {
		if err := p.start(); err != nil {
			return "", fmt.Errorf("starting it: %w", err)
		}
	}
	p.stderr.reset()
	timer := time.AfterFunc(answerTimeout, p.kill)
	defer timer.Stop()
	_, err = p.in.Write(append(text, '\n'))
	if err == nil {
		err = p.out.Decode(answer)
	}
	if err == nil {
		return "", nil
	}
	// The process is gone, most likely by a stack overflow, which it cannot recover from.
	_ = p.in.Close() // closed by Wait at the latest
	p.kill()
	_ = p.cmd.Wait() // why it ended is in stderr
	p.cmd = nil
	return fmt.Sprintf("the oracle died: %s (%v)", p.stderr.reason(), err), nil
}

func (p *oracleProcess) start() error {
	cmd := exec.Command(p.binary)
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	p.stderr = &head{}
	cmd.Stderr = p.stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	p.cmd, p.in, p.out = cmd, in, json.NewDecoder(out)
	p.kill = func() { _ = cmd.Process.Kill() } // fails only when it has ended
	return nil
}

// head keeps the beginning of what is written to it: the reason of a crash comes before its stack.
type head struct {
	mu   sync.Mutex
	text []byte
}

func (h *head) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.text = append(h.text, b[:min(len(b), 8<<10-len(h.text))]...)
	return len(b), nil
}

func (h *head) reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.text = h.text[:0]
}

// reason is the line that Go's runtime begins with the kind of the crash, or all there is.
func (h *head) reason() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	for line := range strings.Lines(string(h.text)) {
		if strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "panic: ") {
			return strings.TrimSpace(line)
		}
	}
	return strings.TrimSpace(string(h.text))
}
