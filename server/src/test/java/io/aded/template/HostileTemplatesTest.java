package io.aded.template;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.TemplateVariables;
import io.aded.testing.HostileTally;
import io.aded.testing.Seeds;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Chat templates that are made to be dear, of many kinds and at random: each is refused with a reason or rendered, for
 * a bounded time of the processor. {@code -Daded.hostile=N} tries N of each kind.
 */
class HostileTemplatesTest {
    /** Some ten times what the dearest takes on a quiet machine; it tells bounded from unbounded. */
    /** One for each 1,024 steps, of which a rendering may take 20 million, and an attempt has a few renderings. */
    private static final long MOST_LOOKS = 100_000;

    private static final int EACH = Integer.getInteger("aded.hostile", 1);
    private static final Map<String, Maker> KINDS = new LinkedHashMap<>();

    /** Makes one template. */
    @FunctionalInterface
    private interface Maker {
        String make(SplittableRandom random);
    }

    static {
        KINDS.put("loops in loops", r -> {
            int levels = r.nextInt(2, 6);
            return join(levels, i -> "{% for a" + i + " in range(" + r.nextInt(99_999) + ") %}") + "x"
                    + "{% endfor %}".repeat(levels);
        });
        KINDS.put(
                "a text that doubles",
                r -> "{% set n = namespace(a='" + "x".repeat(r.nextInt(1, 99)) + "') %}{% for i in range("
                        + r.nextInt(20, 99) + ") %}{% set n.a = n.a + n.a %}{% endfor %}{{ n.a }}");
        KINDS.put(
                "a list that doubles",
                r -> "{% set n = namespace(a=[messages]) %}{% for i in range(" + r.nextInt(20, 99)
                        + ") %}{% set n.a = n.a + n.a %}{% endfor %}{{ n.a | length }}{{ n.a | tojson }}");
        KINDS.put(
                "a list that holds itself again and again",
                r -> "{% set n = namespace(a=[1]) %}{% for i in range(" + r.nextInt(20, 3_000)
                        + ") %}{% set n.a = [n.a, n.a] %}{% endfor %}{{ n.a }}");
        KINDS.put(
                "a macro that calls itself",
                r -> "{% macro m(n) %}" + "{{ m(n + 1) }}".repeat(r.nextInt(1, 4)) + "{% endmacro %}{{ m(0) }}");
        KINDS.put(
                "a loop that calls itself",
                r -> "{% for a in [[[[[[[[[[[]]]]]]]]]]] recursive %}{{ loop([loop.depth, [1]] * " + r.nextInt(1, 9)
                        + ") }}{% endfor %}");
        KINDS.put(
                "a caller that calls",
                r -> "{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}"
                        + "{% call m() %}".repeat(r.nextInt(1, 60)) + "x" + "{% endcall %}".repeat(r.nextInt(1, 60)));
        KINDS.put(
                "parentheses in parentheses",
                r -> "{{ " + "(".repeat(r.nextInt(9_000)) + "1" + ")".repeat(r.nextInt(9_000)) + " }}");
        KINDS.put(
                "brackets in brackets",
                r -> "{{ " + "[".repeat(r.nextInt(5_000)) + "]".repeat(r.nextInt(5_000)) + " | tojson(indent=9) }}");
        KINDS.put(
                "blocks in blocks",
                r -> "{% if true %}".repeat(r.nextInt(5_000)) + "x" + "{% endif %}".repeat(r.nextInt(5_000)));
        KINDS.put("long chains of operators", r -> "{{ 1" + " + 1".repeat(r.nextInt(20_000)) + " }}");
        KINDS.put("long chains of negations", r -> "{{ " + "not ".repeat(r.nextInt(20_000)) + "1 }}");
        KINDS.put(
                "long chains of filters",
                r -> "{{ messages[0].content" + " | upper | trim".repeat(r.nextInt(9_000)) + " }}");
        KINDS.put(
                "powers of powers",
                r -> "{{ " + r.nextInt(2, 99) + " ** " + r.nextInt(2, 99) + " ** " + r.nextInt(2, 99) + " ** "
                        + r.nextInt(9) + " }}");
        KINDS.put(
                "a text many times",
                r -> "{{ ('" + "x".repeat(r.nextInt(1, 99)) + "' * " + r.nextInt(1, 99) + " ** 9) | length }}");
        KINDS.put(
                "texts that grow as they are replaced",
                r -> "{{ ('a' * 9999)" + ".replace('a', 'aaaaaaaaa')".repeat(r.nextInt(1, 9)) + " }}");
        KINDS.put(
                "texts that are made wide",
                r -> "{{ 'x'.ljust(" + r.nextInt() + ") }}{{ '%" + r.nextInt(1 << 30) + "d' % 1 }}{{ 'x' | center("
                        + r.nextInt(1 << 30) + ") }}{{ '{:>" + r.nextInt(1 << 30) + "}'.format(1) }}");
        KINDS.put(
                "splits and joins",
                r -> "{% set t = 'a,' * " + r.nextInt(1, 999_999) + " %}{{ t.split(',') | join(t) | length }}");
        KINDS.put(
                "sorts and groups",
                r -> "{% set t = range(" + r.nextInt(1, 99_999)
                        + ") | list %}{{ t | sort(reverse=true) | groupby('x') | length }}{{ t | unique | list | sum }}"
                        + "{{ t | batch(2) | list | length }}");
        KINDS.put(
                "slices of all kinds",
                r -> "{{ ('ab' * 9999)[" + r.nextInt() + ":" + r.nextInt() + ":" + (r.nextInt(9) - 4) + "] }}{{ range("
                        + r.nextInt() + ", " + r.nextInt() + ", " + r.nextInt() + ") | list | length }}");
        KINDS.put(
                "what a caller gives, again and again",
                r -> "{% for i in range(" + r.nextInt(1, 9_999)
                        + ") %}{{ given | tojson }}{{ messages | string }}{% endfor %}");
        KINDS.put(
                "what is not there",
                r -> "{{ "
                        + List.of("nope.x.y", "nope()", "messages.__class__", "self.x", "raise_exception(nope)")
                                .get(r.nextInt(5))
                        + " }}{% include 'x' %}".substring(r.nextInt(2) * 17));
        KINDS.put(
                "dates of all kinds",
                r -> "{{ strftime_now('"
                        + ("%" + (char) r.nextInt('A', 'z'))
                                .repeat(r.nextInt(1, 9_999))
                                .replace("'", "")
                                .replace("\\", "")
                        + "') }}");
        KINDS.put("characters at random", r -> {
            String[] parts = {
                "{{", "}}", "{%", "%}", "-", " ", "if", "for", "in", "x", "end", "'", "\"", "(", ")", "[", "]", "|",
                ".", "set", "=", "macro", "{#", "#}", "1", "else", "*", "~", "%", ":", ",", "not", "is", "\n"
            };
            return join(r.nextInt(1, 400), _ -> parts[r.nextInt(parts.length)]);
        });
    }

    private static String join(int count, Part part) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(part.at(i));
        }
        return text.toString();
    }

    /** Says what stands at a place. */
    @FunctionalInterface
    private interface Part {
        String at(int index);
    }

    @Test
    @Timeout(value = 12, unit = TimeUnit.HOURS) // as many as are asked for; the work on each is bounded
    void render_hostileTemplates_isBounded() {
        HostileTally tally = new HostileTally("templates", HostileTally.Time.OF_THE_THREAD);
        Seeds.with(random -> {
            for (int i = 0; i < EACH; i++) {
                KINDS.forEach((kind, maker) -> {
                    String source = maker.make(random);
                    tally.attempt(kind, () -> render(source));
                });
            }
        });
        tally.print();
        assertThat(tally.mostLooks()).isLessThanOrEqualTo(MOST_LOOKS);
    }

    private static String render(String source) {
        ChatTemplates template =
                ChatTemplates.of(source, new SpecialTexts("<s>", "</s>", false), () -> Instant.EPOCH, ZoneOffset.UTC);
        if (template.problem() != null) {
            assertThat(template.problem()).isNotBlank();
            return "broken";
        }
        try {
            template.render(
                    List.of(new ChatMessage("system", "s"), new ChatMessage("user", "x\ny")),
                    new TemplateVariables(Map.of("given", List.of("a", Map.of("b", 1)))),
                    true);
            return "rendered";
        } catch (AdedException.InvalidRequest e) {
            assertThat(e.getMessage()).isNotBlank();
            return "refused";
        }
    }
}
