// Package migrate changes stored data: recipes that make the steps of a
// migration, plans that hold them as files, and the engine that carries plans
// out.
package migrate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// PlanVersion is the version of the format of plan files.
const PlanVersion = 1

// Plan is a migration of stored data, as it stands in a file: reviewed like
// code, and complete, so that carrying it out needs no schema file.
type Plan struct {
	Version int `yaml:"version"`
	// ID is the name of the file without its extension:
	// "20260131235959-user-phone". Plans run in the order of their IDs.
	ID string `yaml:"id"`
	// Name says for people what it is for.
	Name string `yaml:"name"`
	// From and To are the fingerprints of the schemas that it was made for: what
	// is served before, and what is deployed.
	From string `yaml:"from"`
	To   string `yaml:"to"`
	// NotBefore is the day (2006-01-02) before which phase contract does not run;
	// empty when nothing is in that phase.
	NotBefore string `yaml:"notBefore,omitempty"`
	// DualWrite says what the application has to do from the phase before to the
	// deploy, in one sentence; empty when nothing.
	DualWrite string `yaml:"dualWrite,omitempty"`
	Steps     []Step `yaml:"steps"`
}

// Phase says when a step runs, relative to the update of the GraphQL schema.
type Phase string

// The phases. What deletes is in Contract, which never runs by default.
const (
	Before   Phase = "before"
	After    Phase = "after"
	Contract Phase = "contract"
)

// Undoable says whether a step can be taken back.
type Undoable string

// Partial is for steps of which some things can be taken back.
const (
	UndoYes     Undoable = "yes"
	UndoPartial Undoable = "partial"
	UndoNo      Undoable = "no"
)

// Step is one part of a plan. It is data: its parameters say what is done, the
// rest says it for people and bounds what may be done.
type Step struct {
	// ID is unique in the plan.
	ID    string `yaml:"id"`
	Phase Phase  `yaml:"phase"`
	// Title is one sentence that says what is done.
	Title string `yaml:"title"`
	// Finding is the fingerprint of the finding that the step is for; empty for
	// steps that somebody wrote.
	Finding string `yaml:"finding,omitempty"`
	// Kind names the one of the parameters at the end that is set.
	Kind string `yaml:"kind"`
	// Select are the nodes that the step goes through; nil for steps that go
	// through none.
	Select *Select `yaml:"select,omitempty"`
	// Reads and Writes are the predicates concerned; dgraph.type is one. The
	// engine refuses every write elsewhere.
	Reads  []string `yaml:"reads,omitempty"`
	Writes []string `yaml:"writes,omitempty"`
	// Convergent says that the step may be carried out again, and then does only
	// what is still to be done.
	Convergent bool     `yaml:"convergent"`
	Undo       Undoable `yaml:"undo"`
	// Risk is that of the fix: safe, review or destructive.
	Risk string `yaml:"risk,omitempty"`
	// Nodes is how many nodes are concerned, as far as it was asked when the
	// plan was made; nil when it was not.
	Nodes *uint64 `yaml:"nodes,omitempty"`
	// Precondition is DQL for people: what finds the nodes that are to be changed.
	// Verify finds none afterwards; one that counts nodes under the root of Select,
	// as [Step.question] knows it, is asked when the step is verified.
	Precondition string `yaml:"precondition,omitempty"`
	Verify       string `yaml:"verify,omitempty"`
	// BatchSize is the number of nodes that are read and written in one
	// transaction; 0 leaves it to the engine.
	BatchSize int `yaml:"batchSize,omitempty"`
	// DQL is what is sent, for people: $after and the uids of nodes stand for what
	// is filled in.
	DQL string `yaml:"dql,omitempty"`

	// One of these is set: what the step does.
	Declare    *Declare    `yaml:"declare,omitempty"`
	Copy       *Copy       `yaml:"copy,omitempty"`
	AddType    *AddType    `yaml:"add-type,omitempty"`
	RemoveType *RemoveType `yaml:"remove-type,omitempty"`
	Refer      *Refer      `yaml:"refer,omitempty"`
	Take       *Take       `yaml:"take,omitempty"`
	Drop       *Drop       `yaml:"drop,omitempty"`

	DeleteValues *DeleteValues `yaml:"delete-values,omitempty"`
	Unlink       *Unlink       `yaml:"unlink,omitempty"`
	InferType    *InferType    `yaml:"infer-type,omitempty"`
	Unique       *Unique       `yaml:"unique,omitempty"`
	Invert       *Invert       `yaml:"invert,omitempty"`
	MergeValues  *MergeValues  `yaml:"merge-values,omitempty"`
	Repoint      *Repoint      `yaml:"repoint,omitempty"`
	Retire       *Retire       `yaml:"retire,omitempty"`
	Fill         *Fill         `yaml:"fill,omitempty"`
	Convert      *Convert      `yaml:"convert,omitempty"`
	Choose       *Choose       `yaml:"choose,omitempty"`
	Redeclare    *Redeclare    `yaml:"redeclare,omitempty"`
	Upsert       *Upsert       `yaml:"upsert,omitempty"`
	Transform    *Transform    `yaml:"transform,omitempty"`
}

// Select finds nodes.
type Select struct {
	// Root is a function of DQL that finds them: type(T) or has(p), which need no
	// index, or one over an index with values, such as eq(p, "x"), so that only
	// those are scanned. Pages of it are read without a filter.
	Root string `yaml:"root"`
	// Filter leaves some of them; empty leaves all.
	Filter string `yaml:"filter,omitempty"`
}

// Encode writes the plan as the text of its file.
func (p *Plan) Encode() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("writing the plan %s: %w", p.ID, err)
	}
	text, err := yaml.MarshalWithOptions(p, yaml.UseLiteralStyleIfMultiline(true), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("writing the plan %s: %w", p.ID, err)
	}
	return append([]byte(p.preface()), text...), nil
}

// Checksum identifies the text of a plan file: the sha256 of its bytes with
// line ends as LF, in hex.
func Checksum(text []byte) string {
	sum := sha256.Sum256(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
	return hex.EncodeToString(sum[:])
}

// check refuses a plan that cannot be carried out.
func (p *Plan) check() error {
	switch {
	case p.Version != PlanVersion:
		return fmt.Errorf("version %d of the format is not known; this program knows %d", p.Version, PlanVersion)
	case p.ID == "":
		return errors.New("it has no id")
	case len(p.Steps) == 0:
		return errors.New("it has no steps")
	}
	if err := idFor(p.ID); err != nil {
		return err
	}
	ids := map[string]bool{}
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.ID == "" {
			return fmt.Errorf("step %d has no id", i+1)
		}
		if ids[s.ID] {
			return fmt.Errorf("two steps have the id %s", s.ID)
		}
		ids[s.ID] = true
		if err := idFor(s.ID); err != nil {
			return err
		}
		if err := s.check(); err != nil {
			return fmt.Errorf("step %s: %w", s.ID, err)
		}
		if s.Phase == Contract && p.NotBefore == "" {
			return fmt.Errorf("step %s is in phase contract, and notBefore is missing", s.ID)
		}
	}
	return nil
}

// Decode reads the text of a plan file. Errors have line and column where the
// text is wrong.
func Decode(text []byte) (*Plan, error) {
	if len(text) > maxPlan {
		return nil, fmt.Errorf("a plan of more than %d MiB is not read", maxPlan>>20)
	}
	if err := bounded(string(text)); err != nil {
		return nil, fmt.Errorf("reading the plan: %w", err)
	}
	p := &Plan{}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(p); err != nil {
		return nil, fmt.Errorf("reading the plan: %w", err)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("reading the plan: %w", err)
	}
	return p, nil
}

// maxPlan bounds a plan file, in bytes. A step has some hundred.
const maxPlan = 16 << 20

// maxDepth bounds what the YAML parser is given: it recurses, and its time grows
// with the square of the depth.
const maxDepth = 32

// bounded refuses what no plan needs, and what would cost the parser all memory
// or hide a part of the plan.
func bounded(text string) error {
	flow, run, line, documents := 0, 0, 0, 0
	for _, t := range lexer.Tokenize(text) {
		at := t.Position
		if at.Line != line {
			run, line = 0, at.Line
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType:
			run++
		case token.AnchorType, token.AliasType, token.TagType:
			return fmt.Errorf("[%d:%d] anchors, aliases and tags are not for plans", at.Line, at.Column)
		case token.DocumentHeaderType:
			if documents++; documents > 1 {
				return fmt.Errorf("[%d:%d] a second YAML document; a plan is a single one", at.Line, at.Column)
			}
		case token.CommentType:
		default:
			documents = max(documents, 1)
		}
		if flow > maxDepth || at.IndentNum > 2*maxDepth || run > maxDepth && flow == 0 {
			return fmt.Errorf("[%d:%d] nested more than %d levels deep", at.Line, at.Column, maxDepth)
		}
	}
	return nil
}

// idFor refuses ids that would be taken for those of others where runs are noted,
// or that could steer a terminal.
func idFor(id string) error {
	if strings.ContainsFunc(id, func(r rune) bool { return r == '/' || r == '~' || !unicode.IsPrint(r) }) {
		return fmt.Errorf("the id %q has a character that ids do not have", id)
	}
	return nil
}
