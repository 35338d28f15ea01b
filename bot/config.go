package bot

// Config says who the bot is on Matrix and which rooms it lives in.
type Config struct {
	Homeserver string // base URL of the client API, such as https://matrix.example.org
	User       string // full user id, such as @ronde:example.org
	DeviceName string // what other people's clients show for the bot's device

	// Technique and Supervision are room ids (!…) or aliases (#…).
	Technique, Supervision string

	// Inviters are the user ids whose invitation to one of the two rooms is
	// accepted. An invitation from anyone else is refused.
	Inviters []string
}

// The names under which the two rooms are known, as keys of [Bot.Rooms].
const (
	Technique   = "technique"
	Supervision = "supervision"
)
