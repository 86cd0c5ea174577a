package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// drawingView is boxes in columns, with curves from each to what it uses.
type drawingView struct {
	Width, Height int
	Boxes         []placedBox
	Curves        []curveView
}

type placedBox struct {
	*boxView
	X, Y int
	// Label is the name, and Note what it was or became, both cut to fit.
	Label, Note string
}

type curveView struct {
	Path, Class, Title string
}

// The measures of a drawing, in pixels.
const (
	boxWidth, boxHeight = 204, 46
	columnGap, rowGap   = 56, 14
	bendHeight          = 8 // of the place where a long curve passes a column
	drawingMargin       = 4
	labelLength         = 24 // code points
)

// slot is a box, or the bend of a curve that passes a column.
type slot struct {
	node   int // -1 for a bend
	y      float64
	before []*slot // in the column on the left
	after  []*slot // in the column on the right
}

func (s *slot) height() float64 {
	if s.node < 0 {
		return bendHeight
	}
	return boxHeight
}

// strand is a link on its way through the columns.
type strand struct {
	from int
	link
	slots    []*slot // from left to right
	backward bool    // it points from right to left
}

// draw lays types out in columns, so that most links point to the right, cross
// each other little and pass between the boxes. Types without links stand below.
func (b *htmlBook) draw(nodes []*node, chosen []int) *drawingView {
	d := layout(nodes, chosen)
	v := &drawingView{}
	bottom := 0.0
	for x, column := range d.columns {
		for _, s := range column {
			bottom = max(bottom, s.y+s.height())
			if s.node >= 0 {
				v.Boxes = append(v.Boxes, b.placed(nodes, s.node, columnX(x), int(s.y)+drawingMargin))
			}
		}
	}
	v.Width = max(columnX(len(d.columns))-columnGap, boxWidth) + drawingMargin
	for _, s := range d.strands {
		v.Curves = append(v.Curves, b.curve(nodes, d, s))
	}
	across := max(len(d.columns), 4)
	for i, n := range d.alone {
		x, y := i%across, i/across
		top := 0.0
		if bottom > 0 {
			top = bottom + 2*rowGap
		}
		v.Boxes = append(v.Boxes, b.placed(nodes, n, drawingMargin+x*(boxWidth+rowGap), drawingMargin+int(top)+y*(boxHeight+rowGap)))
		v.Width = max(v.Width, 2*drawingMargin+x*(boxWidth+rowGap)+boxWidth)
	}
	for _, box := range v.Boxes {
		v.Height = max(v.Height, box.Y+boxHeight+drawingMargin)
	}
	return v
}

func columnX(column int) int { return drawingMargin + column*(boxWidth+columnGap) }

func (b *htmlBook) placed(nodes []*node, n, x, y int) placedBox {
	box := placedBox{boxView: b.box(nodes, n), X: x, Y: y}
	box.Label, box.Note = fitting(box.Name, labelLength), box.Kind
	switch {
	case box.Was != "":
		box.Note += " · was " + box.Was
	case box.State != "":
		box.Note += " · " + box.State
	}
	// What is left of the line beside the counts, in letters of some 6 pixels.
	room := boxWidth - 20
	for _, c := range box.Counts {
		room -= 20 + 7*len(strconv.Itoa(c.N))
	}
	box.Note = fitting(box.Note, max(room/6, 1))
	return box
}

// fitting is a name of at most n code points.
func fitting(name string, n int) string {
	if _, left := cut(name, n); left == 0 {
		return name
	}
	short, _ := cut(name, n-1)
	return short + "…"
}

// curve is the way of one link, from the type that has it to the other one.
func (b *htmlBook) curve(nodes []*node, d *drawing, s *strand) curveView {
	var points [][2]float64
	column := d.column[s.slots[0].node]
	for i, at := range s.slots {
		left := float64(columnX(column + i))
		y := at.y + at.height()/2 + drawingMargin
		if i > 0 {
			points = append(points, [2]float64{left, y})
		}
		if i < len(s.slots)-1 {
			points = append(points, [2]float64{left + boxWidth, y})
		}
	}
	if s.backward {
		slices.Reverse(points)
	}
	path := fmt.Sprintf("M%.0f %.0f", points[0][0], points[0][1])
	for i := 1; i < len(points); i++ {
		p, q := points[i-1], points[i]
		middle := (p[0] + q[0]) / 2
		path += fmt.Sprintf(" C%.0f %.0f %.0f %.0f %.0f %.0f", middle, p[1], middle, q[1], q[0], q[1])
	}
	class, verb := "uses", " uses "
	if s.inherits {
		class, verb = "implements", " implements "
	}
	title := nodes[s.from].name + verb + nodes[s.to].name
	if s.state != "" {
		class += " " + s.state
		title += " (" + s.state + ")"
	}
	return curveView{path, class, b.prose(title)}
}

// drawing is who stands where.
type drawing struct {
	columns [][]*slot
	column  map[int]int // of each node in columns
	strands []*strand
	alone   []int
}

// layout finds a column for each type, a way for each link, and an order in the
// columns. It is made for few types: selection sees to that.
func layout(nodes []*node, chosen []int) *drawing {
	d := &drawing{column: map[int]int{}}
	linked := map[int]bool{}
	for _, i := range chosen {
		for _, l := range nodes[i].edges {
			if slices.Contains(chosen, l.to) {
				linked[i], linked[l.to] = true, true
				d.strands = append(d.strands, &strand{from: i, link: l})
			}
		}
	}
	var order []int
	for _, i := range chosen {
		if linked[i] {
			order = append(order, i)
		} else {
			d.alone = append(d.alone, i)
		}
	}
	d.turn(order)
	d.rank(order)
	d.thread(order)
	d.untangle()
	d.settle()
	return d
}

// turn finds the links that would close a circle, and has them point backward.
func (d *drawing) turn(order []int) {
	from := map[int][]*strand{}
	for _, s := range d.strands {
		from[s.from] = append(from[s.from], s)
	}
	const open, done = 1, 2
	state := map[int]int{}
	var visit func(int)
	visit = func(n int) {
		state[n] = open
		for _, s := range from[n] {
			switch state[s.to] {
			case open:
				s.backward = true
			case 0:
				visit(s.to)
			}
		}
		state[n] = done
	}
	for _, n := range order {
		if state[n] == 0 {
			visit(n)
		}
	}
}

// ends are the type on the left and the one on the right.
func (s *strand) ends() (left, right int) {
	if s.backward {
		return s.to, s.from
	}
	return s.from, s.to
}

// rank puts every type into the column after all that point to it. What nothing
// points to then moves next to what it uses.
func (d *drawing) rank(order []int) {
	for range order {
		moved := false
		for _, s := range d.strands {
			if left, right := s.ends(); d.column[right] <= d.column[left] {
				d.column[right], moved = d.column[left]+1, true
			}
		}
		if !moved {
			break
		}
	}
	for _, n := range order {
		nearest, pointedTo := math.MaxInt, false
		for _, s := range d.strands {
			left, right := s.ends()
			pointedTo = pointedTo || right == n
			if left == n {
				nearest = min(nearest, d.column[right]-1)
			}
		}
		if !pointedTo && nearest != math.MaxInt {
			d.column[n] = nearest
		}
	}
}

// thread gives every link its way, with a bend in each column that it passes.
func (d *drawing) thread(order []int) {
	at := map[int]*slot{}
	for _, n := range order {
		at[n] = &slot{node: n}
		d.put(d.column[n], at[n])
	}
	for _, s := range d.strands {
		left, right := s.ends()
		s.slots = []*slot{at[left]}
		for column := d.column[left] + 1; column < d.column[right]; column++ {
			bend := &slot{node: -1}
			d.put(column, bend)
			s.slots = append(s.slots, bend)
		}
		s.slots = append(s.slots, at[right])
		for i := 1; i < len(s.slots); i++ {
			s.slots[i-1].after = append(s.slots[i-1].after, s.slots[i])
			s.slots[i].before = append(s.slots[i].before, s.slots[i-1])
		}
	}
}

func (d *drawing) put(column int, s *slot) {
	for len(d.columns) <= column {
		d.columns = append(d.columns, nil)
	}
	d.columns[column] = append(d.columns[column], s)
}

// sweeps is how often the columns are walked through, in both directions.
const sweeps = 8

// untangle orders each column by where its neighbours stand.
func (d *drawing) untangle() {
	stack := func(column []*slot) {
		y := 0.0
		for _, s := range column {
			s.y = y
			y += s.height() + rowGap
		}
	}
	for _, column := range d.columns {
		stack(column)
	}
	d.sweep(func(column []*slot, beside func(*slot) []*slot) {
		wish := map[*slot]float64{}
		for _, s := range column {
			wish[s] = wished(s, beside(s))
		}
		slices.SortStableFunc(column, func(x, y *slot) int {
			if wish[x] < wish[y] {
				return -1
			} else if wish[x] > wish[y] {
				return 1
			}
			return 0
		})
		stack(column)
	})
}

// settle moves every box to where its neighbours are, as far as there is room.
func (d *drawing) settle() {
	d.sweep(func(column []*slot, beside func(*slot) []*slot) {
		bottom, drift := math.Inf(-1), 0.0
		for _, s := range column {
			wish := wished(s, beside(s))
			s.y = max(wish, bottom)
			drift += s.y - wish
			bottom = s.y + s.height() + rowGap
		}
		for _, s := range column {
			s.y -= drift / float64(len(column))
		}
	})
	top := math.Inf(1)
	for _, column := range d.columns {
		for _, s := range column {
			top = min(top, s.y)
		}
	}
	for _, column := range d.columns {
		for _, s := range column {
			s.y -= top
		}
	}
}

// sweep walks through the columns from left to right and back.
func (d *drawing) sweep(visit func(column []*slot, beside func(*slot) []*slot)) {
	for range sweeps {
		for i := 1; i < len(d.columns); i++ {
			visit(d.columns[i], func(s *slot) []*slot { return s.before })
		}
		for i := len(d.columns) - 2; i >= 0; i-- {
			visit(d.columns[i], func(s *slot) []*slot { return s.after })
		}
	}
}

// wished is where a slot would stand in the middle of its neighbours.
func wished(s *slot, beside []*slot) float64 {
	if len(beside) == 0 {
		return s.y
	}
	sum := 0.0
	for _, n := range beside {
		sum += n.y + n.height()/2
	}
	return sum/float64(len(beside)) - s.height()/2
}
