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
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Tries one model in this process: loads it, splits texts of all kinds, and computes passes of the shapes that answers
 * are made of. The process is one that may die of it; see {@link ModelTrials}.
 */
final class ModelTrial {
    private static final int CELLS = 128;
    /** Bytes of a model below which threads would only wait for each other. */
    private static final long SMALL = 64 << 20;

    private static final List<String> TEXTS = List.of(
            "",
            " ",
            "   ",
            "\n",
            "\n\n\n",
            "\t \r\n",
            "Hello, world! It's 2025.",
            "\u0000\u0001\u007f",
            "caf\u00e9 e\u0301",
            "\u4f60\u597d\uff0c\u4e16\u754c\u3002",
            "\ud83d\ude00\u200d\ud83d\udcbb",
            "\ufdd0\uffff\ufeff",
            "\u2581\u2581a",
            "<|im_start|>user\n<s></s>",
            "1234567890",
            "a".repeat(600),
            " ".repeat(600) + "\n".repeat(600) + "1".repeat(600) + ".".repeat(600),
            ofAllPlanes());

    private ModelTrial() {}

    /** Characters by which every byte is met that a text can begin one with. */
    private static String ofAllPlanes() {
        StringBuilder text = new StringBuilder();
        for (int character = 0x80; character <= Character.MAX_CODE_POINT; character += character < 0x800 ? 61 : 1021) {
            if (character < Character.MIN_SURROGATE || character > Character.MAX_SURROGATE) {
                text.appendCodePoint(character);
            }
        }
        return text.toString();
    }

    /** Arguments: the library's directory or {@code bundled}, the file, and whether to compute. */
    public static void main(String[] arguments) {
        LlamaLibrary library =
                arguments[0].equals("bundled") ? LlamaLibrary.bundled() : LlamaLibrary.load(Path.of(arguments[0]));
        String problem = run(library, Path.of(arguments[1]), Boolean.parseBoolean(arguments[2]));
        System.out.println(Trial.MARK + new Verdict(problem, "", List.of()).toJson());
        System.out.flush();
        ProcessEnd.halt(0);
    }

    /**
     * What is wrong with a model.
     *
     * @param computes whether to compute with it, which reads all of its weights
     * @return null if it works
     */
    static @Nullable String run(LlamaLibrary library, Path file, boolean computes) {
        try (LlamaModel model = LlamaModel.load(library, file, ModelParameters.DEFAULT.withGpuLayers(0));
                TargetContext context = model.newContext(ContextParameters.ofCells(CELLS)
                        .withMaxBatchTokens(32)
                        .withMaxSequences(4)
                        .withThreads(model.info().sizeBytes() < SMALL ? 1 : 0))) {
            for (String text : TEXTS) {
                model.vocabulary().tokenize(text, true, true);
                model.vocabulary().tokenizeContinuation(text, false);
            }
            if (computes) {
                compute(model, context);
            }
            return null;
        } catch (AdedException e) {
            return "says: " + e.getMessage();
        }
    }

    /** A prompt in two chunks, tokens one by one, and a tree of two branches where the model can have one. */
    private static void compute(LlamaModel model, TargetContext context) {
        Random random = new Random(1);
        int size = model.vocabulary().size();
        TokenBatch batch = new TokenBatch();
        TopTokens best = new TopTokens(2);
        int position = 0;
        for (int width : new int[] {17, 6, 1, 1}) {
            batch.clear();
            for (int i = 0; i < width; i++) {
                batch.add(random.nextInt(size), position++, 0, i == width - 1);
            }
            decode(context, batch);
            context.topTokens(width - 1, best);
        }
        if (!model.info().recurrent()) {
            context.shareTokens(0, 1, 0, position);
            batch.clear();
            batch.add(random.nextInt(size), position, 0, true);
            batch.add(random.nextInt(size), position, 1, true);
            decode(context, batch);
        }
    }

    private static void decode(TargetContext context, TokenBatch batch) {
        if (context.decode(batch) != DecodeOutcome.DECODED) {
            throw new AdedException.Internal("TRIAL", "a pass was not completed", null);
        }
    }
}
