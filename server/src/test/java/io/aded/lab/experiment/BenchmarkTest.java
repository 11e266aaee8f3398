package io.aded.lab.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.neural.DraftContexts;
import io.aded.engine.EngineOptions;
import io.aded.lab.prompts.Scenario;
import io.aded.lab.prompts.Scenarios;
import io.aded.lab.report.Chart;
import io.aded.lab.report.Heading;
import io.aded.lab.report.Machine;
import io.aded.lab.report.Progress;
import io.aded.lab.report.StatedCurve;
import io.aded.model.AdedException;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import java.io.StringReader;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Whole runs over a model without weights, whose language loops soon, so that drafting has something to find. */
class BenchmarkTest {
    private static final String ALL_MODES =
            "off,auto,aded:12,aded-mcts,prompt-lookup,ngram-simple,ngram-mod,ngram-cache,bare";

    private final ScriptedModel model = new ScriptedModel(ScriptedModel.babble(2, 2));

    private Benchmark.Result run(List<ModeSpec> modes, ExperimentSettings settings, List<Scenario> scenarios) {
        return new Benchmark(model, EngineOptions.ofCells(4096), modes, settings, Progress.NONE).run(scenarios);
    }

    private static List<Scenario> scenarios(int count) {
        return Scenarios.select(Scenarios.builtIn(), Scenario.Grouping.TASK, List.of(), count).stream()
                .map(Scenario::firstTurn)
                .toList();
    }

    @Test
    void run_everyMode_givesTheSameTokensAndARowForEach() {
        List<ModeSpec> modes = ModeSpec.parse(ALL_MODES);
        ExperimentSettings settings = ExperimentSettings.of(40);
        Benchmark.Result result = run(modes, settings, scenarios(6));
        assertThat(result.measurements()).hasSize(6 * modes.size());
        Analysis analysis = new Analysis(modes, result.measurements(), settings.grouping(), 1);
        for (ModeSpec mode : modes) {
            ModeSummary summary = analysis.summary(mode, null);
            assertThat(summary.losslessness().differing()).as(mode.label()).isZero();
            assertThat(summary.losslessness().tokens()).as(mode.label()).isEqualTo(6 * 40);
        }
        assertThat(analysis.summary(ModeSpec.fixed(12), null).rounds().meanAcceptanceLength())
                .isGreaterThan(1.5);
        assertThat(analysis.summary(ModeSpec.OFF, null).tokensPerPass()).isEqualTo(1);
        assertThat(result.costs().nanos()[1]).isPositive();
    }

    @Test
    void run_atATemperature_repeatsTheSameAnswerInEveryMode() {
        List<ModeSpec> modes = ModeSpec.parse("off,aded:8,bare");
        ExperimentSettings settings = new ExperimentSettings(
                30,
                2,
                SamplingParameters.DEFAULT.withTemperature(0.9f).withSeed(4),
                true,
                true,
                false,
                Scenario.Grouping.TASK,
                4,
                null);
        Benchmark.Result result = run(modes, settings, scenarios(3));
        Analysis analysis = new Analysis(modes, result.measurements(), settings.grouping(), 1);
        assertThat(result.measurements()).hasSize(2 * 3 * 3);
        for (ModeSpec mode : modes) {
            assertThat(analysis.summary(mode, null).losslessness().differing())
                    .as(mode.label())
                    .isZero();
        }
    }

    @Test
    void run_allTurns_countsEachTurnAndGoesOnInTheSameConversation() {
        List<ModeSpec> modes = ModeSpec.parse("off,auto,bare");
        List<Scenario> wanted = Scenarios.builtIn().subList(0, 2);
        Benchmark.Result result = run(modes, ExperimentSettings.of(20), wanted);
        assertThat(result.measurements()).hasSize(2 * 2 * 3);
        assertThat(result.measurements())
                .filteredOn(measurement ->
                        measurement.turn() == 1 && measurement.mode().isOff())
                .allSatisfy(measurement ->
                        assertThat(measurement.answer().cachedPromptTokens()).isPositive());
        Analysis analysis = new Analysis(modes, result.measurements(), Scenario.Grouping.TASK, 1);
        assertThat(analysis.prompts(null)).isEqualTo(4);
        assertThat(analysis.summary(ModeSpec.BARE, null).losslessness().differing())
                .isZero();
    }

    @Test
    void run_warm_letsADrafterRememberEarlierPrompts() {
        List<ModeSpec> modes = ModeSpec.parse("off,aded:8");
        Scenario same = scenarios(1).getFirst();
        List<Scenario> twice = List.of(same, same, same);
        ExperimentSettings cold = ExperimentSettings.of(60);
        ExperimentSettings warm =
                new ExperimentSettings(60, 1, cold.sampling(), false, false, true, Scenario.Grouping.TASK, 1, null);
        assertThat(passes(run(modes, warm, twice))).isLessThan(passes(run(modes, cold, twice)));
    }

    private static long passes(Benchmark.Result result) {
        return result.measurements().stream()
                .filter(measurement -> measurement.mode().isFixedBudget())
                .mapToLong(measurement -> measurement.answer().rounds().rounds)
                .sum();
    }

    @Test
    void run_syntheticAcceptance_delivesWhatWasAskedForWhateverTheText() {
        List<ModeSpec> modes = ModeSpec.parse("off,aded:1,aded:4");
        ExperimentSettings settings = new ExperimentSettings(
                300, 1, SamplingParameters.GREEDY.withSeed(1), true, false, false, Scenario.Grouping.TASK, 1, 0.8);
        Benchmark.Result result = run(modes, settings, scenarios(6));
        Analysis analysis = new Analysis(modes, result.measurements(), Scenario.Grouping.TASK, 1);
        assertThat(analysis.summary(ModeSpec.fixed(1), null).rounds().meanAcceptanceLength())
                .isCloseTo(1.8, within(0.05));
        // 1 + 0.8 + 0.64 + 0.512 + 0.4096
        assertThat(analysis.summary(ModeSpec.fixed(4), null).rounds().meanAcceptanceLength())
                .isCloseTo(3.36, within(0.15));
        assertThat(analysis.summary(ModeSpec.fixed(4), null).losslessness().differing())
                .isZero();
    }

    @Test
    void run_syntheticAcceptanceAndAModelThatWouldGoAnotherWay_saysWhatItSaid() {
        // Another language than was recorded in every wider pass, as after near ties in each of them.
        AtomicBoolean recorded = new AtomicBoolean();
        ScriptedModel.Script one = ScriptedModel.babble(2, 3);
        ScriptedModel.Script other = ScriptedModel.babble(3, 3);
        ScriptedModel diverging = new ScriptedModel(
                (tokens, length, row) -> (recorded.get() && length % 7 == 0 ? other : one).logits(tokens, length, row));
        ExperimentSettings settings = new ExperimentSettings(
                500, 1, SamplingParameters.GREEDY.withSeed(1), true, true, false, Scenario.Grouping.TASK, 1, 0.7);
        List<ModeSpec> modes = ModeSpec.parse("off,aded:1,aded:4");
        Benchmark.Result result = new Benchmark(
                        diverging,
                        EngineOptions.ofCells(4096),
                        modes,
                        settings,
                        (_, _, what) -> recorded.set(!what.contains("recorded") && !what.contains("warm-up")))
                .run(List.of(new Scenario("one", "a", "a", List.of("Say something."))));
        Analysis analysis = new Analysis(modes, result.measurements(), Scenario.Grouping.TASK, 1);
        assertThat(analysis.summary(ModeSpec.fixed(1), null).rounds().meanAcceptanceLength())
                .isCloseTo(1.7, within(0.08));
        // 1 + 0.7 + 0.49 + 0.343 + 0.2401
        assertThat(analysis.summary(ModeSpec.fixed(4), null).rounds().meanAcceptanceLength())
                .isCloseTo(2.77, within(0.3));
        assertThat(analysis.summary(ModeSpec.fixed(4), null).losslessness().differing())
                .isZero();
    }

    @Test
    void run_statedMachine_takesWhatIsStatedWhateverTheClockSays() {
        // Passes of any width take 50 ms: what is gained are the tokens of a pass, less what the draft's passes take.
        ModeSummary free = draftVerify(1e-9);
        assertThat(free.tokensPerPass()).isGreaterThan(2);
        assertThat(free.against().speed().estimate()).isCloseTo(free.tokensPerPass(), within(0.05));
        ModeSummary dear = draftVerify(0.2);
        assertThat(dear.tokensPerPass()).isEqualTo(free.tokensPerPass());
        double guesses = (double) dear.rounds().draftNodes / dear.rounds().rounds;
        assertThat(dear.against().speed().estimate())
                .isCloseTo(dear.tokensPerPass() / (1 + 0.2 * guesses), within(0.1));
    }

    /** Two answers with a draft model that always agrees, one of its passes at {@code cost} passes of the model. */
    private ModeSummary draftVerify(double cost) {
        DraftContexts draft = _ -> new DraftContexts.Opened(
                model.draft(1, 9, _ -> {}, ScriptedModel.Cells.OWN)
                        .newContext(EngineOptions.ofCells(4096).context()),
                null);
        List<ModeSpec> modes = ModeSpec.parse("off,draft-verify:3");
        ExperimentSettings settings =
                ExperimentSettings.of(200).withMachine(new StatedMachine(StatedCurve.parse("1:1,64:1"), 50, cost));
        Benchmark.Result result = new Benchmark(
                        model,
                        EngineOptions.ofCells(4096),
                        DrafterSettings.DEFAULT.withDraftModel(draft),
                        modes,
                        settings,
                        Progress.NONE)
                .run(scenarios(2));
        Analysis analysis = new Analysis(modes, result.measurements(), settings.grouping(), 1);
        assertThat(analysis.summary(ModeSpec.OFF, null).tokensPerSecond()).isCloseTo(20, within(1e-6));
        return analysis.summary(modes.get(1), null);
    }

    @Test
    void run_promptsTooLong_areSkippedByName() {
        Scenario fits = new Scenario("short", "a", "a", List.of("hi"));
        Scenario tooLong = new Scenario("long", "a", "a", List.of("x".repeat(5000)));
        Benchmark.Result result = run(ModeSpec.parse("off"), ExperimentSettings.of(10), List.of(tooLong, fits));
        assertThat(result.skipped()).containsExactly("long");
        assertThat(result.measurements()).hasSize(1);
        assertThatThrownBy(() -> run(ModeSpec.parse("off"), ExperimentSettings.of(10), List.of(tooLong)))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("larger context");
    }

    @Test
    void run_everyAnswer_isAnnouncedOnce() {
        List<String> heard = new ArrayList<>();
        Map<Integer, Integer> totals = new HashMap<>();
        new Benchmark(
                        model,
                        EngineOptions.ofCells(2048),
                        ModeSpec.parse("off,auto"),
                        ExperimentSettings.of(5),
                        (done, total, what) -> {
                            heard.add(done + " " + what);
                            totals.merge(total, 1, Integer::sum);
                        })
                .run(scenarios(3));
        // A warm-up by each mode, three prompts by each, and the end.
        assertThat(heard)
                .hasSize(2 + 6 + 1)
                .startsWith("0 warm-up off", "1 warm-up auto")
                .endsWith("8 done");
        assertThat(totals).containsOnlyKeys(8);
    }

    @Test
    void reports_ofOneRun_areAlignedParseAndStandAlone() throws Exception {
        List<ModeSpec> modes = ModeSpec.parse(ALL_MODES + ",aded:4");
        ExperimentSettings settings = ExperimentSettings.of(40);
        Benchmark.Result result = run(modes, settings, scenarios(18));
        Analysis analysis = new Analysis(modes, result.measurements(), settings.grouping(), 1);
        Machine machine = Machine.describe(
                InstantSource.fixed(Instant.parse("2026-01-02T03:04:05Z")),
                "1.2.3",
                "scripted",
                model.info(),
                EngineOptions.ofCells(4096).context());

        Benchmark.Result skipping = new Benchmark.Result(
                result.measurements(), List.of("p9"), result.costs(), result.drafting(), result.draftModel());
        String text = new Report(analysis).render(machine, settings, "18 of the built-in scenarios", skipping);
        assertThat(text.lines()).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(Heading.WIDTH));
        assertThat(text)
                .contains("1.2.3, 2026-01-02T03:04:05Z", "SPEED OF DECODING", "SPEED-UP BY TASK", "SAME TOKENS AS OFF")
                .contains("THE MOST THAT DRAFTS CAN GIVE HERE", "open chat")
                .contains(
                        "AUTO AGAINST THE BEST FIXED BUDGET", "AUTO AGAINST THE BEST COPYING RULE", "bare loop", "p9");

        assertThat(text).as("one drafter a mode").doesNotContain("WHO DRAFTED");

        JsonNode json = JsonMapper.shared()
                .readTree(new JsonReport(analysis, PROMPTED)
                        .render(machine, settings, "18 of the built-in scenarios", result));
        assertThat(json.get("answers").size()).isEqualTo(18 * modes.size());
        assertThat(json.get("modes").get(1).get("mode").asString()).isEqualTo("auto");
        assertThat(json.get("modes").get(1).get("speedup").size()).isEqualTo(3);
        assertThat(json.get("modes").get(1).get("lossless").get("differing").asInt())
                .isZero();
        assertThat(json.get("groups").size()).isEqualTo(6);
        assertThat(json.get("environment").get("cpu").asString()).isNotBlank();
        assertThat(json.get("pass_seconds").get(1).asDouble()).isPositive();

        Document svg = parseXml(new Plot(analysis, machine, result.costs()).svg());
        assertThat(svg.getDocumentElement().getTagName()).isEqualTo("svg");
        assertThat(svg.getElementsByTagName("rect").getLength()).isGreaterThan(7 * 8);
        assertThat(svg.getElementsByTagName("path").getLength()).isGreaterThan(3);
        assertThat(Chart.page("title", new Plot(analysis, machine, result.costs()).svg(), text))
                .startsWith("<!doctype html>")
                .contains("<svg", "SAME TOKENS AS OFF")
                .doesNotContain("src=", "href=");
    }

    private static Document parseXml(String text) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(text)));
    }

    private static final JsonReport.Prompted PROMPTED = new JsonReport.Prompted() {
        @Override
        public long fingerprint() {
            return 255;
        }

        @Override
        public boolean hasDraftModel() {
            return false;
        }

        @Override
        public double[] features(Scenario scenario) {
            return new double[] {1, 0.5};
        }
    };
}
