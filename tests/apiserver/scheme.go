package main

import (
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

var (
	scheme = runtime.NewScheme()
	codecs = serializer.NewCodecFactory(scheme)
	params = runtime.NewParameterCodec(scheme)
)

func init() {
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	utilruntime.Must(corev1.AddToScheme(scheme))
	utilruntime.Must(coordinationv1.AddToScheme(scheme))
	utilruntime.Must(authorizationv1.AddToScheme(scheme))
	utilruntime.Must(rbacv1.AddToScheme(scheme))

	// The published types stand for the internal version too, so that nothing has to be converted.
	alsoInternal(corev1.GroupName,
		&corev1.Pod{}, &corev1.PodList{}, &corev1.Secret{}, &corev1.SecretList{}, &corev1.ConfigMap{},
		&corev1.ConfigMapList{}, &corev1.Namespace{}, &corev1.NamespaceList{}, &corev1.Event{}, &corev1.EventList{},
		&corev1.ServiceAccount{}, &corev1.ServiceAccountList{})
	alsoInternal(coordinationv1.GroupName, &coordinationv1.Lease{}, &coordinationv1.LeaseList{})
	alsoInternal(authorizationv1.GroupName, &authorizationv1.SelfSubjectAccessReview{})
	alsoInternal(rbacv1.GroupName,
		&rbacv1.Role{}, &rbacv1.RoleList{}, &rbacv1.ClusterRole{}, &rbacv1.ClusterRoleList{},
		&rbacv1.RoleBinding{}, &rbacv1.RoleBindingList{}, &rbacv1.ClusterRoleBinding{}, &rbacv1.ClusterRoleBindingList{})

	for kind, fields := range map[string][]string{
		"Pod":    {"spec.nodeName", "status.phase"},
		"Event":  {"involvedObject.kind", "involvedObject.name", "involvedObject.namespace", "involvedObject.uid", "reason", "type"},
		"Secret": {"type"},
	} {
		selectable := append([]string{"metadata.name", "metadata.namespace"}, fields...)
		utilruntime.Must(scheme.AddFieldLabelConversionFunc(corev1.SchemeGroupVersion.WithKind(kind), only(kind, selectable)))
	}
}

func alsoInternal(group string, types ...runtime.Object) {
	scheme.AddKnownTypes(schema.GroupVersion{Group: group, Version: runtime.APIVersionInternal}, types...)
}

// only says which fields of a kind can be selected by.
func only(kind string, selectable []string) runtime.FieldLabelConversionFunc {
	return func(label, value string) (string, string, error) {
		for _, known := range selectable {
			if label == known {
				return label, value, nil
			}
		}
		return "", "", fmt.Errorf("%s: no such field selector: %s (there are %s)", kind, label, strings.Join(selectable, ", "))
	}
}
