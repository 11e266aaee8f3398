package io.aded.llama;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.aded.llama.abi.Exports;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;

/** Samplers of any kind, and grammars, which are samplers of their own. Nothing is checked here: callers do that. */
final class SamplerFunctions {
    private final MethodHandle newGrammar;
    private final MethodHandle applySampler;
    private final MethodHandle acceptToken;
    private final MethodHandle cloneSampler;
    private final MethodHandle freeSampler;

    SamplerFunctions(Exports exports) {
        newGrammar = exports.bind(
                "llama_sampler_init_grammar", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
        applySampler = exports.bind("llama_sampler_apply", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG));
        acceptToken = exports.bind("llama_sampler_accept", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT));
        cloneSampler = exports.bind("llama_sampler_clone", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        freeSampler = exports.bind("llama_sampler_free", FunctionDescriptor.ofVoid(JAVA_LONG));
    }

    long newGrammar(long vocabulary, long grammar, long root) {
        try {
            return (long) newGrammar.invokeExact(vocabulary, grammar, root);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    void applySampler(long sampler, long candidates) {
        try {
            applySampler.invokeExact(sampler, candidates);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    void acceptToken(long sampler, int token) {
        try {
            acceptToken.invokeExact(sampler, token);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long cloneSampler(long sampler) {
        try {
            return (long) cloneSampler.invokeExact(sampler);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    void freeSampler(long sampler) {
        try {
            freeSampler.invokeExact(sampler);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }
}
