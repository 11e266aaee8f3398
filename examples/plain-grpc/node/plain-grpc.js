// Asks a sidecar to edit a function, then asks about a text: answers that repeat much of what was said before.
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const protos = fileURLToPath(new URL('../../../proto/src/main/proto', import.meta.url));
const definition = protoLoader.loadSync('aded/v1/inference_service.proto', {
  includeDirs: [protos],
  keepCase: false,
  enums: String,
  longs: Number,
  oneofs: true, // response.event names the field that is set
});
const { InferenceService } = grpc.loadPackageDefinition(definition).aded.v1;
const target = process.argv[2] ?? 'localhost:50051';
const sidecar = new InferenceService(target, grpc.credentials.createInsecure());

const options = { maxTokens: 128, sampling: { temperature: 0 } };
const edit = `Rename the variable total to price, and repeat the whole function:

def invoice(items, rate):
    total = 0
    for item in items:
        total += item.count * item.unit_price
    total += total * rate
    return round(total, 2)
`;
const text = `The harbour office will replace the floating pontoon at the east quay between the 4th and the 22nd of March. \
Boats that lie there must be moved by the evening of the 3rd. The crane works on weekdays from seven to four. \
Write to the office to book it.
`;

/** Prints the growing answer; returns whether it is complete. */
function show(response) {
  switch (response.event) {
    case 'delta':
      process.stdout.write(response.delta.text);
      return false;
    case 'finished': {
      const { reason, usage, speculation } = response.finished;
      const why = reason.replace('FINISH_REASON_', '').toLowerCase();
      console.log(`\n[${why}: ${usage.completionTokens} tokens in ${speculation.numSteps} passes]\n`);
      return true;
    }
    default:
      return false;
  }
}

async function singleAnswer() {
  const call = sidecar.Generate({ prompt: edit, options });
  for await (const response of call) {
    show(response);
  }
}

async function conversation() {
  const call = sidecar.Converse();
  const responses = call[Symbol.asyncIterator]();
  call.write({ open: {} });
  const { opened } = (await responses.next()).value;
  console.log(`${opened.model}, ${opened.contextTokens} tokens of context`);
  for (const question of [`${text}Quote the sentence that says when boats must be moved.`, 'Repeat the text.']) {
    console.log(`> ${question}`);
    call.write({ turn: { prompt: question, options } });
    while (!show((await responses.next()).value));
  }
  call.end();
  while (!(await responses.next()).done);
}

try {
  await singleAnswer();
  await conversation();
} catch (failed) {
  console.error(`${grpc.status[failed.code] ?? failed.name}: ${failed.details ?? failed.message}`);
  process.exitCode = 1;
} finally {
  sidecar.close();
}
