package io.aded.llama;

import io.aded.grammar.Gbnf;
import io.aded.grammar.JsonSchemaGrammar;
import io.aded.grammar.TokenTrie;
import io.aded.model.AdedException;
import io.aded.model.SamplingParameters;
import io.aded.model.TokenTree;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What may come next by a grammar: llama.cpp's matcher, and its state after the tokens accepted so far.
 *
 * <h2>Asking about few tokens</h2>
 *
 * The matcher decodes each token it is asked about and walks the grammar with it, which for a whole vocabulary takes
 * milliseconds. Two facts keep that rare. What the sampler needs is usually among the best tokens, so it asks about
 * those first. And a token is forbidden as soon as a <i>prefix</i> of it is: down the {@link TokenTrie}, only tokens
 * below allowed ones are asked about. Neither changes the answer.
 */
final class Grammar implements AutoCloseable {
    /** Tokens that are asked about at once. */
    private static final int CHUNK = 512;

    private final Native natives;
    private final LlamaVocabulary vocabulary;
    private final long sampler;
    private final Candidates few;
    /** Tokens still to be asked about by {@link #allowed}, and those found; empty until they are needed. */
    private int[] pending = {};

    private int[] found = {};
    private boolean[] keep = new boolean[64];

    private Grammar(Native natives, LlamaVocabulary vocabulary, long sampler, Arena arena) {
        this.natives = natives;
        this.vocabulary = vocabulary;
        this.sampler = sampler;
        this.few = new Candidates(arena, CHUNK);
    }

    /**
     * Compiles the grammar or schema of a request.
     *
     * @param arena for scratch memory; must outlive the grammar
     * @throws AdedException.InvalidRequest if it is not valid
     */
    static Grammar compile(LlamaModel model, LlamaVocabulary vocabulary, SamplingParameters parameters, Arena arena) {
        String field = parameters.grammar() != null ? "sampling.grammar" : "sampling.json_schema";
        String text = source(parameters);
        try {
            Gbnf.check(text);
        } catch (Gbnf.Refused e) {
            throw new AdedException.InvalidRequest(field, String.valueOf(e.getMessage()));
        }
        Native natives = model.library().natives();
        long sampler;
        try (Arena scratch = Arena.ofConfined()) {
            sampler = natives.samplers.newGrammar(
                    vocabulary.handle(),
                    scratch.allocateFrom(text, StandardCharsets.UTF_8).address(),
                    scratch.allocateFrom("root").address());
        }
        if (sampler == 0) {
            throw new AdedException.InvalidRequest(field, "is not a grammar that llama.cpp can use");
        }
        return new Grammar(natives, vocabulary, sampler, arena);
    }

    private static String source(SamplingParameters parameters) {
        String grammar = parameters.grammar();
        if (grammar != null) {
            return grammar;
        }
        String schema = parameters.jsonSchema();
        if (schema == null) {
            throw new IllegalArgumentException("neither a grammar nor a schema");
        }
        try {
            return JsonSchemaGrammar.convert(schema, new KherudConverter());
        } catch (JsonSchemaGrammar.Refused e) {
            throw new AdedException.InvalidRequest("sampling.json_schema", String.valueOf(e.getMessage()));
        }
    }

    /** Removes the candidates that may not come next. */
    void filter(Candidates candidates) {
        candidates.apply(natives, sampler);
        candidates.dropForbidden();
    }

    /** Finds every token that may come next. */
    int findAllowed() {
        if (pending.length == 0) {
            pending = new int[vocabulary.size()];
            found = new int[vocabulary.size()];
        }
        TokenTrie trie = vocabulary.trie();
        int foundSize = 0;
        int end = trie.appendRoots(pending, 0);
        while (end > 0) {
            few.clear();
            while (end > 0 && few.size() < CHUNK) {
                few.add(pending[--end], 0f);
            }
            filter(few);
            for (int i = 0; i < few.size(); i++) {
                int token = few.token(i);
                found[foundSize++] = token;
                end = trie.appendChildren(token, pending, end);
            }
        }
        return foundSize;
    }

    /** The {@code i}-th token that {@link #findAllowed} found, in no particular order. */
    int allowed(int i) {
        return found[i];
    }

    /** Goes on by a token, which must be allowed: the matcher ends the process otherwise. */
    void accept(int token) {
        natives.samplers.acceptToken(sampler, token);
    }

    /** Removes the nodes of a draft that may not come after their ancestors. */
    void prune(TokenTree tree) {
        int size = tree.size();
        if (size < 2) {
            return;
        }
        if (keep.length < size) {
            keep = new boolean[size];
        }
        Arrays.fill(keep, 0, size, false);
        visit(tree, 0, sampler, false);
        tree.retain(keep);
    }

    /** Marks the allowed children of a node whose state is given, and goes on below them. */
    private void visit(TokenTree tree, int node, long state, boolean owned) {
        few.clear();
        int children = 0;
        for (int child = tree.firstChild(node); child >= 0; child = tree.nextSibling(child)) {
            if (children == CHUNK) {
                break;
            }
            few.add(tree.token(child), 0f);
            children++;
        }
        few.apply(natives, state);
        int last = -1;
        int i = 0;
        for (int child = tree.firstChild(node); child >= 0 && i < children; child = tree.nextSibling(child)) {
            keep[child] = few.logit(i++) != Float.NEGATIVE_INFINITY;
            if (keep[child] && goesOn(tree, child)) {
                last = child;
            }
        }
        for (int child = tree.firstChild(node); child >= 0; child = tree.nextSibling(child)) {
            if (!keep[child] || !goesOn(tree, child)) {
                continue;
            }
            // The last child may use up the state, unless it is the sampler's own.
            boolean reuse = owned && child == last;
            long below = reuse ? state : natives.samplers.cloneSampler(state);
            try {
                natives.samplers.acceptToken(below, tree.token(child));
                visit(tree, child, below, true);
            } finally {
                if (!reuse) {
                    natives.samplers.freeSampler(below);
                }
            }
        }
    }

    private boolean goesOn(TokenTree tree, int node) {
        return tree.firstChild(node) >= 0 && !vocabulary.endsGeneration(tree.token(node));
    }

    @Override
    public void close() {
        natives.samplers.freeSampler(sampler);
    }
}
