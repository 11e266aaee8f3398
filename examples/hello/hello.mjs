// Asks a sidecar to edit a function, then asks about a text: answers that repeat much of what was said before.
import { Client } from "aded-client";

const EDIT = `Rename the variable total to price, and repeat the whole function:

def invoice(items, rate):
    total = 0
    for item in items:
        total += item.count * item.unit_price
    total += total * rate
    return round(total, 2)
`;
const TEXT = `The harbour office will replace the floating pontoon at the east quay between the 4th and the 22nd of March. \
Boats that lie there must be moved by the evening of the 3rd. The crane works on weekdays from seven to four. \
Write to the office to book it.
`;
const options = { maxTokens: 128, sampling: { temperature: 0 } };

/** A forward pass without a draft yields one token; what is above that was drafted and accepted. */
function report({ reason, usage, speculation }) {
  console.log(`\n[${reason}: ${usage.completionTokens} tokens in ${speculation.numSteps} passes]\n`);
}

const client = new Client(process.argv[2]);
const whole = await client.chat(EDIT, options);
console.log(whole.text);
report(whole.finished);

const conversation = await client.converse({ defaults: options });
console.log(`${conversation.info.model}, ${conversation.info.contextTokens} tokens of context`);
for (const question of [`${TEXT}Quote the sentence that says when boats must be moved.`, "Repeat the text."]) {
  console.log(`> ${question}`);
  for await (const event of conversation.ask(question)) {
    if (event.type === "delta") process.stdout.write(event.text);
    if (event.type === "finished") report(event);
  }
}
await conversation.close();
client.close();
