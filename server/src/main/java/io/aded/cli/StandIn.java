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
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The model {@code scripted[:MS]} with its engines: no weights, passes of so many milliseconds, and if wanted a draft
 * model of the same kind. For trying a server or a client where the model does not matter.
 */
final class StandIn implements AutoCloseable {
    private static final double USUAL_SHARE = 0.8;

    private static final Pattern NAME = Pattern.compile("scripted(?::(\\d{1,4}))?");

    private static final Pattern SCRIPTED = Pattern.compile("scripted(?::.*)?");

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
        if (drafting != null) {
            requireFit(model, drafting.source());
        }
        Matcher name = NAME.matcher(String.valueOf(model));
        if (!name.matches()) {
            return null;
        }
        String millis = name.group(1);
        Duration pass = Duration.ofMillis(millis == null ? 0 : Integer.parseInt(millis));
        return new StandIn(pass, agreement(drafting), drafting);
    }

    /**
     * Refuses a draft by weights for the model without any, and the reverse.
     *
     * @throws AdedException.InvalidRequest naming the option that said so
     */
    static void requireFit(@Nullable String model, DraftModelConfiguration.Source drafting) {
        boolean scripted = isNamed(String.valueOf(model));
        switch (drafting) {
            case DraftModelConfiguration.Copy _ -> {
                if (scripted) {
                    throw new AdedException.InvalidRequest(
                            "--draft-self",
                            "makes a copy of the model's weights, and the model scripted has none; allowed for it:"
                                    + " --draft-model scripted[:SHARE]");
                }
            }
            case DraftModelConfiguration.Named(String draft) -> {
                if (scripted && !DRAFT.matcher(draft).matches()) {
                    throw new AdedException.InvalidRequest(
                            "--draft-model",
                            "is \"" + draft + "\"; allowed for the model scripted: scripted[:SHARE], a share from 0 to"
                                    + " 1");
                }
                if (!scripted && SCRIPTED.matcher(draft).matches()) {
                    throw new AdedException.InvalidRequest(
                            "--draft-model",
                            "is \"" + draft
                                    + "\", which drafts for the model scripted alone; allowed for others: a name"
                                    + " of the catalogue, a .gguf file or an http(s) address");
                }
            }
        }
    }

    /** Whether that is its name. */
    static boolean isNamed(String model) {
        return NAME.matcher(model).matches();
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

    /** What drafts for it, as a line for a reader; null if nothing does. */
    @Nullable
    String draftLine() {
        return described(agreement(drafting));
    }

    /** A draft that agrees so often, as a line for a reader; null for none. */
    static @Nullable String described(@Nullable Double agreement) {
        return agreement == null
                ? null
                : String.format(
                        Locale.ROOT,
                        "scripted, which agrees after %.0f %% of the texts and takes over the served model's cache",
                        100 * agreement);
    }

    ModelInfo info() {
        return model.info();
    }

    /** The model itself; it stays this one's to close. */
    TargetModel model() {
        return model;
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

    /** What drafters of an engine of such options are made of. */
    DrafterSettings settings(EngineOptions each) {
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
