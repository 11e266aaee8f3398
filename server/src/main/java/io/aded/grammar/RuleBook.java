package io.aded.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The rules of a grammar that is being written. */
final class RuleBook {
    /** The most rules; a schema that needs more is refused. */
    private static final int MOST_RULES = 40_000;

    /** Some 25 MB while they are compiled. An automaton's states are used up before, but for the digits of numbers. */
    private static final long MOST_PIECES = 600_000;

    private final Effort effort;
    private final List<String> names = new ArrayList<>();
    private final List<Pattern> bodies = new ArrayList<>();
    private long pieces;

    RuleBook(Effort effort) {
        this.effort = effort;
    }

    /** Adds a rule and returns its number. */
    int add(String name, Pattern body) throws GrammarRefused {
        if (bodies.size() == MOST_RULES) {
            throw new GrammarRefused(
                    "is too large, or refers to itself without end: it needs more than " + MOST_RULES + " rules");
        }
        count(body);
        names.add(name);
        bodies.add(body);
        return bodies.size() - 1;
    }

    /** Gives a rule that was added another body. */
    void set(int rule, Pattern body) throws GrammarRefused {
        count(body);
        bodies.set(rule, body);
    }

    private void count(Pattern body) throws GrammarRefused {
        pieces += pieces(body);
        if (pieces > MOST_PIECES) {
            throw new GrammarRefused("is too large: its texts and the digits of its numbers make more than "
                    + MOST_PIECES + " pieces of a grammar");
        }
    }

    private static long pieces(Pattern pattern) {
        return switch (pattern) {
            case Pattern.Characters _, Pattern.Token _, Pattern.Reference _ -> 1;
            case Pattern.Repeat repeat -> 1 + pieces(repeat.part());
            case Pattern.Sequence sequence -> 1 + pieces(sequence.parts());
            case Pattern.Choice choice -> 1 + pieces(choice.alternatives());
        };
    }

    private static long pieces(List<Pattern> patterns) {
        long sum = 0;
        for (Pattern each : patterns) {
            sum += pieces(each);
        }
        return sum;
    }

    /** All rules. */
    Rules rules(int root) {
        return new Rules(names, bodies, root);
    }

    /** Says which texts a pattern over the rules so far matches. */
    Acceptance acceptance(Pattern pattern) throws GrammarRefused {
        List<String> allNames = new ArrayList<>(names);
        List<Pattern> allBodies = new ArrayList<>(bodies);
        allNames.add("text");
        allBodies.add(pattern);
        effort.spend(10L * allBodies.size());
        return new Acceptance(new Machine(Automaton.of(new Rules(allNames, allBodies, allBodies.size() - 1))));
    }

    /** Says which texts a pattern matches. */
    final class Acceptance {
        private final Machine machine;

        private Acceptance(Machine machine) {
            this.machine = machine;
        }

        boolean accepts(String text) throws GrammarRefused {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            effort.spend(10L * bytes.length);
            try {
                Machine.State state = machine.initial();
                for (byte b : bytes) {
                    state = machine.step(state, b);
                }
                return state.accepts();
            } catch (GrammarExhausted e) {
                throw new GrammarRefused(String.valueOf(e.getMessage()));
            }
        }
    }
}
