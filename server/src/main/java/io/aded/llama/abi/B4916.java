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
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.Set;

/**
 * llama.cpp b4916 (March 2025), the static build inside {@code de.kherud:llama:4.2.0}, which comes with this program.
 *
 * <p>Its cache functions take the context and are called {@code llama_kv_self_*}: no other line that is known has them.
 */
final class B4916 implements LibraryLine {
    private static final CStruct MODEL_PARAMS = CStruct.of(
            "llama_model_params",
            64,
            pointer("devices", NULL),
            int32("n_gpu_layers"), // 0, or 999 in builds for Metal
            int32("split_mode", 1),
            int32("main_gpu", 0),
            pointer("tensor_split", NULL),
            pointer("progress_callback", NULL),
            pointer("progress_callback_user_data", NULL),
            pointer("kv_overrides", NULL),
            bool("vocab_only", false),
            bool("use_mmap", true),
            bool("use_mlock", false),
            bool("check_tensors", false));

    private static final CStruct CONTEXT_PARAMS = CStruct.of(
            "llama_context_params",
            120,
            int32("n_ctx", 512),
            int32("n_batch", 2048),
            int32("n_ubatch", 512),
            int32("n_seq_max", 1),
            int32("n_threads", 4),
            int32("n_threads_batch", 4),
            int32("rope_scaling_type", -1),
            int32("pooling_type", -1),
            int32("attention_type", -1),
            float32("rope_freq_base", 0f),
            float32("rope_freq_scale", 0f),
            float32("yarn_ext_factor", -1f),
            float32("yarn_attn_factor", 1f),
            float32("yarn_beta_fast", 32f),
            float32("yarn_beta_slow", 1f),
            int32("yarn_orig_ctx", 0),
            float32("defrag_thold", -1f),
            pointer("cb_eval", NULL),
            pointer("cb_eval_user_data", NULL),
            int32("type_k", 1),
            int32("type_v", 1),
            bool("logits_all", false),
            bool("embeddings", false),
            bool("offload_kqv", true),
            bool("flash_attn", false),
            bool("no_perf", true),
            pointer("abort_callback", NULL),
            pointer("abort_callback_data", NULL));

    private static final int NO_ROOM = 1;
    /**
     * No run of free cells is long enough: passes take adjacent cells. The cache is as it was. (Defragmentation, which
     * would close the gaps, was seen to abort the process.)
     */
    private static final int NO_RUN_OF_CELLS = -3;

    @Override
    public String version() {
        return "b4916";
    }

    @Override
    public String origin() {
        return "bundled";
    }

    @Override
    public boolean recognises(Exports exports) {
        return exports.has("llama_kv_self_clear") && !exports.has("llama_version");
    }

    @Override
    public CStruct modelParams() {
        return MODEL_PARAMS;
    }

    @Override
    public CStruct contextParams() {
        return CONTEXT_PARAMS;
    }

    /** There is no "all": the smaller of this and the model's own number is taken. */
    @Override
    public int allLayers() {
        return Integer.MAX_VALUE / 2;
    }

    @Override
    public void setLoading(CStruct.Value params, boolean map, boolean lock) {
        params.set("use_mmap", map).set("use_mlock", lock);
    }

    /** The choice is the caller's, and the kernel for processors is slower than what it replaces. */
    @Override
    public void setFlashAttention(CStruct.Value params, ContextParameters context) {
        params.set(
                "flash_attn",
                switch (context.flashAttention()) {
                    case AUTO -> context.valueType().isQuantised();
                    case ON -> true;
                    case OFF -> false;
                });
    }

    /** Sequences share cells, and any token of a batch may ask for logits, without being told. */
    @Override
    public void setTrees(CStruct.Value params, int batch, int sequences) {
        // The defaults are right.
    }

    @Override
    public boolean loadsBackEnds() {
        return false;
    }

    @Override
    public boolean knowsIntegratedGpus() {
        return false;
    }

    /**
     * The matrix kernels for F16 and F32 deal out their work by one counter for the whole process: two contexts that
     * compute at once take each other's rows, and both get garbage, NaN among it.
     */
    @Override
    public boolean passesTakeTurns() {
        return true;
    }

    @Override
    public Set<String> architectures() {
        return Architectures.B4916;
    }

    @Override
    public LineLimits limits() {
        return new LineLimits(256, Map.of("gemma2", 2, "gemma3", 6, "cohere2", 4), false);
    }

    @Override
    public boolean flashAttentionRefusesF32() {
        return true;
    }

    @Override
    public boolean statesNameSequences() {
        return false;
    }

    @Override
    public boolean isNoRoom(int status) {
        return status == NO_ROOM || status == NO_RUN_OF_CELLS;
    }

    @Override
    public LineCalls calls(Exports exports) {
        return new Calls(exports);
    }

    private static final class Calls implements LineCalls {
        private final MethodHandle clearCache;
        private final MethodHandle removeTokens;
        private final MethodHandle shareTokens;
        private final MethodHandle newPenalties;
        private final MethodHandle newDry;

        Calls(Exports exports) {
            clearCache = exports.bind("llama_kv_self_clear", FunctionDescriptor.ofVoid(JAVA_LONG));
            removeTokens = exports.bind(
                    "llama_kv_self_seq_rm",
                    FunctionDescriptor.of(JAVA_BOOLEAN, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT));
            shareTokens = exports.bind(
                    "llama_kv_self_seq_cp",
                    FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
            newPenalties = exports.bind(
                    "llama_sampler_init_penalties",
                    FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_FLOAT, JAVA_FLOAT, JAVA_FLOAT));
            newDry = exports.bind(
                    "llama_sampler_init_dry",
                    FunctionDescriptor.of(
                            JAVA_LONG,
                            JAVA_LONG,
                            JAVA_INT,
                            JAVA_FLOAT,
                            JAVA_FLOAT,
                            JAVA_INT,
                            JAVA_INT,
                            JAVA_LONG,
                            JAVA_LONG));
        }

        /** The function came later; the models that it is about as well. */
        @Override
        public boolean isHybrid(long model) {
            return false;
        }

        @Override
        public long cache(long context) {
            return context;
        }

        @Override
        public void clearCache(long cache) {
            try {
                clearCache.invokeExact(cache);
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
                return (long) newPenalties.invokeExact(window, repeat, frequency, presence);
            } catch (Throwable thrown) {
                throw Exports.unexpected(thrown);
            }
        }

        /**
         * The second parameter is the context that the model was trained on: it bounds the window, which is ours alone.
         */
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
                return (long) newDry.invokeExact(
                        vocabulary, window, multiplier, base, allowedLength, window, breakers, breakerCount);
            } catch (Throwable thrown) {
                throw Exports.unexpected(thrown);
            }
        }
    }
}
