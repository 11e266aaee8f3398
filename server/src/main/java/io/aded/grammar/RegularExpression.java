package io.aded.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Writes a regular expression as a GBNF grammar that matches the same texts.
 *
 * <p>ECMA-262, as JSON schemas use it, over code points, matched against the whole text: {@link ExpressionReader} says
 * what there is. Looking ahead is kept; looking behind, references back and word boundaries are refused. Nothing is
 * approximated: what is accepted is kept exactly.
 *
 * @see Gbnf which says whether the grammar is small enough
 */
public final class RegularExpression {
    private RegularExpression() {}

    /**
     * The grammar of an expression.
     *
     * @throws GrammarRefused if it is no regular expression, or one that cannot be kept; the message says why
     */
    public static String toGbnf(String expression) throws GrammarRefused {
        Rules rules = rules(ExpressionReader.read(expression));
        Automaton.of(rules); // what is too large is said of the expression, not of a grammar that nobody wrote
        return GbnfText.of(rules);
    }

    static Rules rules(Expression expression) throws GrammarRefused {
        if (!Expression.looksAhead(expression)) {
            return new Rules(
                    List.of("root"),
                    List.of(ExpressionPattern.whole(expression, set -> new Pattern.Characters(set.ranges()))),
                    0);
        }
        List<String> names = new ArrayList<>();
        List<Pattern> bodies = new ArrayList<>();
        for (Derivatives.State state : Derivatives.whole(expression, new Effort())) {
            List<Pattern> ways = new ArrayList<>();
            if (state.ends()) {
                ways.add(Pattern.EMPTY);
            }
            for (Map.Entry<Integer, CharacterSet> next : state.next().entrySet()) {
                ways.add(new Pattern.Sequence(List.of(
                        new Pattern.Characters(next.getValue().ranges()), new Pattern.Reference(next.getKey()))));
            }
            names.add(names.isEmpty() ? "root" : "s" + names.size());
            bodies.add(ways.size() == 1 ? ways.getFirst() : new Pattern.Choice(ways));
        }
        return new Rules(names, bodies, 0);
    }
}
