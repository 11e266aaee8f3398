package io.aded.cli;

import io.aded.draft.catalogue.DrafterSettings;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.lab.load.StandInModel;
import io.aded.model.ModelInfo;
import io.aded.model.TargetModel;
import io.aded.telemetry.EngineTelemetry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The model {@code scripted[:MS]} with its engines: no weights, passes of so many milliseconds. For trying a server or
 * a client where the model does not matter.
 */
final class StandIn implements AutoCloseable {
    private static final Pattern NAME = Pattern.compile("scripted(?::(\\d{1,4}))?");

    private final TargetModel model;
    private final List<Engine> engines = new ArrayList<>();

    private StandIn(Duration pass) {
        model = new StandInModel(pass);
    }

    /** The stand-in if that is the name of one; null if another model is meant. */
    static @Nullable StandIn named(@Nullable String model) {
        Matcher name = NAME.matcher(String.valueOf(model));
        if (!name.matches()) {
            return null;
        }
        String millis = name.group(1);
        return new StandIn(Duration.ofMillis(millis == null ? 0 : Integer.parseInt(millis)));
    }

    ModelInfo info() {
        return model.info();
    }

    /** Starts an engine for each replica. */
    List<Engine> start(EngineOptions each, int replicas, EngineTelemetry telemetry) {
        for (int replica = 0; replica < replicas; replica++) {
            engines.add(Engine.start(model, each, telemetry, DrafterSettings.DEFAULT));
        }
        return List.copyOf(engines);
    }

    @Override
    public void close() {
        try {
            engines.forEach(Engine::close);
        } finally {
            model.close();
        }
    }
}
