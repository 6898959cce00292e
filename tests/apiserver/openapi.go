package main

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// builtinDefinitions describe the built-in kinds no further than their metadata: the rest may be anything, and lists in
// it are merged whole.
func builtinDefinitions(ref common.ReferenceCallback) map[string]common.OpenAPIDefinition {
	metadata, listMetadata := v1.ObjectMeta{}.OpenAPIModelName(), v1.ListMeta{}.OpenAPIModelName()
	all := map[string]common.OpenAPIDefinition{}
	for _, group := range builtin {
		// `rbac.authorization.k8s.io` is in the package `k8s.io/api/rbac`.
		short, _, _ := strings.Cut(group.version.Group, ".")
		if short == "" {
			short = "core"
		}
		for _, kind := range group.kinds {
			name := "io.k8s.api." + short + "." + group.version.Version + "." + kind
			one := schemaOf(map[string]spec.Schema{"metadata": {SchemaProps: spec.SchemaProps{Ref: ref(metadata)}}})
			one.AddExtension("x-kubernetes-preserve-unknown-fields", true)
			all[name] = common.OpenAPIDefinition{Schema: one, Dependencies: []string{metadata}}

			items := spec.SchemaOrArray{Schema: &spec.Schema{SchemaProps: spec.SchemaProps{Ref: ref(name)}}}
			list := schemaOf(map[string]spec.Schema{
				"metadata": {SchemaProps: spec.SchemaProps{Ref: ref(listMetadata)}},
				"items":    {SchemaProps: spec.SchemaProps{Type: []string{"array"}, Items: &items}},
			})
			all[name+"List"] = common.OpenAPIDefinition{Schema: list, Dependencies: []string{listMetadata, name}}
		}
	}
	return all
}

// schemaOf is the schema of an object with a kind and these properties.
func schemaOf(properties map[string]spec.Schema) spec.Schema {
	text := spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"string"}}}
	properties["apiVersion"], properties["kind"] = text, text
	return spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"object"}, Properties: properties}}
}
