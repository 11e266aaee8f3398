// What a server is worth watching for: its load, how drafting fares, and its Prometheus page.
//
// `./aded serve --metrics 9464`; another page is named by ADED_METRICS, such as localhost:9464.
import { Client } from "aded-client";

const client = new Client(process.argv[2]);
await client.chat("Name three rivers.", { maxTokens: 32 });
const { load } = await client.server();
console.log(`${load.running} running, ${load.waiting} waiting, ${load.cellsUsed} of ${load.cells} cells, ${load.tokens} tokens`);
const { totals, drafters } = await client.draftStatistics();
console.log(`${totals.meanAcceptanceLength.toFixed(2)} tokens per round with a draft`);
for (const [drafter, told] of drafters) console.log(`  ${drafter}: ${told.numAcceptedDraftTokens} of ${told.numDraftTokens} guesses were right`);
client.close();

const page = process.env.ADED_METRICS ?? "localhost:9464";
try {
  const lines = (await (await fetch(`http://${page}/metrics`)).text()).split("\n");
  console.log(lines.filter((line) => line.startsWith("aded_") && !line.includes("bucket")).join("\n").slice(0, 1500));
} catch (nobody) {
  console.log(`no metrics page on ${page}: ${nobody.message}`);
}
