package io.aded.cli;

import io.aded.engine.FinishReason;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** One prompt, one answer. */
@Command(
        name = "generate",
        description = {
            "Answers one prompt: by a model that is loaded for it, or by a running server (--target).",
            "The answer goes to standard output as it is written, everything else to standard error."
        })
final class GenerateCommand implements Callable<Integer> {
    private final Terminal terminal;

    @Mixin
    private final AnswerOptions options = new AnswerOptions();

    @Option(names = "--raw", description = "Continue the text as it is, without the model's chat template.")
    private boolean raw;

    @Option(
            names = "--json",
            description = "Print one JSON object at the end (text, tokens, finish_reason, usage, speculation) instead.")
    private boolean json;

    @Parameters(arity = "0..1", paramLabel = "PROMPT", description = "The prompt; - or none reads standard input.")
    private @Nullable String prompt;

    GenerateCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        String text = prompt();
        if (text.isBlank()) {
            throw new AdedException.InvalidRequest("PROMPT", "is empty; there is nothing to answer");
        }
        List<ChatMessage> messages = new ArrayList<>();
        if (!raw) {
            if (options.system() != null) {
                messages.add(new ChatMessage("system", options.system()));
            }
            messages.add(new ChatMessage("user", text));
        } else if (options.system() != null) {
            throw new AdedException.InvalidRequest("--system", "cannot be combined with --raw, which has no messages");
        }
        ChatBackend.Ask ask =
                new ChatBackend.Ask(text, messages, options.maxTokens(), options.stop(), options.ignoreEnd(), false);
        try (ChatBackend backend = options.open(terminal);
                Interrupts interrupts = Interrupts.onInterrupt(backend::cancel)) {
            ChatBackend.Answer answer = backend.ask(ask, this::print);
            if (json) {
                terminal.raw().println(AnswerJson.write(answer, options.draftMode())); // programs read it
            } else {
                terminal.out().println();
            }
            terminal.out().flush();
            if (!json && terminal.interactive()) {
                terminal.note(AnswerJson.summary(answer.result()));
            }
            boolean interrupted = interrupts.hasFired() && answer.result().reason() == FinishReason.CANCELLED;
            return interrupted ? ExitCode.INTERRUPTED.code() : ExitCode.OK.code();
        }
    }

    private void print(String piece) {
        if (!json) {
            terminal.answer(piece);
        }
    }

    private String prompt() {
        if (prompt != null && !prompt.equals("-")) {
            return prompt;
        }
        if (prompt == null && terminal.interactive()) {
            throw new AdedException.InvalidRequest("PROMPT", "is missing; - reads it from standard input");
        }
        try {
            return terminal.in().lines().collect(Collectors.joining("\n"));
        } catch (UncheckedIOException e) {
            throw new AdedException.InvalidRequest("PROMPT", "cannot be read from standard input: " + e.getMessage());
        }
    }
}
