package io.aded.cli;

import io.aded.engine.SpeculationStatistics;
import io.aded.engine.TurnResult;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** An answer as scripts and people read it. */
final class AnswerJson {
    private AnswerJson() {}

    /** One JSON object on one line. Times are milliseconds. */
    static String write(ChatBackend.Answer answer, String draftMode) {
        TurnResult result = answer.result();
        SpeculationStatistics speculation = result.speculation();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("text", answer.text());
        json.put("tokens", answer.tokens());
        json.put("finish_reason", result.reason().name().toLowerCase(Locale.ROOT));
        json.put("seed", Integer.toUnsignedLong(result.seed()));
        Map<String, Object> usage = new LinkedHashMap<>();
        usage.put("prompt_tokens", result.promptTokens());
        usage.put("cached_prompt_tokens", result.cachedPromptTokens());
        usage.put("completion_tokens", result.completionTokens());
        usage.put("queue_ms", millis(result.queuedNanos()));
        usage.put("time_to_first_token_ms", millis(result.timeToFirstTokenNanos()));
        usage.put("total_ms", millis(result.totalNanos()));
        usage.put("tokens_per_second", tokensPerSecond(result));
        json.put("usage", usage);
        Map<String, Object> draft = new LinkedHashMap<>();
        draft.put("mode", draftMode);
        draft.put("num_spec_steps", speculation.numSpecSteps());
        draft.put("num_steps", speculation.numSteps());
        draft.put("num_draft_tokens", speculation.numDraftTokens());
        draft.put("num_accepted_draft_tokens", speculation.numAcceptedDraftTokens());
        draft.put("mean_acceptance_length", speculation.meanAcceptanceLength());
        draft.put("draft_acceptance_rate", speculation.draftAcceptanceRate());
        draft.put("acceptance_histogram", speculation.acceptanceHistogram());
        draft.put("expected_accepted_draft_tokens", speculation.expectedAcceptedDraftTokens());
        draft.put("draft_ms", millis(speculation.draftNanos()));
        draft.put("verify_ms", millis(speculation.verifyNanos()));
        draft.put("host_ms", millis(speculation.hostNanos()));
        json.put("speculation", draft);
        return JsonMapper.shared().writeValueAsString(json);
    }

    /** One line for people. */
    static String summary(TurnResult result) {
        long passes = Math.max(1, result.speculation().numSteps());
        return String.format(
                Locale.ROOT,
                "[%d tokens, %.1f tokens/s, %.2f tokens a pass, first token after %.2f s, %s]",
                result.completionTokens(),
                tokensPerSecond(result),
                (double) result.completionTokens() / passes,
                result.timeToFirstTokenNanos() / 1e9,
                result.reason().name().toLowerCase(Locale.ROOT).replace('_', ' '));
    }

    /** The rate of writing, which begins with the first token. */
    private static double tokensPerSecond(TurnResult result) {
        long nanos = result.totalNanos() - result.timeToFirstTokenNanos();
        return result.completionTokens() < 2 || nanos <= 0 ? 0 : (result.completionTokens() - 1) * 1e9 / nanos;
    }

    private static double millis(long nanos) {
        return Math.round(nanos / 1e3) / 1e3;
    }
}
