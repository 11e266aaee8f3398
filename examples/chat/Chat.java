import io.aded.client.AdedClient;
import io.aded.client.AnswerOptions;
import io.aded.client.Conversation;
import io.aded.client.ConversationOptions;
import java.util.List;
import java.util.Scanner;
import java.util.function.Consumer;

/** A chat at the terminal: a conversation that the server remembers. */
public final class Chat {
    private Chat() {}

    public static void main(String[] arguments) {
        ConversationOptions brief = ConversationOptions.builder()
                .defaults(AnswerOptions.builder().maxTokens(200).build())
                .build();
        try (AdedClient client = AdedClient.connect(arguments[0]);
                Conversation conversation = client.converse(brief)) {
            System.out.println(conversation.info().model() + "; an empty line ends");
            questions(question -> {
                for (String text : conversation.ask(question).texts()) {
                    System.out.print(text);
                    System.out.flush();
                }
                System.out.println();
            });
        }
    }

    /** At a terminal what is typed, else two questions. */
    private static void questions(Consumer<String> ask) {
        if (System.console() == null || !System.console().isTerminal()) {
            List.of("My name is Ada. Say hello to me.", "What is my name?").forEach(ask);
            return;
        }
        Scanner lines = new Scanner(System.in);
        System.out.print("> ");
        while (lines.hasNextLine()) {
            String line = lines.nextLine();
            if (line.isBlank()) {
                return;
            }
            ask.accept(line);
            System.out.print("> ");
        }
    }
}
