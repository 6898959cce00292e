package main

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/generic"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/names"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// resource is one kind of built-in objects.
type resource struct {
	group            string
	plural, singular string
	short            []string
	cluster          bool
	freeNames        bool
	one, list        func() runtime.Object
}

// collection answers for a resource's objects.
type collection struct {
	*genericregistry.Store
	short []string
}

func (c collection) ShortNames() []string { return c.short }

// statusOf answers for the status subresource of a collection.
type statusOf struct{ store *genericregistry.Store }

func (s statusOf) New() runtime.Object { return s.store.New() }
func (s statusOf) Destroy()            {}

func (s statusOf) Get(ctx context.Context, name string, options *metav1.GetOptions) (runtime.Object, error) {
	return s.store.Get(ctx, name, options)
}

func (s statusOf) Update(ctx context.Context, name string, object rest.UpdatedObjectInfo, create rest.ValidateObjectFunc, update rest.ValidateObjectUpdateFunc, _ bool, options *metav1.UpdateOptions) (runtime.Object, bool, error) {
	return s.store.Update(ctx, name, object, create, update, false, options)
}

func (s statusOf) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return s.store.GetResetFields()
}

// collect makes a resource's storage, and that of its status.
func (r resource) collect(getter generic.RESTOptionsGetter) (collection, statusOf, error) {
	named := schema.GroupResource{Group: r.group, Resource: r.plural}
	rules := strategy{ObjectTyper: scheme, NameGenerator: names.SimpleNameGenerator, namespaced: !r.cluster, freeNames: r.freeNames}
	store := &genericregistry.Store{
		NewFunc:                   r.one,
		NewListFunc:               r.list,
		DefaultQualifiedResource:  named,
		SingularQualifiedResource: schema.GroupResource{Group: r.group, Resource: r.singular},
		PredicateFunc: func(label labels.Selector, field fields.Selector) storage.SelectionPredicate {
			return storage.SelectionPredicate{Label: label, Field: field, GetAttrs: attributes}
		},
		CreateStrategy:      rules,
		UpdateStrategy:      rules,
		DeleteStrategy:      rules,
		ResetFieldsStrategy: rules,
		TableConvertor:      rest.NewDefaultTableConvertor(named),
	}
	if err := store.CompleteWithOptions(&generic.StoreOptions{RESTOptions: getter, AttrFunc: attributes}); err != nil {
		return collection{}, statusOf{}, err
	}
	ofStatus := *store
	rules.status = true
	ofStatus.UpdateStrategy, ofStatus.ResetFieldsStrategy = rules, rules
	return collection{store, r.short}, statusOf{&ofStatus}, nil
}

// attributes are what an object can be selected by.
func attributes(object runtime.Object) (labels.Set, fields.Set, error) {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return nil, nil, err
	}
	set := fields.Set{"metadata.name": accessor.GetName(), "metadata.namespace": accessor.GetNamespace()}
	switch object := object.(type) {
	case *corev1.Pod:
		set["spec.nodeName"], set["status.phase"] = object.Spec.NodeName, string(object.Status.Phase)
	case *corev1.Event:
		about := object.InvolvedObject
		set["involvedObject.kind"], set["involvedObject.name"] = about.Kind, about.Name
		set["involvedObject.namespace"], set["involvedObject.uid"] = about.Namespace, string(about.UID)
		set["reason"], set["type"] = object.Reason, object.Type
	case *corev1.Secret:
		set["type"] = string(object.Type)
	}
	return accessor.GetLabels(), set, nil
}
