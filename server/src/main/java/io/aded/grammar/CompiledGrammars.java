package io.aded.grammar;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The grammars that were compiled for a vocabulary lately. Callers tend to send the same few again and again, and a grammar
 * that is warm answers a hundred times as fast. Thread-safe; compiling happens outside the lock, so two threads may both
 * compile what is new to both.
 */
public final class CompiledGrammars {
    private static final int MOST = 64;

    private final VocabularyTrie trie;
    private final Map<String, TokenMasks> known = new LinkedHashMap<>(16, 0.75f, true);

    /** None yet. */
    public CompiledGrammars(VocabularyTrie trie) {
        this.trie = trie;
    }

    /**
     * A grammar in GBNF, compiled.
     *
     * @throws GrammarRefused if it is none, left-recursive, or too large
     */
    public TokenMasks gbnf(String grammar) throws GrammarRefused {
        synchronized (known) {
            TokenMasks masks = known.get(grammar);
            if (masks != null) {
                return masks;
            }
        }
        TokenMasks masks = TokenMasks.ofGbnf(grammar, trie);
        synchronized (known) {
            known.put(grammar, masks);
            if (known.size() > MOST) {
                known.remove(known.keySet().iterator().next());
            }
        }
        return masks;
    }
}
