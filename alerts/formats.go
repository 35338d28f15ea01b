package alerts

// Format is one kind of mail that the bot understands.
type Format struct {
	Kind Kind
	// read says what a mail of this kind says, or false for any other mail. Its
	// strings need not be clean or short.
	read func(m mail) (said, bool)
}

// said is what a mail of a known kind says, before it is cut to one line each.
type said struct {
	state        State
	thing, fault string
}

// Formats are the kinds of mail, in the order they are tried. A format that
// could take another's mail stands behind it; plain takes what is left.
var Formats = []Format{
	kumaExpiry,
	kuma,
	healthchecks,
	diun,
	unattended,
	pflogsumm,
	cron,
	plain,
}
