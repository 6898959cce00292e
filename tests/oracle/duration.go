package main

import "time"

// duration is its nanoseconds and how it is written.
func duration(asked question) (any, error) {
	read, err := time.ParseDuration(asked.Input)
	return []any{read.Nanoseconds(), read.String()}, err
}
