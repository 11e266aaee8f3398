package aded

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// ClientOption says something about how a [Client] connects and behaves.
type ClientOption func(*clientSettings)

type clientSettings struct {
	tls         *tls.Config
	encrypt     bool
	authorities string
	certificate string
	key         string
	clientID    string
	token       func(context.Context) (string, error)
	metadata    []string
	timeout     time.Duration
	retry       RetryPolicy
	tracers     trace.TracerProvider
	logger      *slog.Logger
	conn        grpc.ClientConnInterface
	dial        []grpc.DialOption
}

// WithTLS encrypts. A nil config trusts the system's certificate authorities.
func WithTLS(config *tls.Config) ClientOption {
	return func(s *clientSettings) { s.encrypt, s.tls = true, config }
}

// WithAuthorities encrypts, trusting the certificate authorities in a PEM file.
func WithAuthorities(file string) ClientOption {
	return func(s *clientSettings) { s.encrypt, s.authorities = true, file }
}

// WithClientCertificate encrypts and shows who calls (mutual TLS): a certificate chain and its key, PEM files.
func WithClientCertificate(certificate, key string) ClientOption {
	return func(s *clientSettings) { s.encrypt, s.certificate, s.key = true, certificate, key }
}

// WithToken sends "authorization: Bearer TOKEN" with every call. Only over TLS or a unix socket is it a secret.
func WithToken(token string) ClientOption {
	return WithTokenSource(func(context.Context) (string, error) { return token, nil })
}

// WithTokenSource asks for the token of every call, for tokens that expire.
func WithTokenSource(source func(context.Context) (string, error)) ClientOption {
	return func(s *clientSettings) { s.token = source }
}

// WithClientID names the caller: calls of one name share one fair portion of the server.
func WithClientID(id string) ClientOption { return func(s *clientSettings) { s.clientID = id } }

// WithMetadata sends a header with every call. The name is lower case.
func WithMetadata(name, value string) ClientOption {
	return func(s *clientSettings) { s.metadata = append(s.metadata, name, value) }
}

// WithTimeout is how long calls other than answers and conversations may take; 30 s unless said otherwise.
func WithTimeout(limit time.Duration) ClientOption {
	return func(s *clientSettings) { s.timeout = limit }
}

// WithRetry says what is tried again; [DefaultRetry] unless said otherwise, [NoRetry] for nothing.
func WithRetry(policy RetryPolicy) ClientOption { return func(s *clientSettings) { s.retry = policy } }

// WithTracerProvider makes the client's spans; OpenTelemetry's global provider unless said otherwise. The server's
// spans join the trace in either case.
func WithTracerProvider(provider trace.TracerProvider) ClientOption {
	return func(s *clientSettings) { s.tracers = provider }
}

// WithLogger takes the client's warnings, of which there is one: that client and server may not go together. slog's
// default unless said otherwise.
func WithLogger(logger *slog.Logger) ClientOption {
	return func(s *clientSettings) { s.logger = logger }
}

// WithConn uses a connection of the caller's, which stays the caller's to close; the target and options about
// connecting are then without effect.
func WithConn(conn grpc.ClientConnInterface) ClientOption {
	return func(s *clientSettings) { s.conn = conn }
}

// WithDialOptions hands options to gRPC, such as keepalive or interceptors. They win over this client's own.
func WithDialOptions(options ...grpc.DialOption) ClientOption {
	return func(s *clientSettings) { s.dial = append(s.dial, options...) }
}

func (s *clientSettings) credentials() (credentials.TransportCredentials, error) {
	if !s.encrypt {
		return insecure.NewCredentials(), nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.tls != nil {
		config = s.tls.Clone()
	}
	if s.authorities != "" {
		pem, err := os.ReadFile(s.authorities)
		if err != nil {
			return nil, fmt.Errorf("certificate authorities: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("certificate authorities: no certificate in " + s.authorities)
		}
	}
	if s.certificate != "" {
		pair, err := tls.LoadX509KeyPair(s.certificate, s.key)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		config.Certificates = append(config.Certificates, pair)
	}
	return credentials.NewTLS(config), nil
}
