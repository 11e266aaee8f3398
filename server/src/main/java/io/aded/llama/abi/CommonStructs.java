package io.aded.llama.abi;

import static io.aded.llama.abi.CStruct.bool;
import static io.aded.llama.abi.CStruct.float32;
import static io.aded.llama.abi.CStruct.int32;
import static io.aded.llama.abi.CStruct.pointer;

/** The structs that are the same in every line. */
public final class CommonStructs {
    /**
     * What one pass computes. The arrays have {@code n_tokens} elements; without {@code token}, {@code embd} is read.
     */
    public static final CStruct BATCH = CStruct.of(
            "llama_batch",
            56,
            int32("n_tokens"),
            pointer("token"),
            pointer("embd"),
            pointer("pos"),
            pointer("n_seq_id"),
            pointer("seq_id"),
            pointer("logits"));

    /** One candidate of a sampler. */
    public static final CStruct TOKEN_DATA =
            CStruct.of("llama_token_data", 12, int32("id"), float32("logit"), float32("p"));

    /** The candidates that samplers filter; {@code selected} is an index into {@code data}, or -1. */
    public static final CStruct TOKEN_DATA_ARRAY = CStruct.of(
            "llama_token_data_array", 32, pointer("data"), pointer("size"), pointer("selected"), bool("sorted"));

    /** One token's bias. */
    public static final CStruct LOGIT_BIAS = CStruct.of("llama_logit_bias", 8, int32("token"), float32("bias"));

    private CommonStructs() {}
}
