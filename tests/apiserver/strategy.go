package main

import (
	"context"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/storage/names"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// strategy is what happens to an object on its way in. Metadata is checked as everywhere; of the rest only what a test
// could otherwise get wrong without noticing.
type strategy struct {
	runtime.ObjectTyper
	names.NameGenerator
	namespaced bool
	// Whether this is the status subresource, which changes nothing but the status.
	status bool
	// RBAC's names may have colons and slashes that others may not.
	freeNames bool
}

func (s strategy) NamespaceScoped() bool                                     { return s.namespaced }
func (s strategy) AllowCreateOnUpdate() bool                                 { return false }
func (s strategy) AllowUnconditionalUpdate() bool                            { return true }
func (s strategy) Canonicalize(runtime.Object)                               {}
func (s strategy) WarningsOnCreate(context.Context, runtime.Object) []string { return nil }
func (s strategy) WarningsOnUpdate(context.Context, runtime.Object, runtime.Object) []string {
	return nil
}

func (s strategy) PrepareForCreate(_ context.Context, object runtime.Object) {
	switch object := object.(type) {
	case *corev1.Pod:
		object.Status = corev1.PodStatus{Phase: corev1.PodPending}
	case *corev1.Namespace:
		object.Status = corev1.NamespaceStatus{Phase: corev1.NamespaceActive}
	}
}

func (s strategy) PrepareForUpdate(_ context.Context, object, old runtime.Object) {
	now, isPod := object.(*corev1.Pod)
	if !isPod {
		return
	}
	before := old.(*corev1.Pod)
	if s.status {
		now.Spec, now.Labels, now.Annotations = before.Spec, before.Labels, before.Annotations
	} else {
		now.Status = before.Status
	}
}

func (s strategy) Validate(_ context.Context, object runtime.Object) field.ErrorList {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return field.ErrorList{field.InternalError(nil, err)}
	}
	var nameRule metavalidation.ValidateNameFunc = metavalidation.NameIsDNSSubdomain
	if s.freeNames {
		nameRule = path.ValidatePathSegmentName
	}
	errs := metavalidation.ValidateObjectMetaAccessor(accessor, s.namespaced, nameRule, field.NewPath("metadata"))
	return append(errs, validateContent(object)...)
}

func (s strategy) ValidateUpdate(_ context.Context, object, old runtime.Object) field.ErrorList {
	now, err := meta.Accessor(object)
	if err != nil {
		return field.ErrorList{field.InternalError(nil, err)}
	}
	before, err := meta.Accessor(old)
	if err != nil {
		return field.ErrorList{field.InternalError(nil, err)}
	}
	errs := metavalidation.ValidateObjectMetaAccessorUpdate(now, before, field.NewPath("metadata"))
	return append(errs, validateContent(object)...)
}

func validateContent(object runtime.Object) field.ErrorList {
	var errs field.ErrorList
	switch object := object.(type) {
	case *corev1.Pod:
		if len(object.Spec.Containers) == 0 {
			errs = append(errs, field.Required(field.NewPath("spec", "containers"), "a pod has one at least"))
		}
	case *corev1.ConfigMap:
		size := 0
		for key, value := range object.Data {
			size += len(key) + len(value)
		}
		for key, value := range object.BinaryData {
			size += len(key) + len(value)
			if _, twice := object.Data[key]; twice {
				errs = append(errs, field.Invalid(field.NewPath("binaryData").Key(key), key, "stands in data too"))
			}
		}
		if size > corev1.MaxSecretSize {
			errs = append(errs, field.TooLong(field.NewPath(""), "", corev1.MaxSecretSize))
		}
	case *coordinationv1.Lease:
		if seconds := object.Spec.LeaseDurationSeconds; seconds != nil && *seconds <= 0 {
			errs = append(errs, field.Invalid(field.NewPath("spec", "leaseDurationSeconds"), *seconds, "must be more than 0"))
		}
	}
	return errs
}

// GetResetFields tells server-side apply what an apply through this path cannot own.
func (s strategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	untouched := "status"
	if s.status {
		untouched = "spec"
	}
	return map[fieldpath.APIVersion]*fieldpath.Set{"v1": fieldpath.NewSet(fieldpath.MakePathOrDie(untouched))}
}
