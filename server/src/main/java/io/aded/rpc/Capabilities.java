package io.aded.rpc;

import io.aded.serving.Serving;
import java.util.ArrayList;
import java.util.List;

/**
 * Which optional parts of the API are served: what {@code GetServerInfo} lists. {@link DraftServiceImpl} and the check
 * of turns refuse the others by name; tools are one of them where the model's template does not show how it calls them.
 */
final class Capabilities {
    static final String MESSAGE_PARTS = "ChatMessage.parts";
    static final String GRAMMAR = "Constraint.grammar";
    static final String JSON_SCHEMA = "Constraint.json_schema";
    static final String REGULAR_EXPRESSION = "Constraint.regular_expression";
    static final String JSON_OBJECT = "Constraint.json_object";
    static final String TEMPLATE_VARIABLES = "GenerationOptions.template_variables";
    static final String PREFIX_SHARING = "GenerationOptions.prefix_sharing";
    static final String REASONING_PARTS = "ContentPart.reasoning";
    static final String CALL_PARTS = "ContentPart.tool_call";
    static final String RESULT_PARTS = "ContentPart.tool_result";
    static final String TOOLS = "GenerationOptions.tools";
    static final String REASONING = "GenerationOptions.reasoning";
    static final String TRAINING = "DraftPolicy.allow_training";
    static final String KEPT_CONVERSATIONS = "Open.conversation_id";

    private static final List<String> ALWAYS = List.of(
            MESSAGE_PARTS,
            REASONING_PARTS,
            GRAMMAR,
            JSON_SCHEMA,
            REGULAR_EXPRESSION,
            JSON_OBJECT,
            PREFIX_SHARING,
            REASONING,
            TEMPLATE_VARIABLES);

    private Capabilities() {}

    /** What is served. */
    static List<String> of(Serving serving) {
        List<String> served = new ArrayList<>(ALWAYS);
        if (serving.offersTools()) {
            served.addAll(List.of(TOOLS, CALL_PARTS, RESULT_PARTS));
        }
        if (serving.limits().keepsConversations()) {
            served.add(KEPT_CONVERSATIONS);
        }
        if (serving.recordsAnswers()) {
            served.add(TRAINING);
        }
        return served;
    }
}
