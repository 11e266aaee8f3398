// What the client costs beside the raw stubs: streams of the scripted model, tokens per second. The two take turns, and who begins
// changes from pair to pair; what is told is the median of the pairs' ratios, with its interval of 95 %.
//
//   ../aded serve --model scripted --listen 127.0.0.1:50051      # passes that take no time
//   npm run build && node bench/overhead.mjs 127.0.0.1:50051 [STREAMS] [PAIRS]
//
// "stubs" is grpc-js with the generated messages, read by "for await" as the client is; "listener" reads by "data" events.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client as GrpcClient, credentials } from "@grpc/grpc-js";
import { Client } from "../dist/index.js";
import { GenerateRequestSchema, InferenceService } from "../dist/gen/aded/v1/inference_service_pb.js";

const TOKENS = 512;
const [target, streams = "16", pairs = "41"] = process.argv.slice(2);

const channel = new GrpcClient(target, credentials.createInsecure());
const { input, output, parent, name } = InferenceService.method.generate;
const request = create(GenerateRequestSchema, {
  input: { case: "prompt", value: "Hello" },
  options: { maxTokens: TOKENS, ignoreEnd: true, sampling: { temperature: 0 }, draft: { mode: "off" } },
});
const begin = () =>
  channel.makeServerStreamRequest(
    `/${parent.typeName}/${name}`,
    (message) => Buffer.from(toBinary(input, message)),
    (bytes) => fromBinary(output, bytes),
    request,
  );

async function withStubs() {
  let tokens = 0;
  let text = "";
  for await (const { event } of begin()) {
    if (event.case === "delta") {
      tokens += event.value.tokens.length;
      text += event.value.text;
    }
  }
  return tokens + 0 * text.length;
}

function withListener() {
  return new Promise((resolve, reject) => {
    let tokens = 0;
    let text = "";
    begin()
      .on("data", ({ event }) => {
        if (event.case === "delta") {
          tokens += event.value.tokens.length;
          text += event.value.text;
        }
      })
      .on("error", reject)
      .on("end", () => resolve(tokens + 0 * text.length));
  });
}

const client = new Client(target);

async function withClient() {
  let tokens = 0;
  let text = "";
  const options = { maxTokens: TOKENS, ignoreEnd: true, sampling: { temperature: 0 }, draft: "off" };
  for await (const event of client.stream("Hello", options)) {
    if (event.type === "delta") {
      tokens += event.tokens.length;
      text += event.text;
    }
  }
  return tokens + 0 * text.length;
}

/** All streams at once, each to its end; gives tokens per second. */
async function speed(run) {
  const began = performance.now();
  const counts = await Promise.all(Array.from({ length: Number(streams) }, run));
  return (counts.reduce((sum, one) => sum + one) / (performance.now() - began)) * 1000;
}

const sorted = (values) => values.toSorted((a, b) => a - b);
const median = (values) => sorted(values)[Math.floor(values.length / 2)];

async function compare(name, stubs, count) {
  const speeds = [[], []];
  for (let pair = -3; pair < count; pair++) {
    const both = [0, 0];
    for (const way of pair % 2 === 0 ? [0, 1] : [1, 0]) both[way] = await speed([stubs, withClient][way]);
    if (pair >= 0) speeds.forEach((list, way) => list.push(both[way])); // the first ones warm up
  }
  const ratios = sorted(speeds[1].map((value, pair) => value / speeds[0][pair]));
  const low = Math.max(0, Math.floor((count - 1) / 2 - 0.98 * Math.sqrt(count))); // by the binomial distribution of what lies below a median
  const [from, to] = [ratios[low], ratios[count - 1 - low]].map((ratio) => ratio.toFixed(2));
  console.log(
    `client ${median(speeds[1]).toFixed(0)} tokens/s, ${median(ratios).toFixed(2)} of the ${name}' ${median(speeds[0]).toFixed(0)} (95 %: ${from} to ${to}, ${count} pairs)`,
  );
}

await compare("stubs", withStubs, Number(pairs));
await compare("listeners", withListener, Math.ceil(Number(pairs) / 3));
client.close();
channel.close();
