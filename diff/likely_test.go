package diff_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff"
)

// labelled are edits as a person would judge them: which of the removed
// elements were renamed. All others are removals and additions. The weights
// were tuned on these cases, so what TestLikely prints flatters.
var labelled = []struct {
	name, before, after string
	want                string // "old>new old>new" in coordinates
}{
	// Fields that were renamed.
	{"plural", `type T { a: Int tag: [String] }`, `type T { a: Int tags: [String] }`, "T.tag>T.tags"},
	{"singular", `type T { a: Int emails: String }`, `type T { a: Int email: String }`, "T.emails>T.email"},
	{"plural in y", `type T { a: Int category: [T] }`, `type T { a: Int categories: [T] }`, "T.category>T.categories"},
	{"one becomes many", `type T { a: Int author: U b: Int } type U { n: Int }`, `type T { a: Int authors: [U] b: Int } type U { n: Int }`, "T.author>T.authors"},
	{"case", `type T { a: Int userName: String! }`, `type T { a: Int username: String! }`, "T.userName>T.username"},
	{"snake to camel", `type T { a: Int created_at: DateTime b: Int }`, `type T { a: Int createdAt: DateTime b: Int }`, "T.created_at>T.createdAt"},
	{"all snake to camel", `type T { first_name: String last_name: String birth_date: DateTime }`, `type T { firstName: String lastName: String birthDate: DateTime }`,
		"T.first_name>T.firstName T.last_name>T.lastName T.birth_date>T.birthDate"},
	{"prefix added", `type T { a: Int name: String b: Int }`, `type T { a: Int fullName: String b: Int }`, "T.name>T.fullName"},
	{"prefix removed", `type T { a: Int userEmail: String @id }`, `type T { a: Int email: String @id }`, "T.userEmail>T.email"},
	{"suffix added", `type T { a: Int phone: String @search }`, `type T { a: Int phoneNumber: String @search }`, "T.phone>T.phoneNumber"},
	{"suffix added to a verb", `type T { a: Int created: DateTime }`, `type T { a: Int createdAt: DateTime }`, "T.created>T.createdAt"},
	{"abbreviation spelled out", `type T { a: Int desc: String }`, `type T { a: Int description: String }`, "T.desc>T.description"},
	{"abbreviation without vowels", `type T { a: Int qty: Int! }`, `type T { a: Int quantity: Int! }`, "T.qty>T.quantity"},
	{"abbreviation of one of two words", `type T { a: Int addrLine: String }`, `type T { a: Int addressLine: String }`, "T.addrLine>T.addressLine"},
	{"image", `type T { a: Int imgUrl: String }`, `type T { a: Int imageUrl: String }`, "T.imgUrl>T.imageUrl"},
	{"initials", `type T { a: Int dob: DateTime }`, `type T { a: Int dateOfBirth: DateTime }`, "T.dob>T.dateOfBirth"},
	{"typing error", `type T { a: Int adress: String }`, `type T { a: Int address: String }`, "T.adress>T.address"},
	{"typing error, moved", `type T { adress: String a: Int b: Int }`, `type T { a: Int b: Int address: String }`, "T.adress>T.address"},
	{"British", `type T { a: Int colour: String }`, `type T { a: Int color: String }`, "T.colour>T.color"},
	{"synonym in place", `type T { a: Int phone: String b: Int }`, `type T { a: Int tel: String b: Int }`, "T.phone>T.tel"},
	{"synonym of the price", `type T { a: Int cost: Float b: Int }`, `type T { a: Int price: Float b: Int }`, "T.cost>T.price"},
	{"synonym of the text", `type T { a: Int text: String! @search(by: [fulltext]) b: Int }`, `type T { a: Int body: String! @search(by: [fulltext]) b: Int }`, "T.text>T.body"},
	{"synonym of a reference", `type T { a: Int author: U b: Int } type U { n: Int }`, `type T { a: Int writer: U b: Int } type U { n: Int }`, "T.author>T.writer"},
	{"mail", `type T { a: Int mail: String b: Int }`, `type T { a: Int email: String b: Int }`, "T.mail>T.email"},
	{"surname", `type T { a: Int surname: String b: Int }`, `type T { a: Int lastName: String b: Int }`, "T.surname>T.lastName"},
	{"only reference of its type", `type T { a: Int bills: [U] b: Int } type U { n: Int }`, `type T { a: Int charges: [U] b: Int } type U { n: Int }`, "T.bills>T.charges"},
	{"only reference with an inverse", `type T { a: Int placed: [U] @hasInverse(field: by) } type U { n: Int by: T }`, `type T { a: Int orders: [U] @hasInverse(field: customer) } type U { n: Int customer: T }`,
		"T.placed>T.orders U.by>U.customer"},
	{"required along", `type T { a: Int nick: String b: Int }`, `type T { a: Int nickname: String! b: Int }`, "T.nick>T.nickname"},
	{"type along", `type T { a: Int ageYears: String b: Int }`, `type T { a: Int ageInYears: Int b: Int }`, "T.ageYears>T.ageInYears"},
	{"directives along", `type T { a: Int title: String b: Int }`, `type T { a: Int titleText: String @search b: Int }`, "T.title>T.titleText"},
	{"same description", `type T { a: Int "where the parcel goes" dest: String }`, `type T { a: Int "where the parcel goes" target: String }`, "T.dest>T.target"},
	{"two at once, beside each other", `type T { a: Int startDate: DateTime endDate: DateTime }`, `type T { a: Int startsAt: DateTime endsAt: DateTime }`, "T.startDate>T.startsAt T.endDate>T.endsAt"},
	{"two at once, swapped", `type T { a: Int first_name: String last_name: String }`, `type T { a: Int lastName: String firstName: String }`, "T.first_name>T.firstName T.last_name>T.lastName"},
	{"rename beside a removal", `type T { a: Int phone: String fax: String b: Int }`, `type T { a: Int phoneNumber: String b: Int }`, "T.phone>T.phoneNumber"},
	{"rename beside an addition", `type T { a: Int phone: String b: Int }`, `type T { a: Int phoneNumber: String height: Float b: Int }`, "T.phone>T.phoneNumber"},
	{"rename beside a like addition", `type T { a: Int street: String b: Int }`, `type T { a: Int streetName: String city: String b: Int }`, "T.street>T.streetName"},
	{"in an interface", `interface I { a: Int label: String } type T implements I { c: Int }`, `interface I { a: Int labelText: String } type T implements I { c: Int }`, "I.label>I.labelText"},
	{"number to Int64", `type T { a: Int views: Int b: Int }`, `type T { a: Int viewCount: Int64 b: Int }`, "T.views>T.viewCount"},
	{"computed", `type T { a: Int total: Int @lambda }`, `type T { a: Int totalPrice: Int @lambda }`, "T.total>T.totalPrice"},

	// Fields that were not.
	{"unrelated, other type", `type T { a: Int nickname: String b: Int }`, `type T { a: Int score: Float b: Int }`, ""},
	{"unrelated, same type and place", `type T { a: Int nickname: String b: Int }`, `type T { a: Int birthplace: String b: Int }`, ""},
	{"unrelated numbers", `type T { a: Int age: Int b: Int }`, `type T { a: Int score: Int b: Int }`, ""},
	{"unrelated short names", `type T { a: Int x: Int b: Int }`, `type T { a: Int y: Int b: Int }`, ""},
	{"unrelated dates", `type T { a: Int deletedAt: DateTime }`, `type T { a: Int shippedAt: DateTime }`, ""},
	{"unrelated flags", `type T { a: Int isAdmin: Boolean }`, `type T { a: Int isHidden: Boolean }`, ""},
	{"unrelated, far apart", `type T { fax: String a: Int b: Int }`, `type T { a: Int b: Int website: String }`, ""},
	{"many to one", `type T { a: Int tags: [String] }`, `type T { a: Int tag: String }`, ""},
	{"value to reference", `type T { a: Int author: String } type U { n: Int }`, `type T { a: Int authorUser: U } type U { n: Int }`, ""},
	{"other target", `type T { a: Int owner: U } type U { n: Int } type V { m: String }`, `type T { a: Int owners: [V] } type U { n: Int } type V { m: String }`, ""},
	{"id to key", `type T { id: ID! a: Int }`, `type T { key: String! @id a: Int }`, ""},
	{"stored to computed", `type T { a: Int total: Int }`, `type T { a: Int totals: Int @lambda }`, ""},
	{"split in two", `type T { a: Int name: String b: Int }`, `type T { a: Int firstName: String lastName: String b: Int }`, ""},
	{"merged from two", `type T { a: Int firstName: String lastName: String b: Int }`, `type T { a: Int name: String b: Int }`, ""},
	{"several unrelated", `type T { a: Int fax: String telex: String }`, `type T { a: Int website: String mastodon: String }`, ""},
	{"numbered", `type T { a: Int line1: String line2: String }`, `type T { a: Int line3: String line4: String }`, ""},

	// Further ones, from a second set that the first weights did badly on.
	{"more words", `type T { a: Int telephone: String b: Int }`, `type T { a: Int contactPhone: String b: Int }`, "T.telephone>T.contactPhone"},
	{"flag", `type T { a: Int isActive: Boolean b: Int }`, `type T { a: Int active: Boolean b: Int }`, "T.isActive>T.active"},
	{"count", `type T { a: Int numLikes: Int b: Int }`, `type T { a: Int likeCount: Int b: Int }`, "T.numLikes>T.likeCount"},
	{"parent", `type T { a: Int parent: T b: Int }`, `type T { a: Int ancestor: T b: Int }`, "T.parent>T.ancestor"},
	{"coordinates", `type T { a: Int lat: Float lng: Float }`, `type T { a: Int latitude: Float longitude: Float }`, "T.lat>T.latitude T.lng>T.longitude"},
	{"message", `type T { a: Int msg: String! b: Int }`, `type T { a: Int message: String! b: Int }`, "T.msg>T.message"},
	{"deadline", `type T { a: Int deadline: DateTime b: Int }`, `type T { a: Int dueDate: DateTime b: Int }`, "T.deadline>T.dueDate"},
	{"level", `type T { a: Int level: Int b: Int }`, `type T { a: Int levelNumber: Int b: Int }`, "T.level>T.levelNumber"},
	{"type, small", `type Todo { title: String done: Boolean }`, `type Task { title: String done: Boolean }`, "Todo>Task"},
	{"type, line", `type OrderLine { qty: Int price: Float sku: String } type O { n: Int l: [OrderLine] }`, `type OrderItem { qty: Int price: Float sku: String } type O { n: Int l: [OrderItem] }`, "OrderLine>OrderItem"},
	{"near in letters", `type T { a: Int width: Float b: Int }`, `type T { a: Int weight: Float b: Int }`, ""},
	{"opposites", `type T { a: Int minPrice: Float b: Int }`, `type T { a: Int maxPrice: Float b: Int }`, ""},
	{"two of a kind", `type T { a: Int homeAddress: String b: Int }`, `type T { a: Int workAddress: String b: Int }`, ""},
	{"title and subtitle", `type T { a: Int title: String b: Int }`, `type T { a: Int subtitle: String b: Int }`, ""},
	{"two roles", `type T { a: Int createdBy: U b: Int } type U { n: Int }`, `type T { a: Int approvedBy: U b: Int } type U { n: Int }`, ""},
	{"city and country", `type T { a: Int city: String b: Int }`, `type T { a: Int country: String b: Int }`, ""},
	{"parts of a name", `type T { a: Int firstName: String b: Int }`, `type T { a: Int middleName: String b: Int }`, ""},
	{"type, near in letters", `type Car { name: String wheels: Int } type X { n: Int }`, `type Cat { name: String lives: Int } type X { n: Int }`, ""},

	// And a third set.
	{"release", `type T { a: Int releaseDate: DateTime b: Int }`, `type T { a: Int releasedOn: DateTime b: Int }`, "T.releaseDate>T.releasedOn"},
	{"reviews", `type T { a: Int reviews: [R] b: Int } type R { n: Int }`, `type T { a: Int ratings: [R] b: Int } type R { n: Int }`, "T.reviews>T.ratings"},
	{"website", `type T { a: Int website: String b: Int }`, `type T { a: Int homepage: String b: Int }`, "T.website>T.homepage"},
	{"number", `type T { a: Int orderNo: Int b: Int }`, `type T { a: Int orderNumber: Int b: Int }`, "T.orderNo>T.orderNumber"},
	{"stock", `type T { a: Int stockLevel: Int b: Int }`, `type T { a: Int stock: Int b: Int }`, "T.stockLevel>T.stock"},
	{"photo", `type T { a: Int photo: String b: Int }`, `type T { a: Int photoUrl: String b: Int }`, "T.photo>T.photoUrl"},
	{"type, article", `type Blogpost { title: String body: String at: DateTime } type U { n: Int p: [Blogpost] }`, `type Article { title: String body: String at: DateTime } type U { n: Int p: [Article] }`, "Blogpost>Article"},
	{"type, shorter", `type ProductReview { stars: Int text: String }`, `type Review { stars: Int text: String by: String }`, "ProductReview>Review"},
	{"two measures", `type T { a: Int shippingCost: Float b: Int }`, `type T { a: Int shippingWeight: Float b: Int }`, ""},
	{"half a word", `type T { a: Int password: String b: Int }`, `type T { a: Int passport: String b: Int }`, ""},
	{"start and end", `type T { a: Int start: DateTime b: Int }`, `type T { a: Int end: DateTime b: Int }`, ""},
	{"both directions", `type T { a: Int followers: [T] b: Int }`, `type T { a: Int following: [T] b: Int }`, ""},
	{"both sides of a sale", `type T { a: Int buyer: U b: Int } type U { n: Int }`, `type T { a: Int seller: U b: Int } type U { n: Int }`, ""},
	{"negated", `type T { a: Int likes: Int b: Int }`, `type T { a: Int dislikes: Int b: Int }`, ""},
	{"parts of an address", `type T { a: Int billingCity: String b: Int }`, `type T { a: Int billingStreet: String b: Int }`, ""},
	{"type, two of a kind", `type Student { name: String mail: String year: Int } type C { n: Int }`, `type Teacher { name: String mail: String subject: String } type C { n: Int }`, ""},

	// Types that were renamed.
	{"type, plural", `type UserEmails { address: String verified: Boolean }`, `type UserEmail { address: String verified: Boolean }`, "UserEmails>UserEmail"},
	{"type, prefix", `type Tag { k: String v: String }`, `type awsTag { k: String v: String }`, "Tag>awsTag"},
	{"type, typing error", `type LambaVariable { k: String } type R { n: Int vs: [LambaVariable] }`, `type LambdaVariable { k: String } type R { n: Int vs: [LambdaVariable] }`, "LambaVariable>LambdaVariable"},
	{"type, synonym", `type User { id: ID! name: String email: String age: Int }`, `type Account { id: ID! name: String email: String age: Int }`, "User>Account"},
	{"type, other name, same fields", `type Lorry { wheels: Int load: Float plate: String @id }`, `type Truck { wheels: Int load: Float plate: String @id }`, "Lorry>Truck"},
	{"type, other name, same fields, uses moved", `type Lorry { wheels: Int load: Float plate: String } type Garage { city: String holds: [Lorry] }`,
		`type Truck { wheels: Int load: Float plate: String } type Garage { city: String holds: [Truck] }`, "Lorry>Truck"},
	{"type and a field of it", `type User { id: ID! name: String phone: String email: String }`, `type Account { id: ID! name: String phoneNumber: String email: String }`,
		"User>Account User.phone>Account.phoneNumber"},
	{"type gains a field", `type Person { name: String born: DateTime }`, `type Human { name: String born: DateTime height: Float } type X { a: Int }`, "Person>Human"},
	{"type with its uses gains a field", `type Person { name: String born: DateTime } type X { a: Int p: Person q: [Person] }`, `type Human { name: String born: DateTime height: Float } type X { a: Int p: Human q: [Human] }`, "Person>Human"},
	{"types, all with a prefix", `type Alb { arn: String name: String listeners: [Listener] } type Listener { port: Int rule: String alb: Alb }`,
		`type awsAlb { arn: String name: String listeners: [awsAlbListener] } type awsAlbListener { port: Int rule: String alb: awsAlb }`, "Alb>awsAlb Listener>awsAlbListener"},
	{"interface, all uses moved", `interface Shoppingable { isShoppingable: Boolean } type P implements Shoppingable { n: Int } type M implements Shoppingable { m: Int } type O { x: Int item: Shoppingable }`,
		`interface Saleable { isSaleable: Boolean } type P implements Saleable { n: Int } type M implements Saleable { m: Int } type O { x: Int item: Saleable }`,
		"Shoppingable>Saleable Shoppingable.isShoppingable>Saleable.isSaleable"},
	{"enum", `enum Colour { RED GREEN BLUE } type T { c: Colour }`, `enum Color { RED GREEN BLUE } type T { c: Color }`, "Colour>Color"},
	{"enum with another value", `enum State { OPEN CLOSED } type T { c: State }`, `enum Status { OPEN CLOSED MERGED } type T { c: Status }`, "State>Status"},
	{"union", `type A { a: Int } type B { b: Int } union Result = A | B type T { n: Int r: Result }`, `type A { a: Int } type B { b: Int } union SearchResult = A | B type T { n: Int r: SearchResult }`, "Result>SearchResult"},
	{"two types at once", `type UserV1 { name: String mail: String } type PostV1 { title: String text: String }`, `type UserV2 { name: String mail: String } type PostV2 { title: String text: String }`, "UserV1>UserV2 PostV1>PostV2"},

	// Types that were not.
	{"type, unrelated", `type A { a: Int } type Invoice { total: Float due: DateTime }`, `type A { a: Int } type Planet { mass: Int moons: [String] }`, ""},
	{"type, common id only", `type A { a: Int } type Invoice { id: ID! total: Float }`, `type A { a: Int } type Planet { id: ID! mass: Int }`, ""},
	{"type, common id and name", `type A { a: Int } type Invoice { id: ID! name: String total: Float due: DateTime }`, `type A { a: Int } type Planet { id: ID! name: String mass: Int moons: Int }`, ""},
	{"type, split", `type R { n: Int in: [Rule] out: [Rule] } type Rule { port: Int proto: String }`, `type R { n: Int in: [InRule] out: [OutRule] } type InRule { port: Int proto: String } type OutRule { port: Int proto: String }`, ""},
	{"type, split in two halves", `type Contact { name: String street: String city: String zip: String phone: String mail: String }`,
		`type Address { street: String city: String zip: String } type Reachable { phone: String mail: String }`, ""},
	{"type, another kind", `enum Role { ADMIN USER } type T { r: String }`, `type Roles { name: String } type T { r: String }`, ""},
	{"type, replaced in use", `type T { n: Int media: Image } type Image { width: Int height: Int }`, `type T { n: Int media: Video } type Video { seconds: Float codec: String }`, ""},
	{"enum, unrelated", `enum Role { ADMIN USER } type T { r: Int }`, `enum Shape { ROUND SQUARE } type T { r: Int }`, ""},
	{"type, becomes remote", `type Weather { id: ID! degrees: Float } type T { n: Int }`, `type WeatherInfo @remote { id: ID! degrees: Float } type T { n: Int }`, ""},
}

// found are the renames of a diff, as in labelled.
func found(d *diff.Diff) []string {
	var all []string
	for _, c := range d.Changes {
		switch c := c.(type) {
		case diff.TypeRenamed:
			all = append(all, c.Before.Name+">"+c.After.Name)
		case diff.FieldRenamed:
			all = append(all, c.Before.Coordinate()+">"+c.After.Coordinate())
		}
	}
	return all
}

// TestLikely measures how well likely renames agree with what a person says.
// Those that go wrong are printed: threshold and weights are to be judged by
// them.
func TestLikely(t *testing.T) {
	t.Parallel()
	if len(labelled) < 60 {
		t.Fatalf("%d cases only", len(labelled))
	}
	right, wrong, missed := 0, 0, 0
	for _, c := range labelled {
		got, want := found(compare(t, c.before, c.after, nil)), strings.Fields(c.want)
		for _, r := range got {
			if slices.Contains(want, r) {
				right++
			} else {
				wrong++
				t.Logf("%s: %s is no rename", c.name, r)
			}
		}
		for _, r := range want {
			if !slices.Contains(got, r) {
				missed++
				t.Logf("%s: %s is missed", c.name, r)
			}
		}
	}
	precision, recall := float64(right)/float64(right+wrong), float64(right)/float64(right+missed)
	t.Logf("%d cases, %d renames: precision %.3f, recall %.3f", len(labelled), right+missed, precision, recall)
	if precision < 0.95 || recall < 0.85 {
		t.Errorf("precision %.3f (at least 0.95), recall %.3f (at least 0.85)", precision, recall)
	}
}

// TestSaid tells the tool what every labelled case means: by declaring the
// renames, which are then all found, and nothing but them.
func TestSaid(t *testing.T) {
	t.Parallel()
	for _, c := range labelled {
		want := strings.Fields(c.want)
		if len(want) == 0 {
			continue
		}
		renames := map[string]string{}
		for _, r := range want {
			from, to, _ := strings.Cut(r, ">")
			renames[from] = to
		}
		d := compare(t, c.before, c.after, renames)
		got := found(d)
		for _, r := range want {
			if !slices.Contains(got, r) {
				t.Errorf("%s: %s is declared and not found", c.name, r)
			}
		}
		for _, change := range d.Changes {
			switch r := change.(type) {
			case diff.TypeRenamed:
				if r.Confidence != diff.Declared || r.Score != 1 || len(r.Reasons) == 0 {
					t.Errorf("%s: %s", c.name, line(change))
				}
			case diff.FieldRenamed:
				if r.Confidence != diff.Declared || r.Score != 1 || len(r.Reasons) == 0 {
					t.Errorf("%s: %s", c.name, line(change))
				}
			}
		}
	}
}

// TestReasons: a likely rename says why, with a score between the threshold
// and 1.
func TestReasons(t *testing.T) {
	t.Parallel()
	d := compare(t, `type T { a: Int phone: String @search b: Int }`, `type T { a: Int phoneNumber: String @search b: Int }`, nil)
	r := d.Changes[0].(diff.FieldRenamed)
	want := []string{"the names are alike (phone, phoneNumber)", "same type String", "same directives", "same place in the type"}
	if !slices.Equal(r.Reasons, want) || r.Score < 0.62 || r.Score >= 1 {
		t.Errorf("score %v, reasons %q", r.Score, r.Reasons)
	}
	d = compare(t, `type Lorry { n: Int m: Int } type G { a: Int x: [Lorry] y: Lorry }`, `type Lorries { n: Int m: Int } type G { a: Int x: [Lorries] y: Lorries }`, nil)
	rename := d.Changes[0].(diff.TypeRenamed)
	want = []string{"the names are alike (Lorry, Lorries)", "2 of 2 fields are the same", "2 elements that named Lorry now name Lorries"}
	if !slices.Equal(rename.Reasons, want) {
		t.Errorf("reasons %q", rename.Reasons)
	}
}
