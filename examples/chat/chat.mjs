// A chat at the terminal: a conversation that the server remembers.
import { createInterface } from "node:readline/promises";
import { Client } from "aded-client";

const client = new Client(process.argv[2]);
const conversation = await client.converse({ defaults: { maxTokens: 200 } });
console.log(`${conversation.info.model}; an empty line ends`);
// At a terminal what is typed, else two questions.
const questions = process.stdin.isTTY ? createInterface({ input: process.stdin }) : ["My name is Ada. Say hello to me.", "What is my name?"];
for await (const question of questions) {
  if (question === "") break;
  for await (const text of conversation.ask(question).texts()) process.stdout.write(text);
  console.log();
}
await conversation.close();
client.close();
