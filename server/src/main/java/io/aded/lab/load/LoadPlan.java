package io.aded.lab.load;

import io.aded.engine.DraftPolicy;
import io.aded.lab.report.Machine;
import io.aded.lab.report.ResultFiles;
import io.aded.model.AdedException;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A run that is ready to start: its options are good and its prompts are read. */
public final class LoadPlan {
    private final LoadedServer server;
    private final List<LoadMode> modes;
    private final JobSource jobs;
    private final LoadBounds bounds;
    private final Manner manner;
    private final LoadSetting setting;
    private final ResultFiles files;

    /**
     * A run as described.
     *
     * @param server whom to load
     * @param modes what is compared with the first of them; at least one
     * @param jobs what is asked
     * @param bounds how long it may go on
     * @param manner how questions are asked
     * @param setting the same in words
     * @param files where results go beside the terminal
     */
    public LoadPlan(
            LoadedServer server,
            List<LoadMode> modes,
            JobSource jobs,
            LoadBounds bounds,
            Manner manner,
            LoadSetting setting,
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
        return !(server instanceof LoadedServer.Own);
    }

    /** The draft policies that its modes ask for. */
    public List<DraftPolicy> policies() {
        return modes.stream().map(LoadMode::draft).filter(Objects::nonNull).toList();
    }

    /**
     * Connects to the server.
     *
     * @param own the address of the server that the caller has started; null if the user named one
     * @param version of this program, for the report
     * @throws AdedException.Unavailable if nobody answers there
     */
    public LoadSession connect(@Nullable String own, String version) {
        Target target = connectTo(own);
        try {
            Machine machine = Machine.serving(InstantSource.system(), version, target.served());
            return new LoadSession(this, target, machine);
        } catch (RuntimeException e) {
            target.close();
            throw e;
        }
    }

    private Target connectTo(@Nullable String own) {
        return switch (server) {
            case LoadedServer.Http http ->
                new HttpTarget(http.address(), http.api(), http.model(), http.extra(), manner);
            case LoadedServer.Remote remote -> new GrpcTarget(remote.address(), remote.connections(), manner);
            case LoadedServer.Own mine -> {
                if (own == null) {
                    throw new IllegalArgumentException("there is no server to connect to");
                }
                yield new GrpcTarget(own, mine.connections(), manner);
            }
        };
    }

    List<LoadMode> modes() {
        return modes;
    }

    JobSource jobs() {
        return jobs;
    }

    LoadBounds bounds() {
        return bounds;
    }

    String serverDescription() {
        return server.description();
    }

    LoadSetting setting() {
        return setting;
    }

    ResultFiles files() {
        return files;
    }
}
