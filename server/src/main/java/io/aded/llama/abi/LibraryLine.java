package io.aded.llama.abi;

import io.aded.gguf.LineLimits;
import io.aded.model.ContextParameters;
import java.util.Set;

/**
 * One line of llama.cpp builds: how it is recognised, what its structs look like, which functions differ, and what it
 * does that others do not. Immutable; one instance a line, in {@link LibraryLines}.
 */
public interface LibraryLine {

    /** The version, such as {@code v0.5.0}: what is shown, and part of a saved sequence's fingerprint. */
    String version();

    /** Where to get it, for messages: {@code bundled}, or {@code the packages … 3.22.1}. */
    String origin();

    /** Whether the exports of a library are those of this line. Its defaults are compared afterwards. */
    boolean recognises(Exports exports);

    /** {@code llama_model_params}. */
    CStruct modelParams();

    /** {@code llama_context_params}. */
    CStruct contextParams();

    /** Binds the functions that differ. */
    LineCalls calls(Exports exports);

    // ------------------------------------------------------------------------------------------------- parameters

    /** The number of GPU layers that means all. */
    int allLayers();

    /** Says in {@link #modelParams} whether weights are mapped, and kept from being swapped out. */
    void setLoading(CStruct.Value params, boolean map, boolean lock);

    /** Says in {@link #contextParams} when attention is computed by the fused kernel. */
    void setFlashAttention(CStruct.Value params, ContextParameters context);

    /**
     * Says in {@link #contextParams} what draft trees need: sequences that share cells, and a row of logits for any
     * node.
     *
     * @param batch the most tokens of a pass, all of which may ask for logits
     * @param sequences the most sequence ids
     */
    void setTrees(CStruct.Value params, int batch, int sequences);

    // ---------------------------------------------------------------------------------------------------- conduct

    /** Whether back ends are libraries of their own, to be loaded from the build's directory before anything else. */
    boolean loadsBackEnds();

    /** Whether device type 2 is a GPU that shares the host's memory; if not, it is an accelerator. */
    boolean knowsIntegratedGpus();

    /** Whether passes of different contexts corrupt each other and must therefore take turns. */
    boolean passesTakeTurns();

    /** The architectures that it has code for, as {@code general.architecture} names them. */
    Set<String> architectures();

    /** What a model may have at most. */
    LineLimits limits();

    /** Whether the fused attention kernel ends the process over a cache of F32. */
    boolean flashAttentionRefusesF32();

    /**
     * Whether the state of a sequence says of each cell which sequence has it, and begins with whose state it is and
     * how many streams it has.
     */
    boolean statesNameSequences();

    /** Whether a status of {@code llama_decode} says that the cache has no room for the pass, and is as it was. */
    boolean isNoRoom(int status);
}
