// One question, answered under several draft policies: the same tokens, in more or fewer forward passes.
import { Client } from "aded-client";

const QUESTION = "Repeat three times: the quick brown fox jumps over the lazy dog.";
const client = new Client(process.argv[2]);
const answers = new Set();
for (const draft of ["off", "auto", "prompt-lookup", { mode: "aded", maxNodes: 12 }]) {
  const { tokens, finished } = await client.chat(QUESTION, { sampling: { temperature: 0 }, maxTokens: 96, draft });
  const name = typeof draft === "string" ? draft : `${draft.mode}, ${draft.maxNodes} nodes`;
  console.log(`${name.padEnd(16)} ${tokens.length} tokens in ${finished.speculation.numSteps} passes, ${(finished.usage.totalTimeMs / 1000).toFixed(3)} s`);
  answers.add(String(tokens));
}
console.log(answers.size === 1 ? "the same answer" : "answers differ (near ties of a quantised model)");
client.close();
