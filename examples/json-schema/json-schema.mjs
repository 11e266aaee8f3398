// A typed answer: the schema constrains the model, and the answer is a value of it.
import { BadAnswerError, Client } from "aded-client";
import { z } from "zod";

const City = z.object({
  name: z.string().describe("in English"),
  continent: z.enum(["Africa", "America", "Asia", "Europe", "Oceania"]),
  capital: z.boolean(),
});

const client = new Client(process.argv[2]);
try {
  const { value, answer } = await client.parse(City, "Describe Rome.", { sampling: { temperature: 0 }, maxTokens: 120 });
  console.log(value);
  const { usage, speculation } = answer.finished;
  console.log(`${usage.completionTokens} tokens in ${speculation.numSteps} passes: what the schema leaves no choice about is not guessed, but known`);
} catch (cut) {
  if (!(cut instanceof BadAnswerError)) throw cut;
  console.log(`${cut.message}: ${cut.text}`); // only an answer that was cut short can break the schema
}
client.close();
