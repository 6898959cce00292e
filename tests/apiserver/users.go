package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/group"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	"k8s.io/apiserver/pkg/authentication/token/tokenfile"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// users is who may come, by their tokens.
type users struct {
	authenticator authenticator.Request
	tokens        map[string]string
}

// readUsers reads a file as kube-apiserver's --token-auth-file takes it.
func readUsers(path string) (*users, error) {
	byToken, err := tokenfile.NewCSV(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the users in %q: %w", path, err)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.FieldsPerRecord = -1
	records, err := reader.ReadAll()
	if err != nil {
		return nil, err
	}
	tokens := map[string]string{}
	for _, record := range records {
		tokens[record[1]] = record[0]
	}
	return &users{group.NewAuthenticatedGroupAdder(bearertoken.New(byToken)), tokens}, nil
}

// writeKubeconfigs writes a file for each user, named as the user is, with that user's context as the current one. Each
// appears whole or not at all.
func (u *users) writeKubeconfigs(dir, server string, authority []byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, token := range u.tokens {
		config := clientcmdapi.NewConfig()
		config.Clusters["test"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: authority}
		config.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: token}
		config.Contexts[name] = &clientcmdapi.Context{Cluster: "test", AuthInfo: name}
		config.CurrentContext = name
		bytes, err := clientcmd.Write(*config)
		if err != nil {
			return err
		}
		unfinished := filepath.Join(dir, "."+name)
		if err := os.WriteFile(unfinished, bytes, 0o600); err != nil {
			return err
		}
		if err := os.Rename(unfinished, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}
