package io.aded.llama;

import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.aded.gguf.TensorType;
import io.aded.model.AdedException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The C functions, each as a method with its own types. Pointers are {@code long}s: they are opaque here, and passing
 * them so costs neither an object nor a liveness check a call.
 *
 * <p>The few functions that the lines name or shape differently ({@code llama_kv_self_*} became {@code llama_memory_*},
 * penalties gained a parameter) are hidden behind one method each. Nothing is checked here: callers do that.
 */
final class Native {
    /** All of memory, for reading what native code points at without making an object a pointer. */
    static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final Linker LINKER = Linker.nativeLinker();

    final Abi abi;
    private final SymbolLookup symbols;

    private final MethodHandle backendInit;
    private final MethodHandle logSet;
    private final MethodHandle systemInfo;
    private final MethodHandle maxDevices;
    private final MethodHandle supportsGpuOffload;
    private final MethodHandle supportsMlock;

    private final MethodHandle modelDefaults;
    private final MethodHandle contextDefaults;
    private final MethodHandle loadModel;
    private final MethodHandle freeModel;
    private final MethodHandle modelVocabulary;
    private final MethodHandle trainedContext;
    private final MethodHandle embeddingSize;
    private final MethodHandle layers;
    private final MethodHandle modelSize;
    private final MethodHandle parameterCount;
    private final MethodHandle modelDescription;
    private final MethodHandle isRecurrent;
    private final MethodHandle hasEncoder;
    private final MethodHandle hasDecoder;
    private final MethodHandle modelChatTemplate;
    private final MethodHandle applyChatTemplate;

    private final MethodHandle vocabularySize;
    private final MethodHandle vocabularyType;
    private final MethodHandle beginningOfSequence;
    private final MethodHandle endOfSequence;
    private final MethodHandle addsBeginning;
    private final MethodHandle endsGeneration;
    private final MethodHandle tokenAttributes;
    private final MethodHandle tokenToPiece;
    private final MethodHandle tokenize;
    private final MethodHandle detokenize;

    private final MethodHandle newContext;
    private final MethodHandle freeContext;
    private final MethodHandle contextCells;
    private final MethodHandle contextBatch;
    private final MethodHandle contextSequences;
    private final MethodHandle decode;
    private final MethodHandle logits;
    private final MethodHandle sequenceStateSize;
    private final MethodHandle saveSequence;
    private final MethodHandle restoreSequence;

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

    private final MethodHandle deviceCount;
    private final MethodHandle device;
    private final MethodHandle deviceName;
    private final MethodHandle deviceDescription;
    private final MethodHandle deviceMemory;
    private final MethodHandle deviceType;

    private final @Nullable MethodHandle isHybrid;
    private final @Nullable MethodHandle memory;
    private final MethodHandle clearCache;
    private final MethodHandle removeTokens;
    private final MethodHandle shareTokens;
    private final MethodHandle newPenalties;

    Native(SymbolLookup symbols, Abi abi) {
        this.symbols = symbols;
        this.abi = abi;
        StructLayout modelStruct = Abi.struct(abi.model.size());
        StructLayout contextStruct = Abi.struct(abi.context.size());
        backendInit = bind("llama_backend_init", FunctionDescriptor.ofVoid());
        logSet = bind("llama_log_set", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG));
        systemInfo = bind("llama_print_system_info", FunctionDescriptor.of(JAVA_LONG));
        maxDevices = bind("llama_max_devices", FunctionDescriptor.of(JAVA_LONG));
        supportsGpuOffload = bind("llama_supports_gpu_offload", FunctionDescriptor.of(JAVA_BOOLEAN));
        supportsMlock = bind("llama_supports_mlock", FunctionDescriptor.of(JAVA_BOOLEAN));
        modelDefaults = bind("llama_model_default_params", FunctionDescriptor.of(Abi.ROOM));
        contextDefaults = bind("llama_context_default_params", FunctionDescriptor.of(Abi.ROOM));
        loadModel = bind("llama_model_load_from_file", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, modelStruct));
        freeModel = bind("llama_model_free", FunctionDescriptor.ofVoid(JAVA_LONG));
        modelVocabulary = bind("llama_model_get_vocab", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        trainedContext = bind("llama_model_n_ctx_train", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        embeddingSize = bind("llama_model_n_embd", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        layers = bind("llama_model_n_layer", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        modelSize = bind("llama_model_size", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        parameterCount = bind("llama_model_n_params", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        modelDescription = bind("llama_model_desc", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG));
        isRecurrent = bind("llama_model_is_recurrent", FunctionDescriptor.of(JAVA_BOOLEAN, JAVA_LONG));
        hasEncoder = bind("llama_model_has_encoder", FunctionDescriptor.of(JAVA_BOOLEAN, JAVA_LONG));
        hasDecoder = bind("llama_model_has_decoder", FunctionDescriptor.of(JAVA_BOOLEAN, JAVA_LONG));
        modelChatTemplate = bind("llama_model_chat_template", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG));
        applyChatTemplate = bind(
                "llama_chat_apply_template",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_BOOLEAN, JAVA_LONG, JAVA_INT));
        vocabularySize = bind("llama_vocab_n_tokens", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        vocabularyType = bind("llama_vocab_type", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        beginningOfSequence = bind("llama_vocab_bos", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        endOfSequence = bind("llama_vocab_eos", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        addsBeginning = bind("llama_vocab_get_add_bos", FunctionDescriptor.of(JAVA_BOOLEAN, JAVA_LONG));
        endsGeneration = bind("llama_vocab_is_eog", FunctionDescriptor.of(JAVA_BOOLEAN, JAVA_LONG, JAVA_INT));
        tokenAttributes = bind("llama_vocab_get_attr", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));
        tokenToPiece = bind(
                "llama_token_to_piece",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_BOOLEAN));
        tokenize = bind(
                "llama_tokenize",
                FunctionDescriptor.of(
                        JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_BOOLEAN, JAVA_BOOLEAN));
        detokenize = bind(
                "llama_detokenize",
                FunctionDescriptor.of(
                        JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_BOOLEAN, JAVA_BOOLEAN));
        newContext = bind("llama_init_from_model", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, contextStruct));
        freeContext = bind("llama_free", FunctionDescriptor.ofVoid(JAVA_LONG));
        contextCells = bind("llama_n_ctx", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        contextBatch = bind("llama_n_batch", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        contextSequences = bind("llama_n_seq_max", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        decode = bind("llama_decode", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, Abi.BATCH));
        logits = bind("llama_get_logits_ith", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT));
        sequenceStateSize = bind("llama_state_seq_get_size", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT));
        saveSequence = bind(
                "llama_state_seq_get_data",
                FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT));
        restoreSequence = bind(
                "llama_state_seq_set_data",
                FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT));
        newChain = bind("llama_sampler_chain_init", FunctionDescriptor.of(JAVA_LONG, JAVA_BYTE));
        addToChain = bind("llama_sampler_chain_add", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG));
        newGreedy = bind("llama_sampler_init_greedy", FunctionDescriptor.of(JAVA_LONG));
        newDraw = bind("llama_sampler_init_dist", FunctionDescriptor.of(JAVA_LONG, JAVA_INT));
        newTopK = bind("llama_sampler_init_top_k", FunctionDescriptor.of(JAVA_LONG, JAVA_INT));
        newTopP = bind("llama_sampler_init_top_p", FunctionDescriptor.of(JAVA_LONG, JAVA_FLOAT, JAVA_LONG));
        newMinP = bind("llama_sampler_init_min_p", FunctionDescriptor.of(JAVA_LONG, JAVA_FLOAT, JAVA_LONG));
        newTypical = bind("llama_sampler_init_typical", FunctionDescriptor.of(JAVA_LONG, JAVA_FLOAT, JAVA_LONG));
        newTemperature = bind("llama_sampler_init_temp", FunctionDescriptor.of(JAVA_LONG, JAVA_FLOAT));
        newLogitBias =
                bind("llama_sampler_init_logit_bias", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG));
        newGrammar =
                bind("llama_sampler_init_grammar", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
        applySampler = bind("llama_sampler_apply", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG));
        acceptToken = bind("llama_sampler_accept", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT));
        cloneSampler = bind("llama_sampler_clone", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        freeSampler = bind("llama_sampler_free", FunctionDescriptor.ofVoid(JAVA_LONG));
        deviceCount = bind("ggml_backend_dev_count", FunctionDescriptor.of(JAVA_LONG));
        device = bind("ggml_backend_dev_get", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        deviceName = bind("ggml_backend_dev_name", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        deviceDescription = bind("ggml_backend_dev_description", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        deviceMemory = bind("ggml_backend_dev_memory", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG, JAVA_LONG));
        deviceType = bind("ggml_backend_dev_type", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        FunctionDescriptor remove = FunctionDescriptor.of(JAVA_BOOLEAN, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT);
        FunctionDescriptor share = FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
        switch (abi) {
            case B4916 -> {
                isHybrid = null;
                memory = null;
                clearCache = bind("llama_kv_self_clear", FunctionDescriptor.ofVoid(JAVA_LONG));
                removeTokens = bind("llama_kv_self_seq_rm", remove);
                shareTokens = bind("llama_kv_self_seq_cp", share);
                newPenalties = bind(
                        "llama_sampler_init_penalties",
                        FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_FLOAT, JAVA_FLOAT, JAVA_FLOAT));
            }
            case V0_5_0 -> {
                isHybrid = bind("llama_model_is_hybrid", FunctionDescriptor.of(JAVA_BOOLEAN, JAVA_LONG));
                memory = bind("llama_get_memory", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
                clearCache = bind("llama_memory_clear", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_BOOLEAN));
                removeTokens = bind("llama_memory_seq_rm", remove);
                shareTokens = bind("llama_memory_seq_cp", share);
                newPenalties = bind(
                        "llama_sampler_init_penalties",
                        FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_FLOAT, JAVA_FLOAT, JAVA_FLOAT));
            }
            default -> throw new IllegalStateException("no binding for " + abi);
        }
    }

    private MethodHandle bind(String name, FunctionDescriptor descriptor) {
        return bind(symbols, name, descriptor);
    }

    static MethodHandle bind(SymbolLookup symbols, String name, FunctionDescriptor descriptor) {
        MemorySegment address = symbols.find(name)
                .orElseThrow(() -> new AdedException.InvalidArtifact(
                        "UNSUPPORTED_LIBRARY", "the library has no function " + name + "; " + LlamaLibrary.SUPPORTED));
        return LINKER.downcallHandle(address, descriptor);
    }

    /** A C string that native code owns, or null for a null pointer. */
    static @Nullable String string(long pointer) {
        return pointer == 0 ? null : MEMORY.getString(pointer, StandardCharsets.UTF_8);
    }

    static RuntimeException unexpected(Throwable thrown) {
        if (thrown instanceof RuntimeException exception) {
            return exception;
        }
        if (thrown instanceof Error error) {
            throw error;
        }
        return new AdedException.Internal("NATIVE_CALL", "a call into llama.cpp failed", thrown);
    }

    void backendInit() {
        try {
            backendInit.invokeExact();
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    void logSet(long callback, long data) {
        try {
            logSet.invokeExact(callback, data);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long systemInfo() {
        try {
            return (long) systemInfo.invokeExact();
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long maxDevices() {
        try {
            return (long) maxDevices.invokeExact();
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    boolean supportsGpuOffload() {
        try {
            return (boolean) supportsGpuOffload.invokeExact();
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    boolean supportsMlock() {
        try {
            return (boolean) supportsMlock.invokeExact();
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    MemorySegment modelDefaults(SegmentAllocator allocator) {
        try {
            return (MemorySegment) modelDefaults.invokeExact(allocator);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    MemorySegment contextDefaults(SegmentAllocator allocator) {
        try {
            return (MemorySegment) contextDefaults.invokeExact(allocator);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long loadModel(long path, MemorySegment parameters) {
        try {
            return (long) loadModel.invokeExact(path, parameters);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    void freeModel(long model) {
        try {
            freeModel.invokeExact(model);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long modelVocabulary(long model) {
        try {
            return (long) modelVocabulary.invokeExact(model);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int trainedContext(long model) {
        try {
            return (int) trainedContext.invokeExact(model);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int embeddingSize(long model) {
        try {
            return (int) embeddingSize.invokeExact(model);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int layers(long model) {
        try {
            return (int) layers.invokeExact(model);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long modelSize(long model) {
        try {
            return (long) modelSize.invokeExact(model);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long parameterCount(long model) {
        try {
            return (long) parameterCount.invokeExact(model);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int modelDescription(long model, long buffer, long size) {
        try {
            return (int) modelDescription.invokeExact(model, buffer, size);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    boolean isRecurrent(long model) {
        try {
            return (boolean) isRecurrent.invokeExact(model);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    boolean hasEncoder(long model) {
        try {
            return (boolean) hasEncoder.invokeExact(model);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    boolean hasDecoder(long model) {
        try {
            return (boolean) hasDecoder.invokeExact(model);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long modelChatTemplate(long model, long name) {
        try {
            return (long) modelChatTemplate.invokeExact(model, name);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int applyChatTemplate(long template, long messages, long count, boolean addAssistant, long buffer, int length) {
        try {
            return (int) applyChatTemplate.invokeExact(template, messages, count, addAssistant, buffer, length);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int vocabularySize(long vocabulary) {
        try {
            return (int) vocabularySize.invokeExact(vocabulary);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int vocabularyType(long vocabulary) {
        try {
            return (int) vocabularyType.invokeExact(vocabulary);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int beginningOfSequence(long vocabulary) {
        try {
            return (int) beginningOfSequence.invokeExact(vocabulary);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int endOfSequence(long vocabulary) {
        try {
            return (int) endOfSequence.invokeExact(vocabulary);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    boolean addsBeginning(long vocabulary) {
        try {
            return (boolean) addsBeginning.invokeExact(vocabulary);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    boolean endsGeneration(long vocabulary, int token) {
        try {
            return (boolean) endsGeneration.invokeExact(vocabulary, token);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int tokenAttributes(long vocabulary, int token) {
        try {
            return (int) tokenAttributes.invokeExact(vocabulary, token);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int tokenToPiece(long vocabulary, int token, long buffer, int length, int leftStrip, boolean special) {
        try {
            return (int) tokenToPiece.invokeExact(vocabulary, token, buffer, length, leftStrip, special);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int tokenize(
            long vocabulary, long text, int length, long tokens, int most, boolean addSpecial, boolean parseSpecial) {
        try {
            return (int) tokenize.invokeExact(vocabulary, text, length, tokens, most, addSpecial, parseSpecial);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int detokenize(
            long vocabulary,
            long tokens,
            int count,
            long text,
            int most,
            boolean removeSpecial,
            boolean unparseSpecial) {
        try {
            return (int) detokenize.invokeExact(vocabulary, tokens, count, text, most, removeSpecial, unparseSpecial);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long newContext(long model, MemorySegment parameters) {
        try {
            return (long) newContext.invokeExact(model, parameters);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    void freeContext(long context) {
        try {
            freeContext.invokeExact(context);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int contextCells(long context) {
        try {
            return (int) contextCells.invokeExact(context);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int contextBatch(long context) {
        try {
            return (int) contextBatch.invokeExact(context);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int contextSequences(long context) {
        try {
            return (int) contextSequences.invokeExact(context);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int decode(long context, MemorySegment batch) {
        try {
            return (int) decode.invokeExact(context, batch);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long logits(long context, int row) {
        try {
            return (long) logits.invokeExact(context, row);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long sequenceStateSize(long context, int sequence) {
        try {
            return (long) sequenceStateSize.invokeExact(context, sequence);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long saveSequence(long context, long destination, long size, int sequence) {
        try {
            return (long) saveSequence.invokeExact(context, destination, size, sequence);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long restoreSequence(long context, long source, long size, int sequence) {
        try {
            return (long) restoreSequence.invokeExact(context, source, size, sequence);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long newChain(byte noPerf) {
        try {
            return (long) newChain.invokeExact(noPerf);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    void addToChain(long chain, long sampler) {
        try {
            addToChain.invokeExact(chain, sampler);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long newGreedy() {
        try {
            return (long) newGreedy.invokeExact();
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long newDraw(int seed) {
        try {
            return (long) newDraw.invokeExact(seed);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long newTopK(int k) {
        try {
            return (long) newTopK.invokeExact(k);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long newTopP(float p, long minKeep) {
        try {
            return (long) newTopP.invokeExact(p, minKeep);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long newMinP(float p, long minKeep) {
        try {
            return (long) newMinP.invokeExact(p, minKeep);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long newTypical(float p, long minKeep) {
        try {
            return (long) newTypical.invokeExact(p, minKeep);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long newTemperature(float temperature) {
        try {
            return (long) newTemperature.invokeExact(temperature);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long newLogitBias(int vocabularySize, int count, long biases) {
        try {
            return (long) newLogitBias.invokeExact(vocabularySize, count, biases);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long newGrammar(long vocabulary, long grammar, long root) {
        try {
            return (long) newGrammar.invokeExact(vocabulary, grammar, root);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    void applySampler(long sampler, long candidates) {
        try {
            applySampler.invokeExact(sampler, candidates);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    void acceptToken(long sampler, int token) {
        try {
            acceptToken.invokeExact(sampler, token);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long cloneSampler(long sampler) {
        try {
            return (long) cloneSampler.invokeExact(sampler);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    void freeSampler(long sampler) {
        try {
            freeSampler.invokeExact(sampler);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long deviceCount() {
        try {
            return (long) deviceCount.invokeExact();
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long device(long index) {
        try {
            return (long) device.invokeExact(index);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long deviceName(long device) {
        try {
            return (long) deviceName.invokeExact(device);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long deviceDescription(long device) {
        try {
            return (long) deviceDescription.invokeExact(device);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    void deviceMemory(long device, long free, long total) {
        try {
            deviceMemory.invokeExact(device, free, total);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    int deviceType(long device) {
        try {
            return (int) deviceType.invokeExact(device);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    boolean isHybrid(long model) {
        if (isHybrid == null) {
            return false;
        }
        try {
            return (boolean) isHybrid.invokeExact(model);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** What the cache functions below take: the context itself, or its memory object in the newer line. */
    long memory(long context) {
        if (memory == null) {
            return context;
        }
        try {
            return (long) memory.invokeExact(context);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    void clearCache(long cache) {
        try {
            if (memory == null) {
                clearCache.invokeExact(cache);
            } else {
                // Only the book-keeping: cells that nobody sees need no zeroing.
                clearCache.invokeExact(cache, false);
            }
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    boolean removeTokens(long cache, int sequence, int from, int to) {
        try {
            return (boolean) removeTokens.invokeExact(cache, sequence, from, to);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    void shareTokens(long cache, int source, int destination, int from, int to) {
        try {
            shareTokens.invokeExact(cache, source, destination, from, to);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** Converts packed rows, through floats. */
    byte[] convertRows(TensorType from, ByteBuffer rows, TensorType to, long count, long elements) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment floats = arena.allocate(4 * elements * count, 64);
            dequantize(from, MemorySegment.ofBuffer(rows), floats, elements * count);
            MemorySegment packed = arena.allocate(elements * count / to.blockElements() * to.blockBytes(), 64);
            quantize(to, floats, packed, count, elements);
            return packed.toArray(JAVA_BYTE);
        }
    }

    /** Turns packed elements of any known type into floats. */
    private void dequantize(TensorType type, MemorySegment from, MemorySegment to, long elements) {
        switch (type) {
            case F32 -> MemorySegment.copy(from, 0, to, 0, 4 * elements);
            case F16 -> {
                for (long i = 0; i < elements; i++) {
                    to.setAtIndex(JAVA_FLOAT, i, Float.float16ToFloat(from.get(SHORT, 2 * i)));
                }
            }
            case BF16 -> {
                for (long i = 0; i < elements; i++) {
                    to.setAtIndex(JAVA_FLOAT, i, Float.intBitsToFloat(from.get(SHORT, 2 * i) << 16));
                }
            }
            default -> {
                // ggml's names write the K of its k-quants large and everything else small.
                String name = type.label().toLowerCase(Locale.ROOT).replace("_k", "_K");
                try {
                    bind("dequantize_row_" + name, FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG, JAVA_LONG))
                            .invokeExact(from.address(), to.address(), elements);
                } catch (Throwable thrown) {
                    throw unexpected(thrown);
                }
            }
        }
    }

    /** Packs rows of floats. */
    private void quantize(TensorType type, MemorySegment from, MemorySegment to, long rows, long rowElements) {
        try {
            long written = (long) bind(
                            "ggml_quantize_chunk",
                            FunctionDescriptor.of(
                                    JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                                    JAVA_LONG))
                    .invokeExact(type.id(), from.address(), to.address(), 0L, rows, rowElements, 0L);
            if (written != to.byteSize()) {
                throw new AdedException.Internal(
                        "QUANTIZE", "ggml wrote " + written + " bytes instead of " + to.byteSize(), null);
            }
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    long newPenalties(int vocabularySize, int window, float repeat, float frequency, float presence) {
        try {
            return switch (abi) {
                case B4916 -> (long) newPenalties.invokeExact(window, repeat, frequency, presence);
                case V0_5_0 -> (long) newPenalties.invokeExact(vocabularySize, window, repeat, frequency, presence);
            };
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }
}
