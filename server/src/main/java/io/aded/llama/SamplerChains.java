package io.aded.llama;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.aded.llama.abi.CStruct;
import io.aded.llama.abi.CommonStructs;
import io.aded.llama.abi.Exports;
import io.aded.llama.abi.LineCalls;
import io.aded.model.SamplingParameters;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;

/**
 * llama.cpp's samplers as chains: which filters there are, in which order they apply, and when each is on. A filter
 * that would do nothing is left out.
 *
 * <p>The order is llama.cpp's own default. At temperature 0 the best token is taken after what changes logits for good
 * reasons of their own ({@link #adjusting}); what only narrows or flattens a distribution could not change it.
 */
final class SamplerChains {
    /** llama.cpp takes this seed for "pick one at random", which must not happen here. */
    private static final int RANDOM_SEED = 0xFFFFFFFF;

    private static final int SUBSTITUTE_SEED = 0x9E3779B9;

    /** Candidates that a filter leaves at least. */
    private static final long LEAST = 1;

    private static final CStruct LOGIT_BIAS = CommonStructs.LOGIT_BIAS;

    private final Exports exports;
    private final LineCalls calls;
    private static final float COLDEST = 1e-3f;

    private final MethodHandle newChain;
    private final MethodHandle addToChain;

    /** What adds to logits: applied at every temperature. */
    private final List<Filter> adjusting = new ArrayList<>();
    /** What narrows and flattens the distribution that the token is drawn from. */
    private final List<Filter> narrowing = new ArrayList<>();
    /** What stands for all of that, and chooses, while Mirostat is on. */
    private final List<Filter> surprising = new ArrayList<>();
    /** What chooses at temperature 0, and above. */
    private final Filter best;

    private final Filter draw;

    SamplerChains(Exports exports, LineCalls calls) {
        this.exports = exports;
        this.calls = calls;
        // llama_sampler_chain_params, by value: one bool, no_perf.
        newChain = exports.bind("llama_sampler_chain_init", FunctionDescriptor.of(JAVA_LONG, JAVA_BYTE));
        addToChain = exports.bind("llama_sampler_chain_add", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG));

        MethodHandle bias = init("logit_bias", JAVA_INT, JAVA_INT, JAVA_LONG);
        adjusting.add(new Filter(given -> !given.logitBias().isEmpty(), request -> {
            List<Integer> tokens =
                    request.given().logitBias().keySet().stream().sorted().toList();
            long entries = request.biases(tokens);
            return (long) bias.invokeExact(request.vocabulary().size(), tokens.size(), entries);
        }));
        adjusting.add(new Filter(
                SamplingParameters::usesPenalties,
                request -> this.calls.newPenalties(
                        request.vocabulary().size(),
                        request.given().penaltyWindow(),
                        request.given().repeatPenalty(),
                        request.given().frequencyPenalty(),
                        request.given().presencePenalty())));

        adjusting.add(new Filter(
                SamplingParameters::usesDry,
                request -> this.calls.newDry(
                        request.vocabulary().handle(),
                        request.given().dryMultiplier(),
                        request.given().dryBase(),
                        request.given().dryAllowedLength(),
                        request.given().dryWindow(),
                        request.texts(request.given().drySequenceBreakers()),
                        request.given().drySequenceBreakers().size())));

        MethodHandle topNSigma = init("top_n_sigma", JAVA_FLOAT);
        narrowing.add(new Filter(given -> given.topNSigma() > 0f, request ->
                (long) topNSigma.invokeExact(request.given().topNSigma())));
        MethodHandle topK = init("top_k", JAVA_INT);
        narrowing.add(new Filter(given -> given.topK() > 0, request ->
                (long) topK.invokeExact(request.given().topK())));
        MethodHandle typical = init("typical", JAVA_FLOAT, JAVA_LONG);
        narrowing.add(new Filter(given -> given.typicalP() < 1f, request ->
                (long) typical.invokeExact(request.given().typicalP(), LEAST)));
        MethodHandle topP = init("top_p", JAVA_FLOAT, JAVA_LONG);
        narrowing.add(new Filter(given -> given.topP() < 1f, request ->
                (long) topP.invokeExact(request.given().topP(), LEAST)));
        MethodHandle minP = init("min_p", JAVA_FLOAT, JAVA_LONG);
        narrowing.add(new Filter(given -> given.minP() > 0f, request ->
                (long) minP.invokeExact(request.given().minP(), LEAST)));
        MethodHandle xtc = init("xtc", JAVA_FLOAT, JAVA_FLOAT, JAVA_LONG, JAVA_INT);
        narrowing.add(new Filter(given -> given.xtcProbability() > 0f, request -> (long) xtc.invokeExact(
                request.given().xtcProbability(), request.given().xtcThreshold(), LEAST, request.seed())));
        MethodHandle temperature = init("temp", JAVA_FLOAT);
        narrowing.add(new Filter(given -> given.temperature() != 1f && given.dynamicTemperatureRange() == 0f, request ->
                (long) temperature.invokeExact(request.given().temperature())));
        MethodHandle dynamicTemperature = init("temp_ext", JAVA_FLOAT, JAVA_FLOAT, JAVA_FLOAT);
        narrowing.add(new Filter(
                given -> given.dynamicTemperatureRange() > 0f, request -> (long) dynamicTemperature.invokeExact(
                        middle(request.given()),
                        middle(request.given()) - coldest(request.given()),
                        request.given().dynamicTemperatureExponent())));

        // Chooses itself: it must see what it truncated.
        MethodHandle mirostat = init("mirostat_v2", JAVA_INT, JAVA_FLOAT, JAVA_FLOAT);
        surprising.add(new Filter(given -> given.temperature() != 1f, request ->
                (long) temperature.invokeExact(request.given().temperature())));
        surprising.add(new Filter(given -> true, request -> (long) mirostat.invokeExact(
                request.seed(), request.given().mirostatTau(), request.given().mirostatEta())));

        MethodHandle greedy = init("greedy");
        best = new Filter(given -> true, _ -> (long) greedy.invokeExact());
        MethodHandle dist = init("dist", JAVA_INT);
        draw = new Filter(given -> true, request -> (long) dist.invokeExact(request.seed()));
    }

    private MethodHandle init(String sampler, MemoryLayout... parameters) {
        return exports.bind("llama_sampler_init_" + sampler, FunctionDescriptor.of(JAVA_LONG, parameters));
    }

    /** A sampler of llama.cpp's: when it is on, and how it is made. */
    private record Filter(Predicate<SamplingParameters> isOn, Maker maker) {}

    @FunctionalInterface
    private interface Maker {
        @SuppressWarnings("IllegalThrows") // as invokeExact declares
        long make(Request request) throws Throwable;
    }

    /**
     * What a chain is made for.
     *
     * @param given valid for the vocabulary
     * @param seed the one to use, drawn if none was given
     * @param arena for what samplers are told by address; they copy it
     */
    private record Request(SamplingParameters given, LlamaVocabulary vocabulary, int seed, Arena arena) {
        long texts(List<String> texts) {
            MemorySegment pointers = arena.allocate(JAVA_LONG, texts.size());
            for (int i = 0; i < texts.size(); i++) {
                pointers.setAtIndex(
                        JAVA_LONG, i, arena.allocateFrom(texts.get(i)).address());
            }
            return pointers.address();
        }

        long biases(List<Integer> tokens) {
            MemorySegment entries = arena.allocate(LOGIT_BIAS.layout(), tokens.size());
            for (int i = 0; i < tokens.size(); i++) {
                int token = tokens.get(i);
                LOGIT_BIAS
                        .at(entries.asSlice(i * LOGIT_BIAS.size()))
                        .set("token", token)
                        .set("bias", given.logitBias().getOrDefault(token, 0f));
            }
            return entries.address();
        }
    }

    /**
     * How many of the best tokens decide: the outcome is the same if only these, after what adjusts logits, go through
     * the chain.
     */
    int decisive(SamplingParameters given, int vocabularySize) {
        if (given.temperature() == 0f) {
            return 1;
        }
        // A standard deviation is one of all logits, and Mirostat stands for top-k as well.
        boolean all = given.topK() == 0 || given.topNSigma() > 0f || given.mirostatTau() > 0f;
        return all ? vocabularySize : Math.min(given.topK(), vocabularySize);
    }

    /** Makes a chain that ends in a choice; free it as any sampler. */
    long open(SamplingParameters given, LlamaVocabulary vocabulary) {
        Integer stated = given.seed();
        int seed = stated == null ? ThreadLocalRandom.current().nextInt() : stated;
        try (Arena arena = Arena.ofConfined()) {
            Request request = new Request(given, vocabulary, seed == RANDOM_SEED ? SUBSTITUTE_SEED : seed, arena);
            long chain = (long) newChain.invokeExact((byte) 1);
            add(chain, adjusting, request);
            if (given.temperature() == 0f) {
                add(chain, List.of(best), request);
            } else if (given.mirostatTau() > 0f) {
                add(chain, surprising, request);
            } else {
                add(chain, narrowing, request);
                add(chain, List.of(draw), request);
            }
            return chain;
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    @SuppressWarnings("IllegalThrows") // as invokeExact declares
    private void add(long chain, List<Filter> filters, Request request) throws Throwable {
        for (Filter filter : filters) {
            if (filter.isOn().test(request.given())) {
                addToChain.invokeExact(chain, filter.maker().make(request));
            }
        }
    }

    /** A dynamic temperature falls to this: the library would fall to 0, near which logits overflow. */
    private static float coldest(SamplingParameters given) {
        return Math.max(COLDEST, given.temperature() - given.dynamicTemperatureRange());
    }

    /** Half way between the coldest and the hottest; nothing changes but where the coldest would be 0. */
    private static float middle(SamplingParameters given) {
        float range = given.dynamicTemperatureRange();
        return given.temperature() - range >= COLDEST
                ? given.temperature()
                : (coldest(given) + given.temperature() + range) / 2;
    }
}
