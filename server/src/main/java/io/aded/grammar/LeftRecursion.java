package io.aded.grammar;

import io.aded.model.Patience;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Finds rules that can begin with themselves before anything is read; nothing that reads from left to right can match
 * them.
 */
final class LeftRecursion {
    private final Rules rules;
    private final boolean[] nullable;

    private LeftRecursion(Rules rules) {
        this.rules = rules;
        this.nullable = new boolean[rules.bodies().size()];
    }

    static void refuse(Rules rules) throws GrammarRefused {
        LeftRecursion search = new LeftRecursion(rules);
        for (boolean changed = true; changed; ) {
            changed = false;
            for (int rule = 0; rule < search.nullable.length; rule++) {
                if ((rule & 1023) == 0) {
                    Patience.check();
                }
                if (!search.nullable[rule] && search.isNullable(rules.bodies().get(rule))) {
                    search.nullable[rule] = true;
                    changed = true;
                }
            }
        }
        search.walk();
    }

    private boolean isNullable(Pattern pattern) {
        return switch (pattern) {
            case Pattern.Characters _ -> false;
            case Pattern.Reference(int rule) -> nullable[rule];
            case Pattern.Repeat(Pattern part, int least, int _) -> least == 0 || isNullable(part);
            case Pattern.Sequence(List<Pattern> parts) -> parts.stream().allMatch(this::isNullable);
            case Pattern.Choice(List<Pattern> alternatives) ->
                alternatives.stream().anyMatch(this::isNullable);
        };
    }

    /** Depth first along "can begin with", without recursion: a chain of rules may be as long as the grammar. */
    private void walk() throws GrammarRefused {
        byte[] states = new byte[nullable.length]; // 0 not seen, 1 on the way, 2 done
        for (int start = 0; start < states.length; start++) {
            if (states[start] != 0) {
                continue;
            }
            Deque<int[]> way = new ArrayDeque<>();
            Deque<int[]> firsts = new ArrayDeque<>();
            way.push(new int[] {start, 0});
            firsts.push(firsts(start));
            states[start] = 1;
            while (!way.isEmpty()) {
                int[] top = way.peek();
                int[] next = firsts.peek();
                if (top == null || next == null || top[1] == next.length) {
                    states[way.pop()[0]] = 2;
                    firsts.pop();
                    continue;
                }
                int rule = next[top[1]++];
                if (states[rule] == 1) {
                    throw new GrammarRefused("has the left-recursive rule "
                            + rules.names().get(rule) + ": it can begin with itself before any character is read");
                }
                if (states[rule] == 0) {
                    states[rule] = 1;
                    way.push(new int[] {rule, 0});
                    firsts.push(firsts(rule));
                }
            }
        }
    }

    private int[] firsts(int rule) {
        java.util.BitSet found = new java.util.BitSet();
        collect(rules.bodies().get(rule), found);
        return found.stream().toArray();
    }

    private void collect(Pattern pattern, java.util.BitSet found) {
        switch (pattern) {
            case Pattern.Characters _ -> {}
            case Pattern.Reference(int rule) -> found.set(rule);
            case Pattern.Repeat repeat -> collect(repeat.part(), found);
            case Pattern.Choice(List<Pattern> alternatives) ->
                alternatives.forEach(alternative -> collect(alternative, found));
            case Pattern.Sequence(List<Pattern> parts) -> {
                for (Pattern part : parts) {
                    collect(part, found);
                    if (!isNullable(part)) {
                        break;
                    }
                }
            }
        }
    }
}
