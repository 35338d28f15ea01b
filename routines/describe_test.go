package routines

import (
	"strings"
	"testing"

	"ronde/text"
)

func TestACadenceIsDescribedInBothLanguages(t *testing.T) {
	tests := []struct{ cadence, fr, en string }{
		{"every 1d", "chaque jour à 09:00", "every day at 09:00"},
		{"every 45d at 18:30", "tous les 45 jours à 18:30", "every 45 days at 18:30"},
		{"every 3d..4d", "tous les 3 à 4 jours à 09:00", "every 3 to 4 days at 09:00"},
		{"weekly monday", "chaque lundi à 09:00", "every Monday at 09:00"},
		{"weekly sunday wednesday monday", "chaque lundi, mercredi et dimanche à 09:00", "every Monday, Wednesday and Sunday at 09:00"},
		{"weekly mon tue wed thu fri sat sun", "chaque jour à 09:00", "every day at 09:00"},
		{"monthly 1", "le 1er du mois à 09:00", "on the 1st of the month at 09:00"},
		{"monthly 22", "le 22 du mois à 09:00", "on the 22nd of the month at 09:00"},
		{"monthly 11", "le 11 du mois à 09:00", "on the 11th of the month at 09:00"},
		{"monthly last", "le dernier jour du mois à 09:00", "on the last day of the month at 09:00"},
		{"monthly 2nd tuesday at 18:00 by 25th", "le 2e mardi du mois à 18:00, avant le 25", "on the 2nd Tuesday of the month at 18:00, by the 25th"},
		{"monthly 1st monday", "le 1er lundi du mois à 09:00", "on the 1st Monday of the month at 09:00"},
		{"monthly last friday", "le dernier vendredi du mois à 09:00", "on the last Friday of the month at 09:00"},
		{"rrule FREQ=MONTHLY;BYDAY=1MO,3MO", "selon la règle FREQ=MONTHLY;BYDAY=+1MO,+3MO à 09:00", "by the rule FREQ=MONTHLY;BYDAY=+1MO,+3MO at 09:00"},
		{`when "reboot antigone"`, "quand « reboot antigone » le dit", "when “reboot antigone” says so"},
		{
			`expires "oauth intra"`,
			"14, 7 et 1 jours avant la date que lit « oauth intra », à 09:00",
			"14, 7 and 1 days before the date that “oauth intra” reads, at 09:00",
		},
		{"weekly monday by friday", "chaque lundi à 09:00, avant vendredi", "every Monday at 09:00, by Friday"},
		{"weekly monday by 1d", "chaque lundi à 09:00, sous 1 jour", "every Monday at 09:00, within 1 day"},
		{"weekly monday by last", "chaque lundi à 09:00, avant le dernier jour", "every Monday at 09:00, by the last day"},
		{
			"every 2w start 2026-05-01 days friday tuesday quiet 22:00..07:00 by 3d",
			"tous les 14 jours à 09:00, à partir du 1er mai 2026, seulement mardi et vendredi, jamais de 22:00 à 07:00, sous 3 jours",
			"every 14 days at 09:00, from 1 May 2026 on, only on Tuesday and Friday, never from 22:00 to 07:00, within 3 days",
		},
	}
	for code, language := range map[string]*text.Language{"fr": speak(t, "fr"), "en": speak(t, "en")} {
		for _, tt := range tests {
			want := map[string]string{"fr": tt.fr, "en": tt.en}[code]
			if got := strings.ReplaceAll(cadence(t, tt.cadence).Describe(language), "\u00a0", " "); got != want {
				t.Errorf("%s in %s:\n got %s\nwant %s", tt.cadence, code, got, want)
			}
		}
	}
}

func speak(t *testing.T, code string) *text.Language {
	t.Helper()
	l, err := text.In(code)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestAFingerprintIsTheSameForTheSameDates: other words and the defaults do not
// change it, everything else does.
func TestAFingerprintIsTheSameForTheSameDates(t *testing.T) {
	tests := []struct{ cadence, want string }{
		{"every 3j", "every 3d at 09:00"},
		{"every 3..4d at 9h start 2026-05-01", "every 3d..4d at 09:00 start 2026-05-01"},
		{"weekly dimanche lundi", "weekly monday sunday at 09:00"},
		{"monthly 2e mardi days ven lun quiet 22h-7h by vendredi", "monthly 2nd tuesday at 09:00 days monday friday quiet 22:00..07:00 by friday warn 1d"},
		{"monthly 1er by 25th warn 1d 1w", "monthly 1 at 09:00 by 25 warn 7d 1d"},
		{"rrule rrule:freq=monthly;byday=1mo;interval=1", "rrule FREQ=MONTHLY;BYDAY=+1MO at 09:00"},
		{`when "reboot antigone" by 1 semaine`, `when "reboot antigone" at 09:00 by 7d warn 1d`},
		{`expires "oauth intra"`, `expires "oauth intra" at 09:00 warn 14d 7d 1d`},
	}
	for _, tt := range tests {
		c := cadence(t, tt.cadence)
		if got := c.String(); got != tt.want {
			t.Errorf("%s is written\n got %s\nwant %s", tt.cadence, got, tt.want)
		}
		if again := cadence(t, c.String()); !again.Equal(c) {
			t.Errorf("%s is read as %s", c, again)
		}
	}
	if cadence(t, "every 3d").Equal(cadence(t, "every 3d..4d")) {
		t.Error("a window equals its last day")
	}
}
