package main

import "regexp"

// expression is, for each subject, null or where the leftmost match and its groups begin and end, in bytes; -1 for a group
// that took no part.
func expression(asked question) (any, error) {
	compiled, err := regexp.Compile(asked.Input)
	if err != nil {
		return nil, err
	}
	found := make([][]int, len(asked.Subjects))
	for i, subject := range asked.Subjects {
		found[i] = compiled.FindStringSubmatchIndex(subject)
	}
	return found, nil
}
