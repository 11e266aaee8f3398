package io.aded.bench;

import io.aded.model.ListedVocabulary;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads the tokens of a GGUF file, without a model around them: llama.cpp's own files of vocabularies do. Byte-level
 * and SentencePiece's texts are read as what they stand for.
 *
 * <p>{@code io.aded.gguf.GgufFile} keeps only the first few elements of an array, since a server has no use for a
 * million texts that the library holds too; so the header is read here once more, and the file is believed.
 */
final class GgufVocabulary {
    private static final int STRING = 8;
    private static final int ARRAY = 9;
    private static final int[] SIZES = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    private static final int CONTROL = 3;

    private GgufVocabulary() {}

    static ListedVocabulary read(Path file) throws IOException {
        ByteBuffer in;
        try (FileChannel channel = FileChannel.open(file)) {
            in = channel.map(FileChannel.MapMode.READ_ONLY, 0, Math.min(channel.size(), Integer.MAX_VALUE));
        }
        in.order(ByteOrder.LITTLE_ENDIAN).position(16);
        String model = "";
        List<String> texts = new ArrayList<>();
        Set<Integer> control = new HashSet<>();
        int end = -1;
        for (long entries = in.getLong(); entries > 0; entries--) {
            String key = text(in);
            int type = in.getInt();
            switch (key) {
                case "tokenizer.ggml.model" -> model = text(in);
                case "tokenizer.ggml.tokens" -> {
                    for (int count = count(in); count > 0; count--) {
                        texts.add(text(in));
                    }
                }
                case "tokenizer.ggml.token_type" -> {
                    int count = count(in);
                    for (int token = 0; token < count; token++) {
                        if (in.getInt() == CONTROL) {
                            control.add(token);
                        }
                    }
                }
                case "tokenizer.ggml.eos_token_id" -> end = in.getInt();
                default -> skip(in, type);
            }
        }
        boolean byteLevel = model.equals("gpt2");
        List<byte[]> pieces = new ArrayList<>();
        for (String text : texts) {
            pieces.add(byteLevel ? bytes(text) : piece(text));
        }
        return new ListedVocabulary(pieces, control, end);
    }

    /** The number of an array's elements, whose type is known. */
    private static int count(ByteBuffer in) {
        in.getInt();
        return (int) in.getLong();
    }

    private static String text(ByteBuffer in) {
        byte[] bytes = new byte[(int) in.getLong()];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static void skip(ByteBuffer in, int type) {
        if (type == STRING) {
            text(in);
        } else if (type == ARRAY) {
            int element = in.getInt();
            for (long i = in.getLong(); i > 0; i--) {
                skip(in, element);
            }
        } else {
            in.position(in.position() + SIZES[type]);
        }
    }

    private static byte[] piece(String text) {
        if (text.length() == 6 && text.startsWith("<0x")) {
            return new byte[] {(byte) Integer.parseInt(text.substring(3, 5), 16)};
        }
        return text.replace('\u2581', ' ').getBytes(StandardCharsets.UTF_8);
    }

    /** GPT-2's letters for bytes: printable ones stand for themselves, the others come in order from U+0100 on. */
    private static byte[] bytes(String text) {
        byte[] bytes = new byte[text.length()];
        for (int i = 0; i < bytes.length; i++) {
            int value = text.charAt(i);
            int rank = value - 0x100;
            if (rank >= 0) {
                value = rank <= 0x20 ? rank : rank <= 0x42 ? 0x7F + rank - 0x21 : 0xAD;
            }
            bytes[i] = (byte) value;
        }
        return bytes;
    }
}
