package io.aded.engine;

import io.aded.dialect.AnswerForm;
import io.aded.dialect.AnswerSplitter;
import io.aded.engine.Delta.Part;
import io.aded.model.ChatMessage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An answer that is more than text: what its tokens add to which of its parts. Confined to the engine's thread.
 *
 * <p>A token belongs to the part that its last character does; one that only marks a part belongs to that part. While
 * it is not decided whether a call begins, tokens are held back as their text is.
 */
final class AnswerParts implements AnswerSplitter.Output {
    /** Nine letters and digits: some templates take no other ids. */
    private static final String ID = "call%05d";

    private final AnswerForm form;
    private final boolean beganInReasoning;
    private final AnswerSplitter splitter;
    private final Set<String> ids;
    private final List<Run> runs = new ArrayList<>();
    private int undecided;
    private int reasoningTokens;
    private int numbered;

    // Tokens of rounds that were not told yet.
    private int[] tokens = new int[16];
    private int count;
    private @Nullable List<Delta.TokenLogProbability> logProbabilities;

    /** Something that grew. */
    private static final class Run {
        private final Part part;
        private String first = "";
        private @Nullable StringBuilder all;
        private int tokens;

        Run(Part part) {
            this.part = part;
        }

        /** Most runs are one piece of text. */
        void add(String text) {
            if (all != null) {
                all.append(text);
            } else if (first.isEmpty()) {
                first = text;
            } else {
                all = new StringBuilder(first).append(text);
            }
        }

        String text() {
            return all == null ? first : all.toString();
        }
    }

    /**
     * An answer that begins.
     *
     * @param beginsInReasoning whether the prompt leaves reasoning open
     * @param taken ids of calls that the conversation has
     */
    AnswerParts(AnswerForm form, boolean beginsInReasoning, Set<String> taken) {
        this.form = form;
        this.beganInReasoning = beginsInReasoning;
        ids = taken;
        numbered = taken.size();
        splitter = form.splitter(beginsInReasoning, this::nextId, this);
    }

    private String nextId() {
        String id;
        do {
            id = String.format(Locale.ROOT, ID, ++numbered);
        } while (!ids.add(id));
        return id;
    }

    AnswerForm form() {
        return form;
    }

    boolean beganInReasoning() {
        return beganInReasoning;
    }

    /** A token was emitted, and this is the text that is decided with it. */
    void token(String text) {
        AnswerSplitter.Channel before = splitter.channel();
        splitter.append(text);
        AnswerSplitter.Channel after = splitter.channel();
        AnswerSplitter.Channel own =
                after == AnswerSplitter.Channel.TEXT && before != AnswerSplitter.Channel.UNDECIDED ? before : after;
        undecided++;
        if (own != AnswerSplitter.Channel.UNDECIDED) {
            Part part = switch (own) {
                case REASONING -> Part.REASONING;
                case CALL -> new Part.Call(splitter.calls() - 1, "", "");
                case TEXT, UNDECIDED -> Part.TEXT;
            };
            reasoningTokens += own == AnswerSplitter.Channel.REASONING ? undecided : 0;
            run(part).tokens += undecided;
            undecided = 0;
        }
    }

    /** The answer is over, and this is the rest of its text. */
    void end(String rest) {
        splitter.append(rest);
        splitter.finish();
        if (undecided > 0) {
            run(runs.isEmpty() ? Part.TEXT : runs.getLast().part).tokens += undecided;
            undecided = 0;
        }
    }

    /** Whether reasoning has taken all the tokens that it may. */
    boolean isOverBudget() {
        return splitter.channel() == AnswerSplitter.Channel.REASONING && reasoningTokens >= form.budget();
    }

    int reasoningTokens() {
        return reasoningTokens;
    }

    int calls() {
        return splitter.calls();
    }

    /** The answer as a message of the conversation. */
    ChatMessage message(String begun) {
        return splitter.message(begun);
    }

    /**
     * What grew since it was asked last.
     *
     * @param round the tokens of a round
     */
    List<Delta> deltas(Delta round) {
        if (isAllOf(round)) {
            Run only = runs.removeFirst();
            return isShown(only)
                    ? List.of(new Delta(only.text(), round.tokens(), round.logProbabilities(), only.part))
                    : List.of();
        }
        keep(round);
        List<Delta> deltas = new ArrayList<>(runs.size());
        int at = 0;
        for (Run run : runs) {
            int end = Math.min(count, at + run.tokens);
            if (isShown(run)) {
                deltas.add(new Delta(
                        run.text(),
                        Arrays.copyOfRange(tokens, at, end),
                        logProbabilities == null ? null : List.copyOf(logProbabilities.subList(at, end)),
                        run.part));
            }
            at = end;
        }
        runs.clear();
        System.arraycopy(tokens, at, tokens, 0, count - at);
        count -= at;
        if (logProbabilities != null) {
            logProbabilities.subList(0, at).clear();
        }
        return deltas;
    }

    /** Whether what grew is one part, by the tokens of this round and no others. */
    private boolean isAllOf(Delta round) {
        return count == 0 && runs.size() == 1 && runs.getFirst().tokens == round.tokens().length;
    }

    private boolean isShown(Run run) {
        return form.request().showsReasoning() || !run.part.equals(Part.REASONING);
    }

    private void keep(Delta round) {
        int more = round.tokens().length;
        if (count + more > tokens.length) {
            tokens = Arrays.copyOf(tokens, Math.max(tokens.length * 2, count + more));
        }
        System.arraycopy(round.tokens(), 0, tokens, count, more);
        count += more;
        if (round.logProbabilities() != null) {
            logProbabilities = logProbabilities == null ? new ArrayList<>() : logProbabilities;
            logProbabilities.addAll(round.logProbabilities());
        }
    }

    private Run run(Part part) {
        if (!runs.isEmpty() && runs.getLast().part.goesOnWith(part)) {
            return runs.getLast();
        }
        Run run = new Run(part);
        runs.add(run);
        return run;
    }

    @Override
    public void text(String more) {
        run(Part.TEXT).add(more);
    }

    @Override
    public void reasoning(String more) {
        run(Part.REASONING).add(more);
    }

    @Override
    public void call(int index, String id, String name) {
        runs.add(new Run(new Part.Call(index, id, name)));
    }

    @Override
    public void arguments(int index, String json) {
        run(new Part.Call(index, "", "")).add(json);
    }
}
