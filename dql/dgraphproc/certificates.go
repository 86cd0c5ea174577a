package dgraphproc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

const (
	caCert     = "ca.crt"
	nodeCert   = "node.crt"
	nodeKey    = "node.key"
	clientCert = "client.crt"
	clientKey  = "client.key"

	// certLife is longer than any throwaway cluster lives.
	certLife = 30 * 24 * time.Hour
)

// certify writes an authority of the cluster's own, and a certificate each for the alphas and for clients.
// The authority's key is never written.
func (c *Cluster) certify() error {
	authority, key, err := newCertificate(x509.Certificate{
		Subject:               pkix.Name{CommonName: "schemacheck throwaway authority"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}, nil, nil)
	if err != nil {
		return err
	}
	node, nodePrivate, err := newCertificate(x509.Certificate{
		Subject:     pkix.Name{CommonName: "alpha"},
		DNSNames:    []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, authority, key)
	if err != nil {
		return err
	}
	client, clientPrivate, err := newCertificate(x509.Certificate{
		Subject:     pkix.Name{CommonName: "client"},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, authority, key)
	if err != nil {
		return err
	}
	c.CA, c.ClientCert, c.ClientKey = c.path(caCert), c.path(clientCert), c.path(clientKey)
	for _, f := range []struct {
		path string
		cert *x509.Certificate
		key  crypto.Signer
	}{
		{path: c.CA, cert: authority},
		{path: c.path(nodeCert), cert: node},
		{path: c.path(nodeKey), key: nodePrivate},
		{path: c.ClientCert, cert: client},
		{path: c.ClientKey, key: clientPrivate},
	} {
		b := &pem.Block{Type: "CERTIFICATE"}
		if f.cert != nil {
			b.Bytes = f.cert.Raw
		} else {
			b.Type = "PRIVATE KEY"
			if b.Bytes, err = x509.MarshalPKCS8PrivateKey(f.key); err != nil {
				return err
			}
		}
		if err := os.WriteFile(f.path, pem.EncodeToMemory(b), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// newCertificate signs a certificate with its issuer's key, or with its own when there is no issuer.
func newCertificate(template x509.Certificate, issuer *x509.Certificate, issuerKey crypto.Signer) (*x509.Certificate, crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return nil, nil, err
	}
	template.NotBefore = time.Now().Add(-time.Hour) // clocks differ
	template.NotAfter = time.Now().Add(certLife)
	if issuer == nil {
		issuer, issuerKey = &template, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, &template, issuer, key.Public(), issuerKey)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, nil, err
	}
	return cert, key, nil
}

// clientTLS trusts the cluster's authority and nobody else.
func clientTLS(ca, cert, key string) (*tls.Config, error) {
	text, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", ca)
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}
