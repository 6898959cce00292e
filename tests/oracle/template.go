package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"text/template"
)

// render executes the input on the data: maps, lists, texts, whole numbers and others.
func render(asked question) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(asked.Data))
	decoder.UseNumber()
	var data any
	if err := decoder.Decode(&data); err != nil {
		return nil, err
	}
	return executed(asked.Input, plain(data))
}

// plain makes numbers of what the decoder left as text.
func plain(value any) any {
	switch value := value.(type) {
	case json.Number:
		if whole, err := value.Int64(); err == nil {
			return int(whole)
		}
		fraction, _ := value.Float64()
		return fraction
	case []any:
		for i := range value {
			value[i] = plain(value[i])
		}
	case map[string]any:
		for key := range value {
			value[key] = plain(value[key])
		}
	}
	return value
}

func executed(input string, data any) (any, error) {
	parsed, err := template.New("").Parse(input)
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	if err := parsed.Execute(&out, data); err != nil {
		return nil, err
	}
	return out.String(), nil
}
