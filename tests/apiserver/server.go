package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdserver "k8s.io/apiextensions-apiserver/pkg/apiserver"
	crdoptions "k8s.io/apiextensions-apiserver/pkg/cmd/server/options"
	crdopenapi "k8s.io/apiextensions-apiserver/pkg/generated/openapi"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/authorization/union"
	genericapifilters "k8s.io/apiserver/pkg/endpoints/filters"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	serverstorage "k8s.io/apiserver/pkg/server/storage"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/util/compatibility"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/apiserver/pkg/util/notfoundhandler"
	"k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/kube-openapi/pkg/common"
)

// newServer puts the custom resources' server and the built-in groups together.
func newServer(o options, etcd *embed.Etcd, users *users) (*genericapiserver.GenericAPIServer, error) {
	config := genericapiserver.NewRecommendedConfig(crdserver.Codecs)
	authority, err := listen(o, config)
	if err != nil {
		return nil, err
	}
	rbac := newPolicy()
	config.Authentication.Authenticator = users.authenticator
	config.Authorization.Authorizer = union.New(authorizerfactory.NewPrivilegedGroups(user.SystemPrivilegedGroup), rbac)
	config.EffectiveVersion = compatibility.DefaultBuildEffectiveVersion()
	config.FeatureGate = utilfeature.DefaultMutableFeatureGate
	describe(config)
	enabled := serverstorage.NewResourceConfig()
	enabled.EnableVersions(apiextensionsv1.SchemeGroupVersion)
	for _, group := range builtin {
		enabled.EnableVersions(group.version)
	}
	config.MergedResourceConfig = enabled
	client, err := kubernetes.NewForConfig(config.LoopbackClientConfig)
	if err != nil {
		return nil, err
	}
	config.SharedInformerFactory = informers.NewSharedInformerFactory(client, 0)

	storage := func(codec runtime.Codec) *genericoptions.EtcdOptions {
		options := genericoptions.NewEtcdOptions(storagebackend.NewDefaultConfig("/registry", codec))
		options.StorageConfig.Transport.ServerList = []string{clientURL(etcd)}
		options.EnableWatchCache = o.watchCache
		return options
	}
	server, err := customResources(config, storage(crdserver.Codecs.LegacyCodec(apiextensionsv1.SchemeGroupVersion)))
	if err != nil {
		return nil, err
	}
	logs := filepath.Join(o.dataDir, "logs")
	if err := install(server, storage, rbac, config.Authorization.Authorizer, logs); err != nil {
		return nil, err
	}
	url := fmt.Sprintf("https://127.0.0.1:%d", o.port)
	if err := users.writeKubeconfigs(filepath.Join(o.dataDir, "kubeconfigs"), url, authority); err != nil {
		return nil, err
	}
	return server, server.AddPostStartHook("announce", func(hook genericapiserver.PostStartHookContext) error {
		// Not in the hook itself, which readiness waits for.
		go announce(hook, client)
		return nil
	})
}

// listen prepares the port and a certificate that is kept from start to start; gives what clients have to trust.
func listen(o options, config *genericapiserver.RecommendedConfig) ([]byte, error) {
	loopback := net.ParseIP("127.0.0.1")
	serving := genericoptions.NewSecureServingOptions()
	serving.BindAddress, serving.BindPort = loopback, o.port
	serving.ServerCert.CertDirectory = filepath.Join(o.dataDir, "pki")
	if err := serving.MaybeDefaultWithSelfSignedCerts("localhost", nil, []net.IP{loopback}); err != nil {
		return nil, fmt.Errorf("no certificate: %w", err)
	}
	authority, err := os.ReadFile(serving.ServerCert.CertKey.CertFile)
	if err != nil {
		return nil, err
	}
	return authority, serving.WithLoopback().ApplyTo(&config.SecureServing, &config.LoopbackClientConfig)
}

// describe gives the server its OpenAPI, which server-side apply and kubectl work by.
func describe(config *genericapiserver.RecommendedConfig) {
	definitions := func(ref common.ReferenceCallback) map[string]common.OpenAPIDefinition {
		all := crdopenapi.GetOpenAPIDefinitions(ref)
		for name, definition := range builtinDefinitions(ref) {
			all[name] = definition
		}
		return all
	}
	namer := openapinamer.NewDefinitionNamer(crdserver.Scheme, scheme, clientscheme.Scheme)
	config.OpenAPIConfig = genericapiserver.DefaultOpenAPIConfig(definitions, namer)
	config.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(definitions, namer)
}

func customResources(config *genericapiserver.RecommendedConfig, storage *genericoptions.EtcdOptions) (*genericapiserver.GenericAPIServer, error) {
	if err := storage.ApplyTo(&config.Config); err != nil {
		return nil, err
	}
	wrapper := webhook.NewDefaultAuthenticationInfoResolverWrapper(nil, nil, config.LoopbackClientConfig, config.TracerProvider)
	completed := (&crdserver.Config{
		GenericConfig: config,
		ExtraConfig: crdserver.ExtraConfig{
			CRDRESTOptionsGetter: crdoptions.NewCRDRESTOptionsGetter(*storage, nil, config.StorageObjectCountTracker),
			// With more than one, a new definition is served five seconds late, for the others' sake.
			MasterCount:         1,
			ServiceResolver:     webhook.NewDefaultServiceResolver(),
			AuthResolverWrapper: wrapper,
		},
	}).Complete()
	// Completing has turned it off, since in a real cluster another server does it.
	completed.GenericConfig.EnableDiscovery = true
	// Until all definitions are read, what is not found is answered with 503 and not with 404, as a real server does.
	notFound := notfoundhandler.New(completed.GenericConfig.Serializer, genericapifilters.NoMuxAndDiscoveryIncompleteKey)
	server, err := completed.New(genericapiserver.NewEmptyDelegateWithCustomHandler(notFound))
	if err != nil {
		return nil, err
	}
	return server.GenericAPIServer, nil
}

// announce says "ready" once the server says so of itself.
func announce(ctx context.Context, client kubernetes.Interface) {
	for ctx.Err() == nil {
		if client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error() == nil {
			fmt.Println("ready")
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
