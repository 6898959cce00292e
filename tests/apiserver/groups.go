package main

import (
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"
	genericapiserver "k8s.io/apiserver/pkg/server"
	genericoptions "k8s.io/apiserver/pkg/server/options"
)

// builtin is the groups of built-in resources, with their kinds.
var builtin = []struct {
	version schema.GroupVersion
	kinds   []string
}{
	{corev1.SchemeGroupVersion, []string{"Pod", "Secret", "ConfigMap", "Namespace", "Event", "ServiceAccount"}},
	{coordinationv1.SchemeGroupVersion, []string{"Lease"}},
	{authorizationv1.SchemeGroupVersion, []string{"SelfSubjectAccessReview"}},
	{rbacv1.SchemeGroupVersion, []string{"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"}},
}

type storageFor func(runtime.Codec) *genericoptions.EtcdOptions

func (s storageFor) getter(version schema.GroupVersion) generic.RESTOptionsGetter {
	options := s(codecs.LegacyCodec(version))
	return options.CreateRESTOptionsGetter(&genericoptions.SimpleStorageFactory{StorageConfig: options.StorageConfig}, nil)
}

// install adds the built-in groups to the server.
func install(server *genericapiserver.GenericAPIServer, storage storageFor, rbac *policy, rules authorizer.Authorizer, logs string) error {
	core := map[string]rest.Storage{}
	getter := storage.getter(corev1.SchemeGroupVersion)
	for _, resource := range coreResources {
		all, status, err := resource.collect(getter)
		if err != nil {
			return err
		}
		core[resource.plural] = all
		if resource.plural == "pods" {
			core["pods/status"] = status
			core["pods/log"] = podLogs{all.Store, logs}
		}
	}
	legacy := groupOf(corev1.SchemeGroupVersion, core)
	if err := server.InstallLegacyAPIGroup("/api", &legacy); err != nil {
		return err
	}

	lease, _, err := leases.collect(storage.getter(coordinationv1.SchemeGroupVersion))
	if err != nil {
		return err
	}
	access, err := rbac.store(storage.getter(rbacv1.SchemeGroupVersion))
	if err != nil {
		return err
	}
	for _, group := range []genericapiserver.APIGroupInfo{
		groupOf(coordinationv1.SchemeGroupVersion, map[string]rest.Storage{"leases": lease}),
		groupOf(authorizationv1.SchemeGroupVersion, map[string]rest.Storage{"selfsubjectaccessreviews": accessReview{rules}}),
		groupOf(rbacv1.SchemeGroupVersion, access),
	} {
		if err := server.InstallAPIGroup(&group); err != nil {
			return err
		}
	}
	return nil
}

func groupOf(version schema.GroupVersion, resources map[string]rest.Storage) genericapiserver.APIGroupInfo {
	info := genericapiserver.NewDefaultAPIGroupInfo(version.Group, scheme, params, codecs)
	info.PrioritizedVersions = []schema.GroupVersion{version}
	info.VersionedResourcesStorageMap[version.Version] = resources
	return info
}

// store makes the storage of the objects that the policy reads.
func (p *policy) store(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
	made := map[string]rest.Storage{}
	var all []collection
	for _, resource := range []resource{roles, clusterRoles, roleBindings, clusterRoleBindings} {
		objects, _, err := resource.collect(getter)
		if err != nil {
			return nil, err
		}
		made[resource.plural] = objects
		all = append(all, objects)
	}
	p.use(all[0], all[1], all[2], all[3])
	return made, nil
}
