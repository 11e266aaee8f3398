// Tells failures apart, and says what is tried again.
import { AdedError, Client, InvalidRequestError, ResourceExhaustedError, UnavailableError } from "aded-client";

// What may pass is tried again by the client itself, here up to three times, no sooner than the server says.
const retry = { attempts: 3, initialMs: 200 };

async function attempt(what, call) {
  console.log(`${what}:`);
  try {
    console.log("  answered:", await call());
  } catch (error) {
    if (error instanceof InvalidRequestError) {
      for (const { field, description } of error.violations) console.log(`  ${field} ${description}`); // all at once
    } else if (error instanceof UnavailableError || error instanceof ResourceExhaustedError) {
      console.log(`  ${error.kind} ${error.reason}: ${error.message}; try again in ${error.retryAfterMs ?? "some"} ms`);
    } else if (error instanceof AdedError) {
      console.log(`  ${error.kind} ${error.reason}: ${error.message}`);
    } else throw error;
  }
}

const client = new Client(process.argv[2], { retry });
await attempt("values out of range", () => client.chat("Hello", { sampling: { temperature: -1 }, maxTokens: -5 }));
await attempt("a model that is not there", () => client.model("no-such-model"));
await attempt("nothing to resume", () => client.converse({ id: "never-there", requireResume: true }));
await attempt("an ordinary question", async () => (await client.chat("Hello", { maxTokens: 8 })).text);
client.close();
const nobody = new Client("localhost:1", { retry });
await attempt("a server that is not there", () => nobody.chat("Hello"));
nobody.close();
