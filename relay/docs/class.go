package docs

// classText says what a class of failures means to the one who sent the
// message.
type classText struct{ Meaning, Remedy string }

// Class returns what a class of failures means, and what its sender can do
// about it; both are empty if there is none of that name.
func Class(name string) (meaning, remedy string) {
	text := classTexts()[name]
	return text.Meaning, text.Remedy
}

// classTexts holds a text for every class of the API.
func classTexts() map[string]classText {
	return map[string]classText{
		"recipient": {
			"This address can't be reached on this channel.",
			"Give the message a fallback to another channel, and correct or remove the address.",
		},
		"content": {
			"The message itself was refused; the same content will be refused for everybody.",
			"Correct the content, the template or the medium, and send a new message.",
		},
		"policy": {
			"A rule of the channel, of the law or of the recipient forbids the message.",
			"Do not send it again on this channel. An approved template, or the recipient's consent, may change it.",
		},
		"capacity": {
			"A rate limit or quota of the provider is used up.",
			"Nothing at once: the relay slows down by itself. If it happens often, ask the provider for a higher limit.",
		},
		"provider": {
			"The provider, or the way to it, did not work.",
			"Nothing at once: the relay tries again where that is safe. A fallback makes the message independent of one provider.",
		},
		"expired": {
			"The message waited longer than it was allowed to, so it was not sent late.",
			"Raise expiresIn or the step's timeout if late is better than never.",
		},
		"config": {
			"The sender's set-up or credentials are not accepted by the provider.",
			"Whoever runs the relay must correct the sender's settings; the provider's own code says which.",
		},
		"internal": {
			"The relay itself was the cause.",
			"Look at the attempt: where the outcome is unknown, the message may have arrived.",
		},
	}
}
