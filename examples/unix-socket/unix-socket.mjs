// The sidecar over a Unix socket: nobody else on the machine can talk to it. `./aded serve --listen unix:/tmp/aded.sock`
import { Client } from "aded-client";

const client = new Client(process.argv[2]);
await client.waitReady(60_000); // also while the model is still loading
console.log(`${process.argv[2]}: ${(await client.model()).name}`);
console.log((await client.chat("Name three rivers.", { maxTokens: 32 })).text);
client.close();
