package main

import "encoding/json"

// renderJob executes the input on a ProwJob.
func renderJob(asked question) (any, error) {
	var data prowJob
	if err := json.Unmarshal(asked.Data, &data); err != nil {
		return nil, err
	}
	return executed(asked.Input, &data)
}

// prowJob has those fields of a ProwJob that templates name, of the kinds that they have in Prow: what is a pointer there is
// one here, since a template that reaches through nothing fails.
type prowJob struct {
	ObjectMeta `json:"metadata"`
	Spec       spec   `json:"spec"`
	Status     status `json:"status"`
}

// ObjectMeta is embedded, so its fields have two names.
type ObjectMeta struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
}

type jobType string

type spec struct {
	Type             jobType           `json:"type"`
	Cluster          string            `json:"cluster"`
	Job              string            `json:"job"`
	Refs             *refs             `json:"refs"`
	ExtraRefs        []refs            `json:"extra_refs"`
	Report           bool              `json:"report"`
	Context          string            `json:"context"`
	MaxConcurrency   int               `json:"max_concurrency"`
	DecorationConfig *decorationConfig `json:"decoration_config"`
}

type refs struct {
	Org     string `json:"org"`
	Repo    string `json:"repo"`
	BaseRef string `json:"base_ref"`
	BaseSHA string `json:"base_sha"`
	Pulls   []pull `json:"pulls"`
}

type pull struct {
	Number int    `json:"number"`
	Author string `json:"author"`
	SHA    string `json:"sha"`
	Title  string `json:"title"`
}

type decorationConfig struct {
	GCSConfiguration *gcsConfiguration `json:"gcs_configuration"`
}

type gcsConfiguration struct {
	Bucket string `json:"bucket"`
}

type status struct {
	State       jobType `json:"state"`
	Description string  `json:"description"`
	URL         string  `json:"url"`
	BuildID     string  `json:"build_id"`
}
