import io.aded.client.AdedClient;
import io.aded.client.AdedClientException;
import io.aded.client.Answer;
import io.aded.client.AnswerOptions;
import io.aded.client.Conversation;
import io.aded.client.FinishReason;
import io.aded.client.Message;
import io.aded.client.Prompt;
import io.aded.client.Tool;
import java.util.List;

/** Lets the model call a function until it has what it needs to answer. */
public final class Tools {
    private static final int MOST_ROUNDS = 4;

    private static final Tool WEATHER = Tool.of(
            "weather",
            "Tells tomorrow's weather in a city.",
            "{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}, \"required\": [\"city\"]}");

    private Tools() {}

    public static void main(String[] arguments) {
        AnswerOptions options =
                AnswerOptions.builder().tools(WEATHER).maxTokens(512).build();
        try (AdedClient client = AdedClient.connect(arguments[0]);
                Conversation conversation = client.converse()) {
            Prompt prompt = Prompt.user("Do I need an umbrella in Bonn tomorrow?");
            for (int round = 0; round < MOST_ROUNDS; round++) {
                Answer answer = conversation.ask(prompt, options).await();
                if (!answer.reasoning().isEmpty()) {
                    System.out.println("(thought: " + answer.reasoning().strip() + ")");
                }
                System.out.println(answer.text());
                if (answer.reason() != FinishReason.TOOL_CALLS) {
                    return;
                }
                List<Message> results = answer.toolCalls().stream()
                        .map(call -> Message.tool(call, carriedOut(call)))
                        .toList();
                prompt = new Prompt.Messages(results);
            }
        } catch (AdedClientException.Unsupported unsupported) {
            System.out.println("this model cannot be offered tools: " + unsupported.getMessage());
        }
    }

    /** A real program would look the function up by its name, and read the arguments as JSON. */
    private static String carriedOut(Message.ToolCall call) {
        System.out.println("[" + call.name() + " " + call.arguments() + "]");
        return "{\"sky\": \"rain\", \"degrees\": 9}";
    }
}
