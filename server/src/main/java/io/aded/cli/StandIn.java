package io.aded.cli;

import io.aded.draft.DraftModelInfo;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.neural.DraftContexts;
import io.aded.engine.AnswerRecorder;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.host.DraftModelConfiguration;
import io.aded.lab.load.StandInModel;
import io.aded.model.AdedException;
import io.aded.model.ModelInfo;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.telemetry.EngineTelemetry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The model {@code scripted[:MS]} with its engines: no weights, passes of so many milliseconds, and if wanted a draft
 * model of the same kind. For trying a server or
 * a client where the model does not matter.
 */
final class StandIn implements AutoCloseable {
    private static final double USUAL_SHARE = 0.8;

    private static final Pattern NAME = Pattern.compile("scripted(?::(\\d{1,4}))?");

    private static final Pattern DRAFT = Pattern.compile("scripted(?::(0(?:\\.\\d{1,6})?|1(?:\\.0{1,6})?))?");

    private final StandInModel model;
    private final @Nullable TargetModel draft;
    private final List<Engine> engines = new ArrayList<>();
    private @Nullable AnswerRecorder recorder;

    private final @Nullable DraftModelConfiguration drafting;

    private StandIn(Duration pass, @Nullable Double agreement, @Nullable DraftModelConfiguration drafting) {
        this.drafting = drafting;
        model = new StandInModel(pass);
        draft = agreement == null ? null : model.draft(agreement);
    }

    /**
     * The stand-in if that is the name of one; null if another model is meant.
     *
     * @param drafting what is to draft for it, {@code scripted[:SHARE]}: a draft that agrees so often; null for nothing
     * @throws AdedException.InvalidRequest if something else is to draft for the stand-in, or the stand-in's draft for
     *     something else
     */
    static @Nullable StandIn named(@Nullable String model, @Nullable DraftModelConfiguration drafting) {
        Matcher name = NAME.matcher(String.valueOf(model));
        Double agreement = agreement(drafting);
        if ((agreement != null) != name.matches() && (agreement != null || drafting != null)) {
            throw new AdedException.InvalidRequest(
                    "--draft-model",
                    "can be scripted[:SHARE] for the model scripted, a share from 0 to 1, and for no other");
        }
        if (!name.matches()) {
            return null;
        }
        String millis = name.group(1);
        return new StandIn(Duration.ofMillis(millis == null ? 0 : Integer.parseInt(millis)), agreement, drafting);
    }

    /** How often a scripted draft agrees; null if that is not the name of one. */
    static @Nullable Double agreement(@Nullable DraftModelConfiguration drafting) {
        Matcher share = DRAFT.matcher(
                drafting != null && drafting.source() instanceof DraftModelConfiguration.Named named
                        ? named.model()
                        : "");
        if (!share.matches()) {
            return null;
        }
        return share.group(1) == null ? USUAL_SHARE : Double.valueOf(share.group(1));
    }

    /** Contexts of a draft model that is as good as free. */
    static DraftContexts contexts(TargetModel drafting, EngineOptions each) {
        DraftContexts contexts = target -> {
            TargetContext context = drafting.newContext(each.context());
            return new DraftContexts.Opened(context, context.copierFrom(target));
        };
        ModelInfo info = drafting.info();
        return contexts.named(new DraftModelInfo(info.name(), info.quantization(), 0, info.layers(), false, true));
    }

    ModelInfo info() {
        return model.info();
    }

    /** Starts an engine for each replica. */
    List<Engine> start(EngineOptions each, int replicas, EngineTelemetry telemetry) {
        return start(each, replicas, telemetry, null);
    }

    /** As {@link #start(EngineOptions, int, EngineTelemetry)}, keeping answers whose callers allow it. */
    List<Engine> start(
            EngineOptions options, int replicas, EngineTelemetry telemetry, AnswerRecorder.@Nullable Opener opener) {
        recorder = opener == null ? null : opener.open(info().name(), model);
        EngineOptions each = options.withRecorder(recorder);
        for (int replica = 0; replica < replicas; replica++) {
            engines.add(Engine.start(model, each, telemetry, settings(each)));
        }
        return List.copyOf(engines);
    }

    private DrafterSettings settings(EngineOptions each) {
        TargetModel guessing = draft;
        DraftModelConfiguration configured = drafting;
        return guessing == null || configured == null
                ? DrafterSettings.DEFAULT
                : configured.withChoice(
                        DrafterSettings.DEFAULT.withDraftModel(contexts(guessing, each)), model.vocabulary());
    }

    @Override
    public void close() {
        try {
            engines.forEach(Engine::close);
        } finally {
            if (recorder != null) {
                recorder.close();
            }
            if (draft != null) {
                draft.close();
            }
            model.close();
        }
    }
}
