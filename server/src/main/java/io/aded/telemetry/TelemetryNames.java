package io.aded.telemetry;

import static io.opentelemetry.api.common.AttributeKey.doubleKey;
import static io.opentelemetry.api.common.AttributeKey.longKey;
import static io.opentelemetry.api.common.AttributeKey.stringArrayKey;
import static io.opentelemetry.api.common.AttributeKey.stringKey;

import io.opentelemetry.api.common.AttributeKey;
import java.util.List;

/**
 * Every name that leaves this process in a trace or a metric, with its unit and, for histograms, its buckets. The plain
 * counters are {@link Counter}.
 *
 * <p>Names that start with {@code gen_ai.} and {@code rpc.} follow the OpenTelemetry semantic conventions, those with
 * {@code spec_decode_} and {@code vllm:} are vLLM's, so that existing dashboards and inference gateways understand
 * them; the rest is ours and starts with {@code aded.}.
 */
public final class TelemetryNames {

    /** The instrumentation scope. */
    public static final String SCOPE = "io.aded";

    // Spans. The turn's span is named "{operation} {model}", the call's "{service}/{method}".

    /** Span: the part of the prompt that was not in the KV cache is being computed. */
    public static final String SPAN_PREFILL = "prefill";

    /** Span: the drafter searches its tree. One a round. */
    public static final String SPAN_DRAFT = "draft";

    /** Span: the forward pass over the tree and the walk that accepts a path. One a round. */
    public static final String SPAN_VERIFY = "verify";

    // Span attributes, OpenTelemetry's generative AI conventions.

    /** {@code chat} or {@code text_completion}. */
    public static final AttributeKey<String> OPERATION_NAME = stringKey("gen_ai.operation.name");

    /** Always {@value #PROVIDER}. */
    public static final AttributeKey<String> PROVIDER_NAME = stringKey("gen_ai.provider.name");

    /** What {@link #PROVIDER_NAME} holds. */
    public static final String PROVIDER = "llama_cpp";

    /** The model that was asked for. */
    public static final AttributeKey<String> REQUEST_MODEL = stringKey("gen_ai.request.model");

    /** The model that answered. */
    public static final AttributeKey<String> RESPONSE_MODEL = stringKey("gen_ai.response.model");

    /** The conversation, if the call has one. */
    public static final AttributeKey<String> CONVERSATION_ID = stringKey("gen_ai.conversation.id");

    /** The most tokens of the answer. */
    public static final AttributeKey<Long> REQUEST_MAX_TOKENS = longKey("gen_ai.request.max_tokens");

    /** The temperature of the request. */
    public static final AttributeKey<Double> REQUEST_TEMPERATURE = doubleKey("gen_ai.request.temperature");

    /** Top-p of the request. */
    public static final AttributeKey<Double> REQUEST_TOP_P = doubleKey("gen_ai.request.top_p");

    /** Top-k of the request. */
    public static final AttributeKey<Double> REQUEST_TOP_K = doubleKey("gen_ai.request.top_k");

    /** Seed of the request, if it named one. */
    public static final AttributeKey<Long> REQUEST_SEED = longKey("gen_ai.request.seed");

    /** Why the answer ended, one element. */
    public static final AttributeKey<List<String>> FINISH_REASONS = stringArrayKey("gen_ai.response.finish_reasons");

    /** Tokens of the prompt, history included. */
    public static final AttributeKey<Long> INPUT_TOKENS = longKey("gen_ai.usage.input_tokens");

    /** Those of them that were in the KV cache. */
    public static final AttributeKey<Long> CACHED_INPUT_TOKENS = longKey("gen_ai.usage.cache_read.input_tokens");

    /** Tokens of the answer. */
    public static final AttributeKey<Long> OUTPUT_TOKENS = longKey("gen_ai.usage.output_tokens");

    /** What failed: an error's reason. */
    public static final AttributeKey<String> ERROR_TYPE = stringKey("error.type");

    // Span attributes, ours.

    /** Round, from 0 in its turn. On {@code draft} and {@code verify}. */
    public static final AttributeKey<Long> ROUND_INDEX = longKey("aded.round.index");

    /** The drafter's name; {@code none} for a round without a draft. On {@code draft} and {@code verify}. */
    public static final AttributeKey<String> DRAFT_SOURCE = stringKey("aded.draft.source");

    /**
     * Who guessed each draft node that was verified, in the tree's order: {@code table}, {@code model}, {@code both},
     * {@code grammar}, or a drafter's name. On {@code draft} and {@code verify}.
     */
    public static final AttributeKey<List<String>> DRAFT_NODE_SOURCES = stringArrayKey("aded.draft.node_sources");

    /** Which of several ways to draft was taken, where there is a choice. On {@code draft} and {@code verify}. */
    public static final AttributeKey<String> DRAFT_ARM = stringKey("aded.draft.arm");

    /** Why that one. On {@code draft} and {@code verify}. */
    public static final AttributeKey<String> DRAFT_ARM_REASON = stringKey("aded.draft.arm_reason");

    /** Draft nodes that were verified, without the root. On {@code draft} and {@code verify}. */
    public static final AttributeKey<Long> DRAFT_NODES = longKey("aded.draft.nodes");

    /** Depth of the tree. On {@code draft} and {@code verify}. */
    public static final AttributeKey<Long> DRAFT_DEPTH = longKey("aded.draft.depth");

    /** Draft nodes that were accepted. On {@code draft} and {@code verify}. */
    public static final AttributeKey<Long> DRAFT_ACCEPTED = longKey("aded.draft.accepted");

    /** Tokens in the forward pass, all streams together. On {@code verify}. */
    public static final AttributeKey<Long> BATCH_TOKENS = longKey("aded.batch.tokens");

    /** Streams in the forward pass. On {@code verify}. */
    public static final AttributeKey<Long> BATCH_STREAMS = longKey("aded.batch.streams");

    /** Prompt tokens that were computed. On {@code prefill}. */
    public static final AttributeKey<Long> PREFILL_TOKENS = longKey("aded.prefill.tokens");

    /** Prompt tokens that were in the KV cache. On {@code prefill}. */
    public static final AttributeKey<Long> PREFILL_CACHED = longKey("aded.prefill.cached_tokens");

    // Attributes of the call's span.

    /** Always {@code grpc}. */
    public static final AttributeKey<String> RPC_SYSTEM = stringKey("rpc.system");

    /** Full name of the service. */
    public static final AttributeKey<String> RPC_SERVICE = stringKey("rpc.service");

    /** Name of the method. */
    public static final AttributeKey<String> RPC_METHOD = stringKey("rpc.method");

    /** Numeric gRPC status. */
    public static final AttributeKey<Long> RPC_STATUS = longKey("rpc.grpc.status_code");

    // Histograms, all in seconds but the last.

    /** Unit of the times. */
    public static final String SECONDS = "s";

    /** Histogram: from submission to the end of a turn. */
    public static final String REQUEST_DURATION = "gen_ai.server.request.duration";

    /** Buckets of {@link #REQUEST_DURATION}. */
    public static final List<Double> REQUEST_DURATION_BUCKETS =
            List.of(.01, .02, .04, .08, .16, .32, .64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92);

    /** Histogram: from submission to the first emitted token. */
    public static final String TIME_TO_FIRST_TOKEN = "gen_ai.server.time_to_first_token";

    /** Buckets of {@link #TIME_TO_FIRST_TOKEN}. */
    public static final List<Double> TIME_TO_FIRST_TOKEN_BUCKETS =
            List.of(.001, .005, .01, .02, .04, .06, .08, .1, .25, .5, .75, 1., 2.5, 5., 7.5, 10.);

    /** Histogram: mean time per token after the first, one value a turn. */
    public static final String TIME_PER_OUTPUT_TOKEN = "gen_ai.server.time_per_output_token";

    /** Buckets of {@link #TIME_PER_OUTPUT_TOKEN}. */
    public static final List<Double> TIME_PER_OUTPUT_TOKEN_BUCKETS =
            List.of(.01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1., 2.5);

    /** Histogram: time to draft a tree, one value a round that drafted. */
    public static final String DRAFT_DURATION = "aded.draft.duration";

    /** Buckets of {@link #DRAFT_DURATION}: microseconds matter here. */
    public static final List<Double> DRAFT_DURATION_BUCKETS =
            List.of(.000005, .00001, .00002, .00004, .00008, .00016, .00032, .00064, .00128, .00256, .01);

    /** Histogram: time of a forward pass with its walk, one value a stream and round. */
    public static final String VERIFY_DURATION = "aded.verify.duration";

    /** Buckets of {@link #VERIFY_DURATION}. */
    public static final List<Double> VERIFY_DURATION_BUCKETS =
            List.of(.001, .0025, .005, .01, .025, .05, .075, .1, .15, .2, .3, .5, 1., 2.5);

    /** Histogram: tokens emitted by a round, accepted ones and the bonus token. */
    public static final String ACCEPTANCE_LENGTH = "aded.round.acceptance_length";

    /** Unit of {@link #ACCEPTANCE_LENGTH} and of the token counters. */
    public static final String TOKENS = "{token}";

    /** Buckets of {@link #ACCEPTANCE_LENGTH}. */
    public static final List<Double> ACCEPTANCE_LENGTH_BUCKETS =
            List.of(1., 2., 3., 4., 5., 6., 7., 8., 10., 12., 16., 24., 32., 64.);

    // Counters with an attribute; those without are in Counter. Prometheus appends _total.

    /** Counter: draft nodes accepted, by depth in the tree from 0: {@link #POSITION}. */
    public static final String NUM_ACCEPTED_PER_POSITION = "spec_decode_num_accepted_tokens_per_pos";

    /** Depth below the root's children, from 0, as text. */
    public static final AttributeKey<String> POSITION = stringKey("position");

    /** Depths beyond this share the last {@link #POSITION}. */
    public static final int POSITIONS = 64;

    /** Counter: turns that ended, by {@link #FINISH_REASON}. */
    public static final String TURNS = "aded.turns";

    /** Lower case: {@code stop}, {@code length}, {@code context_full}, {@code cancelled}, {@code error}. */
    public static final AttributeKey<String> FINISH_REASON = stringKey("finish_reason");

    // Gauges.

    /** Gauge: turns being decoded or prefilled. */
    public static final String RUNNING = "aded.requests.running";

    /** Gauge: turns in the queue. */
    public static final String WAITING = "aded.requests.waiting";

    /** Gauge: running turns whose client is slow. */
    public static final String PARKED = "aded.requests.parked";

    /** Gauge: open sessions. */
    public static final String SESSIONS = "aded.sessions";

    /** Gauge: share of the KV cells in use, 0 to 1. */
    public static final String KV_USAGE = "aded.kv_cache.usage";

    /** Gauge: KV cells in use. */
    public static final String KV_CELLS_USED = "aded.kv_cache.cells_used";

    /** Gauge: KV cells there are. */
    public static final String KV_CELLS = "aded.kv_cache.cells";

    /** Gauge: share of the sequence ids in use, 0 to 1. */
    public static final String SEQUENCES_USAGE = "aded.sequences.usage";

    // Of choosing among drafters, and of the draft model.

    /** Label of what is counted by arm: {@code none}, {@code table}, {@code model} or {@code both}. */
    public static final AttributeKey<String> ARM = stringKey("arm");

    /** Label of what is counted by arm: the drafter that chooses. */
    public static final AttributeKey<String> DRAFTER = stringKey("drafter");

    /** Label of {@link #MODEL_ROUNDS} and {@link #MODEL_FALLBACKS}: what became of them, and why. */
    public static final AttributeKey<String> OUTCOME = stringKey("outcome");

    /** Counter: rounds that an arm drafted. */
    public static final String ARM_ROUNDS = "aded.draft.arm.rounds";

    /** Counter: those of them in which it was tried although another looked better. */
    public static final String ARM_PROBES = "aded.draft.arm.probes";

    /** Counter: draft tokens of its rounds that were verified. */
    public static final String ARM_NODES = "aded.draft.arm.draft_tokens";

    /** Counter: those of them that were accepted. */
    public static final String ARM_ACCEPTED = "aded.draft.arm.accepted_tokens";

    /** Counter: tokens emitted in its rounds. */
    public static final String ARM_TOKENS = "aded.draft.arm.completion.tokens";

    /** Gauge: an arm's share of the choice, 0 to 1. */
    public static final String ARM_WEIGHT = "aded.draft.arm.weight";

    /** Gauge: what was taken above the best arm in hindsight, in plain tokens. By {@link #DRAFTER} alone. */
    public static final String REGRET = "aded.draft.regret";

    /** Counter: forward passes of the draft model. */
    public static final String MODEL_PASSES = "aded.draft.model.passes";

    /** Counter: their time, that of taking over cells included. */
    public static final String MODEL_TIME = "aded.draft.model.time";

    /** Counter: tokens of texts that it read itself. */
    public static final String MODEL_READ = "aded.draft.model.read_tokens";

    /** Counter: tokens that it need not read because the target's cells were taken over. */
    public static final String MODEL_COPIED = "aded.draft.model.copied_tokens";

    /** Counter: rounds that might have been drafted by it, by {@link #OUTCOME}. */
    public static final String MODEL_ROUNDS = "aded.draft.model.rounds";

    /** Counter: what did not go as it should and had to be done otherwise, by {@link #OUTCOME}. */
    public static final String MODEL_FALLBACKS = "aded.draft.model.fallbacks";

    /** Gauge: connections of callers. */
    public static final String CONNECTIONS = "aded.connections";

    /** Counter: connections without a call that were closed for new ones. */
    public static final String CONNECTIONS_DISPLACED = "aded.connections.displaced";

    /** Counter: connections that were turned away. */
    public static final String CONNECTIONS_REFUSED = "aded.connections.refused";

    // Aliases on the Prometheus page only: OpenTelemetry allows no colon in a name.

    /** vLLM's name of {@link #RUNNING}. */
    public static final String VLLM_RUNNING = "vllm:num_requests_running";

    /** vLLM's name of {@link #WAITING}. */
    public static final String VLLM_WAITING = "vllm:num_requests_waiting";

    /** vLLM's name of {@link #KV_USAGE}. */
    public static final String VLLM_KV_USAGE = "vllm:kv_cache_usage_perc";

    /** The label of the aliases that names the model. */
    public static final String VLLM_MODEL_LABEL = "model_name";

    private TelemetryNames() {}
}
