package io.aded.engine;

import io.aded.draft.ArmStatistics;
import io.aded.draft.DraftRequest;
import io.aded.draft.Proposer;
import io.aded.draft.StreamwiseProposer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One kind of drafts in an engine: its proposer, whether that is worth asking, and the rounds that ask it in this pass.
 *
 * <p>Owned by the engine thread, but for {@link #propose(Round)}.
 */
final class DraftSource {
    private final Proposer proposer;

    /** The same, if it looks at each stream by itself. */
    private final @Nullable StreamwiseProposer streamwise;

    private final SpeculationGate gate;
    private final Trust trust = Trust.ofEngine();

    /** The rounds of this pass that draft here, and their requests, in the same order. */
    private final List<Round> rounds = new ArrayList<>();

    private final List<DraftRequest> requests = new ArrayList<>();

    private boolean closed;

    DraftSource(Proposer proposer, CostCurve curve) {
        this.proposer = proposer;
        streamwise = proposer instanceof StreamwiseProposer each ? each : null;
        this.gate = new SpeculationGate(curve);
    }

    /** What tells whether it is worth asking. */
    SpeculationGate gate() {
        return gate;
    }

    /** Opens a stream, which has seen nothing yet. */
    StreamDrafter open() {
        return new StreamDrafter(this, proposer.open(), new SpeculationControl(trust));
    }

    /**
     * Looks at the pass that is to come. Nobody asks yet.
     *
     * @param streams that will verify
     * @param others tokens in the pass that are no roots
     */
    void begin(int streams, int others) {
        forget();
        if (streams > 0) {
            gate.begin(streams, others, proposer.levelNanos(streams) / streams);
        }
    }

    /** Decides whether streams that have made no drafter yet may make one in this pass, which begins. */
    void admit(long now) {
        closed = gate.isUnprofitable() && !gate.isExplorationDue(now);
    }

    /** Whether streams that have made no drafter make none in this pass. */
    boolean isClosed() {
        return closed;
    }

    /** Whether every draft takes passes of a model, whose price is not one of nodes. */
    boolean takesPasses() {
        return proposer.levelNanos(1) > 0;
    }

    /** A round asks. */
    void add(Round round, DraftRequest request) {
        rounds.add(round);
        requests.add(request);
    }

    /** Whether each stream is drafted for and taught by itself, by whatever thread. */
    boolean isStreamwise() {
        return streamwise != null;
    }

    /** Has a streamwise drafter read what it has not seen, and draft for its round alone, which asked. */
    void propose(Round round) {
        StreamDrafter drafter = round.drafting();
        if (drafter == null || streamwise == null) {
            throw new IllegalStateException("the round did not ask, or has to ask together with others");
        }
        round.turn().session().catchUp(drafter);
        streamwise.propose(drafter.request());
        drafter.request().charge(-drafter.request().nanos()); // the whole step is charged: see HostPhase
        Throwable failure = drafter.request().failure();
        if (failure != null) {
            round.turn().fail(failure);
        }
    }

    /**
     * Drafts for all that asked, of what is not streamwise. A failure that the proposer puts down to one stream is that
     * turn's, else all turns'.
     */
    void propose() {
        if (requests.isEmpty() || isStreamwise()) {
            return;
        }
        dropFailed();
        try {
            proposer.propose(requests);
        } catch (RuntimeException | Error e) {
            failAll(e);
        }
        for (int i = 0; i < requests.size(); i++) {
            Throwable failure = requests.get(i).failure();
            if (failure != null) {
                rounds.get(i).turn().fail(failure);
            }
        }
    }

    /** The pass is over, and every state has seen its outcome. */
    void settle() {
        if (!requests.isEmpty()) {
            try {
                proposer.settle(requests);
            } catch (RuntimeException | Error e) {
                failAll(e);
            }
        }
    }

    /** Nobody asks any more: between passes a turn that is over must not be kept alive from here. */
    void forget() {
        rounds.clear();
        requests.clear();
    }

    private void failAll(Throwable cause) {
        for (Round round : rounds) {
            round.turn().fail(cause);
        }
    }

    /** Turns that have failed do not ask any more. */
    void dropFailed() {
        for (int i = rounds.size() - 1; i >= 0; i--) {
            if (rounds.get(i).turn().fault() != null) {
                rounds.remove(i);
                requests.remove(i);
            }
        }
    }

    /** How the ways to draft fared among which the proposer chooses; none if it does not. */
    List<ArmStatistics> arms() {
        return proposer.arms();
    }

    /** Those that asked in this pass. */
    List<Round> rounds() {
        return rounds;
    }

    /** Gives back all it holds. The streams' drafters must have been closed. */
    void close() {
        proposer.close();
    }
}
