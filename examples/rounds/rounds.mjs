// Shows every draft-and-verify round: green was guessed and accepted, white the model added itself, grey was guessed in vain.
import { Client } from "aded-client";

const client = new Client(process.argv[2]);
const prompt = "Repeat three times: the quick brown fox jumps over the lazy dog.";
const options = { reportRounds: true, maxTokens: 96, sampling: { temperature: 0 }, draft: "aded" };
let text = "";
for await (const event of client.stream(prompt, options)) {
  if (event.type === "delta") text = event.text;
  if (event.type === "round") {
    const guesses = event.nodes.filter((node) => node.parent >= 0);
    const right = guesses.filter((node) => node.accepted).map((node) => node.text);
    const wrong = guesses.filter((node) => !node.accepted).map((node) => node.text);
    const guessed = right.join("");
    const own = text.startsWith(guessed) ? text.slice(guessed.length) : text;
    const times = `${event.draftTimeMs.toFixed(2)} + ${event.verifyTimeMs.toFixed(2)} ms`;
    console.log(`${event.index} ${right.length} of ${guesses.length}  ${times}  \x1b[32m${guessed}\x1b[0m${own}  \x1b[90m${wrong.join(" ")}\x1b[0m`);
  }
  if (event.type === "finished") {
    const { meanAcceptanceLength, draftAcceptanceRate, numDraftTokens } = event.speculation;
    console.log(`${meanAcceptanceLength.toFixed(2)} tokens per round with a draft; ${Math.round(draftAcceptanceRate * 100)} % of ${numDraftTokens} guesses were right`);
  }
}
client.close();
