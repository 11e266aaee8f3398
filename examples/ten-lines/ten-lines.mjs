// Streaming, cancelling and a typed answer, in ten lines.
import { Client } from "aded-client";
import { z } from "zod";

// --- begin
const client = new Client(process.argv[2]);
const conversation = await client.converse();
const story = conversation.ask("Tell me a long story.");
let said = 0;
for await (const text of story.texts()) {
  process.stdout.write(text);
  if ((said += text.length) > 60) story.cancel(); // what had come stands, and the conversation goes on
}
console.log((await conversation.parse(z.object({ right: z.boolean() }), "Is Rome in Italy?")).value);
client.close();
// --- end
