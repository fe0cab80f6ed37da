// Command unitstate writes the database that the charm's forerunner leaves in a charm's directory, for the checks of the
// machine layer: keys and values come as one JSON object by standard input.
package main

import (
	"encoding/json"
	"log"
	"os"

	"kubernetes-worker/internal/unitstate/unitstatetest"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: unitstate FILE <KEYS.json")
	}
	var values map[string]any
	if err := json.NewDecoder(os.Stdin).Decode(&values); err != nil {
		log.Fatal(err)
	}
	if err := unitstatetest.Write(os.Args[1], values); err != nil {
		log.Fatal(err)
	}
}
