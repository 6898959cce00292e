package main

import (
	"context"
	"fmt"
	"sync"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/authentication/serviceaccount"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	genericrequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/component-helpers/auth/rbac/validation"
)

// policy decides by the RBAC objects that this server itself keeps, with the library's own reading of their rules. The
// group system:masters stands above it, as everywhere.
type policy struct {
	// Requests wait for the objects' storage, which is made after the authorizer is needed.
	made                                                   sync.WaitGroup
	roles, clusterRoles, roleBindings, clusterRoleBindings collection
}

// everyones is what every user of a real cluster may do by the roles that come with it: look around, and ask about
// themselves.
var everyones = []rbacv1.PolicyRule{
	{
		Verbs:           []string{"get"},
		NonResourceURLs: []string{"/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/"},
	},
	{Verbs: []string{"create"}, APIGroups: []string{"authorization.k8s.io"}, Resources: []string{"selfsubjectaccessreviews"}},
}

func newPolicy() *policy {
	p := &policy{}
	p.made.Add(1)
	return p
}

func (p *policy) use(roles, clusterRoles, roleBindings, clusterRoleBindings collection) {
	p.roles, p.clusterRoles, p.roleBindings, p.clusterRoleBindings = roles, clusterRoles, roleBindings, clusterRoleBindings
	p.made.Done()
}

// Authorize has an opinion only where rules allow.
func (p *policy) Authorize(_ context.Context, asked authorizer.Attributes) (authorizer.Decision, string, error) {
	p.made.Wait()
	rules, err := p.rulesFor(asked.GetUser(), asked.GetNamespace())
	if err != nil {
		return authorizer.DecisionNoOpinion, "", err
	}
	if allowed, _ := validation.Covers(rules, []rbacv1.PolicyRule{ruleOf(asked)}); allowed {
		return authorizer.DecisionAllow, "", nil
	}
	return authorizer.DecisionNoOpinion, "no role allows it", nil
}

// ruleOf is the narrowest rule that would allow a request.
func ruleOf(asked authorizer.Attributes) rbacv1.PolicyRule {
	rule := rbacv1.PolicyRule{Verbs: []string{asked.GetVerb()}}
	if !asked.IsResourceRequest() {
		rule.NonResourceURLs = []string{asked.GetPath()}
		return rule
	}
	rule.APIGroups, rule.Resources = []string{asked.GetAPIGroup()}, []string{asked.GetResource()}
	if asked.GetSubresource() != "" {
		rule.Resources[0] += "/" + asked.GetSubresource()
	}
	if asked.GetName() != "" {
		rule.ResourceNames = []string{asked.GetName()}
	}
	return rule
}

func (p *policy) rulesFor(who user.Info, namespace string) ([]rbacv1.PolicyRule, error) {
	// Asked on nobody's behalf: the storage itself checks nothing.
	ctx := genericrequest.WithNamespace(context.Background(), metav1.NamespaceNone)
	rules := append([]rbacv1.PolicyRule{}, everyones...)
	bindings, err := p.clusterRoleBindings.List(ctx, &internalversion.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, binding := range bindings.(*rbacv1.ClusterRoleBindingList).Items {
		if binds(binding.Subjects, who, "") {
			of, err := p.referred(binding.RoleRef, "")
			if err != nil {
				return nil, err
			}
			rules = append(rules, of...)
		}
	}
	if namespace == "" {
		return rules, nil
	}
	local, err := p.roleBindings.List(genericrequest.WithNamespace(ctx, namespace), &internalversion.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, binding := range local.(*rbacv1.RoleBindingList).Items {
		if binds(binding.Subjects, who, namespace) {
			of, err := p.referred(binding.RoleRef, namespace)
			if err != nil {
				return nil, err
			}
			rules = append(rules, of...)
		}
	}
	return rules, nil
}

// referred gives a role's rules; a role that is not there has none.
func (p *policy) referred(ref rbacv1.RoleRef, namespace string) ([]rbacv1.PolicyRule, error) {
	ctx := genericrequest.WithNamespace(context.Background(), namespace)
	switch ref.Kind {
	case "Role":
		role, err := p.roles.Get(ctx, ref.Name, &metav1.GetOptions{})
		if err != nil {
			return nil, ignoreAbsent(err)
		}
		return role.(*rbacv1.Role).Rules, nil
	case "ClusterRole":
		role, err := p.clusterRoles.Get(genericrequest.WithNamespace(ctx, metav1.NamespaceNone), ref.Name, &metav1.GetOptions{})
		if err != nil {
			return nil, ignoreAbsent(err)
		}
		return role.(*rbacv1.ClusterRole).Rules, nil
	default:
		return nil, fmt.Errorf("a binding refers to a %q, which is no kind of role", ref.Kind)
	}
}

func ignoreAbsent(err error) error {
	if errors.IsNotFound(err) {
		return nil
	}
	return err
}

func binds(subjects []rbacv1.Subject, who user.Info, namespace string) bool {
	for _, subject := range subjects {
		switch subject.Kind {
		case rbacv1.UserKind:
			if subject.Name == who.GetName() {
				return true
			}
		case rbacv1.GroupKind:
			for _, group := range who.GetGroups() {
				if subject.Name == group {
					return true
				}
			}
		case rbacv1.ServiceAccountKind:
			in := subject.Namespace
			if in == "" {
				in = namespace
			}
			if serviceaccount.MatchesUsername(in, subject.Name, who.GetName()) {
				return true
			}
		}
	}
	return false
}
