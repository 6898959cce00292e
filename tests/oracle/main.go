// The oracle tells what Go makes of a piece of a Prow config: one question on each line of its input, as JSON, one answer on
// each line of its output. Prow reads its files with these very packages, in the versions of its go.mod.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// question is one line of the input; which of the fields count depends on the kind.
type question struct {
	Kind  string `json:"kind"`
	Input string `json:"input"`
	// Subjects are the texts that an expression is tried on.
	Subjects []string `json:"subjects"`
	// Data is what a template is executed on.
	Data json.RawMessage `json:"data"`
	// After is when the search for a schedule's next times begins, by RFC 3339.
	After string `json:"after"`
}

// answer is one line of the output: an error, or what was made of the input.
type answer struct {
	Error string `json:"error,omitempty"`
	Value any    `json:"value"`
}

var judges = map[string]func(question) (any, error){
	"yaml":        document,
	"yaml-strict": strictDocument,
	"yaml-sample": sampleDocument,
	"regexp":      expression,
	"template":    render,
	"job":         renderJob,
	"duration":    duration,
	"cron":        schedule,
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	answers := json.NewEncoder(out)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			fail(err)
		}
		judge, known := judges[asked.Kind]
		if !known {
			fail(fmt.Errorf("there is no kind %q", asked.Kind))
		}
		if err := answers.Encode(judged(judge, asked)); err != nil {
			fail(err)
		}
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
}

// judged takes a panic for an error: in Prow it would end the program, which reads nothing either.
func judged(judge func(question) (any, error), asked question) (told answer) {
	defer func() {
		if panicked := recover(); panicked != nil {
			told = answer{Error: fmt.Sprintf("panic: %v", panicked)}
		}
	}()
	value, err := judge(asked)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Value: value}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "oracle:", err)
	os.Exit(1)
}
