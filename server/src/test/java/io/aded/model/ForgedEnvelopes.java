package io.aded.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32C;

/** Envelopes with right checksums around what no envelope of ours says. */
public final class ForgedEnvelopes {
    /** Facts that cannot have been written, each as all lines of a file. */
    public static final List<String> FACTS =
            List.of("BAD NAME=1\n", "Model=x\n", "=x\n", "x\n", "\n", "a=1\na=2\n", "\u001b[31m=1\n", "a=1\n\u0000=2");

    private ForgedEnvelopes() {}

    /** The same file with other facts, and checksums that fit. */
    public static ByteBuffer withFacts(byte[] file, String lines) {
        ByteBuffer good = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        byte[] facts = lines.getBytes(StandardCharsets.UTF_8);
        int body = Envelope.HEADER_BYTES + good.getInt(12);
        ByteBuffer forged = ByteBuffer.allocate(Envelope.HEADER_BYTES + facts.length + file.length - body)
                .order(ByteOrder.LITTLE_ENDIAN);
        forged.put(file, 0, Envelope.HEADER_BYTES).put(facts).put(file, body, file.length - body);
        forged.putInt(12, facts.length);
        CRC32C checksum = new CRC32C();
        checksum.update(forged.array(), 0, 28);
        checksum.update(facts);
        return forged.putInt(28, (int) checksum.getValue()).flip();
    }
}
