package io.aded.lab.alignment;

import io.aded.lab.report.Figures;
import io.aded.lab.report.Interval;
import io.aded.lab.report.Machine;
import io.aded.lab.report.Progress;
import io.aded.lab.report.Statistics;
import io.aded.lab.report.TextTable;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.TargetModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Block efficiency of draft models on the answers that no training has seen, one model beside the other: before and
 * after. All are judged on the same positions, those that the shortest of their contexts reaches.
 */
public final class AlignmentEvaluation {
    private static final int FORMAT = 1;
    private static final long SEED = 42;

    private final AlignmentFacts facts;
    private final List<AlignedAnswer> answers;
    private final List<Integer> chains;
    private final ContextParameters context;
    private final List<Judged> drafts = new ArrayList<>();

    /** What a draft model was found to think. */
    private record Judged(
            String name, long parameters, int context, List<DraftReader.Reading> readings, boolean[][] agrees) {}

    /**
     * Reads the held-out answers of a folder: the greedy ones.
     *
     * @param chains lengths γ, each at least 1
     * @param context the most cells of a draft's context, and its threads
     * @throws AdedException.NotFound if there is no export
     * @throws AdedException.InvalidArtifact if it is damaged
     * @throws AdedException.FailedPrecondition if nothing was held out
     */
    public AlignmentEvaluation(Path folder, List<Integer> chains, ContextParameters context) {
        facts = AlignmentFolder.facts(folder);
        answers = AlignmentFolder.read(folder, true).stream()
                .filter(answer -> answer.temperature() == 0)
                .toList();
        this.chains = List.copyOf(chains);
        this.context = context;
        if (answers.isEmpty()) {
            throw new AdedException.FailedPrecondition(
                    "NOTHING_HELD_OUT",
                    "no answer in " + folder + " is held out, so nothing can be said of drafts; export more prompts");
        }
    }

    /**
     * Asks a draft model at every position.
     *
     * @param draft stays the caller's
     * @throws AdedException.InvalidRequest if its vocabulary is not the target's
     */
    public void judge(String name, TargetModel draft, Progress progress) {
        AlignmentExport.requireVocabulary(facts.target(), draft, name);
        List<DraftReader.Reading> readings = new ArrayList<>();
        try (DraftReader reader = new DraftReader(draft, context)) {
            for (AlignedAnswer answer : answers) {
                progress.at(readings.size(), answers.size(), name);
                readings.add(reader.read(answer.said()));
            }
            progress.at(answers.size(), answers.size(), name);
            boolean[][] agrees = new boolean[answers.size()][];
            Arrays.setAll(agrees, i -> agrees(readings.get(i), answers.get(i)));
            drafts.add(new Judged(name, draft.info().parameters(), reader.limit(), readings, agrees));
        }
    }

    /** The tables, in columns. */
    public String text() {
        int[] everything = indices(null);
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                Locale.ROOT,
                "%s of %s (%s), %s within a context of %s%n%n",
                Figures.count(answers.size(), "held-out answer"),
                facts.target().name(),
                facts.target().quantization(),
                Figures.count(positions(everything), "position"),
                Figures.count(shortest(), "token")));
        List<String> header = new ArrayList<>(List.of("draft", "c", "accepted", "95 %", "overlap"));
        chains.forEach(chain -> header.addAll(List.of("τ(" + chain + ")", "95 %", "MBSU(" + chain + ")")));
        TextTable table = new TextTable(header.toArray(String[]::new));
        for (Judged draft : drafts) {
            table.row(row(draft, everything).toArray(String[]::new));
        }
        text.append(table.render());
        if (drafts.size() > 1) {
            text.append('\n');
            for (Judged draft : drafts.subList(1, drafts.size())) {
                for (int chain : chains) {
                    Interval gain = gain(draft, chain);
                    text.append(String.format(
                            Locale.ROOT,
                            "%s ÷ %s: τ(%d) %s%n",
                            draft.name,
                            drafts.getFirst().name,
                            chain,
                            gain.hasBounds()
                                    ? String.format(
                                            Locale.ROOT,
                                            "%.3f (%.3f to %.3f)",
                                            gain.estimate(),
                                            gain.low(),
                                            gain.high())
                                    : number(gain.estimate())));
                }
            }
        }
        return text.append('\n').append(tasks()).toString();
    }

    private List<String> row(Judged draft, int[] selection) {
        Interval accepted = interval(chosen -> acceptance(draft, chosen));
        List<String> cells = new ArrayList<>(List.of(
                draft.name,
                number(relativeSize(draft)),
                number(acceptance(draft, selection)),
                bounds(accepted),
                number(overlap(draft, selection))));
        for (int chain : chains) {
            double efficiency = efficiency(draft, selection, chain);
            cells.add(number(efficiency));
            cells.add(bounds(interval(chosen -> efficiency(draft, chosen, chain))));
            cells.add(number(BlockEfficiency.memoryBoundSpeedUp(efficiency, relativeSize(draft), chain)));
        }
        return cells;
    }

    private String tasks() {
        List<String> header = new ArrayList<>(List.of("task", "answers"));
        for (Judged draft : drafts) {
            header.add(draft.name + ": accepted");
            header.add("τ(" + chains.getFirst() + ")");
        }
        TextTable table = new TextTable(header.toArray(String[]::new));
        for (String task : tasksByName()) {
            int[] members = indices(task);
            List<String> cells = new ArrayList<>(List.of(task, String.valueOf(members.length)));
            for (Judged draft : drafts) {
                cells.add(number(acceptance(draft, members)));
                cells.add(number(efficiency(draft, members, chains.getFirst())));
            }
            table.row(cells.toArray(String[]::new));
        }
        return table.render();
    }

    /** The same for programs; shares are between 0 and 1, absent values are null. */
    public String json(Machine machine, Path folder) {
        JsonMapper mapper =
                JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
        int[] everything = indices(null);
        ObjectNode root = mapper.createObjectNode();
        root.put("format", FORMAT);
        machine.describe(root.putObject("environment"));
        ObjectNode data = root.putObject("data");
        data.put("folder", String.valueOf(folder.getFileName()));
        data.put("source", facts.source());
        data.put("target", facts.target().name());
        data.put("target_quantization", facts.target().quantization());
        data.put("target_parameters", facts.target().parameters());
        data.put("held_out_answers", answers.size());
        data.put("positions", positions(everything));
        data.put("context", shortest());
        var list = root.putArray("drafts");
        for (Judged draft : drafts) {
            ObjectNode node = list.addObject();
            node.put("name", draft.name);
            node.put("parameters", draft.parameters);
            node.put("relative_size", relativeSize(draft));
            node.put("context", draft.context);
            describe(node, draft, everything, true);
            var tasks = node.putArray("tasks");
            for (String task : tasksByName()) {
                int[] members = indices(task);
                ObjectNode one = tasks.addObject();
                one.put("task", task);
                one.put("answers", members.length);
                describe(one, draft, members, false);
            }
        }
        return mapper.writeValueAsString(root) + "\n";
    }

    private void describe(ObjectNode node, Judged draft, int[] selection, boolean withBounds) {
        node.put("acceptance", finite(acceptance(draft, selection)));
        if (withBounds) {
            bounds(node, "acceptance", interval(chosen -> acceptance(draft, chosen)));
        }
        node.put("overlap", finite(overlap(draft, selection)));
        var list = node.putArray("chains");
        for (int chain : chains) {
            ObjectNode one = list.addObject();
            double efficiency = efficiency(draft, selection, chain);
            one.put("length", chain);
            one.put("block_efficiency", finite(efficiency));
            if (withBounds) {
                bounds(one, "block_efficiency", interval(chosen -> efficiency(draft, chosen, chain)));
                if (draft != drafts.getFirst()) {
                    Interval gain = gain(draft, chain);
                    one.put("times_first", finite(gain.estimate()));
                    bounds(one, "times_first", gain);
                }
            }
            one.put("expected_when_sampling", finite(BlockEfficiency.expected(overlap(draft, selection), chain)));
            one.put(
                    "memory_bound_speed_up",
                    finite(BlockEfficiency.memoryBoundSpeedUp(efficiency, relativeSize(draft), chain)));
        }
    }

    private static void bounds(ObjectNode node, String name, Interval interval) {
        node.put(name + "_low", finite(interval.low()));
        node.put(name + "_high", finite(interval.high()));
    }

    private static @Nullable Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }

    /** A statistic of a selection of answers. */
    @FunctionalInterface
    private interface Statistic {
        double of(int[] selection);
    }

    private Interval interval(Statistic statistic) {
        return Statistics.bootstrap(answers.size(), SEED, statistic::of);
    }

    /** How many times the block efficiency of the first draft: answers are drawn for both at once. */
    private Interval gain(Judged draft, int chain) {
        Judged first = drafts.getFirst();
        return interval(chosen -> efficiency(draft, chosen, chain) / efficiency(first, chosen, chain));
    }

    private double relativeSize(Judged draft) {
        return (double) draft.parameters / facts.target().parameters();
    }

    private int shortest() {
        return drafts.stream().mapToInt(Judged::context).min().orElse(context.cells());
    }

    /** Positions of an answer that count: those that every draft was asked at. */
    private int positions(int answer) {
        return drafts.stream()
                .mapToInt(draft -> draft.readings.get(answer).asked())
                .min()
                .orElse(0);
    }

    private long positions(int[] selection) {
        long sum = 0;
        for (int answer : selection) {
            sum += positions(answer);
        }
        return sum;
    }

    private double acceptance(Judged draft, int[] selection) {
        long agreed = 0;
        for (int answer : selection) {
            int count = positions(answer);
            for (int i = 0; i < count; i++) {
                agreed += draft.agrees[answer][i] ? 1 : 0;
            }
        }
        return (double) agreed / positions(selection);
    }

    private double overlap(Judged draft, int[] selection) {
        double sum = 0;
        for (int answer : selection) {
            float[] overlaps = draft.readings.get(answer).overlaps();
            int count = positions(answer);
            for (int i = 0; i < count; i++) {
                sum += overlaps[i];
            }
        }
        return sum / positions(selection);
    }

    private double efficiency(Judged draft, int[] selection, int chain) {
        BlockEfficiency.Tally tally = BlockEfficiency.Tally.NONE;
        for (int answer : selection) {
            tally = tally.plus(BlockEfficiency.greedy(draft.agrees[answer], positions(answer), chain));
        }
        return tally.efficiency();
    }

    private static boolean[] agrees(DraftReader.Reading reading, AlignedAnswer answer) {
        int[] said = answer.said().answer();
        boolean[] agrees = new boolean[said.length];
        for (int i = 0; i < said.length; i++) {
            agrees[i] = reading.guesses()[i] == said[i];
        }
        return agrees;
    }

    private TreeSet<String> tasksByName() {
        TreeSet<String> tasks = new TreeSet<>();
        answers.forEach(answer -> tasks.add(answer.key().task()));
        return tasks;
    }

    private int[] indices(@Nullable String task) {
        int[] all = new int[answers.size()];
        int count = 0;
        for (int i = 0; i < all.length; i++) {
            if (task == null || task.equals(answers.get(i).key().task())) {
                all[count++] = i;
            }
        }
        return Arrays.copyOf(all, count);
    }

    private static String number(double value) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%.3f", value) : "–";
    }

    private static String bounds(Interval interval) {
        return interval.hasBounds() ? number(interval.low()) + "–" + number(interval.high()) : "–";
    }
}
