// A conversation that is left and resumed from another connection, with its history, KV cache and drafter.
import { Client, NotFoundError } from "aded-client";

const id = "example-resume-node";
const defaults = { maxTokens: 32 };

const client = new Client(process.argv[2], { clientId: "examples" });
const first = await client.converse({ id, retentionMs: 60_000, defaults });
console.log((await first.chat("My name is Ada.")).text);
await first.close();
client.close();

const later = new Client(process.argv[2], { clientId: "examples" });
const again = await later.converse({ id, requireResume: true, retentionMs: 0, defaults });
console.log(`[resumed ${again.info.id} with ${again.info.historyTokens} tokens]`);
const answer = await again.chat("What is my name?");
console.log(answer.text);
console.log(`[${answer.finished.usage.cachedPromptTokens} of ${answer.finished.usage.promptTokens} tokens needed no computing]`);
await again.close();
try {
  await later.converse({ id: "never-there", requireResume: true });
} catch (gone) {
  if (!(gone instanceof NotFoundError)) throw gone;
  console.log(`[${gone.message}]`);
}
later.close();
