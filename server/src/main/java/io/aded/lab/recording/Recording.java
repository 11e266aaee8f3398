package io.aded.lab.recording;

import io.aded.model.AdedException;
import io.aded.model.Envelope;
import io.aded.model.RegularFiles;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.Inflater;

/**
 * Answers of one model to one set of prompts, and where they came from.
 *
 * <h2>The file</h2>
 *
 * An {@link Envelope} of the kind {@value #KIND}, version {@value #VERSION}, with the facts {@code model}, {@code
 * quantization}, {@code library}, {@code aded}, {@code date}, {@code prompts}, {@code answers} and {@code tokens}. Its
 * body is a zlib stream of
 *
 * <pre>
 *   N                      answers
 *   N times:
 *     id                   its length in bytes, then UTF-8
 *     P, P × token         the prompt
 *     G, G × token         the answer
 *     G × 16 × token       the best tokens of each position, best first
 *     G × 16 × u16         their probabilities: IEEE 754 half precision, little-endian
 * </pre>
 *
 * where numbers and tokens are unsigned LEB128: seven bits a byte, low ones first, the high bit set on all but the
 * last.
 *
 * <p><b>Version 0</b> has no header: big-endian records until the end of the file,
 * {@code int nPrompt; int[nPrompt]; int nGen; int[nGen]; nGen × 16 × (int token, float probability)}. It is read when
 * asked for by name only, since nothing in the file tells what it is.
 *
 * @param facts where it came from; see above
 * @param answers in the order of the prompts
 */
public record Recording(Map<String, String> facts, List<RecordedAnswer> answers) {
    static final String KIND = "RECO";
    static final int VERSION = 1;

    private static final int TOP = RecordedAnswer.TOP;
    /** A damaged length must not ask for all memory; the longest real recording is far shorter. */
    private static final int MOST_BYTES = 1 << 30;

    /** Copies both. */
    public Recording {
        facts = Map.copyOf(facts);
        answers = List.copyOf(answers);
    }

    /**
     * Reads a file with a header.
     *
     * @throws AdedException.NotFound if there is none
     * @throws AdedException.InvalidArtifact if it is no recording, of a newer version, or damaged
     */
    public static Recording read(Path file) {
        return read(Envelope.open(file, "the recording " + file, KIND, VERSION), "the recording " + file);
    }

    /**
     * Reads bytes with a header.
     *
     * @param what it is, for messages
     * @throws AdedException.InvalidArtifact if it is no recording, of a newer version, or damaged
     */
    public static Recording read(ByteBuffer bytes, String what) {
        return read(Envelope.open(bytes, what, KIND, VERSION), what);
    }

    private static Recording read(Envelope envelope, String what) {
        try {
            ByteBuffer in = inflate(envelope.body());
            List<RecordedAnswer> answers = new ArrayList<>();
            int count = number(in);
            for (int i = 0; i < count; i++) {
                byte[] id = new byte[length(in, number(in))];
                in.get(id);
                int[] prompt = tokens(in, number(in));
                int[] answer = tokens(in, number(in));
                int[] top = tokens(in, Math.multiplyExact(answer.length, TOP));
                float[] probabilities = new float[length(in, top.length)];
                for (int j = 0; j < probabilities.length; j++) {
                    probabilities[j] = Float.float16ToFloat(in.getShort());
                }
                answers.add(
                        new RecordedAnswer(new String(id, StandardCharsets.UTF_8), prompt, answer, top, probabilities));
            }
            return new Recording(envelope.facts(), answers);
        } catch (DataFormatException | BufferUnderflowException | ArithmeticException e) {
            // Its checksum is right, so whoever wrote it wrote it wrongly.
            throw new AdedException.InvalidArtifact("RECORDING_INVALID", what + " cannot be understood", e);
        }
    }

    /**
     * Reads a file of version 0, without a header.
     *
     * @throws AdedException.InvalidArtifact if it cannot be read or does not end with a record
     */
    public static Recording readHeaderless(Path file) {
        RegularFiles.require(file, "RECORDING_UNREADABLE", "the recording " + file);
        try {
            ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file));
            List<RecordedAnswer> answers = new ArrayList<>();
            while (in.hasRemaining()) {
                int[] prompt = ints(in);
                int[] answer = ints(in);
                int[] tokens = new int[length(in, Math.multiplyExact(answer.length, TOP))];
                float[] probabilities = new float[tokens.length];
                for (int i = 0; i < tokens.length; i++) {
                    tokens[i] = in.getInt();
                    probabilities[i] = in.getFloat();
                }
                answers.add(new RecordedAnswer(String.valueOf(answers.size()), prompt, answer, tokens, probabilities));
            }
            return new Recording(Map.of("version", "0"), answers);
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact("RECORDING_UNREADABLE", "cannot read " + file, e);
        } catch (BufferUnderflowException | ArithmeticException e) {
            throw new AdedException.InvalidArtifact(
                    "RECORDING_INVALID", file + " is no recording of version 0: its last record is cut off", e);
        }
    }

    /** Writes it, with the numbers of answers and tokens among the facts. */
    public void writeTo(Path file) throws IOException {
        Map<String, String> all = new TreeMap<>(facts);
        all.put("answers", String.valueOf(answers.size()));
        all.put(
                "tokens",
                String.valueOf(answers.stream()
                        .mapToInt(answer -> answer.answer().length)
                        .sum()));
        Envelope.of(KIND, VERSION, all, ByteBuffer.wrap(deflate())).writeTo(file);
    }

    private byte[] deflate() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION);
        try (DeflaterOutputStream out = new DeflaterOutputStream(bytes, deflater)) {
            number(out, answers.size());
            for (RecordedAnswer answer : answers) {
                byte[] id = answer.id().getBytes(StandardCharsets.UTF_8);
                number(out, id.length);
                out.write(id);
                tokens(out, answer.prompt(), true);
                tokens(out, answer.answer(), true);
                tokens(out, answer.topTokens(), false);
                for (float probability : answer.topProbabilities()) {
                    short half = Float.floatToFloat16(probability);
                    out.write(half);
                    out.write(half >> 8);
                }
            }
        } finally {
            deflater.end();
        }
        return bytes.toByteArray();
    }

    private static ByteBuffer inflate(ByteBuffer body) throws DataFormatException {
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(body.duplicate());
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            byte[] buffer = new byte[1 << 16];
            while (!inflater.finished()) {
                int count = inflater.inflate(buffer);
                if (count == 0 && (inflater.needsInput() || inflater.needsDictionary())
                        || bytes.size() > MOST_BYTES - count) {
                    throw new DataFormatException("the stream does not end");
                }
                bytes.write(buffer, 0, count);
            }
            return ByteBuffer.wrap(bytes.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
        } finally {
            inflater.end();
        }
    }

    private static void tokens(DeflaterOutputStream out, int[] tokens, boolean counted) throws IOException {
        if (counted) {
            number(out, tokens.length);
        }
        for (int token : tokens) {
            number(out, token);
        }
    }

    private static void number(DeflaterOutputStream out, int value) throws IOException {
        int left = value;
        while (left >>> 7 != 0) {
            out.write(left & 0x7f | 0x80);
            left >>>= 7;
        }
        out.write(left);
    }

    private static int[] tokens(ByteBuffer in, int count) {
        int[] tokens = new int[length(in, count)];
        for (int i = 0; i < count; i++) {
            tokens[i] = number(in);
        }
        return tokens;
    }

    private static int number(ByteBuffer in) {
        int value = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            byte next = in.get();
            value |= (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new ArithmeticException("a number is longer than five bytes");
    }

    private static int[] ints(ByteBuffer in) {
        int[] values = new int[length(in, in.getInt())];
        for (int i = 0; i < values.length; i++) {
            values[i] = in.getInt();
        }
        return values;
    }

    /** A length that what is left could hold. */
    private static int length(ByteBuffer in, int count) {
        if (count < 0 || count > in.remaining()) {
            throw new BufferUnderflowException();
        }
        return count;
    }
}
