package io.aded.llama;

import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.ModelInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The envelope around a sequence's saved state. llama.cpp believes what such a state says and ends the process when it
 * is wrong; so none goes back that did not come, unharmed, from the same model, cache types and library.
 *
 * <pre>{@code
 * magic "ADKV" | version i32 | fingerprint i64 | length i64 | CRC-32C i32 | zero i32 | llama.cpp's own bytes
 * }</pre>
 */
final class SavedSequence {
    /** Bytes before llama.cpp's own. */
    static final int HEADER = 32;

    private static final int MAGIC = 0x564b4441;
    private static final int VERSION = 1;

    private SavedSequence() {}

    /** A number that two contexts share if states may go from one to the other. */
    static long fingerprint(ModelInfo model, ContextParameters context) {
        long hash = 17;
        for (Object part : new Object[] {
            model.architecture(),
            model.parameters(),
            model.sizeBytes(),
            model.layers(),
            model.embeddingSize(),
            model.vocabularySize(),
            model.library(),
            context.keyType().name(),
            context.valueType().name(),
            context.flashAttention().name()
        }) {
            hash = hash * 1_000_003 + part.hashCode();
        }
        return hash;
    }

    static void write(ByteBuffer payload, long fingerprint, ByteBuffer destination) {
        CRC32C checksum = new CRC32C();
        checksum.update(payload.duplicate());
        ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(MAGIC)
                .putInt(VERSION)
                .putLong(fingerprint)
                .putLong(payload.remaining())
                .putInt((int) checksum.getValue())
                .putInt(0)
                .flip();
        destination.put(header).put(payload);
    }

    /** The payload; the source's position moves behind it. */
    static ByteBuffer read(ByteBuffer source, long fingerprint) {
        if (source.remaining() < HEADER) {
            throw invalid("it is shorter than its header");
        }
        ByteBuffer view = source.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        if (view.getInt() != MAGIC || view.getInt() != VERSION) {
            throw invalid("it is of another format");
        }
        if (view.getLong() != fingerprint) {
            throw invalid("it comes from another model, library or kind of cache");
        }
        long length = view.getLong();
        int expected = view.getInt();
        view.getInt();
        if (length < 1 || length > view.remaining()) {
            throw invalid("it is truncated");
        }
        ByteBuffer payload = view.slice(view.position(), (int) length);
        CRC32C checksum = new CRC32C();
        checksum.update(payload.duplicate());
        if ((int) checksum.getValue() != expected) {
            throw invalid("its checksum is wrong");
        }
        source.position(view.position() + (int) length);
        return payload;
    }

    private static AdedException.InvalidArtifact invalid(String why) {
        return new AdedException.InvalidArtifact("INVALID_SAVED_SEQUENCE", "a saved sequence cannot be used: " + why);
    }
}
