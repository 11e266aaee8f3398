package io.aded.cli;

import io.aded.host.FormatChoice;
import io.aded.host.HostConfiguration;
import io.aded.host.HostListener;
import io.aded.host.ModelFormats;
import io.aded.llama.LlamaLibrary;
import io.aded.model.AdedException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Whether to find out what other formats of a model would give, for commands that advise. */
final class FormatQuestion {
    @Option(
            names = "--no-formats",
            description = "Do not measure what other formats of the model would give. That is done once, takes a minute"
                    + " and writes files of up to 2 GB, which are removed afterwards.")
    private boolean unasked;

    /**
     * What was found earlier; else what is found now, of formats that are written quickly, unless that is unwanted.
     * Call it when no other model computes.
     */
    Optional<FormatChoice> answer(
            Terminal terminal, LlamaLibrary library, Path model, HostConfiguration configuration) {
        if (unasked) {
            return new ModelFormats(configuration, HostListener.NONE).kept(library, model);
        }
        return ProgressPrinter.during(terminal, progress -> {
            try {
                return Optional.of(new ModelFormats(configuration, progress)
                        .keptOrMeasured(library, model, FormatChoice.Extent.QUICK));
            } catch (AdedException.InvalidArtifact | AdedException.ResourceExhausted e) {
                progress.note("Other formats could not be measured: " + e.getMessage());
                return Optional.<FormatChoice>empty();
            }
        });
    }
}
