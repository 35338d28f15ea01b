package alerts

// plain is any mail of no known kind: custom subjects, translations and new
// versions are certain to come, and none of them may be dropped.
var plain = Format{Kind: Plain, read: func(m mail) (said, bool) {
	return said{state: Note, thing: m.subject}, true
}}
