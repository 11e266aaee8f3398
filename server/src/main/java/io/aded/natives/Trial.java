package io.aded.natives;

import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.ModelParameters;
import io.aded.llama.ProcessEnd;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TopTokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tries one library in this process: opens it, lists its devices, and lets the best of them answer with a tiny model.
 * The process is one that may die of it; see {@link TrialRunner}.
 */
final class Trial {
    /** Before the verdict on standard output, which native code may write to as well. */
    static final String MARK = "aded-natives-verdict ";

    static final int[] PROMPT = {259, 267, 261, 265, 270, 263, 266, 262};
    /**
     * What the model answers. Each token wins by far more than the rounding of half precision could take away, so that
     * another answer means that the device, its driver or the build computes wrongly.
     */
    static final int[] ANSWER = {260, 259, 270, 259, 270, 259, 262, 262};

    private Trial() {}

    /** Arguments: the library's directory, and {@code gpu} if one is needed. */
    public static void main(String[] arguments) {
        Verdict verdict = run(Path.of(arguments[0]), arguments.length > 1 && arguments[1].equals("gpu"));
        System.out.println(MARK + verdict.toJson());
        System.out.flush();
        // Drivers have been seen to fall over when they are unloaded; the verdict stands by then.
        ProcessEnd.halt(0);
    }

    static Verdict run(Path directory, boolean needsGpu) {
        LlamaLibrary library;
        try {
            library = LlamaLibrary.load(directory);
        } catch (AdedException e) {
            return Verdict.broken("cannot be loaded: " + e.getMessage());
        }
        List<LlamaLibrary.Device> devices = library.devices();
        String problem = needsGpu && devices.stream().noneMatch(Verdict::isGpu)
                ? "finds no GPU that it can use"
                : devices.isEmpty() ? "finds no device, not even the processor" : compute(library);
        return new Verdict(problem, library.description(), devices);
    }

    private static @Nullable String compute(LlamaLibrary library) {
        Path file = null;
        try {
            file = Files.createTempFile("aded-trial-", ".gguf");
            BuiltInModel.write(file);
            int[] answer = answer(library, file, ModelParameters.DEFAULT);
            return Arrays.equals(answer, ANSWER)
                    ? null
                    : "computes wrongly here: a tiny model answered " + Arrays.toString(answer) + " instead of "
                            + Arrays.toString(ANSWER) + "; a newer driver may mend it";
        } catch (AdedException | IOException e) {
            return "cannot compute: " + e.getMessage();
        } finally {
            try {
                if (file != null) {
                    Files.deleteIfExists(file);
                }
            } catch (IOException e) {
                file.toFile().deleteOnExit();
            }
        }
    }

    /** The best tokens, one after the other, after the prompt. */
    static int[] answer(LlamaLibrary library, Path model, ModelParameters parameters) {
        int[] answer = new int[ANSWER.length];
        try (LlamaModel loaded = LlamaModel.load(library, model, parameters);
                TargetContext context = loaded.newContext(
                        ContextParameters.ofCells(64).withThreads(1).withMaxBatchTokens(32))) {
            TokenBatch batch = new TokenBatch();
            for (int i = 0; i < PROMPT.length; i++) {
                batch.add(PROMPT[i], i, 0, i == PROMPT.length - 1);
            }
            TopTokens best = new TopTokens(2);
            for (int i = 0; i < answer.length; i++) {
                if (context.decode(batch) != DecodeOutcome.DECODED) {
                    throw new AdedException.Internal("TRIAL", "a pass was not completed", null);
                }
                context.topTokens(batch.size() - 1, best);
                answer[i] = best.token(0);
                batch.clear();
                batch.add(answer[i], PROMPT.length + i, 0, true);
            }
        }
        return answer;
    }
}
