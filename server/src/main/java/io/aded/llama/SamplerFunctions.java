package io.aded.llama;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.aded.llama.abi.Exports;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;

/** Samplers: chains, the filters that they are made of, and grammars. Nothing is checked here: callers do that. */
final class SamplerFunctions {
    private final MethodHandle newChain;
    private final MethodHandle addToChain;
    private final MethodHandle newGreedy;
    private final MethodHandle newDraw;
    private final MethodHandle newTopK;
    private final MethodHandle newTopP;
    private final MethodHandle newMinP;
    private final MethodHandle newTypical;
    private final MethodHandle newTemperature;
    private final MethodHandle newLogitBias;
    private final MethodHandle newGrammar;
    private final MethodHandle applySampler;
    private final MethodHandle acceptToken;
    private final MethodHandle cloneSampler;
    private final MethodHandle freeSampler;

    SamplerFunctions(Exports exports) {
        newChain = exports.bind("llama_sampler_chain_init", FunctionDescriptor.of(JAVA_LONG, JAVA_BYTE));
        addToChain = exports.bind("llama_sampler_chain_add", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG));
        newGreedy = exports.bind("llama_sampler_init_greedy", FunctionDescriptor.of(JAVA_LONG));
        newDraw = exports.bind("llama_sampler_init_dist", FunctionDescriptor.of(JAVA_LONG, JAVA_INT));
        newTopK = exports.bind("llama_sampler_init_top_k", FunctionDescriptor.of(JAVA_LONG, JAVA_INT));
        newTopP = exports.bind("llama_sampler_init_top_p", FunctionDescriptor.of(JAVA_LONG, JAVA_FLOAT, JAVA_LONG));
        newMinP = exports.bind("llama_sampler_init_min_p", FunctionDescriptor.of(JAVA_LONG, JAVA_FLOAT, JAVA_LONG));
        newTypical =
                exports.bind("llama_sampler_init_typical", FunctionDescriptor.of(JAVA_LONG, JAVA_FLOAT, JAVA_LONG));
        newTemperature = exports.bind("llama_sampler_init_temp", FunctionDescriptor.of(JAVA_LONG, JAVA_FLOAT));
        newLogitBias = exports.bind(
                "llama_sampler_init_logit_bias", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG));
        newGrammar = exports.bind(
                "llama_sampler_init_grammar", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
        applySampler = exports.bind("llama_sampler_apply", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG));
        acceptToken = exports.bind("llama_sampler_accept", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT));
        cloneSampler = exports.bind("llama_sampler_clone", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        freeSampler = exports.bind("llama_sampler_free", FunctionDescriptor.ofVoid(JAVA_LONG));
    }

    long newChain(byte noPerf) {
        try {
            return (long) newChain.invokeExact(noPerf);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    void addToChain(long chain, long sampler) {
        try {
            addToChain.invokeExact(chain, sampler);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long newGreedy() {
        try {
            return (long) newGreedy.invokeExact();
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long newDraw(int seed) {
        try {
            return (long) newDraw.invokeExact(seed);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long newTopK(int k) {
        try {
            return (long) newTopK.invokeExact(k);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long newTopP(float p, long minKeep) {
        try {
            return (long) newTopP.invokeExact(p, minKeep);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long newMinP(float p, long minKeep) {
        try {
            return (long) newMinP.invokeExact(p, minKeep);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long newTypical(float p, long minKeep) {
        try {
            return (long) newTypical.invokeExact(p, minKeep);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long newTemperature(float temperature) {
        try {
            return (long) newTemperature.invokeExact(temperature);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long newLogitBias(int vocabularySize, int count, long biases) {
        try {
            return (long) newLogitBias.invokeExact(vocabularySize, count, biases);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
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
