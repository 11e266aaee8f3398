package aded

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"

	adedv1 "aded.io/client-go/gen/aded/v1"
)

type answers = grpc.ServerStreamingServer[adedv1.GenerateResponse]

// saying answers every prompt with some texts.
func saying(texts ...string) *Fake {
	return &Fake{Generating: func(_ int, _ *adedv1.GenerateRequest, to answers) error {
		for _, text := range texts {
			if err := to.Send(delta(text)); err != nil {
				return err
			}
		}
		return to.Send(finished())
	}}
}

func TestEvents_wholeAnswer_endWithFinished(t *testing.T) {
	client := connect(t, saying("a", "b"))
	var kinds string
	for event, err := range client.Stream(background(t), "Hello").Events() {
		if err != nil {
			t.Fatal(err)
		}
		switch event := event.(type) {
		case Delta:
			kinds += event.Text
		case Finished:
			kinds += "." + string(event.Reason)
		}
	}
	if kinds != "ab.STOP" {
		t.Errorf("got %q", kinds)
	}
}

func TestStream_options_areSent(t *testing.T) {
	var got *adedv1.GenerateRequest
	fake := saying()
	inner := fake.Generating
	fake.Generating = func(call int, request *adedv1.GenerateRequest, to answers) error {
		got = request
		return inner(call, request, to)
	}
	client := connect(t, fake)
	_, err := client.StreamPrompt(background(t), Messages{System("Be brief."), User("Hi"),
		{Role: "assistant", Parts: []Part{Reasoning("hm"), ToolCall{"1", "t", "{}"}}}, {Role: "tool", Parts: []Part{ToolResult{CallID: "1", Content: "x"}}}},
		Greedy(), Seed(7), MaxTokens(3), Draft("aded"), DraftNodes(5), StopStrings("x"), Model("m"), RegularExpression("a+"),
		TemplateVariables(map[string]any{"enable_thinking": false}), PrefixSharing(ShareWithCaller), ChooseTools(ToolsRequired)).Answer()
	if err != nil {
		t.Fatal(err)
	}
	o := got.GetOptions()
	if o.GetSampling().Temperature == nil || o.GetSampling().GetTemperature() != 0 || o.GetSampling().GetSeed() != 7 ||
		o.GetMaxTokens() != 3 || o.GetDraft().GetMode() != "aded" || o.GetDraft().GetMaxNodes() != 5 || got.GetModel() != "m" ||
		o.GetStopStrings()[0] != "x" || o.GetConstraint().GetRegularExpression() != "a+" ||
		o.GetTemplateVariables().AsMap()["enable_thinking"] != false ||
		o.GetPrefixSharing() != adedv1.PrefixSharing_PREFIX_SHARING_CALLER ||
		o.GetToolChoice().GetMode() != adedv1.ToolChoiceMode_TOOL_CHOICE_MODE_REQUIRED {
		t.Errorf("got %v", got)
	}
	messages := got.GetChat().GetMessages()
	if messages[0].GetContent() != "Be brief." || messages[2].GetParts()[1].GetToolCall().GetName() != "t" ||
		messages[3].GetParts()[0].GetToolResult().GetToolCallId() != "1" {
		t.Errorf("got %v", messages)
	}
}

func TestChat_timeout_keepsWhatHadCome(t *testing.T) {
	client := connect(t, &Fake{Generating: func(_ int, _ *adedv1.GenerateRequest, to answers) error {
		_ = to.Send(delta("half"))
		<-to.Context().Done()
		return to.Context().Err()
	}})
	if err := client.WaitReady(background(t)); err != nil { // so that the limit is the answer's alone
		t.Fatal(err)
	}
	answer, err := client.Chat(background(t), "Hello", Timeout(time.Second))
	var failure *Error
	if !errors.As(err, &failure) || failure.Reason != ReasonClientTimeout || !errors.Is(err, DeadlineExceeded) ||
		!errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	if answer.Text != "half" || failure.Partial.Text != "half" || answer.Finished != nil {
		t.Errorf("got %+v", answer)
	}
}

func TestEvents_leftEarly_endsTheCall(t *testing.T) {
	ended := make(chan struct{})
	client := connect(t, &Fake{Generating: func(_ int, _ *adedv1.GenerateRequest, to answers) error {
		_ = to.Send(delta("a"))
		<-to.Context().Done()
		close(ended)
		return nil
	}})
	stream := client.Stream(background(t), "Hello")
	for range stream.Events() {
		break
	}
	<-ended
	if _, err := stream.Answer(); !errors.Is(err, Cancelled) {
		t.Errorf("got %v", err)
	}
}

func TestCancel_ofSingleAnswer_isCancelled(t *testing.T) {
	client := connect(t, &Fake{Generating: func(_ int, _ *adedv1.GenerateRequest, to answers) error {
		_ = to.Send(delta("a"))
		<-to.Context().Done()
		return nil
	}})
	stream := client.Stream(background(t), "Hello")
	var failed error
	for _, err := range stream.Events() {
		failed = err
		stream.Cancel()
	}
	var failure *Error
	if !errors.As(failed, &failure) || failure.Reason != ReasonClientCancelled || !errors.Is(failed, context.Canceled) ||
		failure.Partial.Text != "a" {
		t.Errorf("got %v", failed)
	}
}

func TestRetry_beforeFirstEvent_byReason(t *testing.T) {
	for _, test := range []struct {
		code   codes.Code
		reason string
		calls  int
	}{
		{codes.Unavailable, "MODEL_LOADING", 3}, {codes.Unavailable, "", 3}, {codes.ResourceExhausted, "QUEUE_FULL", 3},
		{codes.ResourceExhausted, "QUEUE_WAIT", 3}, {codes.ResourceExhausted, "MEMORY_BUSY", 3},
		{codes.ResourceExhausted, "MESSAGE_TOO_LARGE", 1}, {codes.Internal, "", 1}, {codes.InvalidArgument, "INVALID_REQUEST", 1},
	} {
		fake := saying("ok")
		inner := fake.Generating
		fake.Generating = func(call int, request *adedv1.GenerateRequest, to answers) error {
			if call < 3 {
				return failure(test.code, test.reason, 0)
			}
			return inner(call, request, to)
		}
		answer, err := connect(t, fake).Chat(background(t), "Hello")
		if got := fake.count("Generate"); got != test.calls || (err == nil) != (test.calls == 3) || (err == nil) != (answer.Text == "ok") {
			t.Errorf("%v %s: %d calls, %v", test.code, test.reason, got, err)
		}
	}
}

func TestRetry_afterFirstEvent_isNone(t *testing.T) {
	fake := &Fake{Generating: func(_ int, _ *adedv1.GenerateRequest, to answers) error {
		_ = to.Send(delta("a"))
		return failure(codes.Unavailable, "DRAINING", 0)
	}}
	answer, err := connect(t, fake).Chat(background(t), "Hello")
	if !errors.Is(err, Unavailable) || answer.Text != "a" || fake.count("Generate") != 1 {
		t.Errorf("got %v after %d calls", err, fake.count("Generate"))
	}
}

func TestRetry_beyondTheTimeLimit_isNone(t *testing.T) {
	fake := &Fake{Generating: func(int, *adedv1.GenerateRequest, answers) error {
		return failure(codes.ResourceExhausted, "QUEUE_FULL", time.Hour)
	}}
	_, err := connect(t, fake).Chat(background(t), "Hello", Timeout(5*time.Second))
	var failed *Error
	if !errors.As(err, &failed) || failed.Reason != "QUEUE_FULL" || failed.RetryAfter != time.Hour || fake.count("Generate") != 1 {
		t.Errorf("got %v", err)
	}
}

func TestPause_ofPolicy_doublesAndHonoursTheServer(t *testing.T) {
	policy := RetryPolicy{Attempts: 9, Initial: 100 * time.Millisecond, Max: 300 * time.Millisecond}
	for _, test := range []struct {
		attempt int
		chance  float64
		asked   time.Duration
		want    time.Duration
	}{
		{1, 0.5, 0, 100 * time.Millisecond}, {2, 0.5, 0, 200 * time.Millisecond}, {3, 0.5, 0, 300 * time.Millisecond},
		{60, 0.5, 0, 300 * time.Millisecond}, {1, 0, 0, 80 * time.Millisecond}, {1, 1, 0, 120 * time.Millisecond},
		{1, 0.5, time.Second, time.Second}, {2, 0.5, time.Millisecond, 200 * time.Millisecond},
	} {
		if got := policy.pause(test.attempt, test.chance, test.asked); got != test.want {
			t.Errorf("pause(%d, %v, %v) = %v, want %v", test.attempt, test.chance, test.asked, got, test.want)
		}
	}
}

func TestUnary_unavailableOnce_isTriedAgain(t *testing.T) {
	fake := &Fake{Info: func(call int) (*adedv1.GetServerInfoResponse, error) {
		if call == 1 {
			return nil, failure(codes.Unavailable, "MODEL_LOADING", 0)
		}
		temperature := float32(0.5)
		return &adedv1.GetServerInfoResponse{Version: "0.1.0", DefaultOptions: &adedv1.GenerationOptions{
			Sampling: &adedv1.Sampling{Temperature: &temperature}}}, nil
	}}
	server, err := connect(t, fake).Server(background(t))
	if err != nil || server.Version != "0.1.0" || *server.Defaults.Sampling.Temperature != 0.5 {
		t.Errorf("got %+v, %v", server, err)
	}
}

func TestTokens_thereAndBack(t *testing.T) {
	client := connect(t, &Fake{})
	tokens, err := client.Tokenize(background(t), "Hi")
	if err != nil || len(tokens) != 2 || tokens[0] != 'H' {
		t.Fatalf("got %v, %v", tokens, err)
	}
	if text, err := client.Detokenize(background(t), tokens); err != nil || text != "Hi" {
		t.Errorf("got %q, %v", text, err)
	}
	if _, err := client.CountTokens(background(t), "Hi"); !errors.Is(err, Unsupported) {
		t.Errorf("got %v", err)
	}
}

func TestClose_afterWholeAnswer_letsTheCallEnd(t *testing.T) {
	ended := make(chan error, 1)
	fake := &Fake{Generating: func(_ int, _ *adedv1.GenerateRequest, to answers) error {
		if err := to.Send(finished()); err != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond) // the client closes meanwhile
		ended <- to.Context().Err()
		return nil
	}}
	client := connect(t, fake)
	if _, err := client.Chat(background(t), "Hello"); err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the call ended with %v", err)
	}
}

func TestUnread_answer_staysWithTheServer(t *testing.T) {
	const all = 100_000
	var sent atomic.Int64
	fake := &Fake{Generating: func(_ int, _ *adedv1.GenerateRequest, to answers) error {
		for range all {
			if err := to.Send(delta(strings.Repeat("x", 100))); err != nil {
				return err
			}
			sent.Add(1)
		}
		return to.Send(finished())
	}}
	client := connect(t, fake)
	read := 0
	for _, err := range client.Stream(background(t), "Hello").Events() {
		if err != nil {
			t.Fatal(err)
		}
		if read++; read == 1 {
			// The server can send no more once the window is full: its count stands still.
			for before := int64(-1); before != sent.Load(); {
				before = sent.Load()
				time.Sleep(50 * time.Millisecond)
			}
			// 64 KiB of window, as much again in the server's own buffer, and 1 MiB of the connection in memory.
			if sent.Load() > 15_000 {
				t.Errorf("%d messages were sent to a reader that read one", sent.Load())
			}
			break
		}
	}
}

func TestMetadata_ofEveryCall_saysWhoCalls(t *testing.T) {
	fake := saying("a")
	client := connect(t, fake, WithClientID("me"), WithToken("secret"), WithMetadata("x-team", "blue"))
	parent := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
	if _, err := client.Chat(trace.ContextWithSpanContext(background(t), parent), "Hello"); err != nil {
		t.Fatal(err)
	}
	got := fake.last()
	for name, want := range map[string]string{
		"aded-client-id": "me", "aded-client-version": "aded-go/" + Version, "authorization": "Bearer secret", "x-team": "blue",
		"traceparent": "00-01000000000000000000000000000000-0200000000000000-01",
	} {
		if values := got.Get(name); len(values) != 1 || values[0] != want {
			t.Errorf("%s is %v, want %s", name, values, want)
		}
	}
}

func TestVersion_ofAnotherRelease_isSaidOnce(t *testing.T) {
	for version, want := range map[string]int{"0.1.7-SNAPSHOT": 0, "0.2.0": 1, "1.1.0": 1} {
		fake := saying("a")
		fake.Version = version
		var log bytes.Buffer
		client := connect(t, fake, WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		for range 3 {
			if _, err := client.Chat(background(t), "Hello"); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Count(log.String(), "level=WARN"); got != want {
			t.Errorf("server %s: %d warnings, want %d: %s", version, got, want, log.String())
		}
	}
}

func TestWaitReady_loadingServer_isWaitedFor(t *testing.T) {
	fake := saying()
	client := connect(t, fake)
	fake.Health.SetServingStatus("aded.v1.InferenceService", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	short, cancel := context.WithTimeout(background(t), 50*time.Millisecond)
	defer cancel()
	if err := client.WaitReady(short); !errors.Is(err, DeadlineExceeded) || !strings.Contains(err.Error(), "NOT_SERVING") {
		t.Errorf("got %v", err)
	}
	go fake.Health.SetServingStatus("aded.v1.InferenceService", grpc_health_v1.HealthCheckResponse_SERVING)
	if err := client.WaitReady(background(t)); err != nil {
		t.Error(err)
	}
}

func TestWaitReady_nobodyThere_saysSo(t *testing.T) {
	client, err := Dial("unix:" + filepath.Join(t.TempDir(), "nobody"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(background(t), 100*time.Millisecond)
	defer cancel()
	if err := client.WaitReady(ctx); !errors.Is(err, DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// authority makes a certificate authority and signs certificates for localhost; it gives their PEM files.
func authority(t *testing.T, directory string) (ca string, pair func(name string) (string, string)) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true,
		NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, root, root, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return write("ca.pem", "CERTIFICATE", der), func(name string) (string, string) {
		own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		leaf := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour),
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
		der, err := x509.CreateCertificate(rand.Reader, leaf, root, &own.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		secret, err := x509.MarshalECPrivateKey(own)
		if err != nil {
			t.Fatal(err)
		}
		return write(name+".pem", "CERTIFICATE", der), write(name+".key", "EC PRIVATE KEY", secret)
	}
}

func TestTLS_mutual_overTCP(t *testing.T) {
	directory := t.TempDir()
	ca, pair := authority(t, directory)
	certificate, key := pair("server")
	clientCertificate, clientKey := pair("client")
	own, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	text, _ := os.ReadFile(ca)
	roots.AppendCertsFromPEM(text)
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{own}, ClientCAs: roots, ClientAuth: tls.RequireAndVerifyClientCert})))
	saying("secret").Register(server)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for name, test := range map[string]struct {
		options []ClientOption
		works   bool
	}{
		"both":       {[]ClientOption{WithAuthorities(ca), WithClientCertificate(clientCertificate, clientKey)}, true},
		"no client":  {[]ClientOption{WithAuthorities(ca)}, false},
		"not known":  {[]ClientOption{WithTLS(nil), WithClientCertificate(clientCertificate, clientKey)}, false},
		"plain text": {nil, false},
	} {
		client, err := Dial("localhost:"+port, append(test.options, WithRetry(NoRetry))...)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Chat(background(t), "Hello")
		if (err == nil) != test.works || (err != nil && !errors.Is(err, Unavailable)) || (err == nil && answer.Text != "secret") {
			t.Errorf("%s: got %v", name, err)
		}
		_ = client.Close()
	}
	if _, err := Dial("localhost:1", WithAuthorities(filepath.Join(directory, "none"))); !errors.Is(err, InvalidRequest) {
		t.Errorf("got %v", err)
	}
}

func TestUnixSocket_answers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "aded.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	saying("local").Register(server)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	client, err := Dial("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if answer, err := client.Chat(background(t), "Hello"); err != nil || answer.Text != "local" {
		t.Errorf("got %v, %v", answer, err)
	}
}
