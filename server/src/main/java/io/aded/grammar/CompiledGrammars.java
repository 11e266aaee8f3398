package io.aded.grammar;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The grammars that were compiled for a vocabulary lately. Callers tend to send the same few again and again, and a
 * grammar that is warm answers a hundred times as fast. Thread-safe; compiling happens outside the lock, so two threads
 * may both compile what is new to both.
 */
public final class CompiledGrammars {
    private static final int MOST = 64;

    /** What all of them may take; streams keep theirs while they use them. */
    private static final long MOST_BYTES = 128L << 20;

    private final VocabularyTrie trie;
    private final long mostBytes;
    private final Map<String, TokenMasks> known = new LinkedHashMap<>(16, 0.75f, true);

    /** None yet. */
    public CompiledGrammars(VocabularyTrie trie) {
        this(trie, MOST_BYTES);
    }

    CompiledGrammars(VocabularyTrie trie, long mostBytes) {
        this.trie = trie;
        this.mostBytes = mostBytes;
    }

    /**
     * A grammar in GBNF, compiled.
     *
     * @throws GrammarRefused if it is none, left-recursive, or too large
     */
    public TokenMasks gbnf(String grammar) throws GrammarRefused {
        return compiled("gbnf:" + grammar, () -> TokenMasks.ofGbnf(grammar, trie));
    }

    /**
     * A JSON schema, compiled.
     *
     * @throws GrammarRefused if it is none, or asks what cannot be kept
     */
    public TokenMasks jsonSchema(String schema) throws GrammarRefused {
        return compiled("json:" + schema, () -> TokenMasks.ofJsonSchema(schema, trie));
    }

    /** Compiles a grammar. */
    @FunctionalInterface
    private interface Compiler {
        TokenMasks compile() throws GrammarRefused;
    }

    private TokenMasks compiled(String key, Compiler compiler) throws GrammarRefused {
        synchronized (known) {
            TokenMasks masks = known.get(key);
            if (masks != null) {
                return masks;
            }
        }
        TokenMasks masks = compiler.compile();
        List<TokenMasks> all;
        synchronized (known) {
            known.put(key, masks);
            all = new ArrayList<>(known.values());
        }
        // They grow while they are used, and measuring one may wait for a stream that uses it.
        long bytes = 0;
        int kept = 0;
        for (TokenMasks one : all.reversed()) {
            bytes += one.size();
            if (kept > 0 && bytes > mostBytes || kept == MOST) {
                break;
            }
            kept++;
        }
        synchronized (known) {
            while (known.size() > kept) {
                known.remove(known.keySet().iterator().next());
            }
        }
        return masks;
    }
}
