package io.aded.grammar;

import java.util.List;

/**
 * A context-free grammar.
 *
 * @param names of the rules, for messages
 * @param bodies of the rules, in the same order
 * @param root the index of the rule that a whole text must match
 */
record Rules(List<String> names, List<Pattern> bodies, int root) {

    Rules {
        if (names.size() != bodies.size() || root < 0 || root >= bodies.size()) {
            throw new IllegalArgumentException(names.size() + " names, " + bodies.size() + " bodies, root " + root);
        }
        names = List.copyOf(names);
        bodies = List.copyOf(bodies);
    }
}
