package main

import (
	"fmt"

	"ronde/text"
)

// words is what the demo itself says and types, in one language. What the bot
// says is in its own catalogue.
type words struct {
	*text.Language

	building, homeserving, mailing, measuring, starting, playing, closing string // progress
	noEngine                                                              string // %v is why

	technique, supervision string // names of the rooms
	clear, encrypted       string
	thing                  string   // what breaks down
	things                 []string // what runs on antigone, and breaks down together
	steps                  stepNames

	due, stats, done, help, incidents    string // what the person types
	week, routine, history, skip         string
	note, doneUnder, underNote, noReason string // done: follows it, is said in a thread with a note; skip: why

	edited, rang, answers string // of the printed conversation

	join, homeserver, user, password, rooms, hints string
}

// stepNames are the names of the script's steps.
type stepNames struct {
	cards, due, stats, done, react, takeBack, again, down, take, incidents, up, help string
	evidence, claim, under, putOff, notPutOff, skip, week, routine, history          string
	storm, takeAll, calm                                                             string
}

func wordsOf(code string) (w words, err error) {
	switch code {
	case "", "fr":
		w = french()
		w.Language, err = text.In("fr")
	case "en":
		w = english()
		w.Language, err = text.In("en")
	default:
		err = fmt.Errorf("DEMO_LANGUAGE is %q: it is fr or en", code)
	}
	return w, err
}

func french() words {
	return words{
		building:    "compilation de ronde",
		homeserving: "démarrage du serveur Matrix (Dendrite\u00a0; compilé la première fois, en deux à trois minutes)",
		mailing:     "démarrage de la boîte mail (IMAP)",
		measuring:   "recherche d’un moteur Docker",
		starting:    "démarrage de ronde, invité dans deux salons",
		playing:     "la scène",
		closing:     "tout s’arrête et s’efface",
		noEngine:    "Pas de moteur Docker ici (%v)\u00a0: !stats le dira, le reste se joue.",
		technique:   "Technique", supervision: "Supervision", clear: "en clair", encrypted: "chiffré",
		thing: "Wiki de l’asso", things: []string{"Nuage", "Forge", "Galerie"},
		steps: stepNames{
			cards: "quatre routines arrivent à échéance", due: "ana demande ce qui est prévu", stats: "ana regarde les conteneurs",
			done: "ana dit que les sauvegardes sont vérifiées", react: "ana coche les disques avec ✅", takeBack: "ana retire sa réaction",
			again: "ana coche de nouveau", down: "Kuma envoie un mail\u00a0: panne", take: "ana la prend avec 👀",
			incidents: "ana demande les pannes", up: "Kuma envoie un mail\u00a0: rétabli", help: "ana demande de l’aide",
			evidence: "la carte des conteneurs dit ce que la machine en sait", claim: "ana prend les conteneurs avec 👀",
			under: "ana dit dans le fil de la carte que c’est fait", putOff: "ana reporte les mises à jour avec 💤",
			notPutOff: "ana retire 💤", skip: "ana les saute, et dit pourquoi", week: "ana demande la semaine",
			routine: "ana demande tout d’une routine", history: "ana regarde l’historique",
			storm: "trois services d’antigone tombent ensemble\u00a0: une carte", takeAll: "ana prend les trois d’un seul 👀",
			calm: "les trois sont rétablis",
		},
		due: "!prévu", stats: "!stats antigone", done: "!fait sauvegardes", note: "tout est vert", help: "!aide", incidents: "!pannes",
		week: "!semaine", routine: "!routine disques", history: "!historique sauvegardes", skip: "!passer diun",
		doneUnder: "fait\u00a0:", underNote: "rien d’anormal", noReason: "le registre d’images est en panne",
		edited: "modifié ×%d", rang: "notifié à %s\u00a0: %s", answers: "répond à",
		join:       "Tout reste en marche. Pour entrer, avec n’importe quel client Matrix de cette machine\u00a0:",
		homeserver: "serveur d’accueil", user: "utilisateur", password: "mot de passe", rooms: "salons",
		hints: "Une nouvelle session ne lit dans Supervision que ce qui s’écrit après son arrivée\u00a0: c’est le chiffrement.\n" +
			"Entrée\u00a0: la suite des mails de Kuma (panne, rétabli, puis trois pannes ensemble). Ctrl-C\u00a0: tout arrêter et effacer.",
	}
}

func english() words {
	return words{
		building:    "building ronde",
		homeserving: "starting the Matrix homeserver (Dendrite; built the first time, in two to three minutes)",
		mailing:     "starting the mailbox (IMAP)",
		measuring:   "looking for a Docker engine",
		starting:    "starting ronde, invited into two rooms",
		playing:     "the scene",
		closing:     "stopping and deleting everything",
		noEngine:    "No Docker engine here (%v): !stats will say so, the rest goes on.",
		technique:   "Technique", supervision: "Supervision", clear: "in clear", encrypted: "encrypted",
		thing: "The members' wiki", things: []string{"Cloud", "Forge", "Gallery"},
		steps: stepNames{
			cards: "four routines fall due", due: "ana asks what is due", stats: "ana looks at the containers",
			done: "ana says that the backups are checked", react: "ana ticks the disks with ✅", takeBack: "ana removes her reaction",
			again: "ana ticks again", down: "Kuma sends a mail: down", take: "ana takes it with 👀",
			incidents: "ana asks what is broken", up: "Kuma sends a mail: up", help: "ana asks for help",
			evidence: "the card of the containers says what the machine knows", claim: "ana takes the containers with 👀",
			under: "ana says in the card's thread that it is done", putOff: "ana puts the updates off with 💤",
			notPutOff: "ana removes 💤", skip: "ana skips them, and says why", week: "ana asks for the week",
			routine: "ana asks all about a routine", history: "ana looks at the history",
			storm: "three services of antigone go down together: one card", takeAll: "ana takes all three with one 👀",
			calm: "all three are up",
		},
		due: "!due", stats: "!stats antigone", done: "!done backups", note: "all green", help: "!help", incidents: "!incidents",
		week: "!week", routine: "!routine disks", history: "!history backups", skip: "!skip updates",
		doneUnder: "done:", underNote: "nothing unusual", noReason: "the image registry is down",
		edited: "edited ×%d", rang: "notified at %s: %s", answers: "in reply to",
		join:       "Everything stays up. To join, with any Matrix client on this machine:",
		homeserver: "homeserver", user: "user", password: "password", rooms: "rooms",
		hints: "In Supervision a new session reads only what is written after it came: that is encryption.\n" +
			"Enter: Kuma writes on (down, up, then three down together). Ctrl-C: stop and delete everything.",
	}
}
