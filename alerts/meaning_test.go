package alerts

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	nuageMonitor = "Nuage (Nextcloud)"
	cloudCert    = "cloud.exemple-asso.fr (server certificate)"
	borgCheck    = "borg serveur-a vers serveur-b"
	unnamedCheck = "803f680d-e89b-492b-82ef-2be7b774a92d"
	tooLate      = "success signal did not arrive on time, grace time passed"
	mailHost     = "mail.exemple-asso.fr"
	heldReboot   = "SUCCESS [package on hold][reboot required]: "
)

// meanings are what the mails under testdata/mails mean, by file.
var meanings = []struct {
	file  string
	kind  Kind
	state State
	thing string
	fault string
}{
	{"uptime-kuma/01-v1-down-default", Kuma, Firing, nuageMonitor, "Request failed with status code 502"},
	{"uptime-kuma/02-v1-up-default", Kuma, Resolved, nuageMonitor, "200 - OK"},
	{"uptime-kuma/03-v1-down-custom-subject-nonascii", Kuma, Firing, "Étherpad – « bloc-notes » à plusieurs", "getaddrinfo EAI_AGAIN pad.exemple-asso.fr"},
	{"uptime-kuma/05-v1-cert-expiry", KumaExpiry, Firing, cloudCert, "will be expired in 7 days: " + nuageMonitor},
	{"uptime-kuma/06-v2-down-default-long-nonascii", Kuma, Firing, "Site vitrine de l'association – préproduction (réplique située à Marseille, baie nº 3)", "timeout of 48000ms exceeded"},
	{"uptime-kuma/07-v2-up-push", Kuma, Resolved, "Sauvegarde borg → serveur-b", "OK"},
	{"uptime-kuma/09-v2-group-down", Kuma, Firing, "Hébergement mutualisé", "Child monitors down: Nuage (Nextcloud), Étherpad; pending: Forge"},
	{"uptime-kuma/10-v2-down-custom-html-body", Kuma, Firing, nuageMonitor, "Request failed with status code 502"},
	{"uptime-kuma/12-v2-cert-expiry", KumaExpiry, Firing, cloudCert, "will expire in 7 days: " + nuageMonitor},
	{"uptime-kuma/13-v2-domain-expiry", KumaExpiry, Firing, "exemple-asso.fr (domain name)", "will expire in 14 days"},
	{"uptime-kuma/14-v2-test", Kuma, Note, "Mail équipe", "Testing"},
	{"own/kuma-v1-group-down", Kuma, Firing, "Serveurs", "Child inaccessible"},
	{"own/kuma-push-down", Kuma, Firing, "Sauvegarde borg → serveur-b", "No heartbeat in the time window"},
	{"own/kuma-page-quotes-up", Kuma, Firing, "Site", "200 - OK, but keyword is not in [<title>Panne] [✅ Up] tout va bien</title>...]"},
	{"own/kuma-custom-text-body", Kuma, Resolved, "Forge", "200 - OK"},
	{"own/kuma-custom-body-without-message", Kuma, Firing, nuageMonitor, ""},
	{"own/kuma-custom-subject-like-default", Kuma, Firing, nuageMonitor, "connect ECONNREFUSED 192.0.2.1:443"},
	{"own/kuma-marked-as-spam", Kuma, Resolved, nuageMonitor, "200 - OK"},
	{"own/kuma-repeat", Kuma, Firing, nuageMonitor, "Request failed with status code 502"},
	{"own/kuma-french-templates", Kuma, Firing, nuageMonitor, "Request failed with status code 502"},
	{"own/kuma-html-body-only", Kuma, Resolved, nuageMonitor, "200 - OK"},
	{"own/kuma-cert-without-name", KumaExpiry, Firing, "pad.exemple-asso.fr (server certificate)", "will expire in 14 days: Étherpad"},
	{"own/kuma-cert-intermediate", KumaExpiry, Firing, "R10 (intermediate CA certificate)", "will expire in 21 days: Forge"},
	{"own/kuma-cert-expired", KumaExpiry, Firing, cloudCert, "will expire in -1 days: " + nuageMonitor},
	{"own/kuma-test-template", Kuma, Note, "Mail équipe", ""},
	{"own/kuma-answered-by-a-person", Plain, Note, "Re: [Nuage (Nextcloud)] [🔴 Down] Request failed with status code 502", ""},
	{"own/kuma-domain-said-by-a-registrar", Plain, Note, "Domain name exemple-asso.fr will expire in 14 days", ""},

	{"healthchecks/v3.10-down-timeout-cron", Healthchecks, Firing, borgCheck, tooLate},
	{"healthchecks/v3.10-down-unnamed-check", Healthchecks, Firing, unnamedCheck, tooLate},
	{"healthchecks/v3.10-report-monthly", Healthchecks, Note, "Monthly Report", "DOWN: " + borgCheck},
	{"healthchecks/v3.10-up", Healthchecks, Resolved, borgCheck, ""},
	{"healthchecks/v4.3-down-fail-nonascii-long-with-body", Healthchecks, Firing, "Réplication PostgreSQL — adhésions & comptabilité (serveur « Étoile » → secours Marseille)", "received a failure signal"},
	{"healthchecks/v4.3-down-timeout-cron", Healthchecks, Firing, borgCheck, tooLate},
	{"healthchecks/v4.3-down-unnamed-check", Healthchecks, Firing, unnamedCheck, tooLate},
	{"healthchecks/v4.3-nag-daily", Healthchecks, Note, "Reminder", "2 checks still down"},
	{"healthchecks/v4.3-report-monthly", Healthchecks, Note, "Monthly Report", "In October, 1 check had 2 downtime events."},
	{"healthchecks/v4.3-report-weekly", Healthchecks, Note, "Weekly Report", "Last week (October 26 to November 1), 1 check had 2 downtime events."},
	{"healthchecks/v4.3-up", Healthchecks, Resolved, borgCheck, "downtime 1 hour, 22 minutes"},
	{"own/healthchecks-last-ping-was-a-mail", Healthchecks, Firing, "dump mysql", "received a failure signal"},
	{"own/healthchecks-html-only", Healthchecks, Firing, "certbot renew", tooLate},
	{"own/healthchecks-flapping", Healthchecks, Note, "certbot renew", "flapping"},
	{"own/healthchecks-nag-hourly", Healthchecks, Note, "Reminder", "1 check still down"},
	{"own/healthchecks-report-daily", Healthchecks, Note, "Daily Report", ""},
	{"own/healthchecks-unnamed-up", Healthchecks, Resolved, unnamedCheck, "downtime 22 minutes"},
	{"own/healthchecks-report-of-someone-else", Plain, Note, "Monthly Report", ""},

	{"diun/v4.33-new-no-hublink", Diun, Note, "codeberg.org/forgejo/forgejo:12.0.4", "new"},
	{"diun/v4.33-update", Diun, Note, "docker.io/library/nextcloud:31-apache", "update"},
	{"own/diun-custom-title", Diun, Note, "docker.io/library/redis:8", "update"},
	{"own/diun-old-without-message-id", Diun, Note, "ghcr.io/asso/site:2", "new"},
	{"own/diun-supper", Plain, Note, "Supper is available", ""},

	{"debian/u-u-failure-lock-reboot-C", UnattendedUpgrades, Note, "serveur-a", "FAILURE [reboot required]: Lock could not be acquired"},
	{"debian/u-u-nothing-to-do-but-held-C", UnattendedUpgrades, Note, "serveur-a", heldReboot + "No packages found that can be upgraded unattended and no pending auto-removals"},
	{"debian/u-u-success-held-C", UnattendedUpgrades, Note, "serveur-a", "SUCCESS [package on hold]: All upgrades installed"},
	{"debian/u-u-success-held-reboot-C", UnattendedUpgrades, Note, "serveur-a", heldReboot + "All upgrades installed"},
	{"own/unattended-french", UnattendedUpgrades, Note, "serveur-a", "SUCCESS [Paquet bloqué][Redémarrage requis]: Toutes les mises à niveau ont été installées"},
	{"own/unattended-german-quoted", UnattendedUpgrades, Note, "serveur-b", "FAILURE [Neustart erforderlich]"},
	{"own/unattended-host-elsewhere", UnattendedUpgrades, Note, "serveur-a", "SUCCESS: ok"},

	{"pflogsumm/mail-docker-mailserver-daily_cron", Pflogsumm, Note, mailHost, "84 received, 83 delivered, 1 deferred, 1 bounced, 17 rejected"},
	{"pflogsumm/mail-docker-mailserver-no-log-error", Pflogsumm, Note, mailHost, "Error: Mail log not readable or not found: /var/log/mail/mail.log.1"},
	{"pflogsumm/mail-docker-mailserver-weekly-logrotate", Pflogsumm, Note, mailHost, "640 received, 633 delivered, 16 deferred, 7 bounced, 131 rejected"},
	{"own/pflogsumm-debian-anacron", Pflogsumm, Note, mailHost, "1640k received, 633 delivered, 16 deferred, 7 bounced, 131 rejected"},
	{"own/pflogsumm-cron", Pflogsumm, Note, "mail", "1640k received, 633 delivered, 16 deferred, 7 bounced, 131 rejected"},
	{"own/pflogsumm-1.3.0", Pflogsumm, Note, mailHost, "1640k received, 633 delivered, 16 deferred, 7 bounced, 131 rejected"},

	{"own/cron-command-with-secrets", Cron, Note, "serveur-a", "borg create && curl -fsS https://hc.exemple.fr/ping/…"},
	{"own/anacron", Cron, Note, "serveur-a", "cron.daily"},

	{"nasty/encoded-words-cut-inside-characters", Kuma, Firing, "Étherpad", "défaut"},
	{"nasty/windows-1252-undeclared", Plain, Note, "Déménagement – €", ""},
	{"nasty/windows-1252-said-utf-8", Plain, Note, "Déménagement", ""},
	{"nasty/windows-1252-declared", Plain, Note, "Coût 10 €", ""},
	{"nasty/unknown-charset", Plain, Note, "Bonjour é", ""},
	{"nasty/forged-results", Kuma, Resolved, nuageMonitor, "200 - OK"},
	{"nasty/empty", Plain, Note, "", ""},
	{"nasty/attachment-only", Plain, Note, "image", ""},
}

func TestReadSaysWhatTheMailMeans(t *testing.T) {
	for _, c := range meanings {
		t.Run(c.file, func(t *testing.T) {
			r := Read(readFile(t, "testdata/mails/"+c.file+".eml"), Trust{})
			want := Reading{Kind: c.kind, State: c.state, Thing: c.thing, Fault: c.fault}
			got := Reading{Kind: r.Kind, State: r.State, Thing: r.Thing, Fault: r.Fault}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
