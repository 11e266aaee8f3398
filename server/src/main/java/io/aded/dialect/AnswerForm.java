package io.aded.dialect;

import io.aded.grammar.GrammarParts;
import io.aded.grammar.GrammarRefused;
import io.aded.model.AdedException;
import io.aded.model.JsonValues;
import io.aded.model.RenderedChat;
import io.aded.model.SamplingParameters;
import io.aded.model.TargetModel;
import io.aded.model.TokenSampler;
import io.aded.model.ToolDefinition;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What an answer consists of: the model's dialect, and what a request asks of it. Immutable. */
public final class AnswerForm {
    /** No bound on the tokens of reasoning. */
    public static final int NO_BUDGET = -1;

    private final Spoken spoken;
    private final Request request;
    private final Map<String, Set<String>> texts = new LinkedHashMap<>();
    private final String trigger;
    private final @Nullable AnswerGrammar grammar;
    private final boolean held;

    /**
     * What is asked of an answer.
     *
     * @param tools that the model may call
     * @param choice whether and which it must call
     * @param parallel whether one answer may have several calls
     * @param budget the most tokens of reasoning; {@link #NO_BUDGET} for no bound
     * @param showsReasoning whether reasoning is told
     */
    public record Request(
            List<ToolDefinition> tools, ToolChoice choice, boolean parallel, int budget, boolean showsReasoning) {
        /** Nothing but text, and reasoning as the model has it. */
        public static final Request TEXT = new Request(List.of(), ToolChoice.AUTO, true, NO_BUDGET, true);

        /** Defensive copy of the list. */
        public Request {
            tools = List.copyOf(tools);
        }
    }

    /**
     * A form.
     *
     * @param sampling the parameters whose constraint the answer's text is held to
     * @throws io.aded.model.AdedException.InvalidRequest if a tool's parameters cannot be kept
     */
    public AnswerForm(Spoken spoken, Request request, SamplingParameters sampling) {
        this(spoken, request, sampling, true);
    }

    /**
     * A form.
     *
     * @param held whether the sampler holds calls to their form; if not, they are told when they are complete
     */
    AnswerForm(Spoken spoken, Request request, SamplingParameters sampling, boolean held) {
        this.held = held;
        this.spoken = spoken;
        this.request = request;
        for (ToolDefinition tool : request.tools()) {
            texts.put(tool.name(), textParameters(tool));
        }
        CallForm calls = spoken.dialect().calls();
        trigger = calls == null ? "" : calls.trigger();
        grammar = AnswerGrammar.of(this, spoken.marks(), sampling);
    }

    /** How the model writes. */
    public Dialect dialect() {
        return spoken.dialect();
    }

    /** The control tokens that are written out. */
    public Marks marks() {
        return spoken.marks();
    }

    /** The tools of the request. */
    public List<ToolDefinition> tools() {
        return request.tools();
    }

    /** What is asked of the answer. */
    public Request request() {
        return request;
    }

    /** The most tokens of reasoning; {@link #NO_BUDGET} for no bound. */
    public int budget() {
        return spoken.dialect().reasoning() == null ? NO_BUDGET : request.budget();
    }

    /** What closes reasoning, as the template writes it. */
    public String closing() {
        ReasoningForm reasoning = spoken.dialect().reasoning();
        return reasoning == null ? "" : reasoning.close();
    }

    /** Whether calls are looked for. */
    boolean recognisesCalls() {
        return !request.tools().isEmpty() && !request.choice().equals(ToolChoice.NONE);
    }

    /** Whether the sampler holds calls to their form, so that they need not be complete to be told. */
    boolean constrainsCalls() {
        return held && grammar != null && grammar.holdsCalls();
    }

    boolean parallel() {
        return request.parallel();
    }

    /** What tells that a call begins; empty if nothing but the call does. */
    String trigger() {
        return trigger;
    }

    /** The names of the tools that may be called. */
    Set<String> names() {
        return texts.keySet();
    }

    /** The parameters of a tool that are strings. */
    Set<String> textArguments(String tool) {
        return texts.getOrDefault(tool, Set.of());
    }

    /** Whether the template's own end of a prompt leaves reasoning open. */
    public boolean opensReasoning(RenderedChat prompt) {
        ReasoningForm reasoning = spoken.dialect().reasoning();
        if (reasoning == null) {
            return false;
        }
        int from = prompt.ranges() == 0 ? 0 : prompt.end(prompt.ranges() - 1);
        String written = prompt.text().substring(from);
        int open = written.lastIndexOf(reasoning.opening());
        return open >= 0
                && written.indexOf(
                                reasoning.closing(), open + reasoning.opening().length())
                        < 0;
    }

    /**
     * The parameters that hold an answer to this form.
     *
     * @param reasoningOpen whether the prompt leaves reasoning open
     */
    public SamplingParameters constrained(SamplingParameters sampling, boolean reasoningOpen) {
        return grammar == null
                ? sampling
                : sampling.withGrammar(grammar.text(reasoningOpen)).withJsonSchema(null);
    }

    /**
     * A sampler that holds an answer to this form.
     *
     * @param reasoningOpen whether the prompt leaves reasoning open
     * @throws AdedException.InvalidRequest if the form cannot be kept; of a grammar it speaks by the names of the
     *     grammar's own rules
     */
    public TokenSampler sampler(TargetModel model, SamplingParameters sampling, boolean reasoningOpen) {
        try {
            return model.newSampler(constrained(sampling, reasoningOpen));
        } catch (AdedException.InvalidRequest refused) {
            String own = sampling.grammar();
            if (grammar != null && own != null) {
                try {
                    GrammarParts.check(own);
                } catch (GrammarRefused e) {
                    throw new AdedException.InvalidRequest("sampling.grammar", String.valueOf(e.getMessage()));
                }
            }
            throw refused;
        }
    }

    /**
     * What splits an answer.
     *
     * @param reasoningOpen whether the prompt leaves reasoning open
     */
    public AnswerSplitter splitter(boolean reasoningOpen, AnswerSplitter.Ids ids, AnswerSplitter.Output output) {
        return new AnswerSplitter(this, reasoningOpen, ids, output);
    }

    private static Set<String> textParameters(ToolDefinition tool) {
        Set<String> texts = new TreeSet<>();
        Map<String, @Nullable Object> schema = JsonValues.object(tool.parameters());
        if (schema != null && schema.get("properties") instanceof Map<?, ?> properties) {
            properties.forEach((name, property) -> {
                if (isText(property)) {
                    texts.add(String.valueOf(name));
                }
            });
        }
        return texts;
    }

    static boolean isText(@Nullable Object property) {
        return property instanceof Map<?, ?> schema
                && ("string".equals(schema.get("type"))
                        || schema.get("type") == null
                                && schema.get("enum") instanceof List<?> values
                                && values.stream().allMatch(String.class::isInstance));
    }
}
