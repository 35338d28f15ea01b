#!/bin/bash
# Shows that chaos can fail: takes one promise at a time out of a copy of the bot,
# and expects that chaos loses or doubles something with it.
#
#   e2e/chaos/mutants.sh [SEEDS [PART OF A NAME]]
set -euo pipefail
cd "$(dirname "$0")/../.."
seeds=${1:-20} only=${2:-}
export GOFLAGS='-tags=goolm,sqlite_omit_load_extension -buildvcs=false' CGO_ENABLED=1
work=$(mktemp -d)
trap 'rm -rf "$work" || { sleep 2; rm -rf "$work"; }' EXIT
go build -o "$work/chaos" ./e2e/chaos

# mutant NAME EXPECTED FILE EXPRESSION...: builds the bot with FILE changed by each sed EXPRESSION
mutant() {
	local name=$1 expected=$2 out status=0 file change
	shift 2
	case $name in *"$only"*) ;; *) return ;; esac
	rm -rf "$work/tree" "$work/kept"
	mkdir "$work/tree" "$work/kept"
	tar -c --exclude=.git --exclude=./bin --exclude=testdata . | tar -x -C "$work/tree"
	while [ $# -gt 0 ]; do
		file=$1 change=$2
		shift 2
		sed -i.before -E "$change" "$work/tree/$file"
		if cmp -s "$work/tree/$file" "$work/tree/$file.before"; then
			echo "mutant: $file has no line for: $change" >&2
			return 1
		fi
	done
	out=$(cd "$work/tree" && "$work/chaos" -seeds "$seeds" -dir "$work/kept") || status=$?
	echo "without $name: $(tail -n 1 <<<"$out")"
	grep -m 1 -o "^seed .*$expected [1-9].*\]" <<<"$out" | cut -c 1-300 | sed 's/^/    /' || true
	if [ "$status" != 1 ] || ! grep -q "[1-9][0-9]* $expected" <<<"$(tail -n 1 <<<"$out")"; then
		echo "mutant: chaos did not notice (exit $status)" >&2
		return 1
	fi
}

mutant "the stored attempt and the knowledge drawn from it" doubled \
	cards/outbox.go 's/^\tsince, lost := .*/\tif it != nil {\n\t\treturn true\n\t}\n&/' \
	store/cards.go 's/SET attempted = \?, room_id = \?/SET attempted = min(attempted, ?), room_id = ?/' \
	store/outbox.go 's/SET attempted = 1 WHERE/SET attempted = 0 WHERE/'
mutant "waiting for the answer" lost \
	store/outbox.go "s/SET attempted = 1 WHERE/SET attempted = 1, done = 'sent' WHERE/"
mutant "the events before their sync token" lost \
	cards/receive.go 's/^\tnews := false$/\tif err := o.store.Update(ctx, func(tx *store.Tx) error { return tx.SetSyncToken(b.Token) }); err != nil {\n\t\treturn err\n\t}\n&/'
mutant "the mails before their cursor" lost \
	store/mail.go '/^func \(s \*Store\) TakeMail/,/^}/ s/^\terr = s.Update\(.*$/\tif err := s.Update(ctx, func(tx *Tx) error { return tx.setCursor(folder, c) }); err != nil {\n\t\treturn 0, err\n\t}\n&/'
mutant "the commit before a webhook's answer" lost \
	board/hook.go 's/^import \($/&\n\t"context"/' \
	board/hook.go 's/^\terr := b\.Inbox\.TakeHook\(r\.Context\(\), store\.Hook\{$/\tvar err error\n\tgo func(h store.Hook) {\n\t\t_ = b.Inbox.TakeHook(context.WithoutCancel(r.Context()), h)\n\t\tb.Taken()\n\t}(store.Hook{/'
mutant "the knowledge of twins" doubled \
	alerts/twins.go '/^func twinOf\(/,/^}/ s/^\tleast := slack$/\treturn best, false\n&/'
mutant "the storm's card after one of its things is back" doubled \
	alerts/storm.go '/^func \(d \*Desk\) settleMember\(/,/^}/ s/^\treturn d\.followStorm\(.*$/\treturn nil/'
mutant "the count of what joins a storm" lost \
	alerts/storm.go '/^func \(d \*Desk\) gatherIn\(/,/^}/ s/^(\t*)return storm\.ID, d\.join\(.*$/\1return storm.ID, tx.JoinStorm(storm.ID, i.ID)/'
mutant "what is known of a check in the transaction of its incident" lost \
	watch/watch.go 's/^type Watch struct \{$/&\n\tlater []alerts.Found/' \
	watch/judge.go '/^func \(w \*Watch\) tell\(/,/^}/ s/^\t_, err = w\.Incidents\.Tell\(tx, s\.Found\)$/\tw.later = append(w.later, s.Found)/' \
	watch/watch.go 's/^\tw\.Changed\(\)$/\tfor _, f := range w.later {\n\t\tif err := w.Store.Update(ctx, func(tx *store.Tx) error { _, err := w.Incidents.Tell(tx, f); return err }); err != nil {\n\t\t\treturn outcomes, err\n\t\t}\n\t}\n\tw.later = nil\n&/'
mutant "the hash of a mail in a renumbered folder" doubled \
	store/mail.go 's/m\.Size, m\.Raw, m\.Hash\)$/m.Size, m.Raw, fmt.Sprint(m.UIDValidity, m.Hash))/'
