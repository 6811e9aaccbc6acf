// Asks a Kafka server everything that franz-go can ask, and reports it in lines that are the same in every run.
package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

const caseTime = 60 * time.Second

// A run is one case's server, names and lines.
type run struct {
	options options
	name    string
	lines   []string
}

type options struct {
	bootstrap, sasl, ca, tag string
}

type test struct {
	name string
	body func(context.Context, *run) error
}

// topic is a name that no other run and no other case has.
func (r *run) topic(suffix string) string { return r.options.tag + r.name + suffix }

func (r *run) say(words ...any) {
	line := strings.TrimSuffix(fmt.Sprintln(words...), "\n")
	line = strings.ReplaceAll(line, r.options.tag, "")
	r.lines = append(r.lines, strings.ReplaceAll(line, r.options.bootstrap, "BOOTSTRAP"))
}

func (r *run) saySorted(lines []string) {
	slices.Sort(lines)
	for _, line := range lines {
		r.say(line)
	}
}

// client connects; `more` comes after what every client has.
func (r *run) client(more ...kgo.Opt) (*kgo.Client, error) {
	found := []kgo.Opt{kgo.SeedBrokers(r.options.bootstrap)}
	if r.options.ca != "" {
		pem, err := os.ReadFile(r.options.ca)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		found = append(found, kgo.DialTLSConfig(&tls.Config{RootCAs: roots}))
	}
	if r.options.sasl != "" {
		mechanism, rest, _ := strings.Cut(r.options.sasl, ":")
		user, password, _ := strings.Cut(rest, ":")
		switch mechanism {
		case "PLAIN":
			found = append(found, kgo.SASL(plain.Auth{User: user, Pass: password}.AsMechanism()))
		case "SCRAM-SHA-256":
			found = append(found, kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha256Mechanism()))
		case "SCRAM-SHA-512":
			found = append(found, kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha512Mechanism()))
		default:
			return nil, fmt.Errorf("no mechanism %s", mechanism)
		}
	}
	return kgo.NewClient(append(found, more...)...)
}

// nameOf is Kafka's name for an error where it has one.
func nameOf(err error) string {
	var known *kerr.Error
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &known):
		return known.Message
	case errors.Is(err, context.DeadlineExceeded):
		return "DeadlineExceeded"
	}
	return err.Error()
}

func main() {
	var o options
	flag.StringVar(&o.bootstrap, "bootstrap", "127.0.0.1:9092", "`HOST:PORT` of the server")
	flag.StringVar(&o.sasl, "sasl", "", "`MECHANISM:USER:PASSWORD`, PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
	flag.StringVar(&o.ca, "ca", "", "speak TLS and trust the certificate authority in this `file`")
	var only []string
	flag.Func("only", "only the case of this `name`; may be given again", func(name string) error {
		only = append(only, name)
		return nil
	})
	list := flag.Bool("list", false, "print the names of the cases")
	flag.Parse()
	var random [4]byte
	rand.Read(random[:])
	o.tag = "r" + hex.EncodeToString(random[:]) + "-"
	for _, t := range slices.Concat(recordCases, groupCases, adminCases) {
		switch {
		case *list:
			fmt.Println(t.name)
		case len(only) == 0 || slices.Contains(only, t.name):
			t.report(o)
		}
	}
}

func (t test) report(o options) {
	r := &run{options: o, name: t.name}
	ctx, cancel := context.WithTimeout(context.Background(), caseTime)
	defer cancel()
	begin := time.Now()
	if err := t.body(ctx, r); err != nil {
		r.say("error", nameOf(err))
	}
	fmt.Fprintf(os.Stderr, "%s: %.1f s\n", t.name, time.Since(begin).Seconds())
	fmt.Println("case", t.name)
	for _, line := range r.lines {
		fmt.Println("  " + line)
	}
}
