package io.aded.llama;

import io.aded.model.AdedException;
import io.aded.model.ForwardingContext;
import io.aded.model.SamplingParameters;
import io.aded.model.TargetContext;
import io.aded.model.TokenSampler;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * llama.cpp's own chain of filters over as few candidates as give the same answer.
 *
 * <h2>The chain</h2>
 *
 * {@link SamplerChains} says which filters there are, and in which order. A {@link Grammar} removes what it forbids
 * before the chain; that it comes before the bias makes no difference, because both look at single tokens only.
 *
 * <h2>Fewer candidates</h2>
 *
 * llama.cpp's convenience function copies the whole vocabulary for each token. With a top-k filter that is waste: only
 * tokens whose logits the bias and the penalties <i>touch</i> can change their rank, so the k survivors are among the
 * touched tokens and the k + |touched| largest raw logits, which {@link LogitsScan} finds in microseconds. The chain
 * sees those and does the same as it would to all. Without top-k it gets the whole vocabulary.
 *
 * <h2>Exactness</h2>
 *
 * Each call draws from the generator once and accepts once, whatever the batch looked like around the row; so the
 * stream of random numbers, and the tokens, are the same with drafts and without.
 */
final class LlamaSampler implements TokenSampler {
    /** More than this and the insertion sort of the scan loses to handing over the whole vocabulary. */
    private static final int MOST_SELECTED = 256;

    /** Tokens beyond the decisive ones that are tried against a grammar before all are. */
    private static final int SPARE = 48;

    private static final int NONE = -1;

    private final LlamaModel model;
    private final Native natives;
    private final int vocabularySize;
    private final Arena arena = Arena.ofShared();
    private final long chain;
    private final Candidates candidates;
    /** The number of best tokens that decide; the vocabulary's size if all do. */
    private final int decisive;

    private final int[] biased;
    /** Tokens that a bias forbids are no candidates: what looks at the whole distribution must not see them. */
    private final boolean[] forbidden;

    /** Whether the row that is being drawn from is a distribution. */
    private boolean finite;

    private final @Nullable PenaltyWindow window;
    private final @Nullable Grammar grammar;
    private final int endOfSequence;
    /** By capacity: the scan's cost grows with it. */
    private final TopTokens[] bests = {
        new TopTokens(64, TopTokens.Mass.NONE),
        new TopTokens(128, TopTokens.Mass.NONE),
        new TopTokens(MOST_SELECTED, TopTokens.Mass.NONE)
    };

    /** In this call: mark for a selected token, -mark if it is touched as well. */
    private final int[] marks;

    private int mark;
    private boolean closed;

    private LlamaSampler(LlamaModel model, LlamaVocabulary vocabulary, SamplingParameters parameters) {
        this.model = model;
        this.natives = model.library().natives();
        this.vocabularySize = vocabulary.size();
        this.biased = parameters.logitBias().keySet().stream()
                .mapToInt(Integer::intValue)
                .sorted()
                .toArray();
        this.forbidden = new boolean[vocabularySize];
        parameters.logitBias().forEach((token, bias) -> forbidden[token] = bias == Float.NEGATIVE_INFINITY);
        this.window = parameters.lookBack() > 0 ? new PenaltyWindow(parameters.lookBack(), vocabularySize) : null;
        this.marks = new int[vocabularySize];
        this.decisive = natives.chains.decisive(parameters, vocabularySize);
        this.candidates = new Candidates(arena, vocabularySize);
        this.endOfSequence = vocabulary.endOfSequence();
        boolean complete = false;
        try {
            this.grammar = parameters.isConstrained() ? Grammar.compile(vocabulary, parameters) : null;
            this.chain = natives.chains.open(parameters, vocabulary);
            complete = true;
        } finally {
            if (!complete) {
                arena.close();
            }
        }
    }

    static LlamaSampler create(LlamaModel model, LlamaVocabulary vocabulary, SamplingParameters parameters) {
        return new LlamaSampler(model, vocabulary, parameters);
    }

    @Override
    public boolean isPlainGreedy() {
        return false;
    }

    @Override
    public int sample(TargetContext context, int row) {
        checkOpen();
        if (!(ForwardingContext.original(context) instanceof LlamaContext rows)) {
            throw new IllegalArgumentException("this sampler reads rows of llama.cpp contexts only");
        }
        long logits = rows.rowAddress(row);
        finite = true;
        int token = grammar == null ? draw(rows, row, logits) : drawConstrained(grammar, rows, row, logits);
        if (token >= 0) {
            accept(token);
        }
        return token;
    }

    private int draw(LlamaContext context, int row, long logits) {
        if (!selectBest(context, row, logits, decisive)) {
            selectAll(logits);
        }
        if (!finite) {
            return NONE;
        }
        if (candidates.size() == 0) {
            throw TokenSampler.noToken("the logit bias forbids every token");
        }
        return choose();
    }

    /**
     * As {@link #draw}, after removing what the grammar forbids. The best tokens are tried first; if too few of them
     * are allowed, every token is.
     */
    private int drawConstrained(Grammar constraint, LlamaContext context, int row, long logits) {
        boolean enough = false;
        if (selectBest(context, row, logits, decisive + SPARE)) {
            if (!finite) {
                return NONE;
            }
            constraint.filter(candidates);
            enough = untouched() >= decisive;
        } else if (context.bestToken(row) < 0) {
            return NONE;
        }
        if (!enough) {
            int allowed = constraint.findAllowed();
            candidates.clear();
            for (int i = 0; i < allowed; i++) {
                add(constraint.allowed(i), logits);
            }
            candidates.dropForbidden();
        }
        if (candidates.size() == 0) {
            // The text is complete, and the vocabulary counts no token as its end: the one that it names is taken for
            // it.
            if (constraint.accepts() && endOfSequence >= 0 && !forbidden[endOfSequence]) {
                return endOfSequence;
            }
            throw TokenSampler.noToken(
                    biased.length == 0
                            ? "no token of the vocabulary can follow by the constraint"
                            : "constraint and logit bias together leave no token that may follow");
        }
        int token = choose();
        constraint.accept(token);
        return token;
    }

    private int untouched() {
        int count = 0;
        for (int i = 0; i < candidates.size(); i++) {
            if (marks[candidates.token(i)] != -mark) {
                count++;
            }
        }
        return count;
    }

    /**
     * Selects the touched tokens and enough of the best raw logits that the {@code decisive} best after the chain's
     * changes are among them.
     *
     * @return false if that would be so many that all may as well be taken
     */
    private boolean selectBest(LlamaContext context, int row, long logits, int wanted) {
        int touched = biased.length + (window == null ? 0 : window.distinct());
        int needed = wanted + touched;
        if (needed > MOST_SELECTED || needed >= vocabularySize) {
            return false;
        }
        candidates.clear();
        mark++;
        for (int token : biased) {
            addOnce(token, logits, -mark);
        }
        for (int i = 0; window != null && i < window.distinct(); i++) {
            addOnce(window.token(i), logits, -mark);
        }
        TopTokens best = needed <= 64 ? bests[0] : needed <= 128 ? bests[1] : bests[2];
        context.topTokens(row, best);
        finite = best.isFinite();
        for (int i = 0; i < Math.min(best.size(), needed); i++) {
            addOnce(best.token(i), logits, mark);
        }
        return true;
    }

    private void addOnce(int token, long logits, int asMark) {
        if (Math.abs(marks[token]) != mark) {
            marks[token] = asMark;
            add(token, logits);
        }
    }

    private void selectAll(long logits) {
        candidates.clear();
        boolean numbers = true;
        float max = Float.NEGATIVE_INFINITY;
        for (int token = 0; token < vocabularySize; token++) {
            float logit = Native.MEMORY.get(ValueLayout.JAVA_FLOAT, logits + 4L * token);
            numbers &= logit < Float.POSITIVE_INFINITY; // nor is a NaN
            max = Math.max(max, logit);
            if (!forbidden[token] && logit > Float.NEGATIVE_INFINITY) {
                candidates.add(token, logit);
            }
        }
        finite = numbers && max > Float.NEGATIVE_INFINITY;
    }

    private void add(int token, long logits) {
        float logit = Native.MEMORY.get(ValueLayout.JAVA_FLOAT, logits + 4L * token);
        if (!forbidden[token] && logit > Float.NEGATIVE_INFINITY) { // what cannot come is no candidate
            candidates.add(token, logit);
        }
    }

    private int choose() {
        int token = candidates.choose(natives, chain);
        if (token < 0) {
            throw new AdedException.Internal("NO_TOKEN", "llama.cpp's sampler chain chose no token", null);
        }
        return token;
    }

    private void accept(int token) {
        natives.samplers.acceptToken(chain, token);
        if (window != null) {
            window.add(token);
        }
    }

    @Override
    public void take(int token) {
        remember(token);
        if (grammar != null) {
            grammar.accept(token);
        }
    }

    @Override
    public void remember(int token) {
        checkOpen();
        if (token < 0 || token >= vocabularySize) {
            throw new IllegalArgumentException(
                    "token " + token + " is outside the vocabulary; allowed: 0 to " + (vocabularySize - 1));
        }
        accept(token);
    }

    @Override
    public boolean constrains() {
        return grammar != null;
    }

    @Override
    public void prune(TokenTree tree) {
        checkOpen();
        if (grammar != null) {
            grammar.prune(tree);
        }
    }

    @Override
    public int draftForced(TokenTree tree, int maxNodes, int maxBranches) {
        checkOpen();
        return grammar == null ? 0 : grammar.draftForced(tree, maxNodes, maxBranches);
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the sampler is closed");
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        natives.samplers.freeSampler(chain);
        arena.close();
        model.released();
    }
}
