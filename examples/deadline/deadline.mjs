// Gives an answer a time limit, and keeps what came.
import { Client, DeadlineExceededError } from "aded-client";

const client = new Client(process.argv[2]);
const conversation = await client.converse({ defaults: { draft: "off" } });
try {
  console.log((await conversation.chat("Tell me everything about the sea.", { timeoutMs: 500, maxTokens: 4000 })).text);
} catch (late) {
  if (!(late instanceof DeadlineExceededError)) throw late;
  console.log(`${late.text}\n[${late.message}]`);
}
// The turn is over, the conversation is not.
console.log((await conversation.chat("In one word, please.", { maxTokens: 8 })).text);
await conversation.close();
client.close();
