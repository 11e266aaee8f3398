package io.aded.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.RenderedChat;
import io.aded.model.SamplingParameters;
import io.aded.model.ToolDefinition;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers as models write them, whole and in pieces of every size. */
class AnswerSplitterTest {
    private static final ToolDefinition WEATHER = new ToolDefinition(
            "weather",
            "",
            "{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}, \"days\": {\"type\":"
                    + " \"integer\"}}}",
            true);
    private static final ToolDefinition CLOCK = new ToolDefinition("clock", "", "", true);

    /** What was told, each part in one piece. */
    private static final class Told implements AnswerSplitter.Output {
        private final List<String> parts = new ArrayList<>();
        private final StringBuilder text = new StringBuilder();
        private String kind = "";

        private void add(String of, String more) {
            if (!of.equals(kind)) {
                close();
                kind = of;
            }
            text.append(more);
        }

        private void close() {
            if (!kind.isEmpty()) {
                parts.add(kind + ":" + text);
            }
            kind = "";
            text.setLength(0);
        }

        @Override
        public void text(String more) {
            add("text", more);
        }

        @Override
        public void reasoning(String more) {
            add("reasoning", more);
        }

        @Override
        public void call(int index, String id, String name) {
            close();
            add(name + "#" + id, "");
        }

        @Override
        public void arguments(int index, String json) {
            text.append(json);
        }
    }

    private static AnswerForm form(String template, boolean held) {
        return new AnswerForm(
                new Spoken(Templates.dialect(template), Marks.NONE),
                new AnswerForm.Request(List.of(WEATHER, CLOCK), ToolChoice.AUTO, true, -1, true),
                SamplingParameters.DEFAULT,
                held);
    }

    private static List<String> split(AnswerForm form, boolean open, String answer, int step) {
        Told told = new Told();
        int[] ids = {0};
        AnswerSplitter splitter = form.splitter(open, () -> "id" + ++ids[0], told);
        for (int at = 0; at < answer.length(); at += step) {
            splitter.append(answer.substring(at, Math.min(answer.length(), at + step)));
        }
        splitter.finish();
        told.close();
        return told.parts;
    }

    /** The same however it comes, and whether or not calls are told as they come. */
    private static List<String> split(String template, String answer) {
        List<String> whole = split(form(template, true), false, answer, answer.length());
        for (int step : new int[] {1, 2, 3, 7}) {
            assertThat(split(form(template, true), false, answer, step))
                    .as("pieces of " + step)
                    .isEqualTo(whole);
            assertThat(split(form(template, false), false, answer, step))
                    .as("complete calls")
                    .isEqualTo(whole);
        }
        return whole;
    }

    @Test
    void split_reasoningTextAndCalls_areToldApart() {
        assertThat(split(Templates.TAGGED, """
            <think>
            It rains.
            </think>

            I look.
            <tool_call>
            {"name": "weather", "arguments": {"city": "Bonn \\u00e9 } </tool_call>", "days": 2}}
            </tool_call>
            <tool_call>
            {"name": "clock", "arguments": {}}
            </tool_call>\
            """))
                .containsExactly(
                        "reasoning:It rains.",
                        "text:I look.",
                        "weather#id1:{\"city\": \"Bonn \\u00e9 } </tool_call>\", \"days\": 2}",
                        "clock#id2:{}");
    }

    @Test
    void split_otherWhiteSpaceAndOrder_isStillACall() {
        assertThat(split(
                        Templates.TAGGED,
                        "<tool_call>{ \"id\":\"x7\" , \"name\":\"clock\",\"arguments\" : {} }</tool_call> "))
                .containsExactly("clock#x7:{}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<tool_call>\n{\"name\": \"unknown\", \"arguments\": {}}\n</tool_call>",
                "<tool_call>\nno object</tool_call>",
                "a <tool_cal b < c",
                "say <tool_call> and </tool_call>",
                "<tool_call>\n{\"arguments\": {}, \"name\": \"clock\"}\n</tool_call>",
                "x </think> y",
                "see <think>this</think>",
                "{\"name\": \"clock\"}",
                "   indented, \n\n with blanks  \n",
                "<tool_call>\n{\"name\": \"clo"
            })
    void split_whatIsNoCall_isTextToTheLastCharacter(String answer) {
        assertThat(split(Templates.TAGGED, answer)).containsExactly("text:" + answer);
    }

    @Test
    void split_argumentsThatAreNoJson_areTextWhereNothingHoldsThem() {
        String answer = "<tool_call>\n{\"name\": \"clock\", \"arguments\": {\"a\": }}\n</tool_call>";

        assertThat(split(form(Templates.TAGGED, false), false, answer, 1)).containsExactly("text:" + answer);
    }

    @Test
    void split_callsThatNeverEnd_areTextToTheLastCharacter() {
        String open = "<tool_call>\n{\"name\": \"clock\", \"arguments\": {\"a\": ";

        assertThat(split(form(Templates.TAGGED, false), false, open.repeat(3) + "x", 1))
                .containsExactly("text:" + open.repeat(3) + "x");
    }

    @Test
    void split_reasoningThatThePromptOpened_endsAtTheFirstMark() {
        assertThat(split(form(Templates.TAGGED, true), true, "a <think> b\n</think>\n\nc</think>d", 1))
                .containsExactly("reasoning:a <think> b", "text:c</think>d");
        assertThat(split(form(Templates.TAGGED, true), true, "never closed \n", 2))
                .containsExactly("reasoning:never closed");
    }

    @Test
    void split_channels_areToldApartWithoutTheirMarks() {
        String answer = "<|channel|>final<|message|>Dry <|channel|>.";
        String both = "<|channel|>analysis<|message|>Rain?<|stop|><|start|>assistant" + answer;
        for (int step : new int[] {1, 3, 200}) {
            assertThat(split(form(Templates.CHANNELS, true), false, both, step))
                    .containsExactly("reasoning:Rain?", "text:Dry <|channel|>.");
            assertThat(split(form(Templates.CHANNELS, true), false, answer, step))
                    .containsExactly("text:Dry <|channel|>.");
        }
    }

    @Test
    void split_listOfObjects_givesEachWithItsId() {
        assertThat(split(
                        Templates.LISTED,
                        "Well. [CALLS][{\"name\": \"clock\", \"arguments\": {}, \"id\": \"abc\"}, "
                                + "{\"name\": \"weather\", \"arguments\": {\"days\": 1}, \"id\": \"def\"}]"))
                .containsExactly("text:Well.", "clock#id1:{}", "weather#id2:{\"days\": 1}");
    }

    @Test
    void split_argumentsByThemselves_becomeOneObject() {
        assertThat(split(Templates.KEYED, """
            <tool_call>
            <function=weather>
            <parameter=city>
            "Bonn"
             & <b>
            </parameter>
            <parameter=days>
            3
            </parameter>
            </function>
            </tool_call>
            <tool_call>
            <function=clock>
            </function>
            </tool_call>\
            """))
                .containsExactly("weather#id1:{\"city\": \"\\\"Bonn\\\"\\n & <b>\", \"days\": 3}", "clock#id2:{}");
    }

    @Test
    void split_stringsBetweenMarks_becomeOneObject() {
        assertThat(split(
                        Templates.QUOTED,
                        "<|tool_call>call:weather{city:<|\"|>Bonn, \"x\"}<|\"|>,days:3}<tool_call|>"
                                + "<|tool_call>call:clock{}<tool_call|>"))
                .containsExactly("weather#id1:{\"city\": \"Bonn, \\\"x\\\"}\", \"days\": 3}", "clock#id2:{}");
    }

    @Test
    void split_bareObject_isACallAtTheBeginningOnly() {
        assertThat(split(Templates.BARE, "{\"name\": \"clock\", \"parameters\": {}}"))
                .containsExactly("clock#id1:{}");
        assertThat(split(Templates.BARE, "So: {\"name\": \"clock\", \"parameters\": {}}"))
                .containsExactly("text:So: {\"name\": \"clock\", \"parameters\": {}}");
        assertThat(split(Templates.BARE, "{\"name\": \"other\", \"parameters\": {}}"))
                .containsExactly("text:{\"name\": \"other\", \"parameters\": {}}");
    }

    @Test
    void split_section_endsWithItsMark() {
        assertThat(split(
                        Templates.SECTIONED,
                        "Now<|calls_begin|><|call_begin|>function<|sep|>clock\n"
                                + "```json\n"
                                + "{}\n"
                                + "```<|call_end|><|call_begin|>function<|sep|>weather\n"
                                + "```json\n"
                                + "{\"days\": 1}\n"
                                + "```<|call_end|><|calls_end|>"))
                .containsExactly("text:Now", "clock#id1:{}", "weather#id2:{\"days\": 1}");
    }

    @Test
    void split_tenMegabytesOfArguments_areToldAsTheyComeAndCostNoMoreThanTheirLength() {
        String text = "x\\\"{".repeat(2_600_000);
        String answer =
                "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"" + text + "\"}}\n</tool_call>";

        assertThat(split(form(Templates.TAGGED, true), false, answer, 5))
                .containsExactly("weather#id1:{\"city\": \"" + text + "\"}");
        assertThat(split(form(Templates.TAGGED, false), false, answer, 50)).containsExactly("text:" + answer);
    }

    /** Heads inside of heads: with each looked through to its end, these would take some 40 billion steps. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "<tool_call>{\"name\": \"clock\", \"arguments\": {\"a\": ",
                "<tool_call>{\"name\": \"clock\", \"arguments\": {} ",
                "<tool_call>{\"name\": \"",
                "<tool_call>{\"name\": \"clock\", \"x\": 111",
                "<tool_call>",
                "<tool_call>{\"name\": \"clock\", \"arguments\": {\"<tool_call>"
            })
    void split_aMillionCharactersOfHeads_costNoMoreThanTheirLength(String head) {
        String answer = head.repeat(AnswerSplitter.LONGEST_HELD / head.length() + 10_000);
        for (int step : new int[] {1009, answer.length()}) {
            // Behind arguments that end, the rest belongs to the object that holds them.
            assertThat(split(form(Templates.TAGGED, false), false, answer, step))
                    .containsExactly(head.contains("{}") ? "clock#id1:{}" : "text:" + answer);
        }
    }

    @Test
    void split_callBehindAMillionCharactersThatWereNone_isACall() {
        String open = "<tool_call>{\"name\": \"clock\", \"arguments\": {\"a\": \"";
        String rest = "x".repeat(AnswerSplitter.LONGEST_HELD);
        String call = "<tool_call>{\"name\": \"clock\", \"arguments\": {}}</tool_call>";

        for (int step : new int[] {1000, 2_000_000}) {
            assertThat(split(form(Templates.TAGGED, false), false, open + rest + call, step))
                    .containsExactly("text:" + open + rest, "clock#id1:{}");
        }
    }

    @Test
    void split_blanksWithoutEnd_areReadOnceWhereverTheyStand() {
        String blanks = " \n".repeat(60_000);
        String call = "<tool_call>{\"name\": \"clock\", \"arguments\": {}}";

        assertThat(split(form(Templates.TAGGED, true), false, blanks, 2)).containsExactly("text:" + blanks);
        assertThat(split(form(Templates.TAGGED, true), false, call + blanks, 2)).containsExactly("clock#id1:{}");
        assertThat(split(form(Templates.KEYED, true), false, "<tool_call><function=weather>" + blanks, 2))
                .containsExactly("weather#id1:{}");
        assertThat(split(form(Templates.TAGGED, true), false, call + "</tool_call>" + blanks + "x", 2))
                .containsExactly("clock#id1:{}", "text:x");
    }

    @Test
    void split_longValueBetweenMarks_isReadOnce() {
        String value = "\\{'<|".repeat(60_000);

        assertThat(split(
                        form(Templates.QUOTED, true),
                        false,
                        "<|tool_call>call:weather{city:<|\"|>" + value
                                + "<|\"|>,days:[1, {a:<|\"|>}<|\"|>}]}<tool_call|>",
                        3))
                .containsExactly("weather#id1:{\"city\": \"" + value.replace("\\", "\\\\")
                        + "\", \"days\": [1, {\"a\": \"}\"}]}");
    }

    @Test
    void opensReasoning_byTheTemplatesOwnEndOnly() {
        AnswerForm form = form(Templates.TAGGED, true);

        assertThat(form.opensReasoning(new RenderedChat("<|user|>hi<|end|><|assistant|><think>\n", 8, 10)))
                .isTrue();
        assertThat(form.opensReasoning(new RenderedChat("<|user|><think><|end|><|assistant|>", 8, 15)))
                .isFalse();
        assertThat(form.opensReasoning(new RenderedChat("<|assistant|><think>\n\n</think>\n")))
                .isFalse();
    }
}
