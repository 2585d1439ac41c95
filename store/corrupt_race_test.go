//go:build race

package store

// raceDetector makes tests that only repeat the same thing many times shorter.
const raceDetector = true
