package diff

import (
	"slices"
	"strings"
)

// abbreviations are the words that a short form stands for. Only known ones
// count: most words that begin another one are words themselves, as car and
// carrier, pass and passenger, person and personality.
var abbreviations = func() map[string][]string {
	short := map[string][]string{}
	for _, line := range []string{
		"acct account", "addr address", "admin administrator administration", "amt amount", "app application", "appt appointment apartment",
		"apt apartment", "assoc association", "attr attribute", "auth authentication authorization", "avg average",
		"bal balance", "bg background", "bldg building", "brand brandname", "calc calculation", "cat category", "cert certificate",
		"cfg configuration config", "char character", "cnt count", "co company", "col column color", "coll collection", "comm communication commission",
		"comp company", "cond condition", "conf configuration conference", "config configuration", "conn connection", "coord coordinate", "corp corporation",
		"cred credential", "ctr counter center", "ctx context", "cur currency current", "curr currency current", "cust customer",
		"def definition default", "del deletion", "deliv delivery", "dep department dependency departure", "dept department",
		"desc description", "descr description", "dest destination", "dev developer device development", "diff difference", "dim dimension",
		"dir directory direction", "disc discount", "dist distance district", "div division", "doc document", "docs documentation document", "dur duration",
		"ed edition", "elev elevation", "emp employee", "env environment", "eq equipment", "err error", "est estimate", "ev event", "ex example",
		"exp expiry expiration experience", "expl explanation", "ext extension", "fav favorite", "freq frequency", "func function", "fwd forward",
		"gen generation", "geo geolocation", "gov government", "hist history", "id identifier identity", "img image", "impl implementation",
		"inc incident", "info information", "ingr ingredient", "init initial", "inst institution instance", "inv invoice inventory",
		"lang language", "lat latitude", "lib library", "lic license", "lng longitude lon", "loc location", "lon longitude", "long longitude", "ltr letter",
		"maint maintenance", "manuf manufacturer", "mat material", "max maximum", "med medicine medication", "mem memory", "memb member", "mfg manufacturer",
		"mgmt management", "min minimum", "misc miscellaneous", "mo month", "mod modification module", "mun municipality",
		"nat nationality", "neigh neighborhood", "no number", "nr number", "num number", "obj object", "occ occupation", "op operation", "opt option",
		"orig origin original", "org organization", "param parameter", "pass password", "passwd password", "pct percent percentage", "perc percentage",
		"perf performance", "perm permission", "pharm pharmacy", "phon phone", "pic picture", "pkg package", "pop population", "pos position",
		"pref preference prefix", "prev previous", "prio priority", "priv privilege", "proc process procedure processor", "prod product production", "prof profile professor",
		"proj project", "prop property", "prov province", "pub publication publisher", "pw password", "pwd password", "qual qualification", "quant quantity",
		"rec record recipient", "ref reference", "reg registration region", "rel relation release", "rep representative", "repo repository",
		"req request requirement", "res resource result resolution", "resp response", "rev revision review revenue", "sal salary",
		"sched schedule", "sec second security section", "seq sequence", "serv service server", "sess session", "sig signature", "spec specification", "src source",
		"stat status statistic", "stats statistics", "std standard", "str street string", "sub subscription", "subj subject", "svc service", "sym symbol", "sys system",
		"tech technology technician", "tel telephone", "temp temperature", "tmp temporary", "thumb thumbnail", "trans transaction transfer", "tx transaction",
		"txn transaction", "txt text", "univ university", "upd update", "usr user", "util utility", "val value", "var variable variant", "veh vehicle",
		"ver version", "vid video", "vol volume", "yr year",
	} {
		w := strings.Fields(line)
		short[w[0]] = append(short[w[0]], w[1:]...)
	}
	return short
}()

// apart reports whether two words look like one misspelt, or like forms of one,
// and are two.
func apart(v, w string) bool {
	for _, pair := range lookalikes {
		if pair[0] == v && pair[1] == w || pair[0] == w && pair[1] == v {
			return true
		}
	}
	return false
}

var lookalikes = func() [][2]string {
	var all [][2]string
	for _, pair := range []string{
		"contract contact", "country county", "message massage", "patient patent", "desert dessert", "complement compliment",
		"stationary stationery", "soldier solder", "casual causal", "martial marital", "united untied", "expand expend", "adapt adopt",
		"premise promise", "prescription proscription", "personal personnel", "principal principle", "moral morale", "content context",
		"censor censer", "counsel council", "dairy diary", "discreet discrete", "formerly formally", "human humane", "later latter", "diner dinner",
		"lightning lightening", "quest question", "station statin", "through thorough", "transition transaction", "translation transaction",
		"vacation vocation", "variance variant", "version vision", "exercise excise", "intersection interaction", "instruction institution",
		"interaction integration", "competition completion", "reception recession", "specification specialization", "invitation imitation",
		"construction consumption", "reservation preservation", "generation germination", "information infestation", "immigration emigration",
		"receiver reliever", "distribution destitution", "conversation conservation", "perception prescription", "inspection insertion",
		"company compact", "commission commotion", "capital capitol", "customer costumer", "custom costume", "alternate alternative",
		"hourly hour", "follow following", "build building", "mean meaning", "proceed process", "corner coroner", "carton cartoon",
		"attitude altitude", "aptitude altitude", "longitude latitude", "position possession", "permit permeate", "resident residence",
		"president resident", "precision provision", "revision decision", "supervision supersession", "subscription description",
		"production prediction", "prediction perdition", "section session", "division diversion", "pressure pleasure", "measure treasure",
	} {
		w := strings.Fields(pair)
		all = append(all, [2]string{w[0], w[1]})
	}
	return all
}()

// synonyms reports whether the words often stand for each other in schemas.
func synonyms(v, w string) bool {
	return slices.ContainsFunc(synonymous[v], func(group int) bool { return slices.Contains(synonymous[w], group) })
}

// synonymous are the groups that a word is in. Words of several, such as
// firstName, are written together.
var synonymous = func() map[string][]int {
	groups := map[string][]int{}
	for i, group := range []string{
		"phone tel telephone mobile cellphone phonenumber telno",
		"surname lastname familyname",
		"family last",
		"forename firstname givenname",
		"given first",
		"cost price amount charge fee",
		"quantity amount count",
		"text body content message",
		"title heading headline caption subject",
		"title name label",
		"description summary about overview",
		"bio biography about",
		"image picture photo",
		"picture photo avatar portrait",
		"url link href uri",
		"src url source",
		"website homepage site",
		"created creation",
		"updated modified changed edited modification update",
		"begin start",
		"begin started starts",
		"end finish stop ended finished",
		"from since",
		"until till",
		"date time datetime timestamp at on when",
		"deadline duedate",
		"count number num total no",
		"mail email",
		"author creator writer",
		"owner holder",
		"birthday birthdate dateofbirth born",
		"birthday dob",
		"birthdate dob",
		"zip postcode postalcode zipcode",
		"nation country",
		"kind type category class",
		"state status phase",
		"remark note comment",
		"rank position order",
		"score rating",
		"review rating",
		"enabled active",
		"removed deleted",
		"user account member",
		"customer client",
		"employee worker staff",
		"company firm organization",
		"bill invoice",
		"item product article",
		"line item",
		"vehicle car",
		"lorry truck",
		"movie film",
		"group team",
		"key identifier",
		"code key",
		"mother mum mom",
		"father dad",
		"parent ancestor",
		"person human",
		"task todo",
		"post article blogpost",
		"picture image img",
		"tag label keyword",
		"language locale",
		"lon lng long",
		"setting option preference",
		"role function",
		"password passphrase",
		"username login",
		"shop store",
		"sex gender",
		"error failure",
	} {
		for _, w := range strings.Fields(group) {
			groups[w] = append(groups[w], i)
		}
	}
	return groups
}()
