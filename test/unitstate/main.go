// Command unitstate writes the databases in internal/unitstate/testdata with a real SQLite: what the charm's forerunner
// leaves, and files as only the library itself makes them. It is run by hand when another one is wanted; the files are part
// of the source tree.
//
//	go run . ../../internal/unitstate/testdata
//
// With -check it lets the library examine a database that a test has written.
package main

import (
	"database/sql"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite"
)

func main() {
	log.SetFlags(0)
	check := flag.String("check", "", "database to examine")
	flag.Parse()
	if *check != "" {
		examine(*check)
		return
	}
	if flag.NArg() != 1 {
		log.Fatal("usage: unitstate [-check FILE] DIRECTORY")
	}
	dir := flag.Arg(0)
	fill(create(dir, "r239.db", "pragma page_size = 4096"), r239())
	fill(create(dir, "dec18.db", "pragma page_size = 1024"), dec18())
	manyPages(create(dir, "many-pages.db", "pragma page_size = 512"))
	fill(create(dir, "vacuumed.db", "pragma page_size = 512", "pragma auto_vacuum = full"), r239())
	fill(create(dir, "utf16.db", "pragma page_size = 512", "pragma encoding = 'UTF-16le'"), map[string]string{"a": `"b"`})
	other := create(dir, "no-keys.db", "pragma page_size = 512")
	do(other, "create table other (a)")
	_ = other.Close()
	fill(create(dir, "wal.db", "pragma page_size = 512", "pragma journal_mode = wal"), map[string]string{"a": `"b"`})
	unfinished(dir)
}

// create makes an empty database for main to fill.
func create(dir, name string, pragmas ...string) *sql.DB {
	path := filepath.Join(dir, name)
	_ = os.Remove(path)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for _, p := range pragmas {
		do(db, p)
	}
	return db
}

func do(db *sql.DB, statement string, args ...any) {
	if _, err := db.Exec(statement, args...); err != nil {
		log.Fatalf("%s: %v", statement, err)
	}
}

// fill makes the framework's tables, puts the keys in, and closes the database.
func fill(db *sql.DB, values map[string]string) {
	tables(db)
	for key, data := range values {
		do(db, "insert into kv values (?, ?)", key, data)
	}
	do(db, "insert into hooks (hook, date) values ('config-changed', '2018-12-03T10:00:00')")
	for key, data := range values {
		do(db, "insert into kv_revisions values (?, 1, ?)", key, data)
	}
	if err := db.Close(); err != nil {
		log.Fatal(err)
	}
}

func tables(db *sql.DB) {
	do(db, "create table kv (key text, data text, primary key (key))")
	do(db, "create table kv_revisions (key text, revision integer, data text, primary key (key, revision))")
	do(db, "create table hooks (version integer primary key autoincrement, hook text, date text)")
}

// manyPages makes a tree of three levels, rows that go over several pages, and pages that are free again.
func manyPages(db *sql.DB) {
	tables(db)
	do(db, "begin")
	for i := range 900 {
		do(db, "insert into kv values (?, ?)", fmt.Sprintf("reactive.states.flag-%03d", i), "null")
	}
	for i := range 20 {
		do(db, "insert into kv values (?, ?)", fmt.Sprintf("gone-%d", i), `"`+strings.Repeat("x", 700)+`"`)
	}
	do(db, "insert into kv values ('current_labels', ?)", `{"long":"`+strings.Repeat("ä", 2000)+`"}`)
	for _, n := range []int{440, 445, 450, 470, 471, 472, 473, 474, 475, 476, 477, 478, 480, 500, 940, 950, 983, 984, 985, 986} { // around what fits into a page
		do(db, "insert into kv values (?, ?)", fmt.Sprintf("kubernetes-worker.resource-checksums.%d", n), `"`+strings.Repeat("y", n)+`"`)
	}
	do(db, "commit")
	do(db, "delete from kv where key like 'gone-%'")
	if err := db.Close(); err != nil {
		log.Fatal(err)
	}
}

// unfinished copies databases in the middle of a change: with a journal that has to be rolled back, and with changes that
// are in the write-ahead log alone.
func unfinished(dir string) {
	for name, pragma := range map[string]string{"killed.db": "pragma journal_mode = delete", "log.db": "pragma journal_mode = wal"} {
		db := create(dir, "unfinished.tmp", "pragma page_size = 512", pragma, "pragma cache_size = 2")
		tables(db)
		do(db, "insert into kv values ('a', '1')")
		if name == "killed.db" {
			do(db, "begin")
		}
		for i := range 40 {
			do(db, "insert into kv values (?, '2')", fmt.Sprintf("half-%d", i))
		}
		for _, suffix := range []string{"", "-journal", "-wal"} {
			content, err := os.ReadFile(filepath.Join(dir, "unfinished.tmp"+suffix))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, name+suffix), content, 0o644)
			}
			if err != nil && !os.IsNotExist(err) {
				log.Fatal(err)
			}
		}
		if name == "killed.db" {
			do(db, "rollback")
		}
		_ = db.Close()
		for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
			_ = os.Remove(filepath.Join(dir, "unfinished.tmp"+suffix))
		}
	}
}

// examine lets the library check a database, and prints its keys.
func examine(path string) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRow("pragma integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		log.Fatalf("%s: %s, %v", path, verdict, err)
	}
	rows, err := db.Query("select key, length(data) from kv order by key")
	if err != nil {
		log.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var n int
		if err := rows.Scan(&key, &n); err != nil {
			log.Fatal(err)
		}
		fmt.Println(key, n)
	}
}
