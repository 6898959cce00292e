package main

import (
	"encoding/json"

	"sigs.k8s.io/yaml"
)

// document is the input as JSON.
func document(asked question) (any, error) {
	converted, err := yaml.YAMLToJSON([]byte(asked.Input))
	return json.RawMessage(converted), err
}

// strictDocument is the same where a key that stands twice is an error.
func strictDocument(asked question) (any, error) {
	converted, err := yaml.YAMLToJSONStrict([]byte(asked.Input))
	return json.RawMessage(converted), err
}

// sample has a field of each kind that Prow's config types have; the Rust tests have the same type.
type sample struct {
	Text   string            `json:"text"`
	Flag   bool              `json:"flag"`
	Count  int               `json:"count"`
	Small  int32             `json:"small"`
	Size   uint64            `json:"size"`
	Ratio  float64           `json:"ratio"`
	List   []string          `json:"list"`
	Labels map[string]string `json:"labels"`
	Choice *bool             `json:"choice"`
	Limit  *int64            `json:"limit"`
	Inner  inner             `json:"inner"`
	Items  []inner           `json:"items"`
	Any    any               `json:"any"`
}

type inner struct {
	Name string `json:"name"`
}

// sampleDocument is the input read into that type, and written again. What was not made is as good as empty.
func sampleDocument(asked question) (any, error) {
	var read sample
	err := yaml.Unmarshal([]byte(asked.Input), &read)
	if read.List == nil {
		read.List = []string{}
	}
	if read.Labels == nil {
		read.Labels = map[string]string{}
	}
	if read.Items == nil {
		read.Items = []inner{}
	}
	return read, err
}
