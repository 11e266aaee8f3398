// Command metrics shows what a server is worth watching for: its load, how drafting fares, and its Prometheus page.
//
// `./aded serve --metrics 9464`; another page is named by ADED_METRICS, such as localhost:9464.
package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"

	aded "aded.io/client-go"
)

func main() {
	ctx := context.Background()
	client, err := aded.Dial(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Chat(ctx, "Name three rivers.", aded.MaxTokens(32)); err != nil {
		log.Fatal(err)
	}
	server, err := client.Server(ctx)
	if err != nil {
		log.Fatal(err)
	}
	load := server.Load
	fmt.Printf("%d running, %d waiting, %d of %d cells, %d tokens\n", load.Running, load.Waiting, load.CellsUsed, load.Cells, load.Tokens)
	statistics, err := client.DraftStatistics(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f tokens per round with a draft\n", statistics.Totals.MeanAcceptanceLength)
	for drafter, told := range statistics.Drafters {
		fmt.Printf("  %s: %d of %d guesses were right\n", drafter, told.NumAcceptedDraftTokens, told.NumDraftTokens)
	}
	page := cmp.Or(os.Getenv("ADED_METRICS"), "localhost:9464")
	response, err := http.Get("http://" + page + "/metrics")
	if err != nil {
		fmt.Println("no metrics page:", err)
		return
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if line := lines.Text(); strings.HasPrefix(line, "aded_") && !strings.Contains(line, "bucket") {
			fmt.Println(line)
		}
	}
}
