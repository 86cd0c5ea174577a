package operations

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// goLanguage is Go, where documents are strings that are handed to the functions of Options.Calls, that follow a comment
// that says graphql, or that begin with # @genqlient. A string can be put together of constants.
var goLanguage = host{
	extensions: []string{".go"},
	maxSize:    maxWritten,
	written:    true,
	marks: func(o *Options) []string {
		marks := []string{"graphql", "GraphQL", "genqlient"}
		for _, c := range o.Calls {
			marks = append(marks, c[strings.LastIndexByte(c, '.')+1:]+"(")
		}
		return marks
	},
	extract: fromGo,
}

// goFile is a file of Go that is being looked through.
type goFile struct {
	file   *sdl.File
	fset   *token.FileSet
	syntax *ast.File
	tokens *token.File
	// values are what names get in a function, and with nil those of the file, in order.
	values map[*ast.FuncDecl]map[string][]ast.Expr
	// constants are those of the package in other files.
	constants func() map[string]goValue
	taken     map[token.Pos]bool // documents that were found already
	calls     []string
	extraction
}

// goValue is what a name stands for, and where.
type goValue struct {
	value ast.Expr
	file  *goFile
}

// goPackages are the constants of packages that were needed, which all files of a folder share.
type goPackages struct {
	mutex sync.Mutex
	known map[goPackage]func() map[string]goValue
}

type goPackage struct{ folder, name string }

func parseGo(f *sdl.File) *goFile {
	g := &goFile{file: f, fset: token.NewFileSet(), taken: map[token.Pos]bool{},
		values: map[*ast.FuncDecl]map[string][]ast.Expr{}}
	var err error
	g.syntax, err = parser.ParseFile(g.fset, f.Name, f.Text, parser.ParseComments|parser.SkipObjectResolution)
	if g.syntax != nil {
		g.tokens = g.fset.File(g.syntax.FileStart)
		g.noteValues()
	}
	if list, ok := err.(scanner.ErrorList); ok && len(list) > 0 {
		at := min(list[0].Pos.Offset, len(f.Text))
		g.problems = append(g.problems, Problem{Unreadable, sdl.Span{File: f, Start: int32(at), End: int32(at)},
			"the Go here cannot be read: " + plain(list[0].Msg)})
	}
	return g
}

func fromGo(f *sdl.File, o *Options) extraction {
	g := parseGo(f)
	if g.syntax == nil || g.tokens == nil {
		return g.extraction
	}
	g.calls = o.Calls
	g.constants = o.packages.of(g)
	g.marked()
	ast.Inspect(g.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if g.isCall(n.Fun) {
				g.handed(n)
			}
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				if text := strings.TrimLeft(n.Value, "`\" \t\r\n"); strings.HasPrefix(text, "# @genqlient") {
					g.take(n, n)
				}
			}
		}
		return true
	})
	slices.SortFunc(g.documents, func(a, b *Document) int { return a.at - b.at })
	return g.extraction
}

// isCall reports whether a function is one that documents are handed to. One that is named without a package or value is
// meant on all of them.
func (g *goFile) isCall(fun ast.Expr) bool {
	switch f := fun.(type) {
	case *ast.IndexExpr:
		return g.isCall(f.X)
	case *ast.IndexListExpr:
		return g.isCall(f.X)
	case *ast.Ident:
		return slices.Contains(g.calls, f.Name)
	case *ast.SelectorExpr:
		if slices.Contains(g.calls, f.Sel.Name) {
			return true
		}
		x, ok := f.X.(*ast.Ident)
		return ok && slices.Contains(g.calls, x.Name+"."+f.Sel.Name)
	}
	return false
}

// handed takes the first argument of a call that is a document.
func (g *goFile) handed(call *ast.CallExpr) {
	for _, a := range call.Args {
		d, all := g.said(a, a.Pos(), 0)
		if d != nil && looksGraphQL(d.text.String()) {
			if all {
				g.take(a, a)
				return
			}
			g.problems = append(g.problems, Problem{Computed, g.span(a.Pos(), a.End()),
				"the document cannot be read: a part of it is only known when the program runs"})
			return
		}
	}
}

func (g *goFile) span(start, end token.Pos) sdl.Span {
	return sdl.Span{File: g.file, Start: int32(g.offset(start)), End: int32(g.offset(end))}
}

// offset is a place in the file; what the parser made up at its end is there.
func (g *goFile) offset(p token.Pos) int {
	return max(0, min(int(p)-g.tokens.Base(), len(g.file.Text)))
}

// take takes what an expression says for a document, once. What a name stands for is a document where that gets its value,
// which can be in another file of the package.
func (g *goFile) take(e ast.Expr, used ast.Node) {
	in, at := g, used.Pos()
	for range maxConcatenation {
		name, ok := ast.Unparen(e).(*ast.Ident)
		if !ok {
			break
		}
		value, where := in.value(name.Name, at)
		if value == nil {
			return
		}
		e, in, at = value, where, value.Pos()
	}
	b, all := in.said(e, at, 0)
	if b == nil || !all || in == g && g.taken[e.Pos()] {
		return
	}
	if in == g {
		g.taken[e.Pos()] = true
	}
	g.documents = append(g.documents, &Document{File: in.file, Text: b.text.String(), at: in.offset(e.Pos()), pieces: b.pieces, loose: true})
}

// maxConcatenation is how deep constants are followed, and maxParts how many pieces a document is put together of.
const (
	maxConcatenation = 100
	maxParts         = 100_000
)

// said is what an expression says as far as it is known, and whether that is all; nil when it is no text.
func (g *goFile) said(e ast.Expr, at token.Pos, depth int) (b *builder, all bool) {
	b, all = &builder{}, true
	isText := false
	parts := 0
	var add func(in *goFile, e ast.Expr, depth int)
	add = func(in *goFile, e ast.Expr, depth int) {
		if parts++; depth > maxConcatenation || parts > maxParts || b.text.Len() > maxWritten {
			all = false
			return
		}
		switch e := e.(type) {
		case *ast.ParenExpr:
			add(in, e.X, depth+1)
		case *ast.BinaryExpr:
			if e.Op != token.ADD {
				all = false
				return
			}
			// Long sums lean to the left: they are no recursion.
			right := []ast.Expr{e.Y}
			x := e.X
			for {
				left, ok := x.(*ast.BinaryExpr)
				if !ok || left.Op != token.ADD {
					break
				}
				right = append(right, left.Y)
				x = left.X
			}
			add(in, x, depth+1)
			for _, p := range slices.Backward(right) {
				add(in, p, depth+1)
			}
		case *ast.BasicLit:
			if e.Kind != token.STRING || len(e.Value) < 2 {
				all = false
				return
			}
			isText = true
			start := in.offset(e.Pos()) + 1
			end := in.offset(e.End()) - 1
			l := literal{file: in.file, start: start, end: max(start, end), escapes: goText}
			if e.Value[0] == '`' {
				l.escapes = rawText
			}
			if in == g {
				b.add(l, l.start, l.end)
				return
			}
			own := &builder{}
			own.add(l, l.start, l.end)
			b.put(own, in.file)
		case *ast.Ident:
			value, where := in.value(e.Name, at)
			if value == nil {
				all = false
				return
			}
			if text, is := where.lone(value); is {
				// A name alone can be a key elsewhere in the program: nobody may edit it for the document.
				isText = true
				b.text.WriteString(text)
				return
			}
			add(where, value, depth+10)
		case *ast.CallExpr: // fmt.Sprintf and such
			all = false
			if len(e.Args) > 0 {
				if l, ok := e.Args[0].(*ast.BasicLit); ok && l.Kind == token.STRING {
					add(in, l, depth+1)
				}
			}
		default:
			all = false
		}
	}
	add(g, e, depth)
	if !isText {
		return nil, false
	}
	return b, all
}

// lone is the text of a string that is one name and nothing else.
func (g *goFile) lone(e ast.Expr) (text string, is bool) {
	l, ok := ast.Unparen(e).(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(l.Value)
	return text, err == nil && isName(text)
}

// value is what a name is at a place: what it got last before that in the same function, else what it is declared as in the
// file or its package.
func (g *goFile) value(name string, at token.Pos) (ast.Expr, *goFile) {
	i, found := slices.BinarySearchFunc(g.syntax.Decls, at, func(d ast.Decl, at token.Pos) int { return int(d.Pos() - at) })
	if !found {
		i--
	}
	if i >= 0 {
		if f, ok := g.syntax.Decls[i].(*ast.FuncDecl); ok && at < f.End() {
			all := g.values[f][name]
			// The last one that is whole before it is used.
			n, _ := slices.BinarySearchFunc(all, at, func(e ast.Expr, at token.Pos) int { return int(e.End() - at - 1) })
			if n > 0 {
				return all[n-1], g
			}
		}
	}
	if all := g.values[nil][name]; len(all) > 0 {
		return all[len(all)-1], g
	}
	if g.constants == nil {
		return nil, nil
	}
	c := g.constants()[name]
	return c.value, c.file
}

// noteValues notes what names get.
func (g *goFile) noteValues() {
	for _, d := range g.syntax.Decls {
		f, _ := d.(*ast.FuncDecl)
		if g.values[f] == nil {
			g.values[f] = map[string][]ast.Expr{}
		}
		all := g.values[f]
		eachValueIn(d, func(n *ast.Ident, value ast.Expr) { all[n.Name] = append(all[n.Name], value) })
	}
}

// eachValueIn calls f with what names get, in order.
func eachValueIn(n ast.Node, f func(*ast.Ident, ast.Expr)) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if i < len(n.Values) && len(n.Values) == len(n.Names) {
					f(name, n.Values[i])
				}
			}
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if name, ok := left.(*ast.Ident); ok && len(n.Lhs) == len(n.Rhs) && (n.Tok == token.ASSIGN || n.Tok == token.DEFINE) {
					f(name, n.Rhs[i])
				}
			}
		}
		return true
	})
}

// of is the constants of the package that a file is of, which are read when the first one is needed.
func (p *goPackages) of(g *goFile) func() map[string]goValue {
	if p == nil || g.file.Path == "" {
		return nil
	}
	key := goPackage{filepath.Dir(g.file.Path), g.syntax.Name.Name}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.known == nil {
		p.known = map[goPackage]func() map[string]goValue{}
	}
	if p.known[key] == nil {
		p.known[key] = sync.OnceValue(func() map[string]goValue { return readPackage(key, path.Dir(g.file.Name)) })
	}
	return p.known[key]
}

// readPackage reads the constants of a package. Folder is what reports call its folder.
func readPackage(key goPackage, folder string) map[string]goValue {
	all := map[string]goValue{}
	paths, _ := filepath.Glob(filepath.Join(key.folder, "*.go"))
	for _, at := range paths {
		info, err := os.Lstat(at)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxWritten {
			continue
		}
		text, err := os.ReadFile(at)
		if err != nil {
			continue
		}
		g := parseGo(&sdl.File{Name: path.Join(folder, filepath.Base(at)), Path: at, Text: string(text)})
		if g.syntax == nil || g.tokens == nil || g.syntax.Name.Name != key.name {
			continue
		}
		g.constants = func() map[string]goValue { return all }
		for _, d := range g.syntax.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.CONST {
				eachValueIn(d, func(n *ast.Ident, value ast.Expr) { all[n.Name] = goValue{value, g} })
			}
		}
	}
	return all
}

// marked takes the literals that comments mark: those that follow one at once, and what is declared below one.
func (g *goFile) marked() {
	ends := map[int]bool{}  // byte after such a comment and the white space that follows it
	lines := map[int]bool{} // the line below
	for _, group := range g.syntax.Comments {
		for _, c := range group.List {
			said := strings.TrimSpace(strings.Trim(c.Text, "/*"))
			if !strings.EqualFold(said, "graphql") && !strings.EqualFold(strings.ReplaceAll(said, " ", ""), "language=graphql") {
				continue
			}
			end := g.offset(c.End())
			rest := strings.TrimLeft(g.file.Text[end:], " \t\r\n")
			ends[len(g.file.Text)-len(rest)] = true
			lines[g.tokens.Line(c.End())+1] = true
		}
	}
	if len(ends) == 0 {
		return
	}
	ast.Inspect(g.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case ast.Expr:
			if ends[g.offset(n.Pos())] {
				g.take(n, n)
			}
		case *ast.ValueSpec:
			if lines[g.tokens.Line(n.Pos())] && len(n.Values) == 1 {
				g.take(n.Values[0], n)
			}
		case *ast.GenDecl:
			if len(n.Specs) == 1 && !n.Lparen.IsValid() && lines[g.tokens.Line(n.Pos())] {
				if spec, ok := n.Specs[0].(*ast.ValueSpec); ok && len(spec.Values) == 1 {
					g.take(spec.Values[0], n)
				}
			}
		case *ast.AssignStmt:
			if lines[g.tokens.Line(n.Pos())] && len(n.Rhs) == 1 {
				g.take(n.Rhs[0], n)
			}
		}
		return true
	})
}
