// h2spec, built from its own module: it asks a server about every rule of HTTP/2.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/summerwind/h2spec"
	"github.com/summerwind/h2spec/config"
)

func main() {
	port := flag.Int("port", 2379, "where the server listens on 127.0.0.1")
	path := flag.String("path", "/", "what is asked for")
	flag.Parse()
	passed, err := h2spec.Run(&config.Config{
		Host:         "127.0.0.1",
		Port:         *port,
		Path:         *path,
		Timeout:      2 * time.Second,
		MaxHeaderLen: 4000,
		Sections:     flag.Args(),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if !passed {
		os.Exit(1)
	}
}
