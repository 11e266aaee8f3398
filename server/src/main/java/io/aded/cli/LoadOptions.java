package io.aded.cli;

import io.aded.draft.catalogue.Drafters;
import io.aded.engine.DraftPolicy;
import io.aded.lab.load.Arrivals;
import io.aded.lab.load.JobSource;
import io.aded.lab.load.Length;
import io.aded.lab.load.LoadBounds;
import io.aded.lab.load.LoadMode;
import io.aded.lab.load.LoadPlan;
import io.aded.lab.load.LoadSetting;
import io.aded.lab.load.Manner;
import io.aded.lab.prompts.Scenario;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How to load a server and for how long: the options of {@code aded load}. */
final class LoadOptions {
    private static final int CALLS_A_STREAM = 6;
    private static final int USUAL_REQUESTS = 64;
    private static final int USUAL_WARM_UP = 8;
    private static final int USUAL_STREAMS = 8;
    private static final int USUAL_BLOCKS = 3;
    /** In a smaller block most callers would be idle for much of the time. */
    private static final int LEAST_CALLS_A_STREAM = 2;

    private static final int MOST_STREAMS = 4096;

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Option(
            names = "--modes",
            paramLabel = "LIST",
            description =
                    "Draft modes to compare with the first: off, auto, aded:12, …, as for bench, separated by commas."
                        + " Default: off,auto for a model served by this process, else whatever the server drafts by.")
    private @Nullable String modeList;

    @Option(
            names = "--sequential",
            description = "Adds a mode that comes first: one caller, no drafts. It tells what concurrency is worth.")
    private boolean sequential;

    @Option(
            names = "--concurrency",
            paramLabel = "N",
            description = "Closed loop: N callers ask again when they have their answer. Default: 8.")
    private @Nullable Integer concurrency;

    @Option(names = "--think", paramLabel = "SECONDS", description = "What a caller waits between two questions.")
    private double think;

    @Option(
            names = "--rate",
            paramLabel = "R",
            description =
                    "Open loop: R calls a second, whatever the server does. Latency counts from the intended start.")
    private @Nullable Double rate;

    @Option(
            names = "--arrivals",
            paramLabel = "poisson|constant",
            description = "The gaps in open loop. Default: poisson.")
    private @Nullable Gaps gaps;

    @Option(
            names = "--max-outstanding",
            paramLabel = "N",
            description = "Open loop: calls without an answer, at most; the report says if that held arrivals back."
                    + " Default: 256.")
    private @Nullable Integer mostOutstanding;

    @Option(
            names = "--requests",
            paramLabel = "N",
            description =
                    "Calls of each mode (conversations, with --turns). Default: 6 for each stream, 64 in open loop,"
                            + " unless --duration is given.")
    private @Nullable Integer requests;

    @Option(
            names = "--duration",
            paramLabel = "SECONDS",
            description = "No new calls of a mode after so long; running ones still end.")
    private double duration;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            description =
                    "Short calls of each mode that come first and are not counted; 0 for none. Default: one for each"
                            + " stream, at least 8.")
    private @Nullable Integer warmUp;

    @Option(
            names = "--blocks",
            paramLabel = "N",
            description =
                    "Parts of the run; modes take turns part by part. Default: 3, fewer if there are few requests.")
    private @Nullable Integer blocks;

    @Option(
            names = "--attack",
            paramLabel = "N",
            description = "N callers beside the others send what is made to be dear: every mode is measured without and"
                    + " with them, and health is asked for all the while.")
    private @Nullable Integer attackers;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            description = "The longest that an answer may take. Default: 120.")
    private double timeout = 120;

    @Mixin
    private final PromptOptions prompts = new PromptOptions();

    @Option(
            names = "--prompt-tokens",
            paramLabel = "LENGTH",
            description = "Made-up prompts of about so many tokens instead; LENGTH is one of " + Length.ALLOWED + ".")
    private @Nullable String promptLength;

    @Option(names = "--system", paramLabel = "TEXT", description = "A system message that all conversations share.")
    private @Nullable String system;

    @Option(
            names = "--system-tokens",
            paramLabel = "N",
            description = "A made-up system message of about N tokens that all conversations share.")
    private @Nullable Integer systemTokens;

    @Option(
            names = "--turns",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "Questions of each conversation, over one stream. Default: ${DEFAULT-VALUE}, by single calls.")
    private int turns = 1;

    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "LENGTH",
            defaultValue = "128",
            description = "The longest answer, call by call: a LENGTH as above. Default: ${DEFAULT-VALUE}.")
    private String maxTokens = "128";

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0",
            description = "0 always takes the best token. Default: ${DEFAULT-VALUE}.")
    private float temperature;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "Of arrivals, lengths, prompts, sampling and the order of modes. Default: ${DEFAULT-VALUE}.")
    private int seed = 1;

    @Option(names = "--ignore-end", description = "Go on past the model's end tokens, so that all answers are as long.")
    private boolean ignoreEnd;

    @Option(names = "--raw", description = "Prompts go to the model as they are, without its chat template.")
    private boolean raw;

    @Mixin
    private final ResultOptions results = new ResultOptions();

    /** The gaps between arrivals. */
    enum Gaps {
        POISSON,
        CONSTANT
    }

    /** Callers at once that the server should have room for. */
    int streams() {
        return concurrency == null ? USUAL_STREAMS : concurrency;
    }

    /**
     * Checks the options and reads the prompts, before anything takes time.
     *
     * @throws AdedException.InvalidRequest naming every option that is wrong
     */
    LoadPlan plan() {
        List<FieldViolation> wrong = new ArrayList<>();
        within(wrong, "--concurrency", concurrency, 1, MOST_STREAMS);
        within(wrong, "--max-outstanding", mostOutstanding, 1, 1 << 16);
        within(wrong, "--requests", requests, 1, 1 << 24);
        within(wrong, "--warm-up", warmUp, 0, 1 << 16);
        within(wrong, "--blocks", blocks, 1, 1000);
        within(wrong, "--attack", attackers, 1, MOST_STREAMS);
        prompts.check(wrong);
        within(wrong, "--turns", turns, 1, 1000);
        within(wrong, "--system-tokens", systemTokens, 1, Length.MOST);
        within(wrong, "--think", think, 0, 3600);
        within(wrong, "--duration", duration, 0, 86_400);
        within(wrong, "--timeout", timeout, 0.001, 86_400);
        within(wrong, "--temperature", temperature, 0, 100);
        if (rate != null && !(rate >= 0.001 && rate <= 100_000)) {
            wrong.add(new FieldViolation("--rate", "is " + rate + "; allowed: 0.001 to 100000 calls a second"));
        }
        combinations(wrong);
        Length answers = length(wrong, "--max-tokens", maxTokens);
        Length questions = promptLength == null ? null : length(wrong, "--prompt-tokens", promptLength);
        Manner manner = new Manner(systemMessage(), turns, temperature, ignoreEnd, raw, (long) (timeout * 1e9));
        results.files().check(wrong);
        server.check(wrong, manner);
        if (!wrong.isEmpty()) {
            throw new AdedException.InvalidRequest(wrong);
        }
        Arrivals arrivals = arrivals();
        return new LoadPlan(
                server.choice(),
                modes(arrivals),
                jobs(questions, answers),
                bounds(arrivals),
                manner,
                setting(arrivals, answers),
                results.files());
    }

    private void combinations(List<FieldViolation> wrong) {
        refuse(wrong, rate != null && concurrency != null, "--rate", "is open loop, --concurrency closed; choose one");
        refuse(wrong, rate != null && think > 0, "--think", "is for closed loop; leave it out with --rate");
        refuse(wrong, rate == null && gaps != null, "--arrivals", "is for open loop; give --rate, too");
        refuse(
                wrong,
                rate == null && mostOutstanding != null,
                "--max-outstanding",
                "is for open loop; give --rate, too");
        refuse(wrong, system != null && systemTokens != null, "--system-tokens", "cannot be combined with --system");
        refuse(
                wrong,
                promptLength != null && prompts.given(),
                "--prompt-tokens",
                "makes prompts up; leave out --prompts, --category and --limit");
        refuse(
                wrong,
                server.isHttp() && attackers != null,
                "--attack",
                "knows the API of a server of aded; leave it out with --http");
        refuse(
                wrong,
                server.isHttp() && modeList != null,
                "--modes",
                "are those of a server of aded; leave them out with --http");
    }

    static void refuse(List<FieldViolation> wrong, boolean bad, String option, String why) {
        if (bad) {
            wrong.add(new FieldViolation(option, why));
        }
    }

    static void within(List<FieldViolation> wrong, String option, @Nullable Integer value, int least, int most) {
        if (value != null && (value < least || value > most)) {
            wrong.add(new FieldViolation(option, "is " + value + "; allowed: " + least + " to " + most));
        }
    }

    private static void within(List<FieldViolation> wrong, String option, double value, double least, int most) {
        if (!(value >= least && value <= most)) {
            wrong.add(new FieldViolation(
                    option,
                    "is " + value + "; allowed: " + (least == 0 ? "0" : String.valueOf(least)) + " to " + most));
        }
    }

    private static Length length(List<FieldViolation> wrong, String option, String text) {
        try {
            return Length.parse(text);
        } catch (IllegalArgumentException e) {
            wrong.add(new FieldViolation(option, String.valueOf(e.getMessage())));
            return new Length.Fixed(1);
        }
    }

    private Arrivals arrivals() {
        return rate == null
                ? new Arrivals.Closed(streams(), (long) (think * 1e9))
                : new Arrivals.Open(rate, gaps != Gaps.CONSTANT, mostOutstanding == null ? 256 : mostOutstanding);
    }

    private List<LoadMode> modes(Arrivals arrivals) {
        List<LoadMode> modes = new ArrayList<>();
        if (sequential) {
            modes.add(LoadMode.sequential(server.isHttp() ? null : DraftPolicy.OFF));
        }
        if (modeList != null) {
            modes.addAll(LoadMode.parse(modeList, arrivals));
        } else if (server.isNamed()) {
            modes.add(LoadMode.asServed(arrivals));
        } else {
            modes.addAll(LoadMode.parse(Drafters.OFF.label() + "," + Drafters.AUTO.label(), arrivals));
        }
        if (attackers != null) {
            int by = attackers;
            List.copyOf(modes).forEach(mode -> modes.add(mode.attacked(by)));
        }
        return modes;
    }

    private JobSource jobs(@Nullable Length questions, Length answers) {
        if (questions != null) {
            return JobSource.synthetic(questions, answers, turns, seed);
        }
        List<Scenario> selected = prompts.scenarios(Scenario.Grouping.TASK);
        // Single questions are the beginnings of conversations, as bench asks them.
        return JobSource.ofScenarios(
                turns > 1
                        ? selected
                        : selected.stream().map(Scenario::firstTurn).toList(),
                answers,
                turns,
                seed);
    }

    private LoadBounds bounds(Arrivals arrivals) {
        int streams = arrivals instanceof Arrivals.Closed closed ? closed.streams() : 1;
        int usual = arrivals instanceof Arrivals.Closed ? CALLS_A_STREAM * streams : USUAL_REQUESTS;
        int calls = requests != null ? requests : duration > 0 ? 0 : usual;
        int parts = USUAL_BLOCKS;
        if (blocks != null) {
            parts = calls > 0 ? Math.min(blocks, calls) : blocks;
        } else if (calls > 0) {
            parts = Math.clamp(calls / ((long) LEAST_CALLS_A_STREAM * streams), 1, USUAL_BLOCKS);
        }
        return new LoadBounds(
                calls,
                (long) (duration * 1e9),
                parts,
                warmUp == null ? Math.max(USUAL_WARM_UP, streams) : warmUp,
                seed);
    }

    private @Nullable String systemMessage() {
        return systemTokens == null ? system : JobSource.words(systemTokens, new SplittableRandom(seed));
    }

    /** The run in words, for reports. */
    private LoadSetting setting(Arrivals arrivals, Length answers) {
        LoadBounds bounds = bounds(arrivals);
        String source = promptLength != null
                ? "made up, " + promptLength.toLowerCase(Locale.ROOT) + " tokens"
                : prompts.source();
        String amount = Stream.of(
                        bounds.requests() == 0 ? "" : bounds.requests() + (turns == 1 ? " calls" : " conversations"),
                        bounds.nanos() == 0 ? "" : duration + " s")
                .filter(part -> !part.isEmpty())
                .collect(Collectors.joining(" or "));
        return new LoadSetting(
                arrivals + (attackers == null ? "" : "; alone, and beside " + attackers + " who attack"),
                source
                        + (system == null && systemTokens == null ? "" : ", a shared system message")
                        + (turns == 1 ? "" : ", conversations of " + turns + " turns")
                        + (raw ? ", raw" : ""),
                "at most " + answers + " tokens" + (ignoreEnd ? ", end ignored" : "")
                        + (temperature == 0f ? ", greedy" : ", temperature " + temperature) + ", seed " + seed,
                amount + " a mode in " + bounds.blocks() + (bounds.blocks() == 1 ? " block" : " blocks") + " after "
                        + bounds.warmUp() + " calls of warm-up",
                bounds);
    }
}
