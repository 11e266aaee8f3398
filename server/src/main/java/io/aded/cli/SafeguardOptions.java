package io.aded.cli;

import io.aded.engine.PrefixSharing;
import io.aded.host.Safeguards;
import io.aded.model.AdedException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What keeps a server's callers from each other, and the server from hanging. */
final class SafeguardOptions {
    private static final Safeguards USUAL = Safeguards.DEFAULT;

    @Option(
            names = "--max-conversations",
            paramLabel = "N",
            description = "The most conversations at once, open or kept; one more is refused. Default: 8192.")
    private int conversations = USUAL.conversations();

    @Option(
            names = "--max-conversations-per-client",
            paramLabel = "N",
            description = "The most of one client, by its aded-client-id; those without one are one client."
                    + " Default: 2048.")
    private int perClient = USUAL.conversationsPerClient();

    @Option(
            names = "--conversation-memory",
            paramLabel = "MIB",
            description = "What open conversations may hold of the heap. Of those that are idle longest, what their"
                    + " drafters learned goes first; when histories alone fill it, no conversation is opened any more."
                    + " Default: a quarter of the heap.")
    private @Nullable Integer mebibytes;

    @Option(
            names = "--share-prefixes",
            paramLabel = "none|caller|all",
            description = "Among whom the computed beginning of a prompt is shared: nobody, the conversations of one"
                    + " client (by its aded-client-id), or all. Who shares can find out, by time or by the count of"
                    + " cached tokens, what others have asked. Default: caller.")
    private String sharing = "caller";

    @Option(
            names = "--stall",
            paramLabel = "SECONDS",
            description = "An engine that takes longer for one step hangs (or ten times what the step should take, if"
                    + " that is more): health says NOT_SERVING and the log what all threads are at. 0 watches nothing."
                    + " Default: 120.")
    private int stall = (int) USUAL.stall().toSeconds();

    @Option(
            names = "--stall-grace",
            paramLabel = "SECONDS",
            description = "If it still hangs after so long, the process ends with status 11. Default: 30.")
    private int grace = (int) USUAL.stallGrace().toSeconds();

    @Option(
            names = "--coalesce",
            paramLabel = "MS",
            description = "Send what an answer has grown by every MS milliseconds, not with each pass: sizes and times"
                    + " of packets then tell less of the text and of other callers. Default: 0, with each pass.")
    private int coalesce = (int) USUAL.coalescing().toMillis();

    /**
     * As set.
     *
     * @throws AdedException.InvalidRequest naming what is wrong
     */
    Safeguards safeguards() {
        PrefixSharing among = Arrays.stream(PrefixSharing.values())
                .filter(each -> each.name().toLowerCase(Locale.ROOT).equals(sharing))
                .findFirst()
                .orElseThrow(() -> new AdedException.InvalidRequest(
                        "--share-prefixes", "is " + sharing + "; allowed: none, caller, all"));
        return new Safeguards(
                conversations,
                perClient,
                mebibytes == null ? null : (long) mebibytes << 20,
                among,
                Duration.ofSeconds(stall),
                Duration.ofSeconds(grace),
                Duration.ofMillis(coalesce));
    }
}
