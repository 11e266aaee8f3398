// A slow reader: the server waits for it and computes no further, and nothing piles up in between.
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "aded-client";

const client = new Client(process.argv[2]);
const began = performance.now();
let count = 0;
for await (const text of client.stream("Count to a thousand.", { maxTokens: 60, draft: "off" }).texts()) {
  console.log(`${((performance.now() - began) / 1000).toFixed(1)} s  ${JSON.stringify(text)}`);
  if (++count % 20 === 0) await sleep(1000); // something slow; what is not read stays with the server
}
// A reader who stops for longer than 20 s (`aded serve --unread`) loses the answer: ResourceExhaustedError, NOT_READ.
client.close();
