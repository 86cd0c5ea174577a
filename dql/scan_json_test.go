package dql

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nodesIn decodes the nodes of all blocks.
func nodesIn(answer []byte) (map[string][]fields, map[string]page, error) {
	blocks, err := blocksOf(answer)
	if err != nil {
		return nil, nil, err
	}
	nodes, pages := map[string][]fields{}, map[string]page{}
	for name, block := range blocks {
		if err := eachNode(block, func(f fields) error {
			nodes[name] = append(nodes[name], maps.Clone(f))
			return nil
		}); err != nil {
			return nil, nil, err
		}
		if pages[name], err = pageOf(block); err != nil {
			return nil, nil, err
		}
	}
	return nodes, pages, nil
}

// FuzzAnswers compares what is read of an answer with what encoding/json reads.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		`{"q":[{"uid":"0x1","c0":"a"},{"uid":"0x2","c0":["b",1,2.5,null,true],"c1":{"uid":"0x3","p|f":-0}}]}`,
		`{"q":[],"r":[{"uid":"0xff","a\u0041@en":"\ud83d\ude00 \"x\" \\"}]}`,
		"{\"q\":[{\"uid\":\"0x1\",\"c\xff0\":\"\xff\xfe\"}]}",
		`{"q":[{"uid":"0x1","c0":+Inf}]}`,
		`{"q":[{"uid":"0x1","c0":"a]}{["}]} `,
		`{"q":[{"uid":"0x1"}]} {}`, `{"q":[{"uid":"0x1"}`, `{"q":{}}`, `null`, ``,
		`{"q":[{"uid":"0x1","uid":"0x2"}],"q":[{"uid":"0x7"}]}`,
		`{"q":[{"uid":"0x1","c0":9007199254740993}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		got, pages, err := nodesIn(answer)
		d := json.NewDecoder(bytes.NewReader(answer))
		d.UseNumber()
		var all map[string][]map[string]any
		wantErr := d.Decode(&all)
		if wantErr == nil && !json.Valid(answer) {
			wantErr = errors.New("more than one value")
		}
		if wantErr == nil && all == nil {
			t.Skip("an answer is an object")
		}
		if err != nil {
			for _, nodes := range all {
				for _, n := range nodes {
					if uidOf(n["uid"]) == 0 {
						t.Skip("a node without uid ends the reading of a page")
					}
				}
			}
		}
		if (err == nil) != (wantErr == nil) {
			for _, nodes := range all {
				if nodes == nil || len(nodes) > 0 && nodes[0] == nil {
					t.Skip("null is neither a list nor a node")
				}
			}
			t.Fatalf("%v, and encoding/json says %v", err, wantErr)
		}
		if err != nil {
			return
		}
		for name, want := range all {
			if diff := cmp.Diff(want, got[name]); diff != "" && len(want)+len(got[name]) > 0 {
				t.Errorf("%q (-encoding/json +ours):\n%s", name, diff)
			}
			if p := pages[name]; p.nodes != uint64(len(want)) || len(want) > 0 && p.last != uidOf(want[len(want)-1]["uid"]) {
				t.Errorf("%q: %+v", name, p)
			}
		}
	})
}
