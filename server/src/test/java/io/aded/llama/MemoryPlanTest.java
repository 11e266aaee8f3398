package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.gguf.GgufFile;
import io.aded.llama.LlamaLibrary.Device;
import io.aded.model.ContextParameters;
import io.aded.model.ContextParameters.CacheType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryPlanTest {
    private static final long MIB = 1L << 20;
    private static final int LAYERS = 8;
    private static final Device HOST = new Device("CPU", "a processor", Device.Kind.CPU, 8L << 30, 8L << 30);

    @TempDir
    private Path directory;

    private GgufFile file;

    /** Each layer has 4 MiB of weights and 2 KiB for a cell in F16; the output has 2 MiB. */
    @BeforeEach
    void write() throws IOException {
        GgufWriter writer = new GgufWriter()
                .text("general.architecture", "llama")
                .text("tokenizer.ggml.model", "llama")
                .texts("tokenizer.ggml.tokens", List.of("a", "b"))
                .integer("llama.block_count", LAYERS)
                .integer("llama.embedding_length", 1024)
                .integer("llama.feed_forward_length", 1024)
                .integer("llama.attention.head_count", 16)
                .integer("llama.attention.head_count_kv", 8);
        writer.tensor("token_embd.weight", new float[1024], 1024, 1);
        for (int i = 0; i < LAYERS; i++) {
            writer.tensor("blk." + i + ".ffn_up.weight", new float[1024 * 1024], 1024, 1024);
        }
        writer.tensor("output.weight", new float[512 * 1024], 1024, 512);
        file = GgufFile.read(writer.write(directory.resolve("sizes.gguf")));
    }

    @Test
    void of_noGpu_everythingOnTheProcessor() {
        MemoryPlan plan = plan(List.of(HOST), MemoryPlan.AUTO_LAYERS, 4096, 512);

        assertThat(plan.gpuLayers()).isZero();
        assertThat(plan.cells()).isEqualTo(4096);
        assertThat(plan.explanation()).contains("all 8 layers on the processor", "no GPU", "4,096 cells", "67 MB");
    }

    @Test
    void of_roomForAll_allLayersAndTheWantedContext() {
        MemoryPlan plan = plan(List.of(gpu(2048), HOST), MemoryPlan.AUTO_LAYERS, 4096, 512);

        assertThat(plan.gpuLayers()).isEqualTo(ModelParameters.ALL_LAYERS);
        assertThat(plan.cells()).isEqualTo(4096);
        assertThat(plan.explanation()).contains("all 8 layers on GPU0 (a card, 2.1 GB free)", "weights 36 MB");
    }

    @Test
    void of_roomForAllWithAShorterContext_shortensItAndSaysSo() {
        // 34 MiB of weights, at least 22 MiB to work in, and 16 KiB for each cell: 30 MiB hold fewer than 2,048.
        MemoryPlan plan = plan(List.of(gpu(256 + 34 + 22 + 30)), MemoryPlan.AUTO_LAYERS, 4096, 512);

        assertThat(plan.gpuLayers()).isEqualTo(ModelParameters.ALL_LAYERS);
        assertThat(plan.cells()).isBetween(1024, 2048);
        assertThat(plan.explanation()).contains("4,096 cells would not fit");
    }

    @Test
    void of_noRoomEvenWithTheShortestContext_takesLayersOff() {
        MemoryPlan plan = plan(List.of(gpu(256 + 22 + 2 + 20 + 8)), MemoryPlan.AUTO_LAYERS, 4096, 512);

        assertThat(plan.gpuLayers()).isBetween(3, 6);
        assertThat(plan.explanation())
                .contains((plan.gpuLayers() - 1) + " of 8 layers", "more free memory would hold all")
                // A cell costs 2 KiB in each layer: 512 of them 1 MiB.
                .contains("512 cells of context " + Math.round((plan.gpuLayers() - 1) * 1.048576) + " MB");
    }

    @Test
    void of_fullGpu_nothingGoesThere() {
        assertThat(plan(List.of(gpu(100)), MemoryPlan.AUTO_LAYERS, 4096, 512).gpuLayers())
                .isZero();
    }

    @Test
    void of_moreMemory_neverFewerLayersOrCells() {
        MemoryPlan before = plan(List.of(gpu(250)), MemoryPlan.AUTO_LAYERS, 4096, 512);
        for (int mib = 260; mib < 500; mib += 3) {
            MemoryPlan plan = plan(List.of(gpu(mib)), MemoryPlan.AUTO_LAYERS, 4096, 512);
            assertThat(layers(plan)).as("%d MiB", mib).isGreaterThanOrEqualTo(layers(before));
            if (plan.gpuLayers() == before.gpuLayers()) {
                assertThat(plan.cells()).as("%d MiB", mib).isGreaterThanOrEqualTo(before.cells());
            }
            before = plan;
        }
        assertThat(before.gpuLayers()).isEqualTo(ModelParameters.ALL_LAYERS);
        assertThat(before.cells()).isEqualTo(4096);
    }

    @Test
    void of_layersNamed_areKeptWhateverTheMemory() {
        MemoryPlan named = plan(List.of(gpu(300)), 5, 1024, 1024);
        assertThat(named.gpuLayers()).isEqualTo(5);
        assertThat(plan(List.of(gpu(300)), ModelParameters.ALL_LAYERS, 1024, 1024)
                        .explanation())
                .contains("more than seems to be free");
        assertThat(plan(List.of(gpu(4096)), 0, 1024, 1024).explanation()).contains("as asked");
        assertThat(plan(List.of(gpu(4096)), 99, 1024, 1024).gpuLayers()).isEqualTo(ModelParameters.ALL_LAYERS);
    }

    @Test
    void of_quantisedCache_holdsMoreCells() {
        List<Device> devices = List.of(gpu(256 + 34 + 22 + 30));
        ContextParameters f16 = ContextParameters.ofCells(512);
        ContextParameters q4 = f16.withCacheTypes(CacheType.Q4_0, CacheType.Q4_0);

        MemoryPlan plain = MemoryPlan.of(devices, file, request(8192, f16, ModelParameters.DEFAULT));
        MemoryPlan quantised = MemoryPlan.of(devices, file, request(8192, q4, ModelParameters.DEFAULT));

        assertThat(quantised.cells()).isGreaterThan(2 * plain.cells());
    }

    @Test
    void of_withoutFlashAttention_leavesRoomForTheScores() {
        List<Device> devices = List.of(gpu(256 + 34 + 22 + 60));
        ContextParameters auto = ContextParameters.ofCells(512);
        ContextParameters off = new ContextParameters(
                512, 512, 64, 0, CacheType.F16, CacheType.F16, ContextParameters.FlashAttention.OFF);

        assertThat(MemoryPlan.of(devices, file, request(8192, off, ModelParameters.DEFAULT))
                        .cells())
                .isLessThan(MemoryPlan.of(devices, file, request(8192, auto, ModelParameters.DEFAULT))
                        .cells());
    }

    @Test
    void of_twoGpus_addUpUnlessOneIsNamed() {
        List<Device> devices = List.of(gpu(310), gpu(2048), HOST);
        ContextParameters context = ContextParameters.ofCells(512);
        ModelParameters first = new ModelParameters(
                ModelParameters.ALL_LAYERS, 0, ModelParameters.SplitMode.NONE, List.of(), true, false, null);
        ModelParameters second = new ModelParameters(
                ModelParameters.ALL_LAYERS, 0, ModelParameters.SplitMode.LAYER, List.of(0f, 1f), true, false, null);

        assertThat(MemoryPlan.of(devices, file, request(4096, context, ModelParameters.DEFAULT))
                        .gpuLayers())
                .isEqualTo(ModelParameters.ALL_LAYERS);
        assertThat(MemoryPlan.of(devices, file, request(4096, context, first)).gpuLayers())
                .isBetween(0, LAYERS);
        assertThat(MemoryPlan.of(devices, file, request(4096, context, second)).explanation())
                .contains("2.1 GB free")
                .doesNotContain("310");
    }

    @Test
    void of_integratedGpuBesideARealOne_isLeftAlone() {
        Device integrated = new Device("GPU9", "inside", Device.Kind.INTEGRATED_GPU, 4L << 30, 4L << 30);

        assertThat(plan(List.of(gpu(2048), integrated), MemoryPlan.AUTO_LAYERS, 1024, 512)
                        .explanation())
                .doesNotContain("inside");
        assertThat(plan(List.of(integrated), MemoryPlan.AUTO_LAYERS, 1024, 512).gpuLayers())
                .isEqualTo(ModelParameters.ALL_LAYERS);
    }

    @Test
    void pair_roomForAllOfBoth_allLayersOfBoth() {
        MemoryPlan.Pair plans = pair(2048, MemoryPlan.AUTO_LAYERS, MemoryPlan.AUTO_LAYERS);

        assertThat(plans.target().gpuLayers()).isEqualTo(ModelParameters.ALL_LAYERS);
        assertThat(plans.draft().gpuLayers()).isEqualTo(ModelParameters.ALL_LAYERS);
        assertThat(plans.draft().cells()).isEqualTo(plans.target().cells());
        // The embedding of one row stays where it is.
        assertThat(plans.target().hostBytes()).isEqualTo(4096);
    }

    @Test
    void pair_notRoomForAll_bothGetTheSameShareOfTheirLayers() {
        // Both alike: half of the room is each one's.
        MemoryPlan alone = plan(List.of(gpu(256 + 44)), MemoryPlan.AUTO_LAYERS, 1024, 1024);
        MemoryPlan.Pair plans = pair(256 + 88, MemoryPlan.AUTO_LAYERS, MemoryPlan.AUTO_LAYERS);

        assertThat(plans.target().gpuLayers()).isEqualTo(alone.gpuLayers()).isBetween(1, LAYERS);
        assertThat(plans.draft().gpuLayers()).isEqualTo(alone.gpuLayers());
        assertThat(plans.draft().hostBytes()).isGreaterThan(4 * MIB);
    }

    @Test
    void pair_layersNamed_areKeptAndTheOtherGetsTheRest() {
        MemoryPlan.Pair fewer = pair(2048, 3, MemoryPlan.AUTO_LAYERS);
        assertThat(fewer.target().gpuLayers()).isEqualTo(3);
        assertThat(fewer.draft().gpuLayers()).isEqualTo(ModelParameters.ALL_LAYERS);

        MemoryPlan.Pair none = pair(2048, MemoryPlan.AUTO_LAYERS, 0);
        assertThat(none.target().gpuLayers()).isEqualTo(ModelParameters.ALL_LAYERS);
        assertThat(none.draft().gpuLayers()).isZero();
        assertThat(none.draft().explanation()).contains("as asked");
        // 34 MiB of weights, 16 KiB for each of 1,024 cells, and what it works in.
        assertThat(none.draft().hostBytes()).isGreaterThan((34 + 16) * MIB);

        MemoryPlan.Pair full = pair(256 + 88, ModelParameters.ALL_LAYERS, MemoryPlan.AUTO_LAYERS);
        assertThat(full.target().gpuLayers()).isEqualTo(ModelParameters.ALL_LAYERS);
        assertThat(full.draft().gpuLayers()).isBetween(0, 2);
    }

    @Test
    void pair_noGpu_bothOnTheProcessor() {
        MemoryPlan.Pair plans = MemoryPlan.of(List.of(HOST), file, asking(1), file, asking(1));
        assertThat(plans.target().gpuLayers()).isZero();
        assertThat(plans.draft().gpuLayers()).isZero();
        assertThat(plans.draft().hostBytes()).isEqualTo(plans.target().hostBytes());
    }

    private MemoryPlan.Pair pair(int freeMib, int layers, int draftLayers) {
        return MemoryPlan.of(List.of(gpu(freeMib)), file, asking(layers), file, asking(draftLayers));
    }

    private static MemoryPlan.Request asking(int layers) {
        return new MemoryPlan.Request(layers, 1024, 1024, 1, ContextParameters.ofCells(512), ModelParameters.DEFAULT);
    }

    private static int layers(MemoryPlan plan) {
        return plan.gpuLayers() == ModelParameters.ALL_LAYERS ? LAYERS + 1 : plan.gpuLayers();
    }

    private MemoryPlan plan(List<Device> devices, int layers, int wanted, int least) {
        return MemoryPlan.of(
                devices,
                file,
                new MemoryPlan.Request(
                        layers, wanted, least, 1, ContextParameters.ofCells(512), ModelParameters.DEFAULT));
    }

    private static MemoryPlan.Request request(int wanted, ContextParameters context, ModelParameters model) {
        return new MemoryPlan.Request(MemoryPlan.AUTO_LAYERS, wanted, 512, 1, context, model);
    }

    private static Device gpu(int freeMib) {
        return new Device("GPU0", "a card", Device.Kind.GPU, freeMib * MIB, freeMib * MIB);
    }
}
