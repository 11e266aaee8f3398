// Stops an answer midway, and goes on with the conversation.
import { Client } from "aded-client";

const LONG = "Tell me a long story about a lighthouse.";
const client = new Client(process.argv[2]);
const conversation = await client.converse({ defaults: { maxTokens: 400 } });

// cancel(): the server is asked to stop, and says what the part that came has cost.
const story = conversation.ask(LONG);
let count = 0;
for await (const event of story) {
  if (event.type === "delta") process.stdout.write(event.text);
  if (event.type === "finished") console.log(`\n[${event.reason} after ${event.usage.completionTokens} tokens]\n`);
  if (++count === 10) story.cancel();
}

// Leaving the loop: no longer interested. The rest is dropped when the next question is asked.
for await (const event of conversation.ask(LONG)) {
  console.log("[closed after", event, "]\n");
  break;
}
console.log((await conversation.chat("What was the story about?", { maxTokens: 32 })).text);
await conversation.close();
client.close();
