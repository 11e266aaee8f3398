package io.aded.bench;

import io.aded.grammar.GrammarRefused;
import io.aded.grammar.VocabularyTrie;
import io.aded.lab.schema.ColdMasks;
import io.aded.lab.schema.SampleGrammars;
import io.aded.lab.schema.SyntheticVocabulary;
import io.aded.model.ListedVocabulary;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Prints what masks cost at positions that nobody asked for before, by grammar: of each position's times on the
 * processor the least of some repeats.
 *
 * <pre>java -cp … io.aded.bench.ColdMaskTable [VOCABULARY] [REPEATS] [ANSWERS]</pre>
 *
 * <p>The vocabulary is a number of made-up tokens, or a GGUF file.
 */
public final class ColdMaskTable {
    private ColdMaskTable() {}

    /** So many made-up tokens, or those of a GGUF file. */
    static ListedVocabulary vocabulary(String sizeOrFile) throws IOException {
        return sizeOrFile.chars().allMatch(Character::isDigit)
                ? SyntheticVocabulary.of(Integer.parseInt(sizeOrFile))
                : GgufVocabulary.read(Path.of(sizeOrFile));
    }

    /** Measures and prints. */
    public static void main(String[] arguments) throws IOException, GrammarRefused {
        String vocabulary = arguments.length > 0 ? arguments[0] : "151936";
        int repeats = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 20;
        int answers = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 3;
        VocabularyTrie trie = VocabularyTrie.of(vocabulary(vocabulary));
        ColdMasks masks =
                new ColdMasks(trie, answers, repeats, ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime);
        System.out.printf(
                Locale.ROOT,
                "%d tokens%n%-26s %6s %9s %9s %9s %9s | %9s %9s %9s%n",
                trie.vocabularySize(),
                "grammar",
                "masks",
                "median µs",
                "worst µs",
                "visits",
                "steps",
                "compiling µs",
                "visits",
                "steps");
        long worst = 0;
        for (SampleGrammars.Sample sample : SampleGrammars.all()) {
            ColdMasks.Costs costs = masks.measure(sample);
            List<ColdMasks.Cost> all = costs.masks().stream()
                    .sorted(Comparator.comparingLong(ColdMasks.Cost::nanos))
                    .toList();
            ColdMasks.Cost most = all.getLast();
            worst = Math.max(worst, most.nanos());
            System.out.printf(
                    Locale.ROOT,
                    "%-26s %6d %9.1f %9.1f %9d %9d | %9.1f %9d %9d%n",
                    costs.name(),
                    all.size(),
                    all.get(all.size() / 2).nanos() / 1e3,
                    most.nanos() / 1e3,
                    all.stream().mapToLong(cost -> cost.work().visits()).max().orElse(0),
                    all.stream().mapToLong(cost -> cost.work().steps()).max().orElse(0),
                    costs.compiling().nanos() / 1e3,
                    costs.compiling().work().visits(),
                    costs.compiling().work().steps());
        }
        System.out.printf(Locale.ROOT, "worst %.1f µs%n", worst / 1e3);
    }
}
