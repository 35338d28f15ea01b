package alerts

import "testing"

func TestVerifiedNeedsAPassOfTheTrustedServer(t *testing.T) {
	const (
		from = "From: Uptime Kuma <uptime@exemple-asso.fr>\r\n"
		ar   = "Authentication-Results: "
	)
	trust := Trust{AuthServID: "mx.exemple-asso.fr", Unchecked: []string{"Root@serveur-a.exemple-asso.fr", "@vigie.example"}}
	for _, c := range []struct {
		name, header string
		want         bool
	}{
		{"DMARC", ar + "mx.exemple-asso.fr; dmarc=pass (p=none) header.from=exemple-asso.fr\r\n" + from, true},
		{"name in capitals and version", ar + "MX.Exemple-Asso.FR 1; dmarc=pass header.from=Exemple-Asso.fr\r\n" + from, true},
		{"folded, with comments", ar + "mx.exemple-asso.fr;\r\n\tdkim=pass (2048-bit key; unprotected (nested)) header.d=exemple-asso.fr\r\n" + from, true},
		{"SPF", ar + "mx.exemple-asso.fr; spf=pass smtp.mailfrom=uptime@exemple-asso.fr\r\n" + from, true},
		{"SPF of a domain below", ar + "mx.exemple-asso.fr; spf=pass smtp.mailfrom=bounce.exemple-asso.fr\r\n" + from, true},
		{"DKIM of the domain above", ar + "mx.exemple-asso.fr; dkim=pass header.d=exemple-asso.fr\r\nFrom: root@a.exemple-asso.fr\r\n", true},
		{"DKIM by identity", ar + "mx.exemple-asso.fr; dkim=pass header.i=@exemple-asso.fr\r\n" + from, true},
		{"unchecked address", "From: root@serveur-a.exemple-asso.fr\r\n", true},
		{"unchecked domain", "From: Vigie <a@Vigie.example>\r\n", true},

		{"nothing", from, false},
		{"another server", ar + "mx.example.net; dmarc=pass header.from=exemple-asso.fr\r\n" + from, false},
		{"a server whose name begins alike", ar + "mx.exemple-asso.fr.example.net; dmarc=pass\r\n" + from, false},
		{"second header", ar + "mx.exemple-asso.fr; dmarc=fail header.from=exemple-asso.fr\r\n" + ar + "mx.exemple-asso.fr; dmarc=pass header.from=exemple-asso.fr\r\n" + from, false},
		{"second header below another's", ar + "mx.example.net; none\r\n" + ar + "mx.exemple-asso.fr; none\r\n" + ar + "mx.exemple-asso.fr; dmarc=pass\r\n" + from, false},
		{"SPF of somebody else", ar + "mx.exemple-asso.fr; spf=pass smtp.mailfrom=x@example.net\r\n" + from, false},
		{"DKIM of somebody else", ar + "mx.exemple-asso.fr; dkim=pass header.d=notexemple-asso.fr\r\n" + from, false},
		{"DMARC of somebody else", ar + "mx.exemple-asso.fr; dmarc=pass header.from=example.net; spf=pass smtp.mailfrom=exemple-asso.fr\r\n" + from, false},
		{"DMARC failed, SPF passed", ar + "mx.exemple-asso.fr; dmarc=fail; spf=pass smtp.mailfrom=exemple-asso.fr\r\n" + from, false},
		{"neighbours below a public suffix", ar + "mx.exemple-asso.fr; dkim=pass header.d=github.io\r\nFrom: a@b.github.io\r\n", false},
		{"fail", ar + "mx.exemple-asso.fr; spf=softfail smtp.mailfrom=exemple-asso.fr; dkim=none\r\n" + from, false},
		{"a pass in a comment", ar + "mx.exemple-asso.fr; spf=fail (x; dmarc=pass) smtp.mailfrom=exemple-asso.fr\r\n" + from, false},
		{"a pass in a quoted sender", ar + "mx.exemple-asso.fr; spf=fail smtp.mailfrom=\"x; dmarc=pass header.from=exemple-asso.fr\"@example.net\r\n" + from, false},
		{"a comment that does not close", ar + "mx.exemple-asso.fr; dmarc=pass header.from=exemple-asso.fr (\r\n" + from, false},
		{"a comment closed twice", ar + "mx.exemple-asso.fr; spf=fail (a) b) ; dmarc=pass\r\n" + from, false},
		{"unknown version", ar + "mx.exemple-asso.fr 2; dmarc=pass\r\n" + from, false},
		{"two From", ar + "mx.exemple-asso.fr; dmarc=pass\r\n" + from + from, false},
		{"two From, one spelt oddly", ar + "mx.exemple-asso.fr; dmarc=pass\r\n" + from + "FROM : x@example.net\r\n", false},
		{"two addresses", ar + "mx.exemple-asso.fr; dmarc=pass\r\nFrom: a@exemple-asso.fr, b@example.net\r\n", false},
		{"two unchecked From", "From: a@vigie.example\r\nFrom: x@example.net\r\n", false},
		{"no From", ar + "mx.exemple-asso.fr; dmarc=pass\r\n", false},
		{"broken From", ar + "mx.exemple-asso.fr; dmarc=pass\r\nFrom: <<uptime@exemple-asso.fr\r\n", false},
		{"unchecked address as a name", "From: \"root@serveur-a.exemple-asso.fr\" <x@example.net>\r\n", false},
		{"in the body", from + "\r\n" + ar + "mx.exemple-asso.fr; dmarc=pass\r\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := []byte(c.header + "Subject: x\r\n\r\ntexte\r\n")
			if got := Read(raw, trust).Verified; got != c.want {
				t.Errorf("verified %t, want %t", got, c.want)
			}
			if got := Read(raw, Trust{}).Verified; got {
				t.Error("verified without a trusted server")
			}
		})
	}
}
