package io.aded.llama.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LibraryLinesTest {
    /** As a compiler put the fields (LP64), and as the libraries' own defaults were seen to stand. */
    @Test
    void structs_ofEachLine_standAsMeasured() {
        assertStands(CommonStructs.BATCH, 56, "n_tokens@0 token@8 embd@16 pos@24 n_seq_id@32 seq_id@40 logits@48");
        assertStands(CommonStructs.TOKEN_DATA, 12, "id@0 logit@4 p@8");
        assertStands(CommonStructs.TOKEN_DATA_ARRAY, 32, "data@0 size@8 selected@16 sorted@24");
        LibraryLine old = new B4916();
        assertStands(
                old.modelParams(),
                64,
                "devices@0 n_gpu_layers@8 split_mode@12 main_gpu@16 tensor_split@24 progress_callback@32"
                        + " progress_callback_user_data@40 kv_overrides@48 vocab_only@56 use_mmap@57 use_mlock@58"
                        + " check_tensors@59");
        assertStands(
                old.contextParams(),
                120,
                "n_ctx@0 n_batch@4 n_ubatch@8 n_seq_max@12 n_threads@16 n_threads_batch@20"
                        + " rope_scaling_type@24 pooling_type@28 attention_type@32 rope_freq_base@36"
                        + " rope_freq_scale@40 yarn_ext_factor@44 yarn_attn_factor@48 yarn_beta_fast@52"
                        + " yarn_beta_slow@56 yarn_orig_ctx@60 defrag_thold@64 cb_eval@72 cb_eval_user_data@80"
                        + " type_k@88 type_v@92 logits_all@96 embeddings@97 offload_kqv@98 flash_attn@99 no_perf@100"
                        + " abort_callback@104 abort_callback_data@112");
        LibraryLine current = new V0_5_0();
        assertStands(
                current.modelParams(),
                80,
                "devices@0 tensor_buft_overrides@8 n_gpu_layers@16 split_mode@20 load_mode@24 lazy_mode@28"
                        + " main_gpu@32 tensor_split@40 progress_callback@48 progress_callback_user_data@56"
                        + " kv_overrides@64 vocab_only@72 check_tensors@73 use_extra_bufts@74 no_host@75 no_alloc@76"
                        + " load_mtp@77");
        assertStands(
                current.contextParams(),
                160,
                "n_ctx@0 n_batch@4 n_ubatch@8 n_seq_max@12 n_rs_seq@16 n_outputs_max@20"
                        + " n_outputs_max_per_seq@24 n_threads@28 n_threads_batch@32 ctx_type@36 rope_scaling_type@40"
                        + " pooling_type@44 attention_type@48 flash_attn_type@52 rope_freq_base@56 rope_freq_scale@60"
                        + " yarn_ext_factor@64 yarn_attn_factor@68 yarn_beta_fast@72 yarn_beta_slow@76"
                        + " yarn_orig_ctx@80 defrag_thold@84 cb_eval@88 cb_eval_user_data@96 type_k@104 type_v@108"
                        + " abort_callback@112 abort_callback_data@120 embeddings@128 offload_kqv@129 no_perf@130"
                        + " op_offload@131 swa_full@132 kv_unified@133 samplers@136 n_samplers@144 ctx_other@152");
    }

    private static void assertStands(CStruct struct, int size, String expected) {
        assertThat(struct.size()).isEqualTo(size);
        assertThat(Stream.of(expected.split(" "))
                        .map(field -> field.substring(0, field.indexOf('@')))
                        .map(field -> field + "@" + struct.offset(field))
                        .collect(Collectors.joining(" ")))
                .isEqualTo(expected);
    }

    @Test
    void mismatches_defaultsOfAnotherLine_areReported() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment nothing = arena.allocate(CStruct.ROOM);
            for (LibraryLine line : LibraryLines.all()) {
                assertThat(line.modelParams().mismatches(nothing)).isNotEmpty();
                assertThat(line.contextParams().mismatches(nothing)).isNotEmpty();
            }
            MemorySegment context = arena.allocate(CStruct.ROOM);
            // The first fields are the same in both; the fifth is not.
            int[] old = {512, 2048, 512, 1, 4, 4, -1, -1, -1};
            for (int i = 0; i < old.length; i++) {
                context.setAtIndex(ValueLayout.JAVA_INT, i, old[i]);
            }
            assertThat(new V0_5_0().contextParams().mismatches(context))
                    .startsWith(
                            "llama_context_params.n_rs_seq is 4, expected 0",
                            "llama_context_params.n_outputs_max is 4, expected 0");
            context.set(ValueLayout.JAVA_INT, 16, 5);
            assertThat(new B4916().contextParams().mismatches(context))
                    .first()
                    .isEqualTo("llama_context_params.n_threads is 5, expected 4");
        }
    }

    @Test
    void supported_namesEachLineAndWhereToGetIt() {
        assertThat(LibraryLines.supported())
                .isEqualTo("supported are llama.cpp b4916 (bundled),"
                        + " v0.4.0 (the packages @node-llama-cpp/* 3.21.1),"
                        + " v0.5.0 (the packages @node-llama-cpp/* 3.22.1)");
    }
}
