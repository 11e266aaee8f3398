package io.aded.draft.select;

import io.aded.draft.ArmPlay;
import io.aded.draft.DraftRequest;
import io.aded.draft.DraftState;
import io.aded.draft.NodeSource;
import io.aded.draft.adaptive.AdedDrafter;
import io.aded.draft.neural.DraftModel;
import io.aded.draft.neural.DraftStream;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import org.jspecify.annotations.Nullable;

/**
 * One stream of an {@link AdaptiveProposer}: its table, its stream of the draft model, and what was learned of both.
 */
final class MixedState implements DraftState {
    static final String WITH_MODEL = AdedDrafter.NAME + "+model";

    /** Beside the parts: the object and its round. */
    private static final int BYTES = 1024;

    private final AdaptiveProposer proposer;
    final AdedDrafter table;
    final DraftStream stream;
    final PathOpinions opinions;
    final HitRates rates;
    final ArmWeights weights;
    final PromptFeatures features = new PromptFeatures();

    /** The arm that the choice by prompts would play. */
    Arm chosen = Arm.BOTH;

    /** Whether the prompt that {@link #features} tells of has been looked at. */
    boolean promptSeen = true;

    /** Tokens since a guess was rejected. */
    private int run;

    // Of the round.
    private boolean begun;

    /** What the model was in it. */
    DraftModel.Part part = DraftModel.Part.UNPAID;

    Arm arm = Arm.TABLE;
    boolean probes;

    /** Whether it has one level at most, whatever pays. */
    boolean once;

    int context;
    int levels;

    /** Whether the round has begun at the draft model: what that said before is of another round. */
    boolean spoken;

    /** Opinions that were there before the level. */
    int known;

    long startNanos;
    long hostNanos;
    long endNanos;
    long boughtNanos;

    /** Of that, for reading text that the draft model lacked. */
    long readNanos;

    /** Tokens of the text that the draft model lacks still. */
    int reading;

    /** Tokens that a level read, and nodes that it computed. */
    int read;

    int fed;

    private int proposedNodes;
    private int proposedFirst;

    /** What the table alone drafted, if that is not what was handed over; else of no nodes. */
    private TokenTree tableTree = new TokenTree(0);

    private boolean tableKept;

    /** The round that asking the model was forecast to be; no tokens if that was not looked at, or did not pay. */
    double forecastTokens;

    double forecastNanos;

    double forecastGain;

    /** What a token was worth in the forecast, in plain tokens. */
    double tokenValue;

    private final Emitted emitted = new Emitted();

    MixedState(AdaptiveProposer proposer, DraftStream stream, LogisticMixer mixer, HitRates rates, ArmWeights weights) {
        this.proposer = proposer;
        table = proposer.newTable();
        this.stream = stream;
        opinions = new PathOpinions(stream, mixer);
        this.rates = rates;
        this.weights = weights;
    }

    // --- the round

    /** The table has drafted: the round begins. */
    void begin(TokenTree tree) {
        begun = true;
        levels = 0;
        boughtNanos = 0;
        readNanos = 0;
        reading = 0;
        probes = false;
        tableKept = false;
        forecastTokens = 0;
        context = ArmWeights.context(table.longestMatch(), run);
        spoken = false;
        handOver(tree);
    }

    /** The draft is what it is now. */
    void handOver(TokenTree tree) {
        proposedNodes = tree.draftNodes();
        proposedFirst = proposedNodes == 0 ? -1 : tree.token(1);
    }

    /** Remembers what the table drafted before anybody else has a word in it. */
    void keepTable(TokenTree tree) {
        if (tableKept) {
            return;
        }
        tableKept = true;
        if (tableTree.maxDraftNodes() < tree.draftNodes()) {
            tableTree = new TokenTree(tree.maxDraftNodes());
        }
        tableTree.reset(tree.token(0));
        for (int node = 1; node < tree.size(); node++) {
            tableTree.add(tree.parent(node), tree.token(node), tree.probability(node));
        }
    }

    /** Searches anew, with what the model has said. */
    void search(DraftRequest request) {
        TokenTree tree = request.tree();
        tree.reset(tree.token(0));
        opinions.search();
        table.draft(tree, request.limits(), opinions);
        handOver(tree);
    }

    // --- DraftState

    @Override
    public String name() {
        return levels == 0 ? AdedDrafter.NAME : arm == Arm.MODEL ? NodeSource.MODEL : WITH_MODEL;
    }

    @Override
    public String source(int tag) {
        return switch (tag) {
            case PathOpinions.MODEL -> NodeSource.MODEL;
            case PathOpinions.BOTH -> NodeSource.BOTH;
            default -> NodeSource.TABLE;
        };
    }

    /** The arm that the round comes to: without a guess of the model's it is the table's. */
    Arm played() {
        return arm.asksModel() && levels == 0 ? Arm.TABLE : arm;
    }

    @Override
    public @Nullable ArmPlay play() {
        return begun ? new ArmPlay(played().label(), proposer.reason(this)) : null;
    }

    @Override
    public void learnPrompt(int[] tokens, int from, int to) {
        table.learnPrompt(tokens, from, to);
        stream.learn(tokens, from, to);
        if (promptSeen) {
            features.clear();
            promptSeen = false;
        }
        features.add(tokens, from, to);
        run = 0;
        begun = false;
    }

    @Override
    public void rewind(int length) {
        table.rewind(length);
        stream.rewind(length);
        begun = false;
    }

    @Override
    public void observe(TokenTree tree, int node, TopTokens target) {
        table.observe(tree, node, target);
    }

    @Override
    public void accept(TokenTree tree, int lastAccepted, int bonusToken) {
        int accepted = tree.depth(lastAccepted);
        emitted.of(tree, lastAccepted, bonusToken);
        if (begun) {
            begun = false;
            proposer.count(part);
            if (isProposed(tree)) {
                proposer.judge(this, tree, accepted);
            }
            if (levels > 0) {
                opinions.learn(emitted.tokens(), accepted + 1, rates);
            }
        }
        run = lastAccepted > 0 && tree.firstChild(lastAccepted) < 0 ? run + accepted + 1 : 0;
        table.accept(tree, lastAccepted, bonusToken);
        stream.accept(tree, lastAccepted, bonusToken);
    }

    @Override
    public void share() {
        table.share();
    }

    /** Whether what was verified is the draft, perhaps cut, and not what a grammar put in its place. */
    private boolean isProposed(TokenTree tree) {
        return tree.draftNodes() == 0 || tree.draftNodes() <= proposedNodes && tree.token(1) == proposedFirst;
    }

    /**
     * How many tokens the table alone would have brought.
     *
     * @param nodes of its draft that would have been verified
     * @param count of {@link #emitted} tokens
     */
    int tableTokens(int nodes, int count) {
        int node = 0;
        int tokens = 0;
        while (tokens < count) {
            int child = tableTree.child(node, emitted.tokens()[tokens]);
            tokens++;
            if (child < 0 || child > nodes) {
                return tokens;
            }
            node = child;
        }
        return tokens;
    }

    TokenTree tableTree() {
        return tableTree;
    }

    boolean isTableKept() {
        return tableKept;
    }

    int[] emitted() {
        return emitted.tokens();
    }

    @Override
    public long stateBytes() {
        return BYTES
                + table.stateBytes()
                + stream.stateBytes()
                + opinions.stateBytes()
                + features.stateBytes()
                + 28L * tableTree.maxDraftNodes()
                + emitted.stateBytes();
    }

    @Override
    public void close() {
        table.close();
        stream.close();
    }
}
