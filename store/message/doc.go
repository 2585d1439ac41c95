// Package message is the vocabulary that every other package speaks: what a
// message is, how it is addressed, what can happen to it and what follows.
//
// A message is an immutable [Outbound] (what the client asked for) and a
// [State] (what has happened so far). A State changes in one way only:
// [State.Apply] folds a [Fact] into it and answers with the [Effects] that
// the log must write in the same batch. Apply is pure: no clock, no
// configuration, no randomness, so folding the same facts in the same order
// gives the same state on every machine.
//
// The package imports the standard library alone.
package message
