package io.aded.llama;

import io.aded.model.ContextParameters;
import io.aded.model.SamplingParameters;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TokenSampler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Opens, uses and closes a model, a context and samplers, again and again, and prints the resident memory in pages
 * after every tenth time. Ends by returning from main, as any program does.
 */
final class OpenAndClose {
    private OpenAndClose() {}

    public static void main(String[] arguments) throws IOException {
        LlamaLibrary library =
                arguments[0].equals("bundled") ? LlamaLibrary.bundled() : LlamaLibrary.load(Path.of(arguments[0]));
        Path file = TinyModels.f32(Path.of(arguments[1]));
        int cycles = Integer.parseInt(arguments[2]);
        String schema = "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}},\"required\":[\"a\"]}";
        for (int cycle = 1; cycle <= cycles; cycle++) {
            try (LlamaModel model = LlamaModel.load(library, file, ModelParameters.DEFAULT);
                    TargetContext context = model.newContext(
                            ContextParameters.ofCells(2048).withThreads(1).withMaxSequences(8));
                    TokenSampler sampler = model.newSampler(SamplingParameters.DEFAULT.withSeed(cycle));
                    TokenSampler constrained = model.newSampler(SamplingParameters.GREEDY.withJsonSchema(schema))) {
                TokenBatch batch = new TokenBatch();
                for (int i = 0; i < 64; i++) {
                    batch.add(262 + i % 40, i, 0, i % 8 == 7);
                }
                context.decode(batch);
                sampler.sample(context, 63);
                constrained.sample(context, 63);
            }
            if (cycle % 10 == 0 && Files.exists(Path.of("/proc/self/statm"))) {
                System.gc();
                System.out.println("resident "
                        + Files.readString(Path.of("/proc/self/statm")).split(" ")[1]);
            }
        }
        System.out.println("returning from main");
    }
}
