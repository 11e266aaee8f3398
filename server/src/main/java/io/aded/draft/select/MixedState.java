package io.aded.draft.select;

import io.aded.draft.ArmPlay;
import io.aded.draft.DraftRequest;
import io.aded.draft.NodeSource;
import io.aded.draft.adaptive.AdedDrafter;
import io.aded.draft.neural.DraftModel;
import io.aded.model.TokenTree;
import org.jspecify.annotations.Nullable;

/** One stream of an {@link AdaptiveProposer}, the round that is going on, and what was learned of table and model. */
final class MixedState extends TableAndModel {
    /** Beside the parts: the object and its round. */
    private static final int BYTES = 1024;

    private final AdaptiveProposer proposer;
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

    /** Whether the round has begun at the draft model: what that said before is of another round. */
    boolean spoken;

    /** Opinions that were there before the level. */
    int known;

    long startNanos;
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

    MixedState(AdaptiveProposer proposer, DraftModel model, LogisticMixer mixer, HitRates rates, ArmWeights weights) {
        super(proposer.newTable(), model, mixer);
        this.proposer = proposer;
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

    @Override
    void search(DraftRequest request) {
        super.search(request);
        handOver(request.tree());
    }

    // --- DraftState

    @Override
    public String name() {
        return levels == 0 ? AdedDrafter.NAME : arm == Arm.MODEL ? NodeSource.MODEL : WITH_MODEL;
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
        super.learnPrompt(tokens, from, to);
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
        super.rewind(length);
        begun = false;
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
        super.accept(tree, lastAccepted, bonusToken);
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
        return BYTES + super.stateBytes() + features.stateBytes() + 28L * tableTree.maxDraftNodes();
    }
}
