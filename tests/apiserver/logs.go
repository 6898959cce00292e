package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
)

// How often a log that is followed is looked at.
const logPoll = 50 * time.Millisecond

// podLogs serves what stands in `<dir>/<namespace>/<pod>/<container>.log`: whoever plays the kubelet writes it there.
type podLogs struct {
	pods *genericregistry.Store
	dir  string
}

func (l podLogs) New() runtime.Object                               { return &corev1.Pod{} }
func (l podLogs) Destroy()                                          {}
func (l podLogs) ConnectMethods() []string                          { return []string{http.MethodGet} }
func (l podLogs) NewConnectOptions() (runtime.Object, bool, string) { return nil, false, "" }

func (l podLogs) Connect(ctx context.Context, name string, _ runtime.Object, responder rest.Responder) (http.Handler, error) {
	pod, err := l.pod(ctx, name)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		container, err := containerOf(pod, r.URL.Query().Get("container"))
		if err != nil {
			responder.Error(err)
			return
		}
		file, err := os.Open(filepath.Join(l.dir, pod.Namespace, pod.Name, container+".log"))
		if err != nil {
			responder.Error(apierrors.NewBadRequest("container \"" + container + "\" in pod \"" + name + "\" is waiting to start"))
			return
		}
		defer file.Close()
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusOK)
		l.stream(ctx, w, r, pod, file)
	}), nil
}

func (l podLogs) pod(ctx context.Context, name string) (*corev1.Pod, error) {
	found, err := l.pods.Get(ctx, name, &metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return found.(*corev1.Pod), nil
}

// containerOf is the container that is meant: the one that is named, or the only one.
func containerOf(pod *corev1.Pod, named string) (string, error) {
	all := append(append([]corev1.Container{}, pod.Spec.InitContainers...), pod.Spec.Containers...)
	if named == "" && len(pod.Spec.Containers) == 1 {
		return pod.Spec.Containers[0].Name, nil
	}
	for _, container := range all {
		if container.Name == named {
			return named, nil
		}
	}
	if named == "" {
		return "", apierrors.NewBadRequest("a container name must be specified for pod " + pod.Name)
	}
	return "", apierrors.NewBadRequest("container " + named + " is not valid for pod " + pod.Name)
}

// stream writes what is there, and with `follow` what comes until the pod is over. The namespace is in ctx, not in the request.
func (l podLogs) stream(ctx context.Context, w http.ResponseWriter, r *http.Request, pod *corev1.Pod, file *os.File) {
	query := r.URL.Query()
	out := io.Writer(w)
	if limit, err := strconv.ParseInt(query.Get("limitBytes"), 10, 64); err == nil {
		out = &limited{w, limit}
	}
	if lines, err := strconv.Atoi(query.Get("tailLines")); err == nil {
		skipToTail(file, lines)
	}
	flusher, canFlush := w.(http.Flusher)
	for {
		// Asked before the file is read, so that what is written until then is still sent.
		over := query.Get("follow") != "true" || l.isOver(ctx, pod)
		if _, err := io.Copy(out, file); err != nil || over {
			return
		}
		if canFlush {
			flusher.Flush()
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(logPoll):
		}
	}
}

func (l podLogs) isOver(ctx context.Context, pod *corev1.Pod) bool {
	now, err := l.pod(ctx, pod.Name)
	if err != nil || now.UID != pod.UID {
		return true
	}
	return now.Status.Phase == corev1.PodSucceeded || now.Status.Phase == corev1.PodFailed
}

func skipToTail(file *os.File, lines int) {
	content, err := io.ReadAll(file)
	if err != nil {
		return
	}
	from := len(bytes.TrimSuffix(content, []byte("\n")))
	for left := lines; left > 0 && from > 0; left-- {
		from = bytes.LastIndexByte(content[:from], '\n')
	}
	if lines <= 0 {
		from = len(content) - 1
	}
	_, _ = file.Seek(int64(from+1), io.SeekStart)
}

// limited passes on so many bytes, then says that it is full.
type limited struct {
	to   io.Writer
	left int64
}

func (l *limited) Write(p []byte) (int, error) {
	if int64(len(p)) > l.left {
		n, _ := l.to.Write(p[:l.left])
		l.left = 0
		return n, io.ErrShortWrite
	}
	l.left -= int64(len(p))
	return l.to.Write(p)
}
