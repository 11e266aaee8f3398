package io.aded.serving;

import io.aded.dialect.AnswerForm;
import io.aded.engine.DraftPolicy;
import io.aded.engine.EngineOptions;
import io.aded.engine.PrefixSharing;
import io.aded.engine.Prompt;
import io.aded.engine.TurnRequest;
import io.aded.model.SamplingParameters;
import io.aded.model.TemplateVariables;
import java.util.List;

/**
 * How answers are made, with everything said: what a server, a conversation or a turn has in force.
 *
 * @param sampling how tokens are drawn, apart from the constraint
 * @param constraint what an answer must match
 * @param draft how the stream drafts
 * @param maxTokens the most tokens of an answer; 0 means as many as the context has room for
 * @param stopStrings an answer ends before the first of these
 * @param stopTokens an answer ends before the first of these, beside the model's own end tokens
 * @param ignoreEnd whether to go on past the model's own end tokens
 * @param logProbabilities alternatives per token; -1 for no log-probabilities
 * @param reportRounds whether rounds are reported
 * @param priority higher is taken from the queue earlier
 * @param prefixSharing with whom what is computed of prompts may be shared, at most what the server shares
 * @param templateVariables what the chat template is given beside the messages
 * @param speech which tools may be called, and how reasoning is treated
 */
public record Generation(
        SamplingParameters sampling,
        Constraint constraint,
        DraftPolicy draft,
        int maxTokens,
        List<String> stopStrings,
        List<Integer> stopTokens,
        boolean ignoreEnd,
        int logProbabilities,
        boolean reportRounds,
        int priority,
        PrefixSharing prefixSharing,
        TemplateVariables templateVariables,
        AnswerForm.Request speech) {

    /** Defensive copies of the lists; a constraint among the sampling parameters is taken out. */
    public Generation {
        sampling = Constraint.NONE.over(sampling);
        stopStrings = List.copyOf(stopStrings);
        stopTokens = List.copyOf(stopTokens);
    }

    /** Mere text, and reasoning as the model has it. */
    public Generation(
            SamplingParameters sampling,
            Constraint constraint,
            DraftPolicy draft,
            int maxTokens,
            List<String> stopStrings,
            List<Integer> stopTokens,
            boolean ignoreEnd,
            int logProbabilities,
            boolean reportRounds,
            int priority,
            PrefixSharing prefixSharing,
            TemplateVariables templateVariables) {
        this(
                sampling,
                constraint,
                draft,
                maxTokens,
                stopStrings,
                stopTokens,
                ignoreEnd,
                logProbabilities,
                reportRounds,
                priority,
                prefixSharing,
                templateVariables,
                AnswerForm.Request.TEXT);
    }

    /** Sharing prefixes as widely as the server does, and with nothing for the chat template beside the messages. */
    public Generation(
            SamplingParameters sampling,
            Constraint constraint,
            DraftPolicy draft,
            int maxTokens,
            List<String> stopStrings,
            List<Integer> stopTokens,
            boolean ignoreEnd,
            int logProbabilities,
            boolean reportRounds,
            int priority) {
        this(
                sampling,
                constraint,
                draft,
                maxTokens,
                stopStrings,
                stopTokens,
                ignoreEnd,
                logProbabilities,
                reportRounds,
                priority,
                PrefixSharing.ALL,
                TemplateVariables.NONE);
    }

    /** What a server has in force for a model. */
    static Generation of(ServedModel model) {
        EngineOptions options = model.engines().getFirst().options();
        return new Generation(
                model.sampling(),
                Constraint.of(model.sampling()),
                options.defaultDraft(),
                0,
                List.of(),
                List.of(),
                false,
                -1,
                false,
                0,
                options.prefixSharing(),
                TemplateVariables.NONE);
    }

    /** Sampling and drafting as given, and no extras. */
    public static Generation of(SamplingParameters sampling, DraftPolicy draft) {
        return new Generation(sampling, Constraint.of(sampling), draft, 0, List.of(), List.of(), false, -1, false, 0);
    }

    /** What a turn of the engine has in force. */
    static Generation of(TurnRequest turn) {
        return new Generation(
                turn.sampling(),
                Constraint.of(turn.sampling()),
                turn.draft(),
                turn.maxTokens(),
                turn.stopStrings(),
                turn.stopTokens(),
                turn.ignoreEnd(),
                turn.logProbabilities(),
                turn.reportRounds(),
                turn.priority(),
                turn.prefixSharing(),
                turn.prompt() instanceof Prompt.Messages chat ? chat.variables() : TemplateVariables.NONE);
    }
}
