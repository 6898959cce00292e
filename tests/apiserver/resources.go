package main

import (
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

func object[T any, P interface {
	*T
	runtime.Object
}]() runtime.Object {
	return P(new(T))
}

// coreResources are those of `/api/v1`.
var coreResources = []resource{
	{plural: "pods", singular: "pod", short: []string{"po"}, one: object[corev1.Pod], list: object[corev1.PodList]},
	{plural: "secrets", singular: "secret", one: object[corev1.Secret], list: object[corev1.SecretList]},
	{plural: "configmaps", singular: "configmap", short: []string{"cm"}, one: object[corev1.ConfigMap], list: object[corev1.ConfigMapList]},
	{plural: "namespaces", singular: "namespace", short: []string{"ns"}, cluster: true, one: object[corev1.Namespace], list: object[corev1.NamespaceList]},
	{plural: "events", singular: "event", short: []string{"ev"}, one: object[corev1.Event], list: object[corev1.EventList]},
	{plural: "serviceaccounts", singular: "serviceaccount", short: []string{"sa"}, one: object[corev1.ServiceAccount], list: object[corev1.ServiceAccountList]},
}

var leases = resource{
	group: coordinationv1.GroupName, plural: "leases", singular: "lease",
	one: object[coordinationv1.Lease], list: object[coordinationv1.LeaseList],
}

// The resources that say who may do what.
var (
	roles = resource{
		group: rbacv1.GroupName, plural: "roles", singular: "role", freeNames: true,
		one: object[rbacv1.Role], list: object[rbacv1.RoleList],
	}
	clusterRoles = resource{
		group: rbacv1.GroupName, plural: "clusterroles", singular: "clusterrole", freeNames: true, cluster: true,
		one: object[rbacv1.ClusterRole], list: object[rbacv1.ClusterRoleList],
	}
	roleBindings = resource{
		group: rbacv1.GroupName, plural: "rolebindings", singular: "rolebinding", freeNames: true,
		one: object[rbacv1.RoleBinding], list: object[rbacv1.RoleBindingList],
	}
	clusterRoleBindings = resource{
		group: rbacv1.GroupName, plural: "clusterrolebindings", singular: "clusterrolebinding", freeNames: true, cluster: true,
		one: object[rbacv1.ClusterRoleBinding], list: object[rbacv1.ClusterRoleBindingList],
	}
)
