package dql_test

import (
	"testing"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

func TestMain(m *testing.M) { dgraphtest.Main(m) }
