package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.aded.natives.NativesPlatform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

class OptionNamesTest {
    private static CommandSpec command() {
        CommandSpec command = CommandSpec.create();
        for (String name : List.of("--max-wait", "--draft-nodes", "--top-p", "--context", "--draft")) {
            command.addOption(OptionSpec.builder(name).build());
        }
        return command;
    }

    @ParameterizedTest
    @CsvSource({
        "max_wait, --max-wait",
        "sampling.top_p, --top-p",
        "draft.max_nodes, --draft-nodes",
        "draft, --draft",
        "messages[1].role, messages[1].role",
        "--context, --context"
    })
    void applied_fieldOfARequest_isNamedByItsOption(String field, String shown) {
        Throwable named = OptionNames.applied(
                new AdedException.InvalidRequest(List.of(new FieldViolation(field, "is odd"))), command());
        assertThat(named).hasMessage(shown + ": is odd");
    }

    @Test
    void applied_moreWrongThanNamed_saysHowManyMore() {
        Throwable named = OptionNames.applied(
                new AdedException.InvalidRequest(List.of(new FieldViolation("max_wait", "is odd")), 7), command());
        assertThat(named)
                .isInstanceOfSatisfying(
                        AdedException.InvalidRequest.class,
                        request -> assertThat(request.leftOut()).isEqualTo(7));
    }

    @Test
    void applied_anotherFailure_staysAsItIs() {
        Throwable failure = new AdedException.Cancelled("stopped");
        assertThat(OptionNames.applied(failure, command())).isSameAs(failure);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "linux | x64 | \"aded natives install cpu\", or vulkan, cuda12, cuda, gets it",
                "mac | arm64 | \"aded natives install metal\" gets it",
                "plan9 | mips | none is published for plan9-mips; one of your own: --natives DIR"
            })
    void installing_onAPlatform_namesTheBuildsThatThereAre(String system, String machine, String hint) {
        assertThat(OptionNames.installing(new NativesPlatform(system, machine))).isEqualTo(hint);
    }

    /** Who calls over the network has no command line; the messages of other rooms are theirs, too. */
    @Test
    void messages_belowTheCommandLine_nameNoOption() throws IOException {
        // The last two are what whoever asks for a draft by a model has to ask the server's operator for.
        Set<String> ofOthers = Set.of("--enable-native-access", "--gpus", "--verbose", "--draft-model", "--draft-self");
        Path root = Path.of("src/main/java/io/aded");
        Pattern literal = Pattern.compile("\"[^\"\n]*?(--[a-z][a-z-]+)");
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java"))
                    .filter(f -> !root.relativize(f).startsWith("cli"))
                    .toList()) {
                assertThat(literal.matcher(Files.readString(file)).results().map(found -> found.group(1)))
                        .as("%s", file)
                        .isSubsetOf(ofOthers);
            }
        }
    }
}
