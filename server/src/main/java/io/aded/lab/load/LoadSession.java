package io.aded.lab.load;

import io.aded.lab.report.Machine;
import io.aded.lab.report.Progress;
import io.aded.lab.report.ProgressBar;
import io.aded.model.AdedException;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A run against a server that answers. Owns the connections. */
public final class LoadSession implements AutoCloseable {
    private final LoadPlan plan;
    private final Target target;
    private final Machine machine;
    private final Pace pace = Pace.ofSystem();
    private volatile @Nullable LoadRun run;
    private volatile boolean stopped;

    LoadSession(LoadPlan plan, Target target, Machine machine) {
        this.plan = plan;
        this.target = target;
        this.machine = machine;
    }

    /**
     * Loads the server, prints the report and writes the files that were asked for.
     *
     * @param out receives the report
     * @param bar where progress is drawn, or null
     * @throws AdedException if not one call was answered, of the kind of most failures
     */
    public void play(PrintStream out, @Nullable PrintStream bar) throws InterruptedException {
        Progress progress = bar == null ? Progress.NONE : new ProgressBar(bar, System::nanoTime);
        LoadRun started = new LoadRun(target, plan.modes(), plan.jobs(), plan.bounds(), pace, progress);
        run = started;
        if (stopped) {
            started.stop();
        }
        List<Tally> tallies = started.play();
        LoadSetting setting = plan.setting();
        String server = plan.serverDescription();
        DraftTold drafting = target.drafting();
        String who = drafting == null ? "" : drafting.who();
        String text = new LoadReport(tallies, setting).render(machine, server, started.isStopped())
                + (who.isEmpty() ? "" : "\n" + who);
        out.print(text);
        out.flush();
        plan.files()
                .write(
                        () -> new LoadJson(who.isEmpty() ? null : drafting)
                                .render(machine, server, setting, tallies, started.isStopped()),
                        () -> new LoadPlot(tallies).svg(machine, setting.load()),
                        LoadPlot.title(machine),
                        text);
        if (!started.isStopped()) {
            requireAnswers(tallies);
        }
    }

    /** Ends the run early; {@link #play} then reports what there is. May be called from any thread. */
    public void stop() {
        stopped = true;
        LoadRun started = run;
        if (started != null) {
            started.stop();
        }
    }

    /** A run without a single answer has measured nothing; its exit code says why. */
    private static void requireAnswers(List<Tally> tallies) {
        Map<String, Integer> all = tallies.stream()
                .flatMap(tally -> tally.failures().entrySet().stream())
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, Integer::sum));
        if (tallies.stream().anyMatch(tally -> tally.answered() > 0) || all.isEmpty()) {
            return;
        }
        String most = all.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .orElseThrow()
                .getKey();
        String message = String.join(
                "; ",
                Stream.concat(
                                Stream.of("not one call was answered: " + LoadReport.statuses(all)),
                                LoadReport.reasons(tallies).stream())
                        .toList());
        throw switch (most) {
            case "UNAVAILABLE", "HTTP 503" -> new AdedException.Unavailable("NO_ANSWER", message);
            case "RESOURCE_EXHAUSTED", "HTTP 429" -> new AdedException.ResourceExhausted("NO_ANSWER", message, null);
            case "DEADLINE_EXCEEDED" -> new AdedException.DeadlineExceeded("NO_ANSWER", message);
            case "INVALID_ARGUMENT", "HTTP 400", "HTTP 422" -> new AdedException.InvalidRequest("calls", message);
            case "NOT_FOUND", "UNIMPLEMENTED", "HTTP 404" -> new AdedException.NotFound("NO_ANSWER", message);
            default -> new AdedException.FailedPrecondition("NO_ANSWER", message);
        };
    }

    @Override
    public void close() {
        target.close();
    }
}
