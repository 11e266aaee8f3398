package io.aded.cli;

import io.aded.engine.FinishReason;
import io.aded.lab.prompts.Scenarios;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A conversation in the terminal. */
@Command(
        name = "chat",
        description = {
            "A conversation in the terminal: with a model that is loaded for it, or with a running server (--target).",
            "/reset forgets what was said, /exit or Ctrl-D ends, Ctrl-C stops an answer; /try 1, /try 2, /try 3 ask for"
                    + " what much can be drafted of: a text is corrected, a text asked about, JSON continued."
        })
final class ChatCommand implements Callable<Integer> {
    private static final int TRIES = 3;

    private final Terminal terminal;

    @Mixin
    private final AnswerOptions options = new AnswerOptions();

    @Option(
            names = "--show-draft",
            description = "Colour what the draft guessed right: each green run cost no forward pass of its own.")
    private boolean showDraft;

    ChatCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        try (ChatBackend backend = options.open(terminal)) {
            terminal.note("Talking to " + backend.description() + ".");
            terminal.note("Ctrl-C stops an answer; /reset forgets, /exit or Ctrl-D ends."
                    + (showDraft ? " " + DraftPainter.legend(terminal.colour()) : ""));
            if (showDraft) {
                terminal.note("Drafts copy and complete what was said before. /try 1 asks to correct a text, /try 2 for"
                        + " answers from a text, /try 3 for the rest of some JSON.");
            }
            boolean fresh = true;
            for (String line = read(); line != null; line = read()) {
                String text = line.strip();
                if (text.equals("/exit") || text.equals("/quit")) {
                    break;
                } else if (text.equals("/reset")) {
                    backend.reset();
                    fresh = true;
                    terminal.note("Forgotten.");
                } else if (text.matches("/try( \\d)?")) {
                    String asked = tried(text);
                    terminal.note(asked);
                    fresh &= !say(backend, asked, fresh);
                } else if (text.startsWith("/") && !text.contains(" ")) {
                    terminal.note("There is no command " + text + "; there are /try 1 to 3, /reset and /exit.");
                } else if (!text.isEmpty()) {
                    fresh &= !say(backend, line, fresh);
                }
            }
            return ExitCode.OK.code();
        }
    }

    /** The prompt that a command asks for; /try alone is the first, and so is what is beyond the last. */
    private static String tried(String command) {
        int number = command.length() == "/try".length() ? 1 : command.charAt(command.length() - 1) - '0';
        return Scenarios.demonstration()
                .get(number >= 1 && number <= TRIES ? number - 1 : 0)
                .turns()
                .getFirst();
    }

    private @Nullable String read() throws IOException {
        if (terminal.interactive()) {
            terminal.err().print("> ");
            terminal.err().flush();
        }
        return terminal.in().readLine();
    }

    /** Whether the backend took the message; one that it refused does not end the conversation. */
    private boolean say(ChatBackend backend, String text, boolean first) {
        List<ChatMessage> messages = new ArrayList<>();
        if (first && options.system() != null) {
            messages.add(new ChatMessage("system", options.system()));
        }
        messages.add(new ChatMessage("user", text));
        ChatBackend.Ask ask =
                new ChatBackend.Ask("", messages, options.maxTokens(), options.stop(), options.ignoreEnd(), showDraft);
        try (Interrupts interrupts = Interrupts.onInterrupt(backend::cancel)) {
            DraftPainter painter = showDraft ? new DraftPainter(terminal.raw(), terminal.colour()) : null;
            ChatBackend.Answer answer = backend.ask(ask, painter != null ? painter : terminal::answer);
            if (painter != null) {
                painter.finish();
            }
            terminal.out().println();
            terminal.out().flush();
            if (terminal.interactive() || showDraft) {
                terminal.note(AnswerJson.summary(answer.result()));
            }
            if (interrupts.hasFired() && answer.result().reason() != FinishReason.CANCELLED) {
                terminal.note("The answer was over before it could be stopped.");
            }
            return true;
        } catch (AdedException.InvalidRequest | AdedException.ResourceExhausted | AdedException.DeadlineExceeded e) {
            terminal.note("aded: " + e.getMessage());
            return false;
        }
    }
}
