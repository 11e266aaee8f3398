package io.aded.rpc;

import io.aded.model.ScriptedModel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** What a model with tools might say, right, wrong and cut off, whatever its template shows. */
final class ToolTalk {
    /** Tokens are bytes behind three of another kind. */
    private static final int FIRST_BYTE = 3;

    private static final int END = 2;
    private static final byte[] OPENING = "assistant".getBytes(StandardCharsets.US_ASCII);
    private static final String ARGUMENTS = "{\"city\": \"Bonn\", \"days\": 2}";

    private static final List<byte[]> ANSWERS = List.<String>of(
                    "<think>\nIt may rain.\n</think>\n\nI look.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": "
                            + ARGUMENTS + "}\n</tool_call>",
                    "<tool_call>\n{\"name\": \"weather\", \"arguments\": " + ARGUMENTS
                            + "}\n</tool_call>\n<tool_call>\n"
                            + "{\"name\": \"clock\", \"arguments\": {}}\n</tool_call>",
                    "[CALLS][{\"name\": \"weather\", \"arguments\": " + ARGUMENTS + ", \"id\": \"123456789\"}]",
                    "<tool_call>\n<function=weather>\n<parameter=city>\nBonn\n</parameter>\n</function>\n</tool_call>",
                    "<|tool_call>call:weather{city:<|\"|>Bonn<|\"|>,days:2}<tool_call|>",
                    "{\"name\": \"weather\", \"parameters\": " + ARGUMENTS + "}",
                    "<|calls_begin|><|call_begin|>function<|sep|>weather\n```json\n" + ARGUMENTS
                            + "\n```<|call_end|><|calls_end|>",
                    "<|channel|>analysis<|message|>hm<|stop|><|start|>assistant<|channel|>final<|message|>It rains.",
                    "<tool_call>\n{\"name\": \"nobody\", \"arguments\": [1, {\"a\": \"\\u00e9\"}]}\n</tool_call>",
                    "<tool_call>{\"name\":",
                    "<tool_call><tool_call></think></tool_call>[CALLS][[[{",
                    "<think><think></think>",
                    "It rains.")
            .stream()
            .map(answer -> answer.getBytes(StandardCharsets.UTF_8))
            .toList();

    private ToolTalk() {}

    /**
     * Says one of its answers after each opening of one, which of them depends on the text before; one byte in sixteen
     * or so is another.
     */
    static ScriptedModel.Script script() {
        return (tokens, length, row) -> {
            Arrays.fill(row, -20f);
            int start = start(tokens, length);
            byte[] answer = ANSWERS.get((int) Math.floorMod(hash(tokens, start - 24, start), (long) ANSWERS.size()));
            int said = length - start;
            long noise = hash(tokens, length - 3, length);
            row['}' + FIRST_BYTE] = -5f; // what a grammar may want rather than what would be said
            row['"' + FIRST_BYTE] = -4f;
            row[END] = 0f;
            row[FIRST_BYTE + 'a' + (int) Math.floorMod(noise >> 8, 26L)] = noise % 16 == 0 ? 10f : -6f;
            row[said < answer.length ? FIRST_BYTE + (answer[said] & 0xff) : END] = 9f;
        };
    }

    /** Behind the last opening. */
    private static int start(int[] tokens, int length) {
        for (int at = length - OPENING.length; at >= 0; at--) {
            int same = 0;
            while (same < OPENING.length && tokens[at + same] == FIRST_BYTE + OPENING[same]) {
                same++;
            }
            if (same == OPENING.length) {
                int behind = at + same;
                return behind + 2 <= length && tokens[behind] == FIRST_BYTE + '|' ? behind + 2 : behind;
            }
        }
        return 0;
    }

    private static long hash(int[] tokens, int from, int to) {
        long hash = 1;
        for (int i = Math.max(0, from); i < to; i++) {
            hash = (hash ^ tokens[i]) * 0x9E3779B97F4A7C15L;
            hash ^= hash >>> 29;
        }
        return hash;
    }
}
