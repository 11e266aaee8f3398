// What the client costs beside the raw stubs: streams of the scripted model, by turns with either, tokens per second.
//
//   ../aded serve --model scripted --listen 127.0.0.1:50051      # passes that take no time
//   npm run build && node bench/overhead.mjs 127.0.0.1:50051 [STREAMS] [ROUNDS]
//
// "stubs" is grpc-js with the generated messages, read by "for await" as the client is; "listener" reads by "data" events.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client as GrpcClient, credentials } from "@grpc/grpc-js";
import { Client } from "../dist/index.js";
import { GenerateRequestSchema, InferenceService } from "../dist/gen/aded/v1/inference_service_pb.js";

const TOKENS = 256;
const [target, streams = "16", rounds = "7"] = process.argv.slice(2);

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

const ways = { stubs: withStubs, listener: withListener, client: withClient };
const speeds = { stubs: [], listener: [], client: [] };
for (let round = 0; round <= Number(rounds); round++) {
  for (const [way, run] of Object.entries(ways)) {
    const began = performance.now();
    const counts = await Promise.all(Array.from({ length: Number(streams) }, run));
    const tokens = counts.reduce((sum, one) => sum + one);
    if (round > 0) speeds[way].push((tokens / (performance.now() - began)) * 1000); // the first one warms up
  }
}
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
for (const [way, measured] of Object.entries(speeds)) {
  const speed = median(measured);
  console.log(`${way.padEnd(8)} ${speed.toFixed(0).padStart(8)} tokens/s, ${(speed / median(speeds.stubs)).toFixed(2)} of the stubs`);
}
client.close();
channel.close();
