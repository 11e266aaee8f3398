package io.aded.natives;

import io.aded.gguf.GgufMutations;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.ModelParameters;
import io.aded.llama.TinyModels;
import io.aded.llama.TinyVocabularies;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.SamplingParameters;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TokenSampler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Tries {@linkplain GgufMutations changed} models, or serves those that a trial has let pass. It says what it is about
 * to do before it does it, so that whoever started it knows of what it died.
 *
 * <p>Run in a {@linkplain io.aded.testing.ForkedJvm process of its own}: library (or "bundled"), directory, seed,
 * {@code try} or {@code serve}, and for the one the first number and how many, for the other the numbers.
 */
final class MutatedModels {
    private final LlamaLibrary library;
    private final Path file;
    private final byte[][] whole;
    private final long seed;

    private MutatedModels(LlamaLibrary library, Path directory, long seed) throws IOException {
        this.library = library;
        this.seed = seed;
        file = directory.resolve("mutated.gguf");
        whole = new byte[][] {
            Files.readAllBytes(TinyModels.f32(directory)),
            Files.readAllBytes(TinyVocabularies.bpe(directory, "llama-bpe"))
        };
    }

    public static void main(String[] arguments) throws IOException {
        LlamaLibrary library =
                arguments[0].equals("bundled") ? LlamaLibrary.bundled() : LlamaLibrary.load(Path.of(arguments[0]));
        var models = new MutatedModels(library, Path.of(arguments[1]), Long.parseLong(arguments[2]));
        String[] rest = Arrays.copyOfRange(arguments, 4, arguments.length);
        if (arguments[3].equals("try")) {
            int first = Integer.parseInt(rest[0]);
            for (int number = first; number < first + Integer.parseInt(rest[1]); number++) {
                models.attempt(number);
            }
        } else {
            for (String number : rest) {
                models.serve(Integer.parseInt(number));
            }
        }
        say("done");
        // As a trial ends.
        Runtime.getRuntime().halt(0);
    }

    private static void say(String what) {
        System.out.println("mutant " + what);
        System.out.flush();
    }

    private void write(int number) throws IOException {
        Files.write(file, GgufMutations.mutate(whole[number % whole.length], seed + number));
    }

    private void attempt(int number) throws IOException {
        write(number);
        say("trying " + number);
        try {
            String problem = ModelTrial.run(library, file, true);
            say(problem == null ? "works " + number : "refused " + number + " " + problem);
        } catch (RuntimeException e) {
            say("threw " + number + " " + e);
        }
    }

    /** More of everything than a trial does. */
    private void serve(int number) throws IOException {
        write(number);
        say("serving " + number);
        try (LlamaModel model = LlamaModel.load(library, file, ModelParameters.DEFAULT);
                TargetContext context = model.newContext(
                        ContextParameters.ofCells(256).withMaxSequences(8).withThreads(1));
                TokenSampler sampler = model.newSampler(SamplingParameters.DEFAULT.withSeed(1))) {
            int[] prompt = model.vocabulary().tokenize("The cat <|im_end|> \u00e9\u4e2d\n\n  and 1234", true, true);
            TokenBatch batch = new TokenBatch();
            int position = 0;
            for (int i = 0; i < Math.min(100, prompt.length); i++) {
                batch.add(prompt[i], position++, 0, i == Math.min(100, prompt.length) - 1);
            }
            for (int step = 0; step < 8 && batch.size() > 0; step++) {
                if (context.decode(batch) != DecodeOutcome.DECODED) {
                    say("undecoded " + number);
                    return;
                }
                int token = sampler.sample(context, batch.size() - 1);
                if (token < 0) { // no finite logits: its turns end with an error
                    break;
                }
                batch.clear();
                batch.add(token, position++, 0, true);
            }
            model.vocabulary().detokenize(prompt, true);
            say("served " + number);
        } catch (AdedException e) {
            say("ended " + number + " " + e.getMessage());
        }
    }
}
