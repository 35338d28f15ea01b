package text

import (
	"slices"
	"testing"
)

func TestWordsKeepQuotesTogetherAndApostrophesWhole(t *testing.T) {
	tests := []struct {
		typed string
		want  []string
	}{
		{"done backups", []string{"done", "backups"}},
		{`silence "Nuage (Nextcloud)" 2h`, []string{"silence", "Nuage (Nextcloud)", "2h"}},
		{"silence « Nuage Nextcloud » 2h", []string{"silence", "Nuage Nextcloud", "2h"}},
		{"fait sauvegardes j'ai vérifié l'archive", []string{"fait", "sauvegardes", "j'ai", "vérifié", "l'archive"}},
		{`open "never closed`, []string{"open", "never closed"}},
		{"  \n\t ", nil},
		{`""`, nil},
	}
	for _, tt := range tests {
		if got := Words(tt.typed); !slices.Equal(got, tt.want) {
			t.Errorf("Words(%q) = %q, want %q", tt.typed, got, tt.want)
		}
	}
}

func TestANearMissFindsTheWordThatWasMeant(t *testing.T) {
	known := []string{"backups", "disk-space", "host-updates", "done", "due", "sauvegardes"}
	tests := []struct{ typed, want string }{
		{"bakcups", "backups"},
		{"backup", "backups"},
		{"Sauvegarde", "sauvegardes"},
		{"don", "done"},
		{"zzz", ""},
		{"", ""},
		{"moderation", ""},
	}
	for _, tt := range tests {
		if got := Nearest(tt.typed, known); got != tt.want {
			t.Errorf("Nearest(%q) = %q, want %q", tt.typed, got, tt.want)
		}
	}
}

func TestEmojiAreComparedWithoutTheirVariants(t *testing.T) {
	for _, variant := range []string{"✅", "✅\ufe0f", "✅\ufe0e"} {
		if got := PlainEmoji(variant); got != "✅" {
			t.Errorf("PlainEmoji(%q) = %q", variant, got)
		}
	}
	if got := PlainEmoji("👍🏽"); got != "👍" {
		t.Errorf("PlainEmoji with a skin tone = %q", got)
	}
}

func FuzzWords(f *testing.F) {
	f.Add(`done "a b" « c d`)
	f.Fuzz(func(t *testing.T, s string) {
		for _, w := range Words(s) {
			if w == "" {
				t.Errorf("Words(%q) holds an empty word", s)
			}
		}
	})
}
