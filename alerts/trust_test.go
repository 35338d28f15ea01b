package alerts

import "testing"

const (
	fromKuma = "From: Uptime Kuma <uptime@exemple-asso.fr>\r\n"
	results  = "Authentication-Results: "
)

// senders are headers, and whether they prove the address after From.
var senders = []struct {
	name, header string
	want         bool
}{
	{"DMARC", results + "mx.exemple-asso.fr; dmarc=pass (p=none) header.from=exemple-asso.fr\r\n" + fromKuma, true},
	{"name in capitals and version", results + "MX.Exemple-Asso.FR 1; dmarc=pass header.from=Exemple-Asso.fr\r\n" + fromKuma, true},
	{"folded, with comments", results + "mx.exemple-asso.fr;\r\n\tdkim=pass (2048-bit key; unprotected (nested)) header.d=exemple-asso.fr\r\n" + fromKuma, true},
	{"SPF", results + "mx.exemple-asso.fr; spf=pass smtp.mailfrom=uptime@exemple-asso.fr\r\n" + fromKuma, true},
	{"SPF of a domain below", results + "mx.exemple-asso.fr; spf=pass smtp.mailfrom=bounce.exemple-asso.fr\r\n" + fromKuma, true},
	{"DKIM of the domain above", results + "mx.exemple-asso.fr; dkim=pass header.d=exemple-asso.fr\r\nFrom: root@a.exemple-asso.fr\r\n", true},
	{"DKIM by identity", results + "mx.exemple-asso.fr; dkim=pass header.i=@exemple-asso.fr\r\n" + fromKuma, true},
	{"unchecked address", "From: root@serveur-a.exemple-asso.fr\r\n", true},
	{"unchecked domain", "From: Vigie <a@Vigie.example>\r\n", true},

	{"nothing", fromKuma, false},
	{"another server", results + "mx.example.net; dmarc=pass header.from=exemple-asso.fr\r\n" + fromKuma, false},
	{"a server whose name begins alike", results + "mx.exemple-asso.fr.example.net; dmarc=pass\r\n" + fromKuma, false},
	{"second header", results + "mx.exemple-asso.fr; dmarc=fail header.from=exemple-asso.fr\r\n" + results + "mx.exemple-asso.fr; dmarc=pass header.from=exemple-asso.fr\r\n" + fromKuma, false},
	{"second header below another's", results + "mx.example.net; none\r\n" + results + "mx.exemple-asso.fr; none\r\n" + results + "mx.exemple-asso.fr; dmarc=pass\r\n" + fromKuma, false},
	{"SPF of somebody else", results + "mx.exemple-asso.fr; spf=pass smtp.mailfrom=x@example.net\r\n" + fromKuma, false},
	{"DKIM of somebody else", results + "mx.exemple-asso.fr; dkim=pass header.d=notexemple-asso.fr\r\n" + fromKuma, false},
	{"DMARC of somebody else", results + "mx.exemple-asso.fr; dmarc=pass header.from=example.net; spf=pass smtp.mailfrom=exemple-asso.fr\r\n" + fromKuma, false},
	{"DMARC failed, SPF passed", results + "mx.exemple-asso.fr; dmarc=fail; spf=pass smtp.mailfrom=exemple-asso.fr\r\n" + fromKuma, false},
	{"neighbours below a public suffix", results + "mx.exemple-asso.fr; dkim=pass header.d=github.io\r\nFrom: a@b.github.io\r\n", false},
	{"fail", results + "mx.exemple-asso.fr; spf=softfail smtp.mailfrom=exemple-asso.fr; dkim=none\r\n" + fromKuma, false},
	{"a pass in a comment", results + "mx.exemple-asso.fr; spf=fail (x; dmarc=pass) smtp.mailfrom=exemple-asso.fr\r\n" + fromKuma, false},
	{"a pass in a quoted sender", results + "mx.exemple-asso.fr; spf=fail smtp.mailfrom=\"x; dmarc=pass header.from=exemple-asso.fr\"@example.net\r\n" + fromKuma, false},
	{"a comment that does not close", results + "mx.exemple-asso.fr; dmarc=pass header.from=exemple-asso.fr (\r\n" + fromKuma, false},
	{"a comment closed twice", results + "mx.exemple-asso.fr; spf=fail (a) b) ; dmarc=pass\r\n" + fromKuma, false},
	{"unknown version", results + "mx.exemple-asso.fr 2; dmarc=pass\r\n" + fromKuma, false},
	{"two From", results + "mx.exemple-asso.fr; dmarc=pass\r\n" + fromKuma + fromKuma, false},
	{"two From, one spelt oddly", results + "mx.exemple-asso.fr; dmarc=pass\r\n" + fromKuma + "FROM : x@example.net\r\n", false},
	{"two addresses", results + "mx.exemple-asso.fr; dmarc=pass\r\nFrom: a@exemple-asso.fr, b@example.net\r\n", false},
	{"two unchecked From", "From: a@vigie.example\r\nFrom: x@example.net\r\n", false},
	{"no From", results + "mx.exemple-asso.fr; dmarc=pass\r\n", false},
	{"broken From", results + "mx.exemple-asso.fr; dmarc=pass\r\nFrom: <<uptime@exemple-asso.fr\r\n", false},
	{"unchecked address as a name", "From: \"root@serveur-a.exemple-asso.fr\" <x@example.net>\r\n", false},
	{"in the body", fromKuma + "\r\n" + results + "mx.exemple-asso.fr; dmarc=pass\r\n", false},
}

func TestVerifiedNeedsAPassOfTheTrustedServer(t *testing.T) {
	trust := Trust{AuthServID: "mx.exemple-asso.fr", Unchecked: []string{"Root@serveur-a.exemple-asso.fr", "@vigie.example"}}
	for _, c := range senders {
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
