package io.aded.lab.policy;

import io.aded.draft.select.ChoiceTrainer;
import io.aded.draft.select.DrafterChoice;
import io.aded.lab.report.Figures;
import io.aded.lab.report.TextTable;
import io.aded.model.AdedException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Trains a choice among drafters on measured outcomes, and says what it is worth. The same outcomes give the same
 * bytes: prompts are taken by the order of their keys, and which of them are in which part follows from the keys'
 * checksums.
 */
public final class PolicyTraining {
    private static final int LEAST_PROMPTS = 10;

    /** Groups in a file; with more there is one line for all. */
    private static final int MOST_GROUPS = 100;

    /** Of a fact of the file. */
    private static final int MOST_LETTERS = 4000;

    private static final String ALL = "all";
    private static final String HELD_OUT = "held_out";
    private static final String PROMPTS = "prompts";
    private static final String GROUPS = "groups";
    private static final String MODELS = "model";
    private static final String MEASURED = "measured";

    private final DrafterChoice choice;
    private final HeldOut heldOut;

    private PolicyTraining(DrafterChoice choice, HeldOut heldOut) {
        this.choice = choice;
        this.heldOut = heldOut;
    }

    /**
     * Trains.
     *
     * @param folds parts of the prompts, 2 to 20; each is judged by what the others teach
     * @param version of this program, for the file
     * @throws AdedException.FailedPrecondition if there are too few prompts
     */
    public static PolicyTraining of(Outcomes outcomes, int folds, String version) {
        List<Outcome> all = outcomes.complete();
        if (all.size() < LEAST_PROMPTS) {
            throw new AdedException.FailedPrecondition(
                    "TOO_FEW_PROMPTS",
                    Figures.count(all.size(), "prompt") + " with outcomes of every arm; at least " + LEAST_PROMPTS
                            + " are needed, and some hundred are better");
        }
        HeldOut heldOut = judge(all, folds);
        Map<String, Integer> groups = new TreeMap<>();
        all.forEach(outcome -> groups.merge(outcome.group(), 1, Integer::sum));
        Map<String, String> facts = new HashMap<>(DrafterChoice.vocabularyFact(outcomes.vocabulary()));
        facts.put("aded", version);
        facts.put(MODELS, oneLine(outcomes.models()));
        facts.put(MEASURED, oneLine(outcomes.dates()));
        facts.put(PROMPTS, String.valueOf(all.size()));
        facts.put(
                GROUPS,
                groups.size() > MOST_GROUPS
                        ? String.valueOf(groups.size())
                        : oneLine(String.join(
                                ", ",
                                groups.entrySet().stream()
                                        .map(group -> group.getKey() + " " + group.getValue())
                                        .toList())));
        facts.put(HELD_OUT, heldOut.json());
        return new PolicyTraining(train(all, facts), heldOut);
    }

    private static String oneLine(String text) {
        return Figures.shorten(Figures.shown(text.replaceAll("\\R", " ")), MOST_LETTERS);
    }

    private static DrafterChoice train(List<Outcome> outcomes, Map<String, String> facts) {
        ChoiceTrainer trainer = new ChoiceTrainer();
        for (Outcome outcome : outcomes) {
            for (String arm : DrafterChoice.arms()) {
                trainer.add(outcome.features(), arm, outcome.speedUp(arm));
            }
        }
        return trainer.train(facts);
    }

    private static HeldOut judge(List<Outcome> outcomes, int folds) {
        List<Outcome> shuffled = outcomes.stream()
                .sorted(Comparator.comparingLong((Outcome outcome) -> checksum(outcome.key()))
                        .thenComparing(Outcome::key))
                .toList();
        Map<String, String> chosen = new HashMap<>();
        for (int fold = 0; fold < folds; fold++) {
            List<Outcome> others = new ArrayList<>();
            List<Outcome> judged = new ArrayList<>();
            for (int i = 0; i < shuffled.size(); i++) {
                (i % folds == fold ? judged : others).add(shuffled.get(i));
            }
            others.sort(Comparator.comparing(Outcome::key));
            DrafterChoice choice = train(others, Map.of());
            judged.forEach(outcome -> chosen.put(outcome.key(), choice.best(outcome.features())));
        }
        Map<String, List<Outcome>> groups = new TreeMap<>();
        outcomes.forEach(outcome ->
                groups.computeIfAbsent(outcome.group(), _ -> new ArrayList<>()).add(outcome));
        List<HeldOut.Group> judged = new ArrayList<>(List.of(group(ALL, outcomes, chosen)));
        if (groups.size() > 1 && groups.size() <= MOST_GROUPS) {
            groups.forEach((name, members) -> judged.add(group(name, members, chosen)));
        }
        List<String> arms = DrafterChoice.arms();
        int[][] confusion = new int[arms.size()][arms.size()];
        for (Outcome outcome : outcomes) {
            confusion[arms.indexOf(fastest(List.of(outcome)))][arms.indexOf(chosen.get(outcome.key()))]++;
        }
        return new HeldOut(folds, List.copyOf(judged), confusion);
    }

    private static HeldOut.Group group(String name, List<Outcome> members, Map<String, String> chosen) {
        double plain = members.stream().mapToDouble(Outcome::plainSeconds).sum();
        String single = fastest(members);
        double played = 0;
        double ideal = 0;
        for (Outcome outcome : members) {
            played += outcome.seconds(chosen.getOrDefault(outcome.key(), single));
            ideal += outcome.seconds(fastest(List.of(outcome)));
        }
        return new HeldOut.Group(
                name, members.size(), plain / played, single, plain / seconds(members, single), plain / ideal);
    }

    private static double seconds(List<Outcome> members, String arm) {
        return members.stream().mapToDouble(outcome -> outcome.seconds(arm)).sum();
    }

    /** The arm that takes the least time for all of them; the first of equals. */
    private static String fastest(List<Outcome> members) {
        return DrafterChoice.arms().stream()
                .min(Comparator.comparingDouble(arm -> seconds(members, arm)))
                .orElseThrow();
    }

    private static long checksum(String key) {
        CRC32 checksum = new CRC32();
        checksum.update(key.getBytes(StandardCharsets.UTF_8));
        return checksum.getValue();
    }

    /** What was trained, on all prompts. */
    public DrafterChoice choice() {
        return choice;
    }

    /** Its worth on prompts that it had not seen, for people. */
    public String report() {
        return heldOut.text();
    }

    /** What a choice is and what it was trained on, for people. */
    public static String describe(DrafterChoice choice) {
        Map<String, String> origin = choice.origin();
        StringBuilder text = new StringBuilder();
        text.append("chooses among ")
                .append(String.join(", ", DrafterChoice.arms()))
                .append(" by ")
                .append(DrafterChoice.featureNames().size())
                .append(" numbers of the prompt\n");
        for (String fact : List.of(MODELS, "vocabulary", MEASURED, PROMPTS, GROUPS, "aded")) {
            text.append(fact)
                    .append(": ")
                    .append(Figures.shown(origin.getOrDefault(fact, "unknown")))
                    .append('\n');
        }
        List<String> header = new ArrayList<>(List.of("number"));
        header.addAll(DrafterChoice.arms());
        TextTable weights = new TextTable(header.toArray(String[]::new));
        for (int i = 0; i < DrafterChoice.featureNames().size(); i++) {
            List<String> cells =
                    new ArrayList<>(List.of(DrafterChoice.featureNames().get(i)));
            for (String arm : DrafterChoice.arms()) {
                cells.add(Figures.number(choice.weights(arm)[i], 3));
            }
            weights.row(cells.toArray(String[]::new));
        }
        text.append("\n"
                        + "Weights: an arm's speed over plain decoding is expected to be the sum of weight times"
                        + " number.\n\n")
                .append(weights.render());
        @Nullable HeldOut judged = HeldOut.parse(origin.getOrDefault(HELD_OUT, ""));
        if (judged != null) {
            text.append('\n').append(judged.text());
        }
        return text.toString();
    }
}
