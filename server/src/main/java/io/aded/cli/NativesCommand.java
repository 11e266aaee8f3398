package io.aded.cli;

import io.aded.llama.LlamaLibrary;
import io.aded.model.AdedException;
import io.aded.natives.InstalledNatives;
import io.aded.natives.LibraryChoice;
import io.aded.natives.NativesChoice;
import io.aded.natives.NativesKind;
import io.aded.natives.NativesStore;
import io.aded.natives.Verdict;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The llama.cpp builds on this machine and those that can be installed. */
@Command(
        name = "natives",
        description = {
            "Lists, installs, chooses and removes llama.cpp builds for GPUs and for this processor.",
            "Every start uses the best installed build that works here, unless \"use\" chose another."
        },
        subcommands = {
            NativesCommand.ListBuilds.class,
            NativesCommand.Install.class,
            NativesCommand.Use.class,
            NativesCommand.Remove.class
        })
final class NativesCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing; one of list, install, use, remove");
    }

    private static String devices(Verdict verdict) {
        List<LlamaLibrary.Device> shown = verdict.gpus().isEmpty() ? verdict.devices() : verdict.gpus();
        return String.join("; ", shown.stream().map(NativesCommand::describe).toList());
    }

    /**
     * A device in a few words. How much of its memory is free was true when the build was tried; doctor says it now.
     */
    private static String describe(LlamaLibrary.Device device) {
        String memory =
                device.totalBytes() > 0 ? String.format(Locale.ROOT, " (%.1f GB)", device.totalBytes() / 1e9) : "";
        return device.name() + ": " + device.description() + memory;
    }

    @Command(name = "list", description = "Lists the builds for this system, their devices, and which one is used.")
    static final class ListBuilds implements Callable<Integer> {
        private final Terminal terminal;

        @Option(names = "--retry", description = "Try again the builds that were found not to work.")
        private boolean retry;

        ListBuilds(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            NativesStore store = NativesStore.of(terminal.environment());
            LibraryChoice choice = LibraryChoice.of(terminal.environment());
            List<InstalledNatives> installed = store.installed();
            if (retry) {
                installed.forEach(choice::forget);
            }
            // Tried here, the reasons for stepping down are in the list below.
            LibraryChoice.Decision used = choice.decide(null, line -> {});
            for (InstalledNatives build : installed) {
                Verdict verdict = choice.verdict(build, terminal::note);
                row(
                        used.name().equals(build.id()),
                        build.id(),
                        String.format(Locale.ROOT, "%.0f MB", build.size() / 1e6),
                        verdict.works() ? devices(verdict) : "not usable: " + verdict.problem());
            }
            row(used.name().equals("bundled"), "bundled", "", "the processor, with AVX2; comes with aded");
            for (NativesKind kind : NativesKind.availableOn(store.platform())) {
                if (installed.stream().noneMatch(build -> build.kind() == kind)) {
                    row(false, kind.label(), "", "can be installed: " + kind.description());
                }
            }
            if (used.library() != null && store.find(used.name()).isEmpty()) {
                row(
                        true,
                        used.name(),
                        "",
                        Files.exists(used.library())
                                ? "a library of your own"
                                : "not usable: there is nothing at this path");
            }
            terminal.out().println("* is what a start uses" + why(store.choice()));
            return ExitCode.OK.code();
        }

        private String why(NativesChoice chosen) {
            if (terminal.environment().variable("ADED_NATIVES") != null) {
                return "; ADED_NATIVES names it";
            }
            return chosen instanceof NativesChoice.Automatic
                    ? ": the best that works"
                    : "; \"aded natives use\" chose " + chosen;
        }

        private void row(boolean used, String name, String size, String what) {
            terminal.out().printf(Locale.ROOT, "%s %-16s %8s  %s%n", used ? "*" : " ", name, size, what);
        }
    }

    @Command(
            name = "install",
            description = {
                "Fetches a build, or the rest of it, verifies it, unpacks it and tries it.",
                "Registry, proxy and certificates come from npm's configuration and the environment."
            })
    static final class Install implements Callable<Integer> {
        private final Terminal terminal;

        @Parameters(
                paramLabel = "KIND",
                description = "cuda, cuda12, vulkan, metal or cpu, as far as it exists for this system.")
        private String kind = "";

        @Option(
                names = "--package-version",
                paramLabel = "VERSION",
                description = "Another version of the package; it must hold a supported llama.cpp. Default: "
                        + NativesKind.SUPPORTED_VERSION + ".")
        private String version = NativesKind.SUPPORTED_VERSION;

        Install(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            NativesKind wanted = NativesKind.of(kind);
            ProgressPrinter progress = new ProgressPrinter(terminal);
            InstalledNatives build;
            try {
                build = NativesStore.of(terminal.environment()).install(wanted, version, progress);
            } finally {
                progress.finish();
            }
            LibraryChoice choice = LibraryChoice.of(terminal.environment());
            // Whoever installs again after mending the system wants to know how it is now.
            choice.forget(build);
            Verdict verdict = choice.verdict(build, terminal::note);
            terminal.out().println(build.directory());
            if (!verdict.works()) {
                terminal.note(build.id() + " is installed, but " + verdict.problem()
                        + ". It is used as soon as that is mended.");
                return ExitCode.FAILED_PRECONDITION.code();
            }
            LibraryChoice.Decision used = choice.decide(null, terminal::note);
            terminal.note(build.id() + " works here: " + devices(verdict) + ". "
                    + (used.name().equals(build.id())
                            ? "Every start uses it from now on."
                            : "A start uses " + used.name() + "; choose this one by: aded natives use " + kind));
            return ExitCode.OK.code();
        }
    }

    @Command(name = "use", description = "Chooses what every later start uses.")
    static final class Use implements Callable<Integer> {
        private final Terminal terminal;

        @Parameters(
                paramLabel = "BUILD",
                description =
                        "An installed build, \"bundled\", a directory with a llama.cpp of your own, or \"auto\" for"
                                + " the best that works.")
        private String build = "";

        Use(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            NativesStore store = NativesStore.of(terminal.environment());
            NativesChoice choice = choice(store);
            LibraryChoice library = LibraryChoice.of(terminal.environment());
            @Nullable
            Verdict verdict = switch (choice) {
                case NativesChoice.Installed(String id) ->
                    library.verdict(store.find(id).orElseThrow(), terminal::note);
                case NativesChoice.Directory(Path path) -> library.tryOut(path);
                case NativesChoice.Automatic automatic -> null;
                case NativesChoice.Bundled bundled -> null;
            };
            if (verdict != null && !verdict.works()) {
                throw new AdedException.FailedPrecondition(
                        "NATIVES_NOT_USABLE", choice + " " + verdict.problem() + "; the choice was not changed");
            }
            store.choose(choice);
            terminal.note("From now on a start uses "
                    + (choice instanceof NativesChoice.Automatic ? "the best installed build that works" : choice)
                    + (terminal.environment().variable("ADED_NATIVES") != null
                            ? ", once ADED_NATIVES no longer names another"
                            : "")
                    + ".");
            return ExitCode.OK.code();
        }

        private NativesChoice choice(NativesStore store) {
            String name = build.toLowerCase(Locale.ROOT);
            if (name.equals("auto")) {
                return new NativesChoice.Automatic();
            }
            if (name.equals("bundled")) {
                return new NativesChoice.Bundled();
            }
            @Nullable InstalledNatives installed = store.find(name).orElse(null);
            if (installed != null) {
                return new NativesChoice.Installed(installed.id());
            }
            Path directory = terminal.environment().workingDirectory().resolve(build);
            if (build.contains("/") || Files.exists(directory)) {
                if (!Files.exists(directory)) {
                    throw new AdedException.NotFound("LIBRARY_NOT_FOUND", "there is nothing at " + directory);
                }
                return new NativesChoice.Directory(directory.toAbsolutePath().normalize());
            }
            AdedException.NotFound failure = store.notInstalled(build);
            boolean installable = NativesKind.availableOn(store.platform()).stream()
                    .anyMatch(kind -> kind.label().equals(name));
            throw new AdedException.NotFound(
                    failure.reason(),
                    failure.getMessage()
                            + (installable
                                    ? "; install it by: aded natives install " + name
                                    : ". Allowed: an installed build, \"bundled\", \"auto\", or a directory with a"
                                            + " llama.cpp of your own"));
        }
    }

    @Command(name = "remove", description = "Deletes an installed build.")
    static final class Remove implements Callable<Integer> {
        private final Terminal terminal;

        @Parameters(paramLabel = "BUILD", description = "A kind, such as vulkan, or one of its versions.")
        private String build = "";

        Remove(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            InstalledNatives removed = NativesStore.of(terminal.environment()).remove(build);
            terminal.note(String.format(Locale.ROOT, "Removed %s (%.0f MB).", removed.id(), removed.size() / 1e6));
            return ExitCode.OK.code();
        }
    }
}
