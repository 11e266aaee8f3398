package io.aded.bench;

import io.aded.model.Vocabulary;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of a GGUF file, without a model around them: llama.cpp's own files of vocabularies do. Byte-level and
 * SentencePiece's texts are read as what they stand for.
 */
final class GgufVocabulary implements Vocabulary {
    private static final int STRING = 8;
    private static final int ARRAY = 9;
    private static final int[] SIZES = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    private static final int CONTROL = 3;

    private final List<byte[]> pieces = new ArrayList<>();
    private int[] types = {};
    private int end;

    private GgufVocabulary() {}

    static GgufVocabulary read(Path file) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        in.position(16);
        long entries = in.getLong();
        GgufVocabulary vocabulary = new GgufVocabulary();
        String model = "";
        List<String> texts = List.of();
        for (long i = 0; i < entries; i++) {
            String key = text(in);
            int type = in.getInt();
            switch (key) {
                case "tokenizer.ggml.model" -> model = text(in);
                case "tokenizer.ggml.tokens" -> {
                    in.getInt();
                    int count = (int) in.getLong();
                    texts = new ArrayList<>(count);
                    for (int token = 0; token < count; token++) {
                        texts.add(text(in));
                    }
                }
                case "tokenizer.ggml.token_type" -> {
                    in.getInt();
                    vocabulary.types = new int[(int) in.getLong()];
                    for (int token = 0; token < vocabulary.types.length; token++) {
                        vocabulary.types[token] = in.getInt();
                    }
                }
                case "tokenizer.ggml.eos_token_id" -> vocabulary.end = in.getInt();
                default -> skip(in, type);
            }
        }
        boolean byteLevel = model.equals("gpt2");
        for (String text : texts) {
            vocabulary.pieces.add(byteLevel ? bytes(text) : pieces(text));
        }
        return vocabulary;
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

    private static byte[] pieces(String text) {
        if (text.length() == 6 && text.startsWith("<0x")) {
            return new byte[] {(byte) Integer.parseInt(text.substring(3, 5), 16)};
        }
        return text.replace('\u2581', ' ').getBytes(StandardCharsets.UTF_8);
    }

    /** GPT-2's letters for bytes: printable ones stand for themselves, the others come in order from U+0100 on. */
    private static byte[] bytes(String text) {
        byte[] bytes = new byte[text.length()];
        int length = 0;
        for (char c : text.toCharArray()) {
            int value = c;
            if (c >= 0x100) {
                int rank = c - 0x100;
                value = rank <= 0x20 ? rank : rank <= 0x42 ? 0x7F + rank - 0x21 : 0xAD;
            }
            bytes[length++] = (byte) value;
        }
        return java.util.Arrays.copyOf(bytes, length);
    }

    @Override
    public int size() {
        return pieces.size();
    }

    @Override
    public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int piece(int token, byte[] destination, boolean special) {
        if (!special && isControl(token)) {
            return 0;
        }
        byte[] piece = pieces.get(token);
        if (piece.length > destination.length) {
            return -piece.length;
        }
        System.arraycopy(piece, 0, destination, 0, piece.length);
        return piece.length;
    }

    @Override
    public String detokenize(int[] tokens, boolean special) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int beginningOfSequence() {
        return -1;
    }

    @Override
    public int endOfSequence() {
        return end;
    }

    @Override
    public boolean endsGeneration(int token) {
        return token == end;
    }

    @Override
    public boolean isControl(int token) {
        return token < types.length && types[token] == CONTROL;
    }

    @Override
    public @Nullable String kind() {
        return null;
    }
}
