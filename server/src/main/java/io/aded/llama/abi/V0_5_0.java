package io.aded.llama.abi;

import static io.aded.llama.abi.CStruct.NULL;
import static io.aded.llama.abi.CStruct.bool;
import static io.aded.llama.abi.CStruct.float32;
import static io.aded.llama.abi.CStruct.int32;
import static io.aded.llama.abi.CStruct.pointer;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.aded.gguf.LineLimits;
import io.aded.model.ContextParameters;
import io.aded.model.ContextParameters.CacheType;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.util.Set;

/**
 * llama.cpp v0.5.0 (2026), in the packages {@code @node-llama-cpp/*} of version 3.22.1, which
 * {@code aded natives install} fetches.
 *
 * <p>It says its version itself ({@code llama_version}); its cache functions take a memory object of the context and
 * are called {@code llama_memory_*}.
 */
class V0_5_0 implements LibraryLine {
    private static final CStruct MODEL_PARAMS = CStruct.of(
            "llama_model_params",
            80,
            pointer("devices", NULL),
            pointer("tensor_buft_overrides", NULL),
            int32("n_gpu_layers", -1),
            int32("split_mode", 1),
            int32("load_mode", -1),
            int32("lazy_mode", 1),
            int32("main_gpu", 0),
            pointer("tensor_split", NULL),
            pointer("progress_callback", NULL),
            pointer("progress_callback_user_data", NULL),
            pointer("kv_overrides", NULL),
            bool("vocab_only", false),
            bool("check_tensors", false),
            bool("use_extra_bufts", true),
            bool("no_host", false),
            bool("no_alloc", false),
            bool("load_mtp", false));

    private static final CStruct CONTEXT_PARAMS = CStruct.of(
            "llama_context_params",
            160,
            int32("n_ctx", 512),
            int32("n_batch", 2048),
            int32("n_ubatch", 512),
            int32("n_seq_max", 1),
            int32("n_rs_seq", 0),
            int32("n_outputs_max", 0),
            int32("n_outputs_max_per_seq", 1),
            int32("n_threads", 4),
            int32("n_threads_batch", 4),
            int32("ctx_type", 0),
            int32("rope_scaling_type", -1),
            int32("pooling_type", -1),
            int32("attention_type", -1),
            int32("flash_attn_type", -1),
            float32("rope_freq_base", 0f),
            float32("rope_freq_scale", 0f),
            float32("yarn_ext_factor", -1f),
            float32("yarn_attn_factor", -1f),
            float32("yarn_beta_fast", -1f),
            float32("yarn_beta_slow", -1f),
            int32("yarn_orig_ctx", 0),
            float32("defrag_thold", -1f),
            pointer("cb_eval", NULL),
            pointer("cb_eval_user_data", NULL),
            int32("type_k", 1),
            int32("type_v", 1),
            pointer("abort_callback", NULL),
            pointer("abort_callback_data", NULL),
            bool("embeddings", false),
            bool("offload_kqv", true),
            bool("no_perf", true),
            bool("op_offload", true),
            bool("swa_full", true),
            bool("kv_unified", false),
            pointer("samplers", NULL),
            pointer("n_samplers", 0),
            pointer("ctx_other", NULL));

    private static final int LOAD_MODE_MMAP = 1;
    private static final int LOAD_MODE_MLOCK = 2;

    private static final int FLASH_ATTENTION_AUTO = -1;
    private static final int FLASH_ATTENTION_OFF = 0;
    private static final int FLASH_ATTENTION_ON = 1;

    @Override
    public String version() {
        return "v0.5.0";
    }

    @Override
    public String origin() {
        return "the packages @node-llama-cpp/* 3.22.1";
    }

    @Override
    public boolean recognises(Exports exports) {
        if (!exports.has("llama_version")) {
            return false;
        }
        String said = "v" + exports.text("llama_version");
        return said.equals(version()) || said.startsWith(version() + "-");
    }

    @Override
    public CStruct modelParams() {
        return MODEL_PARAMS;
    }

    @Override
    public CStruct contextParams() {
        return CONTEXT_PARAMS;
    }

    @Override
    public int allLayers() {
        return -1;
    }

    @Override
    public void setLoading(CStruct.Value params, boolean map, boolean lock) {
        params.set("load_mode", (map ? LOAD_MODE_MMAP : 0) | (lock ? LOAD_MODE_MLOCK : 0));
    }

    /**
     * By itself it chooses the fused kernel, which for processors rounds to 16 bits on the way: F32 is kept from that.
     */
    @Override
    public void setFlashAttention(CStruct.Value params, ContextParameters context) {
        params.set(
                "flash_attn_type",
                switch (context.flashAttention()) {
                    case AUTO ->
                        context.valueType().isQuantised()
                                ? FLASH_ATTENTION_ON
                                : context.valueType() == CacheType.F32 ? FLASH_ATTENTION_OFF : FLASH_ATTENTION_AUTO;
                    case ON -> FLASH_ATTENTION_ON;
                    case OFF -> FLASH_ATTENTION_OFF;
                });
    }

    /** One output for each sequence is what the library measures its memory by, whatever the batch can hold. */
    @Override
    public void setTrees(CStruct.Value params, int batch, int sequences) {
        params.set("kv_unified", true)
                .set("n_outputs_max", Math.max(batch, sequences))
                .set("n_outputs_max_per_seq", batch);
    }

    @Override
    public boolean loadsBackEnds() {
        return true;
    }

    @Override
    public boolean knowsIntegratedGpus() {
        return true;
    }

    @Override
    public boolean passesTakeTurns() {
        return false;
    }

    @Override
    public Set<String> architectures() {
        return Architectures.V0_5_0;
    }

    @Override
    public LineLimits limits() {
        return LineLimits.NEWEST;
    }

    @Override
    public boolean flashAttentionRefusesF32() {
        return false;
    }

    @Override
    public boolean statesNameSequences() {
        return true;
    }

    @Override
    public boolean isNoRoom(int status) {
        return status == 1;
    }

    @Override
    public LineCalls calls(Exports exports) {
        return new Calls(exports);
    }

    private static final class Calls implements LineCalls {
        private final MethodHandle isHybrid;
        private final MethodHandle memory;
        private final MethodHandle clearCache;
        private final MethodHandle removeTokens;
        private final MethodHandle shareTokens;
        private final MethodHandle newPenalties;
        private final MethodHandle newDry;

        Calls(Exports exports) {
            isHybrid = exports.bind("llama_model_is_hybrid", FunctionDescriptor.of(JAVA_BOOLEAN, JAVA_LONG));
            memory = exports.bind("llama_get_memory", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
            clearCache = exports.bind("llama_memory_clear", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_BOOLEAN));
            removeTokens = exports.bind(
                    "llama_memory_seq_rm",
                    FunctionDescriptor.of(JAVA_BOOLEAN, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT));
            shareTokens = exports.bind(
                    "llama_memory_seq_cp",
                    FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
            newPenalties = exports.bind(
                    "llama_sampler_init_penalties",
                    FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_FLOAT, JAVA_FLOAT, JAVA_FLOAT));
            newDry = exports.bind(
                    "llama_sampler_init_dry",
                    FunctionDescriptor.of(
                            JAVA_LONG, JAVA_LONG, JAVA_FLOAT, JAVA_FLOAT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
        }

        @Override
        public boolean isHybrid(long model) {
            try {
                return (boolean) isHybrid.invokeExact(model);
            } catch (Throwable thrown) {
                throw Exports.unexpected(thrown);
            }
        }

        @Override
        public long cache(long context) {
            try {
                return (long) memory.invokeExact(context);
            } catch (Throwable thrown) {
                throw Exports.unexpected(thrown);
            }
        }

        /** Only the book-keeping: cells that nobody sees need no zeroing. */
        @Override
        public void clearCache(long cache) {
            try {
                clearCache.invokeExact(cache, false);
            } catch (Throwable thrown) {
                throw Exports.unexpected(thrown);
            }
        }

        @Override
        public boolean removeTokens(long cache, int sequence, int from, int to) {
            try {
                return (boolean) removeTokens.invokeExact(cache, sequence, from, to);
            } catch (Throwable thrown) {
                throw Exports.unexpected(thrown);
            }
        }

        @Override
        public void shareTokens(long cache, int source, int destination, int from, int to) {
            try {
                shareTokens.invokeExact(cache, source, destination, from, to);
            } catch (Throwable thrown) {
                throw Exports.unexpected(thrown);
            }
        }

        @Override
        public long newPenalties(int vocabularySize, int window, float repeat, float frequency, float presence) {
            try {
                return (long) newPenalties.invokeExact(vocabularySize, window, repeat, frequency, presence);
            } catch (Throwable thrown) {
                throw Exports.unexpected(thrown);
            }
        }

        @Override
        public long newDry(
                long vocabulary,
                float multiplier,
                float base,
                int allowedLength,
                int window,
                long breakers,
                long breakerCount) {
            try {
                return (long)
                        newDry.invokeExact(vocabulary, multiplier, base, allowedLength, window, breakers, breakerCount);
            } catch (Throwable thrown) {
                throw Exports.unexpected(thrown);
            }
        }
    }
}
