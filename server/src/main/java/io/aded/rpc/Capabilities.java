package io.aded.rpc;

import io.aded.serving.Serving;
import java.util.ArrayList;
import java.util.List;

/**
 * Which optional parts of the API are served: what {@code GetServerInfo} lists. {@link RequestReader} and
 * {@link DraftServiceImpl} refuse the others by name.
 */
final class Capabilities {
    static final String MESSAGE_PARTS = "ChatMessage.parts";
    static final String GRAMMAR = "Constraint.grammar";
    static final String JSON_SCHEMA = "Constraint.json_schema";
    static final String REGULAR_EXPRESSION = "Constraint.regular_expression";
    static final String JSON_OBJECT = "Constraint.json_object";
    static final String TEMPLATE_VARIABLES = "GenerationOptions.template_variables";
    static final String PREFIX_SHARING = "GenerationOptions.prefix_sharing";
    static final String KEPT_CONVERSATIONS = "Open.conversation_id";

    private static final List<String> ALWAYS = List.of(
            MESSAGE_PARTS, GRAMMAR, JSON_SCHEMA, REGULAR_EXPRESSION, JSON_OBJECT, PREFIX_SHARING, TEMPLATE_VARIABLES);

    private Capabilities() {}

    /** What is served. */
    static List<String> of(Serving serving) {
        List<String> served = new ArrayList<>(ALWAYS);
        if (serving.limits().keepsConversations()) {
            served.add(KEPT_CONVERSATIONS);
        }
        return served;
    }
}
