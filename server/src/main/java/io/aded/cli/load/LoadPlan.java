package io.aded.cli.load;

import io.aded.cli.measure.Machine;
import io.aded.cli.measure.ResultFiles;
import io.aded.model.AdedException;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A run that is ready to start: its options are good and its prompts are read. */
public final class LoadPlan {
    private final ServerOptions server;
    private final List<LoadMode> modes;
    private final JobSource jobs;
    private final LoadRun.Bounds bounds;
    private final Target.Manner manner;
    private final LoadReport.Setting setting;
    private final ResultFiles files;

    LoadPlan(
            ServerOptions server,
            List<LoadMode> modes,
            JobSource jobs,
            LoadRun.Bounds bounds,
            Target.Manner manner,
            LoadReport.Setting setting,
            ResultFiles files) {
        this.server = server;
        this.modes = List.copyOf(modes);
        this.jobs = jobs;
        this.bounds = bounds;
        this.manner = manner;
        this.setting = setting;
        this.files = files;
    }

    /** Whether the user named a server; if not, the caller is to start one. */
    public boolean namesServer() {
        return server.isNamed();
    }

    /**
     * Connects to the server.
     *
     * @param own the address of the server that the caller has started; null if the user named one
     * @param version of this program, for the report
     * @throws AdedException.Unavailable if nobody answers there
     */
    public LoadSession connect(@Nullable String own, String version) {
        Target target = server.connect(own, manner);
        try {
            Machine machine = Machine.serving(InstantSource.system(), version, target.served());
            return new LoadSession(this, target, machine);
        } catch (RuntimeException e) {
            target.close();
            throw e;
        }
    }

    List<LoadMode> modes() {
        return modes;
    }

    JobSource jobs() {
        return jobs;
    }

    LoadRun.Bounds bounds() {
        return bounds;
    }

    String serverDescription() {
        return server.description();
    }

    LoadReport.Setting setting() {
        return setting;
    }

    ResultFiles files() {
        return files;
    }
}
