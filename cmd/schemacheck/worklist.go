package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// worklist writes the nodes that a run left beside the plan, for people to work
// through: uid, predicate and reason, and the value when that was asked for. It
// returns the path, empty when nothing was left.
func (m *migration) worklist(r *migrate.Result) (path string, err error) {
	at := m.paths[r.Status.Plan]
	if len(r.Left) == 0 || at == "" {
		return "", nil
	}
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	head := []string{"uid", "predicate", "reason"}
	if m.showValues {
		head = append(head, "value")
	}
	rows := [][]string{head}
	for _, l := range r.Left {
		row := []string{string(dql.Node(l.UID)), l.Predicate, l.Reason}
		if m.showValues {
			value, err := json.Marshal(l.Data)
			if err != nil {
				return "", err
			}
			row = append(row, string(value))
		}
		rows = append(rows, row)
	}
	if err := w.WriteAll(rows); err != nil {
		return "", err
	}
	path = fmt.Sprintf("%s-%s.worklist.csv", strings.TrimSuffix(at, filepath.Ext(at)), r.Status.Phase)
	if err := fixes.Replace(path, text.Bytes(), 0o600); err != nil {
		return "", fmt.Errorf("writing the list of nodes that are left: %w", err)
	}
	return path, nil
}
