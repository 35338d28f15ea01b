package config

import (
	"fmt"
	"strings"
	"unicode"

	"ronde/alerts"
	"ronde/text"
)

// sameThings is an example of the things of a [[same]], as mistakes show it.
const sameThings = `["Nuage (Nextcloud)", "nuage-cron"]`

// maxThing is how much alerts keep of a name, in characters.
const maxThing = 200

// ties reads every [[same]]: what several systems watch under names of their own.
func (r *reader) ties(root *section) []alerts.Tie {
	var all []alerts.Tie
	names, tied := namesakes{}, namesakes{}
	for _, s := range root.each("same", "name") {
		s.need("name", `"Nuage"`)
		s.need("things", sameThings)
		one := alerts.Tie{Name: parsed(s, "name", `"Nuage"`, parseSource)}
		things := s.texts("things", sameThings)
		if s.table == nil {
			continue
		}
		s.onlySame("name", names, item{one.Name, s.at("name")}, "is already the name of the [[same]]")
		for _, t := range things {
			s.judgeThing(t)
			s.onlySame("things", tied, t, "is tied already")
			one.Things = append(one.Things, t.text)
		}
		if s.has("things") && s.table.values["things"].kind == list && len(s.table.values["things"].items) == 0 {
			s.wrong("things", "is empty; write things = "+sameThings+", or take the table away")
		}
		all = append(all, one)
	}
	return all
}

// judgeThing notes what no alert can be about.
func (s *section) judgeThing(t item) {
	if strings.TrimSpace(t.text) == "" || t.text != strings.TrimSpace(t.text) || len([]rune(t.text)) > maxThing || strings.ContainsFunc(t.text, unicode.IsControl) {
		s.note(t.at, s.key("things"), fmt.Sprintf("%s is not one line of 1 to %d characters without spaces around it", shown(t.text), maxThing))
	}
}

// onlySame notes a text that stands elsewhere already, however it is written.
func (s *section) onlySame(setting string, taken namesakes, t item, already string) {
	folded := text.Fold(t.text)
	if folded == "" {
		return
	}
	if first, is := taken[folded]; is {
		s.note(t.at, s.key(setting), fmt.Sprintf("%s %s, on line %d", shown(t.text), already, first.line))
		return
	}
	taken[folded] = t.at
}
