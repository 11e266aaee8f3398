package io.aded.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Messages that nobody sends who means well: any fields, values at and beyond every edge, texts that are programs for
 * what reads them, and then bytes that are flipped, cut, repeated and put in.
 */
final class HostileMessages {
    private static final int DEEPEST = 5;

    private static final float[] FLOATS = {
        0f,
        -0f,
        1f,
        0.7f,
        1e-40f,
        Float.MIN_VALUE,
        1e-6f,
        1e30f,
        Float.MAX_VALUE,
        Float.NaN,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        -1f,
        100f,
        2f
    };
    private static final long[] NUMBERS = {
        0,
        1,
        -1,
        2,
        3,
        16,
        20,
        21,
        64,
        255,
        258,
        259,
        65_536,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };
    private static final List<String> TEXTS = List.of(
            "",
            " ",
            "a",
            "user",
            "assistant",
            "system",
            "the cat and",
            "none",
            "auto",
            "aded",
            "scripted",
            "\0",
            "\u0001\u001b[2J",
            "\u202e\ufeff\ufdd0\ufdd1",
            "<|im_end|>",
            "<assistant>",
            "{{ messages }}{% for i in range(10 ** 9) %}x{% endfor %}",
            "sampling.temperature",
            "*",
            "options.sampling",
            "root ::= \"a\" | root \"b\"",
            "root ::= (\"a\" | \"a\")* root",
            "root ::= s\ns ::= \"a\" s \"x\" | \"a\" s \"y\" | \"\"",
            "root ::= [a-z]{0,99999}",
            "root ::= (",
            "{\"type\":\"object\"}",
            "{\"$ref\":\"#\"}",
            "{\"allOf\":[{\"$ref\":\"#\"}]}",
            "{\"type\":[\"array\",\"array\"],\"items\":{\"$ref\":\"#\"}}",
            "{\"type\":\"integer\",\"minimum\":-2147483648,\"maximum\":2147483647}",
            "{\"pattern\":\"(((((a*)*)*)*)*)*\"}",
            "{\"type\":\"string\",\"maxLength\":100000}",
            "(a|aa)+$",
            "((((((((((x{1,10}){1,10}){1,10}){1,10}){1,10}){1,10}){1,10}){1,10}){1,10}){1,10})",
            "[",
            "{\"type\":",
            "(".repeat(2_000),
            "[".repeat(2_000),
            "a".repeat(3_000),
            "\u20ac".repeat(1_500));

    private static final Set<String> RARE_ALWAYS = Set.of("prefix_sharing", "reset", "update_mask");
    private static final Set<String> RARE = Set.of(
            "tools", "tool_choice", "parallel_tool_calls", "reasoning", "prefix_sharing", "reset", "update_mask");

    private final SplittableRandom random;
    private final Set<String> rare;

    /**
     * Messages for a server.
     *
     * @param tools whether its model has tools and reasoning, so that what speaks of them is read
     */
    HostileMessages(SplittableRandom random, boolean tools) {
        this.random = random;
        this.rare = tools ? RARE_ALWAYS : RARE;
    }

    /** The bytes of one, of any fields. */
    ByteString any(Descriptor type) {
        return sometimesBroken(message(type, 0).toByteArray());
    }

    /** The bytes of a message that was meant well, with none to three of its fields, at any depth, made hostile. */
    ByteString near(Message meant) {
        DynamicMessage message;
        try {
            message = DynamicMessage.parseFrom(meant.getDescriptorForType(), meant.toByteString());
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
        for (int i = random.nextInt(4); i > 0; i--) {
            message = changed(message, 0);
        }
        byte[] bytes = message.toByteArray();
        return random.nextInt(8) == 0 ? sometimesBroken(bytes) : ByteString.copyFrom(bytes);
    }

    /** The same with one field changed. */
    private DynamicMessage changed(DynamicMessage message, int depth) {
        List<FieldDescriptor> fields = message.getDescriptorForType().getFields();
        if (fields.isEmpty()) {
            return message;
        }
        List<FieldDescriptor> set = new ArrayList<>(message.getAllFields().keySet());
        // What is there already leads deeper than what is not.
        FieldDescriptor field = !set.isEmpty() && random.nextInt(3) > 0
                ? set.get(random.nextInt(set.size()))
                : fields.get(random.nextInt(fields.size()));
        if (rare.contains(field.getName()) && random.nextInt(10) > 0) {
            return message;
        }
        DynamicMessage.Builder builder = message.toBuilder();
        boolean deeper = field.getJavaType() == FieldDescriptor.JavaType.MESSAGE && depth < DEEPEST;
        if (!field.isRepeated()) {
            if (deeper && random.nextInt(8) > 0) {
                return builder.setField(field, changed((DynamicMessage) message.getField(field), depth + 1))
                        .build();
            }
            return (random.nextInt(8) == 0 ? builder.clearField(field) : builder.setField(field, value(field, depth)))
                    .build();
        }
        int count = message.getRepeatedFieldCount(field);
        if (count == 0 || random.nextInt(3) == 0) {
            builder.addRepeatedField(field, value(field, depth));
        } else if (deeper && random.nextInt(3) > 0) {
            int at = random.nextInt(count);
            builder.setRepeatedField(
                    field, at, changed((DynamicMessage) message.getRepeatedField(field, at), depth + 1));
        } else if (random.nextInt(12) == 0) {
            for (int i = 0; i < 300; i++) {
                builder.addRepeatedField(field, message.getRepeatedField(field, i % count));
            }
        } else {
            builder.setRepeatedField(field, random.nextInt(count), value(field, depth));
        }
        return builder.build();
    }

    private DynamicMessage message(Descriptor type, int depth) {
        DynamicMessage.Builder message = DynamicMessage.newBuilder(type);
        int one = Math.max(1, type.getFields().size() / 3);
        for (FieldDescriptor field : type.getFields()) {
            boolean refusedUnread = rare.contains(field.getName()) && random.nextInt(20) > 0;
            if (random.nextInt(one + 1) > 1 || depth >= DEEPEST || refusedUnread) {
                continue;
            }
            if (field.isRepeated()) {
                int count = random.nextInt(40) == 0 ? 300 : random.nextInt(4);
                for (int i = 0; i < count; i++) {
                    message.addRepeatedField(field, value(field, depth));
                }
            } else {
                message.setField(field, value(field, depth));
            }
        }
        return message.build();
    }

    private Object value(FieldDescriptor field, int depth) {
        return switch (field.getJavaType()) {
            case INT -> (int) number();
            case LONG -> number();
            case FLOAT -> pick(FLOATS);
            case DOUBLE -> (double) pick(FLOATS);
            case BOOLEAN -> random.nextBoolean();
            // What names another model, or what is not served, is refused before anything else is read.
            case STRING -> field.getName().equals("model") && random.nextInt(20) > 0 ? "" : text();
            case BYTE_STRING -> ByteString.copyFromUtf8(text());
            case ENUM ->
                field.getEnumType()
                        .findValueByNumberCreatingIfUnknown(
                                random.nextInt(8) == 0 ? (int) number() : random.nextInt(4));
            case MESSAGE -> message(field.getMessageType(), depth + 1);
        };
    }

    private float pick(float[] values) {
        return values[random.nextInt(values.length)];
    }

    private long number() {
        return random.nextInt(3) == 0 ? random.nextInt(260) : NUMBERS[random.nextInt(NUMBERS.length)];
    }

    private String text() {
        String text = TEXTS.get(random.nextInt(TEXTS.size()));
        return random.nextInt(6) == 0 ? text + TEXTS.get(random.nextInt(TEXTS.size())) : text;
    }

    private ByteString sometimesBroken(byte[] bytes) {
        return ByteString.copyFrom(random.nextInt(3) == 0 ? broken(bytes) : bytes);
    }

    private byte[] broken(byte[] bytes) {
        byte[] result = bytes;
        for (int i = 1 + random.nextInt(4); i > 0 && result.length > 0; i--) {
            int at = random.nextInt(result.length);
            switch (random.nextInt(4)) {
                case 0 -> result[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> result = Arrays.copyOf(result, at);
                case 2 -> result = spliced(result, at, result, random.nextInt(result.length));
                default -> {
                    byte[] noise = new byte[1 + random.nextInt(8)];
                    random.nextBytes(noise);
                    result = spliced(result, at, noise, 0);
                }
            }
        }
        return result;
    }

    /** The bytes with the rest of others put in. */
    private static byte[] spliced(byte[] bytes, int at, byte[] others, int from) {
        byte[] result = new byte[bytes.length + others.length - from];
        System.arraycopy(bytes, 0, result, 0, at);
        System.arraycopy(others, from, result, at, others.length - from);
        System.arraycopy(bytes, at, result, at + others.length - from, bytes.length - at);
        return result;
    }
}
