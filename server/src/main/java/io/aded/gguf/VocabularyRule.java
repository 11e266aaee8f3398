package io.aded.gguf;

import io.aded.model.AdedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whether a model can draft for another one: what it guesses are token ids, so both must mean the same by them.
 *
 * <p>The rule is llama.cpp's (common/speculative.cpp): the same kind of vocabulary, the same tokens to begin and end
 * with, and both or neither put there; sizes that differ by {@value #MOST_DIFFERENT} at most, since some models pad
 * theirs; and the same text for every id from {@value #FIRST_COMPARED} on, as those before it are control tokens that
 * go by different names.
 */
public final class VocabularyRule {
    private static final int FIRST_COMPARED = 5;
    private static final int MOST_DIFFERENT = 128;

    /** Characters of a token's text in a message. */
    private static final int LONGEST_SHOWN = 40;

    private static final String MODEL = "tokenizer.ggml.model";

    /** Byte-pair vocabularies that begin texts with a token though their file does not say so (llama-vocab.cpp). */
    private static final Set<String> BEGUN = Set.of(
            "llama3",
            "llama-v3",
            "llama-bpe",
            "falcon3",
            "falcon-h1",
            "pixtral",
            "midm-2.0",
            "lfm2",
            "tekken",
            "chameleon");

    private VocabularyRule() {}

    /**
     * Checks that {@code draft} can draft for {@code target}.
     *
     * @return how many ids both have: all below it mean the same in both
     * @throws AdedException.InvalidArtifact if it cannot; the message names the first thing that differs
     */
    public static int require(GgufFile target, GgufFile draft) {
        same(target, draft, "kind of vocabulary (" + MODEL + ")", kind(target), kind(draft));
        same(target, draft, "token that begins a text", first(target), first(draft));
        same(target, draft, "token that ends a text", last(target), last(draft));
        same(target, draft, "habit of beginning texts with a token", begins(target), begins(draft));
        same(
                target,
                draft,
                "habit of ending texts with a token",
                target.flag("tokenizer.ggml.add_eos_token", false),
                draft.flag("tokenizer.ggml.add_eos_token", false));
        TokenTexts ofTarget = target.tokenTexts();
        TokenTexts ofDraft = draft.tokenTexts();
        if (Math.abs(ofTarget.count() - ofDraft.count()) > MOST_DIFFERENT) {
            throw foreignBefore(
                    target,
                    draft,
                    "it has " + ofDraft.count() + " tokens and the target " + ofTarget.count() + ", more than "
                            + MOST_DIFFERENT + " of difference");
        }
        String difference = difference(target, draft);
        if (difference != null) {
            throw foreign(target, draft, difference);
        }
        return Math.min(ofTarget.count(), ofDraft.count());
    }

    /** What is said of the first token whose text differs; null if none does. */
    private static @Nullable String difference(GgufFile target, GgufFile draft) {
        ByteBuffer ours = open(target.path());
        ByteBuffer theirs = open(draft.path());
        int common = Math.min(target.tokenTexts().count(), draft.tokenTexts().count());
        int at = target.tokenTexts().at();
        int other = draft.tokenTexts().at();
        try {
            for (int token = 0; token < common; token++) {
                int length = (int) ours.getLong(at);
                int otherLength = (int) theirs.getLong(other);
                if (token >= FIRST_COMPARED
                        && !ours.slice(at + 8, length).equals(theirs.slice(other + 8, otherLength))) {
                    return "token " + token + " is " + shown(theirs.slice(other + 8, otherLength)) + " in it and "
                            + shown(ours.slice(at + 8, length)) + " in the target";
                }
                at += 8 + length;
                other += 8 + otherLength;
            }
            return null;
        } catch (IndexOutOfBoundsException e) {
            throw GgufFile.invalid(draft.path(), "it, or " + target.path() + ", changed while it was read");
        }
    }

    private static ByteBuffer open(Path path) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, Math.min(channel.size(), Integer.MAX_VALUE))
                    .order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact(
                    "MODEL_UNREADABLE", "cannot read the model file " + path + ": " + e.getMessage(), e);
        }
    }

    private static String kind(GgufFile file) {
        String kind = file.string(MODEL);
        return kind == null ? "none" : kind;
    }

    private static long first(GgufFile file) {
        return file.integer(
                "tokenizer.ggml.bos_token_id",
                switch (kind(file)) {
                    case "llama" -> 1;
                    case "gpt2" -> 11;
                    default -> -1;
                });
    }

    private static long last(GgufFile file) {
        return file.integer(
                "tokenizer.ggml.eos_token_id",
                switch (kind(file)) {
                    case "llama" -> 2;
                    case "gpt2" -> 11;
                    case "t5" -> 1;
                    default -> -1;
                });
    }

    private static boolean begins(GgufFile file) {
        String pieces = file.string("tokenizer.ggml.pre");
        boolean usual = kind(file).equals("llama") || (pieces != null && BEGUN.contains(pieces));
        return file.flag("tokenizer.ggml.add_bos_token", usual);
    }

    private static void same(GgufFile target, GgufFile draft, String what, Object ours, Object theirs) {
        if (!ours.equals(theirs)) {
            throw foreignBefore(target, draft, "its " + what + " is " + theirs + ", the target's " + ours);
        }
    }

    /** Something differs that is compared before the texts; the first text that does is said as well. */
    private static AdedException.InvalidArtifact foreignBefore(GgufFile target, GgufFile draft, String why) {
        String difference = difference(target, draft);
        return foreign(target, draft, difference == null ? why : why + "; the first that differs: " + difference);
    }

    private static AdedException.InvalidArtifact foreign(GgufFile target, GgufFile draft, String why) {
        return new AdedException.InvalidArtifact(
                "FOREIGN_VOCABULARY",
                draft.path() + " cannot draft for " + target.path() + ", whose vocabulary is another one: " + why);
    }

    /** A token's text in quotes, short and without what a terminal would obey. */
    private static String shown(ByteBuffer text) {
        byte[] bytes = new byte[text.remaining()];
        text.get(bytes);
        String whole = new String(bytes, StandardCharsets.UTF_8).replaceAll("[\\p{Cc}\\p{Cf}\\p{Co}\\p{Cn}]", "?");
        return "\"" + (whole.length() <= LONGEST_SHOWN ? whole : whole.substring(0, LONGEST_SHOWN) + "\u2026") + "\"";
    }
}
