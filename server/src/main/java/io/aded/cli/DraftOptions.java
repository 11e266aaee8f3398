package io.aded.cli;

import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.Drafters;
import io.aded.draft.table.BaseTable;
import io.aded.engine.DraftPolicy;
import io.aded.model.AdedException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How tokens are guessed ahead. */
final class DraftOptions {
    @Option(
            names = "--draft",
            paramLabel = "MODE",
            completionCandidates = DrafterNames.class,
            description = "How to guess: ${bundle:every.drafter}. Default: auto.")
    private @Nullable String mode;

    @Option(
            names = "--draft-nodes",
            paramLabel = "N",
            description = "The most guesses a round, 0 to 256. Default: the mode's own.")
    private @Nullable Integer nodes;

    @Option(names = "--draft-depth", paramLabel = "N", description = "The longest guessed run, 1 to 64.")
    private @Nullable Integer depth;

    @Option(names = "--draft-branches", paramLabel = "N", description = "The most alternatives, 1 to 64.")
    private @Nullable Integer branches;

    @Option(
            names = "--draft-table",
            paramLabel = "FILE",
            description = "A base table to start from (aded draft build).")
    private @Nullable Path table;

    /** Whether the user said anything about drafting. */
    boolean isGiven() {
        return mode != null || nodes != null || depth != null || branches != null;
    }

    /** The policy as a record. */
    DraftPolicy policy() {
        DrafterKind chosen;
        try {
            chosen = mode == null ? Drafters.AUTO : Drafters.named(mode);
        } catch (IllegalArgumentException e) {
            throw new AdedException.InvalidRequest("--draft", String.valueOf(e.getMessage()));
        }
        DraftPolicy usual = DraftPolicy.of(chosen);
        return new DraftPolicy(
                chosen,
                nodes == null ? usual.maxNodes() : nodes,
                depth == null ? usual.maxDepth() : depth,
                branches == null ? usual.maxBranches() : branches,
                usual.shareLearned());
    }

    /**
     * The base table that drafters start from, or null. It is looked at here, before a model is fetched or loaded; that
     * its vocabulary is the model's is found out then.
     *
     * @throws AdedException.NotFound if there is no such file
     * @throws AdedException.InvalidArtifact if it is no sound table
     */
    @Nullable
    Path table() {
        if (table != null) {
            BaseTable.open(table);
        }
        return table;
    }
}
