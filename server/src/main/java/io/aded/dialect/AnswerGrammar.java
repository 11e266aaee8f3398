package io.aded.dialect;

import io.aded.grammar.GrammarParts;
import io.aded.grammar.GrammarRefused;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.aded.model.SamplingParameters;
import io.aded.model.ToolDefinition;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The grammar of an answer: reasoning, then text that the request's constraint holds, or calls of the request's tools.
 *
 * <p>Text before a call is free until the mark comes that opens one; from there on only a call of an offered tool with
 * arguments that its schema allows can follow. The mark is what the model chose, the rest has little choice, so most of
 * it is drafted.
 */
final class AnswerGrammar {
    /** White space that a model may put before a mark. */
    private static final String BLANKS = "[ \\t\\n]{0,4}";

    private final AnswerForm form;
    private final Marks marks;
    private final @Nullable CallForm calls;
    private final @Nullable ReasoningForm reasoning;
    private final String whenOpen;
    private final String whenClosed;

    private AnswerGrammar(AnswerForm form, Marks marks, SamplingParameters sampling, List<FieldViolation> wrong) {
        this.form = form;
        this.marks = marks;
        calls = form.tools().isEmpty() ? null : form.dialect().calls();
        reasoning = form.dialect().reasoning();
        whenClosed = text(sampling, false, wrong);
        whenOpen = reasoning == null ? whenClosed : text(sampling, true, new ArrayList<>());
    }

    /** The grammar of a form; null if the answer is free. */
    static @Nullable AnswerGrammar of(AnswerForm form, Marks marks, SamplingParameters sampling) {
        boolean tools = !form.tools().isEmpty() && form.dialect().calls() != null;
        boolean thinksFirst = form.dialect().reasoning() != null && sampling.isConstrained();
        if (!tools && !thinksFirst) {
            return null;
        }
        if (tools && !sampling.isConstrained() && form.trigger().isEmpty()) {
            boolean marked =
                    form.dialect().calls() instanceof CallForm calls && calls.body() instanceof CallForm.JsonBody;
            if (!marked && !form.request().choice().requires()
                    || form.request().choice().equals(ToolChoice.NONE)) {
                return null; // nothing tells a call from text before it is one
            }
        }
        List<FieldViolation> wrong = new ArrayList<>();
        AnswerGrammar grammar = new AnswerGrammar(form, marks, sampling, wrong);
        if (!wrong.isEmpty()) {
            throw new AdedException.InvalidRequest(wrong);
        }
        return grammar;
    }

    boolean holdsCalls() {
        return calls != null;
    }

    /** The grammar, in GBNF. */
    String text(boolean reasoningOpen) {
        return reasoningOpen ? whenOpen : whenClosed;
    }

    private String text(SamplingParameters sampling, boolean open, List<FieldViolation> wrong) {
        GrammarParts parts = new GrammarParts();
        boolean required = form.request().choice().requires();
        String answer = "answer";
        try {
            parts.rule(answer, answer(parts, sampling, required, wrong));
        } catch (GrammarRefused e) {
            wrong.add(new FieldViolation(
                    sampling.grammar() != null ? "sampling.grammar" : "sampling.json_schema",
                    String.valueOf(e.getMessage())));
        }
        if (reasoning == null || reasoning.byPrompt() && !open) {
            parts.rule("root", answer);
        } else {
            boolean mayEnd = !required && !sampling.isConstrained();
            String lead = reasoning.lead();
            String then = BLANKS + (lead.isEmpty() ? "" : " ( " + marks.gbnf(lead) + " )?") + " answer";
            String thought = FreeText.until(parts, marks, "thought", reasoning.closing(), then, mayEnd);
            String alone = reasoning.leadAlone();
            String begins = alone.isEmpty() ? "answer" : "( " + marks.gbnf(alone) + " )? answer";
            parts.rule(
                    "root",
                    open ? thought : BLANKS + " " + marks.gbnf(reasoning.opening()) + " " + thought + " | " + begins);
        }
        return parts.toString();
    }

    private String answer(GrammarParts parts, SamplingParameters sampling, boolean required, List<FieldViolation> wrong)
            throws GrammarRefused {
        boolean none = form.request().choice().equals(ToolChoice.NONE);
        CallForm written = calls;
        if (written == null || none && sampling.isConstrained()) {
            return constraint(parts, sampling);
        }
        if (none) {
            return FreeText.until(parts, marks, "free", form.trigger(), "", true);
        }
        String rest = calls(parts, written, wrong);
        String trigger = form.trigger();
        String opening = written.opening();
        String before = opening.substring(0, opening.indexOf(trigger) + trigger.length())
                .strip();
        if (required) {
            return BLANKS + " " + (before.isEmpty() ? "\"\"" : marks.gbnf(before)) + " " + rest;
        }
        if (sampling.isConstrained()) {
            return constraint(parts, sampling) + " | " + BLANKS + " " + (before.isEmpty() ? "\"\"" : marks.gbnf(before))
                    + " " + rest;
        }
        if (trigger.isEmpty()) {
            String head = written.body() instanceof CallForm.JsonBody json ? opening.strip() + json.head() : opening;
            return rest + " | " + FreeText.notBeginningWith(parts, "other", head);
        }
        return FreeText.until(parts, marks, "free", trigger, rest, true);
    }

    private static String constraint(GrammarParts parts, SamplingParameters sampling) throws GrammarRefused {
        String grammar = sampling.grammar();
        String schema = sampling.jsonSchema();
        if (grammar != null) {
            return parts.gbnf(grammar);
        }
        if (schema != null) {
            return parts.jsonSchema(schema);
        }
        parts.rule("any", "[\\x00-\\U0010ffff] any | \"\"");
        return "any";
    }

    /** Adds the rules of what follows the trigger, and returns the first. */
    private String calls(GrammarParts parts, CallForm written, List<FieldViolation> wrong) {
        String opening = written.opening();
        String rest = opening.substring(
                opening.indexOf(form.trigger()) + form.trigger().length());
        List<String> bodies = new ArrayList<>();
        for (int i = 0; i < form.tools().size(); i++) {
            ToolDefinition tool = form.tools().get(i);
            if (form.request().choice() instanceof ToolChoice.Named(String only) && !only.equals(tool.name())) {
                continue;
            }
            try {
                parts.rule("tool" + i, new CallRules(parts, marks, written).body(tool, i));
                bodies.add("tool" + i);
            } catch (GrammarRefused e) {
                wrong.add(new FieldViolation(
                        "tools[" + i + "].parameters",
                        e.getMessage() + "; without strict the arguments may be any JSON object"));
            }
        }
        parts.rule(
                "call",
                (bodies.isEmpty() ? "\"\"" : "( " + String.join(" | ", bodies) + " )") + " "
                        + marks.gbnf(written.callClose()));
        boolean several = written.several() && form.parallel();
        String more = several ? " ( " + marks.gbnf(written.separator() + written.callOpen()) + " call )*" : "";
        parts.rule(
                "calls",
                (rest.isEmpty() ? "" : marks.gbnf(rest) + " ") + "call" + more + " "
                        + marks.gbnf(written.sectionClose().stripTrailing()));
        return "calls";
    }
}
