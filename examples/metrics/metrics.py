"""What a server is worth watching for: its load, how drafting fares, and its Prometheus page.

`./aded serve --metrics 9464`; another page is named by ADED_METRICS, such as localhost:9464.
"""

import os
import sys
import urllib.request

from aded import Client

with Client(sys.argv[1]) as client:
    client.chat("Name three rivers.", max_tokens=32)
    load = client.server().load
    print(f"{load.running} running, {load.waiting} waiting, {load.cells_used} of {load.cells} cells, {load.tokens_total} tokens")
    statistics = client.draft_statistics()
    print(f"{statistics.totals.mean_acceptance_length:.2f} tokens per round with a draft")
    for drafter, told in statistics.drafters.items():
        print(f"  {drafter}: {told.num_accepted_draft_tokens} of {told.num_draft_tokens} guesses were right")

page = os.environ.get("ADED_METRICS", "localhost:9464")
try:
    with urllib.request.urlopen(f"http://{page}/metrics", timeout=5) as response:
        lines = response.read().decode().splitlines()
    print("\n".join(line for line in lines if line.startswith("aded_") and "bucket" not in line)[:1500])
except OSError as nobody:
    print(f"no metrics page on {page}: {nobody}")
