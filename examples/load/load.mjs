// Many callers at once: what each waits for its first token, and what all get together.
import { Client } from "aded-client";

const CALLERS = 16;
const CALLS = 3;
const client = new Client(process.argv[2]);
const firsts = [];
let tokens = 0;

async function caller(number) {
  for (let call = 0; call < CALLS; call++) {
    const asked = performance.now();
    let first;
    const stream = client.stream(`Caller ${number}, question ${call}.`, { maxTokens: 48 });
    for await (const _ of stream) first ??= performance.now() - asked;
    firsts.push(first);
    tokens += stream.partial.tokens.length;
  }
}

const began = performance.now();
// A full queue was tried again before a caller gives up.
await Promise.all(Array.from({ length: CALLERS }, (_, number) => caller(number).catch((error) => console.log(`caller ${number}: ${error.message}`))));
const took = (performance.now() - began) / 1000;
firsts.sort((one, other) => one - other);
console.log(`${firsts.length} answers of ${CALLERS} callers in ${took.toFixed(2)} s, ${Math.round(tokens / took)} tokens/s`);
console.log(`first token after ${firsts[Math.floor(firsts.length / 2)]?.toFixed(0)} ms (median)`);
client.close();
