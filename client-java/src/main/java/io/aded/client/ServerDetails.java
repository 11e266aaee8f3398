package io.aded.client;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The server: versions, limits, defaults and load.
 *
 * @param version its own version
 * @param library what runs the model
 * @param runtime the Java runtime
 * @param startTime when it started
 * @param limits what it allows
 * @param defaults how it answers where requests do not say
 * @param prefixSharing with whom prompts may share their computed beginning; null if it does not tell
 * @param drafters the drafters that requests may name
 * @param capabilities optional parts of the API that it has, by name, such as {@code Constraint.json_schema}
 * @param load how busy it was a moment ago
 * @param draftModel the model that guesses what the served one will say; null if there is none
 */
public record ServerDetails(
        String version,
        String library,
        String runtime,
        Instant startTime,
        Limits limits,
        AnswerOptions defaults,
        @Nullable PrefixSharing prefixSharing,
        List<Drafter> drafters,
        Set<String> capabilities,
        Load load,
        @Nullable DraftModel draftModel) {

    /** Defensive copies. */
    public ServerDetails {
        drafters = List.copyOf(drafters);
        capabilities = Set.copyOf(capabilities);
    }

    /**
     * A drafter that requests may name.
     *
     * @param name what {@link Draft#of} takes
     * @param description one line on how it guesses
     * @param defaults the bounds that hold unless a request sets others
     * @param baseline whether it is there for comparison only
     */
    public record Drafter(String name, String description, Draft defaults, boolean baseline) {}

    /**
     * What the server allows.
     *
     * @param contextTokens tokens that one conversation can hold
     * @param maxRunning turns decoded at once
     * @param maxWaiting turns that may wait
     * @param maxWait how long a turn may wait
     * @param maxMessageBytes the largest request message
     * @param maxRetention how long a conversation can be kept; zero for not at all
     * @param maxRetainedConversations conversations kept at once
     * @param maxConversations conversations that may be open or kept at once; 0 if the server does not say, as below
     * @param maxConversationsPerClient those of them that one client may have
     * @param maxUnread how long an answer may wait to be read
     * @param maxMessageBytesInWork bytes of messages worked on at once, half of them one client's
     * @param maxMessageBytesArriving bytes of messages that have arrived in part
     * @param preparation what requests may take before they are turns
     * @param fields what fields of requests may hold
     * @param coalescingInterval how far apart the deltas of an answer are at least; zero for one with each pass
     */
    public record Limits(
            int contextTokens,
            int maxRunning,
            int maxWaiting,
            Duration maxWait,
            int maxMessageBytes,
            Duration maxRetention,
            int maxRetainedConversations,
            int maxConversations,
            int maxConversationsPerClient,
            Duration maxUnread,
            long maxMessageBytesInWork,
            long maxMessageBytesArriving,
            PreparationLimits preparation,
            FieldLimits fields,
            Duration coalescingInterval) {}

    /**
     * What may be spent on rendering, tokenising and compiling requests.
     *
     * @param maxRunning requests worked on at once
     * @param maxRunningPerClient those of them that may be one client's
     * @param maxWaiting requests that may wait for it, half of them one client's
     * @param maxTime how long the work on one request may take
     */
    public record PreparationLimits(int maxRunning, int maxRunningPerClient, int maxWaiting, Duration maxTime) {}

    /**
     * What fields of requests may hold at most; 0 if the server does not say. Characters are those of Java's strings.
     *
     * @param promptBytes bytes of a prompt's text
     * @param messages messages of a prompt
     * @param stopStrings stop strings
     * @param stopStringCharacters characters of a stop string
     * @param stopTokens stop tokens
     * @param logProbabilities alternatives to each token
     * @param priority the highest priority; its negative is the lowest
     * @param templateVariables template variables
     * @param templateVariableDepth levels of lists and maps in one
     * @param templateVariableSize values and characters of all together
     * @param grammarCharacters characters of a grammar
     * @param grammarDepth levels of groups in a grammar
     * @param jsonSchemaCharacters characters of a JSON schema
     * @param jsonSchemaDepth levels of nesting in a JSON schema
     * @param regularExpressionCharacters characters of a regular expression
     * @param regularExpressionDepth levels of groups in a regular expression
     */
    public record FieldLimits(
            long promptBytes,
            int messages,
            int stopStrings,
            int stopStringCharacters,
            int stopTokens,
            int logProbabilities,
            int priority,
            int templateVariables,
            int templateVariableDepth,
            int templateVariableSize,
            int grammarCharacters,
            int grammarDepth,
            int jsonSchemaCharacters,
            int jsonSchemaDepth,
            int regularExpressionCharacters,
            int regularExpressionDepth) {}

    /**
     * How busy the server was.
     *
     * @param running turns being decoded
     * @param waiting turns in the queue
     * @param parked running turns that wait for a slow reader
     * @param conversations open conversations
     * @param cellsUsed KV-cache cells in use, one per token
     * @param cells KV-cache cells that there are
     * @param sequencesUsed sequence ids in use
     * @param sequences sequence ids that there are
     * @param passesTotal forward passes since the start
     * @param tokensTotal tokens emitted since the start
     * @param prefilledTokensTotal prompt tokens computed since the start
     * @param reusedTokensTotal prompt tokens since the start that were already in the KV cache
     */
    public record Load(
            int running,
            int waiting,
            int parked,
            int conversations,
            int cellsUsed,
            int cells,
            int sequencesUsed,
            int sequences,
            long passesTotal,
            long tokensTotal,
            long prefilledTokensTotal,
            long reusedTokensTotal) {}
}
