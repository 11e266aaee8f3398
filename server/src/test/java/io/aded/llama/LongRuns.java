package io.aded.llama;

import io.aded.model.AdedException;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Splits runs of one character, and of a few, under every pre-tokeniser, a very long one under the one that takes most
 * stack, and more than is allowed.
 *
 * <p>Run in a {@linkplain io.aded.testing.ForkedJvm process of its own}: library (or "bundled"), directory, characters.
 */
final class LongRuns {
    private static final String[] KINDS = {
        "a", "A", "7", " ", "\n", ".", "\u4e2d", "\ud83d\ude00", "\u0301", "\u00e4", "'", "aB", "a ", "\u3042", "<"
    };

    private LongRuns() {}

    public static void main(String[] arguments) {
        LlamaLibrary library =
                arguments[0].equals("bundled") ? LlamaLibrary.bundled() : LlamaLibrary.load(Path.of(arguments[0]));
        Path directory = Path.of(arguments[1]);
        int characters = Integer.parseInt(arguments[2]);
        for (String pre : TinyVocabularies.of(library)) {
            try (LlamaModel model =
                    LlamaModel.load(library, TinyVocabularies.bpe(directory, pre), ModelParameters.DEFAULT)) {
                System.out.println(pre);
                System.out.flush();
                String text = Stream.of(KINDS)
                        .map(kind -> kind.repeat(
                                pre.equals("superbpe") && kind.equals("7") ? 1000 : characters / kind.length()))
                        .collect(Collectors.joining("\nx\n"));
                int[] tokens = model.vocabulary().tokenize(text, false, false);
                if (!model.vocabulary().detokenize(tokens, false).equals(text)) {
                    System.out.println("lost: " + pre);
                }
                if (pre.equals("superbpe")) {
                    refused(model, "7".repeat(1001));
                }
                if (pre.equals("tekken")) {
                    int count = model.vocabulary().tokenize("\u4e2d".repeat(40_000), false, false).length;
                    System.out.println("longest: " + count);
                    refused(model, "\u4e2d".repeat(TextSplitter.LONGEST_RUN + 1));
                    refused(model, ".\n".repeat(TextSplitter.LONGEST_RUN));
                }
            }
        }
        for (String kind : OtherVocabularies.of(library)) {
            try (LlamaModel model =
                    LlamaModel.load(library, OtherVocabularies.write(directory, kind), ModelParameters.DEFAULT)) {
                System.out.println(kind);
                System.out.flush();
                for (String text : KINDS) {
                    int[] tokens = model.vocabulary().tokenize(text.repeat(10 * characters), true, false);
                    if (model.vocabulary().detokenize(tokens, true).isEmpty()) {
                        System.out.println("lost: " + kind);
                    }
                }
            }
        }
        System.out.println("done");
    }

    private static void refused(LlamaModel model, String text) {
        try {
            model.vocabulary().tokenize(text, false, false);
            System.out.println("not refused: " + text.length());
        } catch (AdedException.InvalidRequest e) {
            System.out.println("refused: " + e.getMessage());
        }
    }
}
