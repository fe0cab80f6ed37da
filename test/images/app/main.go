// app is the only program of the test image:
//
//	app serve [ADDRESS]   answer every HTTP request with host name and peer (default :8080)
//	app get URL           print what URL answers
//	app echo WORD...      print the words
//	app sleep SECONDS     do nothing for a while
//	app env               print the environment
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "app:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	word, rest := "serve", []string(nil)
	if len(args) > 0 {
		word, rest = args[0], args[1:]
	}
	first := strings.Join(rest[:min(1, len(rest))], "")
	switch word {
	case "serve":
		return serve(first)
	case "get":
		return get(first)
	case "echo":
		fmt.Println(strings.Join(rest, " "))
	case "sleep":
		n, err := strconv.Atoi(first)
		if err != nil {
			return fmt.Errorf("cannot sleep: %w", err)
		}
		time.Sleep(time.Duration(n) * time.Second)
	case "env":
		fmt.Println(strings.Join(os.Environ(), "\n"))
	default:
		return fmt.Errorf("unknown word %q", word)
	}
	return nil
}

// serve answers until it is told to end; as PID 1 of its container it must ask for the signal itself.
func serve(address string) error {
	if address == "" {
		address = ":8080"
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	server := &http.Server{
		Addr:              address,
		ReadHeaderTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Println(r.RemoteAddr, r.URL.Path)
			fmt.Fprintf(w, "%s %s\n", host, r.RemoteAddr)
		}),
	}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	fmt.Println("serving on", address, "as", host)
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		return err
	}
	return nil
}

func get(url string) error {
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(os.Stdout, answer.Body)
	return err
}
