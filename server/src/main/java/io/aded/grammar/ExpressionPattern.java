package io.aded.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The texts of a regular expression as a {@link Pattern}, part by part.
 *
 * <p>An anchor says something of the text around, so each part is split by what it asks: that nothing stands before
 * it, that nothing stands behind it, both, or neither. What cannot be split so (looking ahead, anchors within what is
 * repeated) is refused here; {@link Derivatives} does the former.
 */
final class ExpressionPattern {
    /** Bits of a kind: nothing may stand before, nothing may stand behind. */
    private static final int STARTS = 1;

    private static final int ENDS = 2;
    private static final int KINDS = 4;

    private final Function<CharacterSet, Pattern> character;

    private ExpressionPattern(Function<CharacterSet, Pattern> character) {
        this.character = character;
    }

    /** What a part matches, by what it asks of the text around; null where there is nothing. */
    private static final class Split {
        private final List<List<Pattern>> ways = new ArrayList<>();
        private final boolean[] nullable = new boolean[KINDS];

        Split() {
            for (int kind = 0; kind < KINDS; kind++) {
                ways.add(new ArrayList<>());
            }
        }

        Split add(int kind, Pattern pattern, boolean isNullable) {
            ways.get(kind).add(pattern);
            nullable[kind] |= isNullable;
            return this;
        }

        @Nullable
        Pattern of(int kind) {
            List<Pattern> found = ways.get(kind);
            return found.isEmpty() ? null : found.size() == 1 ? found.getFirst() : new Pattern.Choice(found);
        }

        boolean isPlain() {
            return ways.get(STARTS).isEmpty()
                    && ways.get(ENDS).isEmpty()
                    && ways.get(STARTS | ENDS).isEmpty();
        }
    }

    /**
     * The texts that an expression matches as a whole.
     *
     * @param character what a character of a set looks like: itself, or, within a JSON string, perhaps escaped
     * @throws GrammarRefused if it cannot be split by its anchors
     */
    static Pattern whole(Expression expression, Function<CharacterSet, Pattern> character) throws GrammarRefused {
        Split split = new ExpressionPattern(character).split(expression);
        List<Pattern> ways = new ArrayList<>();
        for (int kind = 0; kind < KINDS; kind++) {
            Pattern pattern = split.of(kind);
            if (pattern != null) {
                ways.add(pattern);
            }
        }
        return anyOf(ways);
    }

    private static Pattern anyOf(List<Pattern> ways) throws GrammarRefused {
        if (ways.isEmpty()) {
            throw new GrammarRefused("allows nothing: its anchors exclude what stands beside them");
        }
        return ways.size() == 1 ? ways.getFirst() : new Pattern.Choice(ways);
    }

    /**
     * The texts in which an expression matches somewhere.
     *
     * @param character as for {@link #whole}
     * @throws GrammarRefused if it cannot be split by its anchors
     */
    static Pattern somewhere(Expression expression, Function<CharacterSet, Pattern> character) throws GrammarRefused {
        Split split = new ExpressionPattern(character).split(expression);
        Pattern any = new Pattern.Repeat(character.apply(CharacterSet.all()), 0, Pattern.UNBOUNDED);
        List<Pattern> ways = new ArrayList<>();
        for (int kind = 0; kind < KINDS; kind++) {
            Pattern pattern = split.of(kind);
            if (pattern != null) {
                ways.add(new Pattern.Sequence(List.of(
                        (kind & STARTS) != 0 ? Pattern.EMPTY : any,
                        pattern,
                        (kind & ENDS) != 0 ? Pattern.EMPTY : any)));
            }
        }
        return anyOf(ways);
    }

    private Split split(Expression expression) throws GrammarRefused {
        return switch (expression) {
            case Expression.Characters(CharacterSet set) -> new Split().add(0, character.apply(set), false);
            case Expression.Anchor(boolean isEnd) -> new Split().add(isEnd ? ENDS : STARTS, Pattern.EMPTY, true);
            case Expression.LookAhead _ -> throw new GrammarRefused("looks ahead, which cannot be kept here");
            case Expression.Sequence(List<Expression> parts) -> sequence(parts);
            case Expression.Choice(List<Expression> alternatives) -> {
                Split all = new Split();
                for (Expression alternative : alternatives) {
                    addAll(all, split(alternative));
                }
                yield all;
            }
            case Expression.Repeat(Expression part, int least, int most) -> repeat(split(part), least, most);
        };
    }

    private static void addAll(Split into, Split from) {
        for (int kind = 0; kind < KINDS; kind++) {
            Pattern pattern = from.of(kind);
            if (pattern != null) {
                into.add(kind, pattern, from.nullable[kind]);
            }
        }
    }

    private static Split repeat(Split part, int least, int most) throws GrammarRefused {
        if (most == 0) {
            return new Split().add(0, Pattern.EMPTY, true);
        }
        Pattern plain = part.of(0);
        if (part.isPlain() && plain != null) {
            return new Split().add(0, new Pattern.Repeat(plain, least, most), least == 0 || part.nullable[0]);
        }
        if (most != 1) {
            throw new GrammarRefused("has an anchor within what is repeated, which cannot be kept");
        }
        Split once = new Split();
        addAll(once, part);
        return least == 0 ? once.add(0, Pattern.EMPTY, true) : once;
    }

    private Split sequence(List<Expression> parts) throws GrammarRefused {
        Split all = new Split().add(0, Pattern.EMPTY, true);
        List<Pattern> run = new ArrayList<>(); // parts without anchors, not yet in all
        boolean runIsNullable = true;
        for (Expression part : parts) {
            Split next = split(part);
            Pattern plain = next.of(0);
            if (next.isPlain() && plain != null) {
                run.add(plain);
                runIsNullable &= next.nullable[0];
                continue;
            }
            all = joined(all, new Split().add(0, new Pattern.Sequence(List.copyOf(run)), runIsNullable));
            run.clear();
            runIsNullable = true;
            all = joined(all, next);
        }
        return joined(all, new Split().add(0, new Pattern.Sequence(List.copyOf(run)), runIsNullable));
    }

    private static Split joined(Split a, Split b) {
        Split both = new Split();
        for (int i = 0; i < KINDS; i++) {
            for (int j = 0; j < KINDS; j++) {
                Pattern first = a.of(i);
                Pattern second = b.of(j);
                if (first == null || second == null) {
                    continue;
                }
                boolean firstEnds = (i & ENDS) != 0;
                boolean secondStarts = (j & STARTS) != 0;
                boolean empty = a.nullable[i] && b.nullable[j];
                if (!firstEnds && !secondStarts) {
                    both.add(i & STARTS | j & ENDS, sequence(first, second), empty);
                } else if (firstEnds && !secondStarts && b.nullable[j]) {
                    both.add(i | j & ENDS, first, a.nullable[i]);
                } else if (!firstEnds && secondStarts && a.nullable[i]) {
                    both.add(j | i & STARTS, second, b.nullable[j]);
                } else if (firstEnds && secondStarts && empty) {
                    both.add(i | j, Pattern.EMPTY, true);
                }
            }
        }
        return both;
    }

    private static Pattern sequence(Pattern first, Pattern second) {
        return Pattern.EMPTY.equals(first)
                ? second
                : Pattern.EMPTY.equals(second) ? first : new Pattern.Sequence(List.of(first, second));
    }
}
