package main

import (
	"strings"
	"testing"
)

func TestAgree(t *testing.T) {
	t.Parallel()
	open, protected := destination{alpha: "h:9080"}, destination{alpha: "h:9080", namespace: 2, protected: "production"}
	for _, c := range []struct {
		consent consent
		to      destination
		says    string // "" when it is agreed
	}{
		{consent{}, open, "add --yes"},
		{consent{yes: true}, open, ""},
		{consent{yes: true}, protected, "add --confirm production"},
		{consent{name: "production"}, protected, ""},
		{consent{yes: true, name: "staging"}, protected, "not the environment"},
		{consent{name: "production"}, open, "not the environment"},
	} {
		var talk strings.Builder
		p := program{in: strings.NewReader("h:9080\nproduction\n"), err: &talk}
		err := p.agree(&c.consent, c.to, []string{"copy \x1b[31m"})
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) || strings.Contains(talk.String(), "\x1b") {
			t.Errorf("%+v on %+v: %v\n%s", c.consent, c.to, err, talk.String())
		}
		if err != nil && c.consent.name == "" && !strings.Contains(talk.String(), "On h:9080, namespace") {
			t.Errorf("it does not say where:\n%s", talk.String())
		}
	}
}
