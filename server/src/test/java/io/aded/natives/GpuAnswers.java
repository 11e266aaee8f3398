package io.aded.natives;

import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.Drafters;
import io.aded.engine.Delta;
import io.aded.engine.DraftPolicy;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.engine.Prompt;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnRequest;
import io.aded.engine.TurnResult;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.ModelParameters;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.ContextParameters.CacheType;
import io.aded.model.SamplingParameters;
import io.aded.telemetry.Telemetry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/**
 * Answers greedily with a library and a model, plain and with fixed drafts, and prints the tokens. A program of its own
 * because a Vulkan driver reads its variables when the process starts, and may end it.
 */
final class GpuAnswers {
    static final int TOKENS = 24;
    private static final String PROMPT = "the cat and the dog";

    private GpuAnswers() {}

    /** Arguments: the library's directory, the model. Prints a line for each mode, and one for the device. */
    public static void main(String[] arguments) {
        LlamaLibrary library = LlamaLibrary.load(Path.of(arguments[0]));
        System.out.println("devices "
                + library.devices().stream()
                        .filter(Verdict::isGpu)
                        .map(LlamaLibrary.Device::description)
                        .collect(Collectors.joining("; ")));
        for (DrafterKind mode : List.of(Drafters.OFF, Drafters.ADED)) {
            System.out.println(mode + " " + answer(library, Path.of(arguments[1]), ModelParameters.ALL_LAYERS, mode));
        }
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    static List<Integer> answer(LlamaLibrary library, Path model, int gpuLayers, DrafterKind mode) {
        ContextParameters context = ContextParameters.ofCells(128)
                .withMaxBatchTokens(16)
                .withMaxSequences(16)
                .withCacheTypes(CacheType.F32, CacheType.F32);
        Collector collector = new Collector();
        try (LlamaModel loaded = LlamaModel.load(library, model, ModelParameters.DEFAULT.withGpuLayers(gpuLayers));
                Engine engine = Engine.start(
                        loaded,
                        EngineOptions.ofCells(128).withContext(context),
                        Telemetry.none().forEngine("test"));
                var session = engine.openSession()) {
            int[] prompt = loaded.vocabulary().tokenize(PROMPT, true, false);
            session.submit(
                    TurnRequest.of(
                                    new Prompt.Tokens(prompt),
                                    SamplingParameters.GREEDY,
                                    DraftPolicy.of(mode).withMaxNodes(mode == Drafters.OFF ? 0 : 8),
                                    TOKENS)
                            .withIgnoreEnd(true),
                    collector);
            collector.end.join();
        }
        return collector.tokens;
    }

    private static final class Collector implements TurnListener {
        private final List<Integer> tokens = new ArrayList<>();
        private final CompletableFuture<TurnResult> end = new CompletableFuture<>();

        @Override
        public void onDelta(Delta delta) {
            for (int token : delta.tokens()) {
                tokens.add(token);
            }
        }

        @Override
        public void onFinished(TurnResult result) {
            end.complete(result);
        }

        @Override
        public void onFailed(AdedException failure) {
            end.completeExceptionally(failure);
        }
    }
}
