// Asks a sidecar one question, then holds a short conversation with it.
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const protos = fileURLToPath(new URL('../../proto/src/main/proto', import.meta.url));
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
  const call = sidecar.Generate({ prompt: 'Name three colours of the rainbow.', options: { maxTokens: 64 } });
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
  for (const question of ['My name is Ada. Say hello to me.', 'What is my name?']) {
    console.log(`> ${question}`);
    call.write({ turn: { prompt: question, options: { maxTokens: 64 } } });
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
