package main

import (
	"context"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	genericrequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
)

// accessReview answers a user who asks what they may do. Nothing is kept.
type accessReview struct{ authorizer authorizer.Authorizer }

func (a accessReview) New() runtime.Object     { return &authorizationv1.SelfSubjectAccessReview{} }
func (a accessReview) Destroy()                {}
func (a accessReview) NamespaceScoped() bool   { return false }
func (a accessReview) GetSingularName() string { return "selfsubjectaccessreview" }

func (a accessReview) Create(ctx context.Context, object runtime.Object, _ rest.ValidateObjectFunc, _ *metav1.CreateOptions) (runtime.Object, error) {
	review, ok := object.(*authorizationv1.SelfSubjectAccessReview)
	if !ok {
		return nil, apierrors.NewBadRequest("this is no SelfSubjectAccessReview")
	}
	who, ok := genericrequest.UserFrom(ctx)
	if !ok {
		return nil, apierrors.NewBadRequest("nobody asks")
	}
	asked := authorizer.AttributesRecord{User: who}
	switch resource, path := review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes; {
	case (resource == nil) == (path == nil):
		return nil, apierrors.NewBadRequest("exactly one of resourceAttributes and nonResourceAttributes is to be given")
	case resource != nil:
		asked.ResourceRequest = true
		asked.Verb, asked.Namespace, asked.Name = resource.Verb, resource.Namespace, resource.Name
		asked.APIGroup, asked.APIVersion = resource.Group, resource.Version
		asked.Resource, asked.Subresource = resource.Resource, resource.Subresource
	default:
		asked.Verb, asked.Path = path.Verb, path.Path
	}
	decision, reason, err := a.authorizer.Authorize(ctx, asked)
	review.Status = authorizationv1.SubjectAccessReviewStatus{Allowed: decision == authorizer.DecisionAllow, Reason: reason}
	if err != nil {
		review.Status.EvaluationError = err.Error()
	}
	return review, nil
}
