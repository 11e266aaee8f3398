package io.aded.draft.adaptive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import io.aded.model.Envelope;
import io.aded.model.ForgedEnvelopes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class EvidencePriorTest {
    private static final int BYTES = Float.BYTES * Candidates.CELLS;

    private static EvidenceWeights read(String evidence, int bytes) {
        return EvidenceWeights.read(
                ByteBuffer.wrap(Envelope.of(
                                EvidenceWeights.KIND,
                                EvidenceWeights.VERSION,
                                Map.of("evidence", evidence),
                                ByteBuffer.allocate(bytes))
                        .bytes()),
                "the prior");
    }

    @Test
    void shippedPrior_saysWhatItWasFittedTo() throws IOException {
        try (InputStream in = Objects.requireNonNull(EvidenceWeights.class.getResourceAsStream("evidence-prior.bin"))) {
            Envelope prior = Envelope.open(
                    ByteBuffer.wrap(in.readAllBytes()), "the prior", EvidenceWeights.KIND, EvidenceWeights.VERSION);
            assertThat(prior.facts()).containsKeys("aded", "date", "evidence", "recordings");
            assertThat(prior.fact("evidence")).isEqualTo(Candidates.LAYOUT);
            assertThat(prior.body().remaining()).isEqualTo(BYTES);
        }
    }

    @Test
    void read_whatToEnvelopeWrote_isTheSame() {
        Envelope written = EvidenceWeights.create().toEnvelope(Map.of("date", "today"));
        EvidenceWeights read = EvidenceWeights.read(ByteBuffer.wrap(written.bytes()), "the prior");
        assertThat(read.toEnvelope(Map.of("date", "today")).bytes()).isEqualTo(written.bytes());
    }

    @Test
    void read_otherEvidenceOrAnotherNumberOfCells_isRefused() {
        assertThat(read(Candidates.LAYOUT, BYTES)).isNotNull();
        assertThatThrownBy(() -> read("suffix 0, cells 24", BYTES))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("fitted to other evidence");
        assertThatThrownBy(() -> read(Candidates.LAYOUT, BYTES - 4)).isInstanceOf(AdedException.InvalidArtifact.class);
    }

    @Test
    void read_whatIsNoNumber_isRefused() {
        ByteBuffer body = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        body.putFloat(BYTES - Float.BYTES, Float.NaN);
        ByteBuffer file = ByteBuffer.wrap(
                Envelope.of(EvidenceWeights.KIND, EvidenceWeights.VERSION, Map.of("evidence", Candidates.LAYOUT), body)
                        .bytes());

        assertThatThrownBy(() -> EvidenceWeights.read(file, "the prior"))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("no number");
    }

    @Test
    void toEnvelope_bytes_areTheWeightsInOrder() {
        ByteBuffer body = EvidenceWeights.create().toEnvelope(Map.of()).body().order(ByteOrder.LITTLE_ENDIAN);
        float[] weights = EvidenceWeights.create().snapshot();
        assertThat(body.remaining()).isEqualTo(BYTES);
        for (float weight : weights) {
            assertThat(body.getFloat()).isEqualTo(weight);
        }
    }

    @Test
    void read_factsThatCannotHaveBeenWritten_areRefused() {
        byte[] good = EvidenceWeights.create().toEnvelope(Map.of()).bytes();
        for (String facts : ForgedEnvelopes.FACTS) {
            ByteBuffer forged = ForgedEnvelopes.withFacts(good, facts);
            assertThatThrownBy(() -> EvidenceWeights.read(forged, "the prior"))
                    .as(facts)
                    .isInstanceOf(AdedException.InvalidArtifact.class)
                    .hasMessageContaining("fact");
        }
    }
}
