// Functions as tools: the schema of the arguments is zod's, and the loop is run until the model answers.
import { Client, tool, UnsupportedError } from "aded-client";
import { z } from "zod";

const weather = tool({
  name: "weather",
  description: "The weather in a city at the moment.",
  parameters: z.object({ city: z.string() }),
  run: ({ city }) => ({ city, temperature: 21, sky: "clear" }),
});
const divide = tool({
  name: "divide",
  description: "Divides a by b.",
  parameters: z.object({ a: z.number(), b: z.number() }),
  run: ({ a, b }) => {
    if (b === 0) throw new Error("division by zero"); // is told to the model as a failed call
    return a / b;
  },
});

const client = new Client(process.argv[2]);
try {
  const conversation = await client.converse();
  const { answer, calls } = await conversation.runTools("How warm is it in Rome?", { tools: [weather, divide], maxTokens: 200 });
  for (const { call, result } of calls) console.log(`${call.name}(${call.arguments}) gave ${result.content}`);
  console.log(answer.text);
  await conversation.close();
} catch (error) {
  if (!(error instanceof UnsupportedError)) throw error;
  console.log(`this server serves no tools: ${error.message}`);
}
client.close();
