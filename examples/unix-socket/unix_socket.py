"""The sidecar over a Unix socket: nobody else on the machine can talk to it. `./aded serve --listen unix:/tmp/aded.sock`"""

import sys

from aded import Client

with Client(sys.argv[1]) as client:
    client.wait_ready(60)  # also while the model is still loading
    print(f"{client.target}: {client.model().name}")
    print(client.chat("Name three rivers.", max_tokens=32))
