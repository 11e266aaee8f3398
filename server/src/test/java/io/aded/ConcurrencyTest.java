package io.aded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.aded.model.TargetModel;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every class that threads share, and why that is safe; and that no lock is held while native code runs, but for the
 * engine's ownership of its context, which is no lock: its thread is the only one that has it.
 *
 * <p>Both are read from the compiled classes, so a class that becomes concurrent, or a lock around a native call, fails
 * here until somebody has thought about it and said so.
 */
class ConcurrencyTest {
    /**
     * Concurrent classes, and the reason for each. {@code "Lincheck"} stands for a test beside the class, of its name
     * and "Test", that tries it in many orders of execution.
     */
    private static final Map<String, String> REASONS = new TreeMap<>(Map.ofEntries(
            Map.entry("engine.QueuePlaces", "Lincheck"),
            Map.entry("engine.CommandQueue", "Lincheck"),
            Map.entry("engine.TurnSlot", "Lincheck"),
            Map.entry("llama.Lifetime", "Lincheck"),
            Map.entry("rpc.Outbox", "Lincheck"),
            Map.entry("serving.StreamState", "Lincheck"),
            Map.entry("serving.TurnHandle", "Lincheck"),
            Map.entry("serving.Conversations", "Lincheck"),
            Map.entry("serving.DraftLedger", "Lincheck"),
            Map.entry("store.FileLease", "Lincheck"),
            Map.entry(
                    "engine.LocalEngine",
                    "confined: all that moves belongs to its thread. Others reach it by CommandQueue and QueuePlaces,"
                            + " count up two atomic numbers, and read a flag and an immutable status, each alone"),
            Map.entry(
                    "engine.Entrance",
                    "a compare-and-set keeps the first reason to refuse; a random source under its own lock; else"
                            + " QueuePlaces"),
            Map.entry(
                    "engine.SessionMemory", "confined to the engine's thread, but for one sum that others read alone"),
            Map.entry(
                    "engine.IdleCalibration", "confined to the engine's thread, but for a flag that others read alone"),
            Map.entry(
                    "engine.WorkingCrew",
                    "a compare-and-set claims each task of a step, a count publishes what was done to the engine's"
                            + " thread; a flag that only goes up, a time and a failure, each read alone"),
            Map.entry("engine.WorkingCrew$Helper", "a flag, and the claims, written and read in opposite order"),
            Map.entry("lab.offline.PricedCrew", "one atomic number, the virtual clock"),
            Map.entry(
                    "engine.StatusBoard",
                    "written by the engine's thread; others read two references to immutable records"),
            Map.entry("engine.Pulse", "written by the engine's thread; others read three fields, each alone"),
            Map.entry(
                    "engine.LocalSession",
                    "one writer at a time, which TurnSlot sees to; others read one reference to an immutable record"),
            Map.entry(
                    "engine.LocalTurn",
                    "confined to the engine's thread, or to a helper for which that one waits, but for a flag that"
                            + " only goes up"),
            Map.entry("engine.Pass", "confined to the engine's thread, but for a reference that others read alone"),
            Map.entry(
                    "grammar.CompiledGrammars", "a map under one lock, which is not held while a grammar is compiled"),
            Map.entry("grammar.TokenMasks", "all under one lock; what it hands out is immutable"),
            Map.entry("template.ChatTemplates", "a lazy value: whoever computes it comes to the same"),
            Map.entry("grammar.VocabularyTrie", "a lazy value: whoever computes it comes to the same"),
            Map.entry("llama.LlamaVocabulary", "a lazy value: whoever computes it comes to the same"),
            Map.entry(
                    "llama.LlamaContext",
                    "confined to its owner, who waits while others read rows; a flag that only goes up, and one byte to"
                            + " abort by"),
            Map.entry("llama.TextThread$Task", "a flag that only goes up; the result is read when its thread is over"),
            Map.entry(
                    "llama.TextThread", "places are counted by a semaphore; a result is read when its thread is over"),
            Map.entry("llama.LlamaLibrary", "a map from path to open library under one lock; entries never go"),
            Map.entry("llama.ProcessEnd", "a compare-and-set lets one thread register the hook"),
            Map.entry("model.ScriptedContext", "confined to its owner; the flag to abort is read once a pass"),
            Map.entry("rpc.AdedServer", "a compare-and-set lets one thread shut down"),
            Map.entry("rpc.PathClaim", "one lock, within the process, and a lock on a file, between processes"),
            Map.entry("rpc.GuardedCall", "the end of a call under one lock; a flag that only goes up"),
            Map.entry("rpc.ConnectionNames", "one atomic number"),
            Map.entry(
                    "rpc.ConnectionThread",
                    "a queue of the JDK; a flag by which whoever finds it down puts it up and runs, and which is taken"
                            + " down before the queue is looked at for the last time"),
            Map.entry(
                    "rpc.OutboxSink",
                    "what waits, and how it ends, under one lock; two flags that others read alone, one of them"
                            + " noted and then looked into again; all else is the connection's thread's"),
            Map.entry(
                    "rpc.Connections",
                    "a set, counts and times under one lock, which is let go before a channel is asked"),
            Map.entry(
                    "rpc.OpenCalls",
                    "a concurrent set; an ordered one under a lock, which is let go before a call is refused"),
            Map.entry("rpc.InboundBudget", "all under one lock, which is let go before a call is refused"),
            Map.entry("rpc.InboundBudget$Stream", "the same lock"),
            Map.entry("rpc.MemoryBudget", "a sum and a map under one lock"),
            Map.entry("rpc.MemoryBudget$Share", "the same lock"),
            Map.entry("serving.PreparationPool", "lines, counts and outcomes under one lock, which no job runs under"),
            Map.entry("serving.PreparationPool$Ticket", "the same lock; a latch of the JDK, a flag that only goes up"),
            Map.entry("serving.Backend", "two fields that are each written once and read alone"),
            Map.entry(
                    "serving.Replicas",
                    "counts under one lock, under which a session is opened: that counts it, and puts a command into a"
                            + " queue"),
            Map.entry("serving.Replicas$Arrival", "the same lock"),
            Map.entry(
                    "serving.SingleAnswer",
                    "a compare-and-set lets one thread close the session; else TurnHandle, Outbox"),
            Map.entry(
                    "serving.Serving",
                    "a lock for the gauges' handle; a concurrent set, and a stream that is added too late to be"
                            + " drained finds the backend draining"),
            Map.entry("rpc.TracingInterceptor$2", "a compare-and-set lets one thread end the span"),
            Map.entry("rpc.TracingInterceptor$3", "a compare-and-set lets one thread end the span"),
            Map.entry("serving.Conversations$Alarm$1", "a JDK scheduler, called and nothing more"),
            Map.entry("store.Downloader", "a lazy client under one lock"),
            Map.entry("store.Downloader$StallGuard", "three fields that are each written by one thread and read alone"),
            Map.entry("telemetry.Instruments", "concurrent maps that only grow, and adders, of the JDK"),
            Map.entry("cli.DoctorCommand$OneAnswer", "a latch of the JDK that publishes what was written before it"),
            Map.entry("cli.Interrupts", "a flag that only goes up"),
            Map.entry("cli.LocalChatBackend", "a flag and a reference, written and read in opposite order"),
            Map.entry("cli.LocalChatBackend$1", "puts into a queue of the JDK"),
            Map.entry("cli.RemoteChatBackend$Stream", "puts into a queue of the JDK"),
            Map.entry("cli.EngineEnd", "a value written before the thread that reads it is let go on"),
            Map.entry(
                    "cli.TransportLog",
                    "a count and a time for each kind of line, under one lock that no call is made in"),
            Map.entry("cli.Shutdown", "a value written once, and a lock that lets one signal begin"),
            Map.entry("host.EngineGuard", "confined to its thread, but for a flag that only goes up"),
            Map.entry("host.Host", "references; whoever takes one closes what it names"),
            Map.entry(
                    "lab.alignment.TrafficExport",
                    "a queue of the JDK, atomic numbers, a flag that only goes up; all else is the writer's until it"
                            + " has ended"),
            Map.entry("lab.load.Attack", "a flag that only goes up: over, then its calls end"),
            Map.entry("lab.load.AttackLog", "all under one lock"),
            Map.entry(
                    "lab.load.EventReader",
                    "a future of the JDK; all else belongs to the HTTP client's serial callbacks"),
            Map.entry("lab.load.GrpcTarget", "counts up one atomic number"),
            Map.entry(
                    "lab.load.GrpcTarget$GrpcTalk",
                    "future and timeline are set before the question is sent; a flag and a reference, written and read"
                            + " in opposite order, let another thread cancel"),
            Map.entry("lab.load.HttpTarget", "one reference to a string"),
            Map.entry(
                    "lab.load.HttpTarget$HttpTalk",
                    "a flag and a reference, written and read in opposite order, to cancel"),
            Map.entry("lab.load.LoadRun", "a set of the JDK, and a flag that only goes up: stopped, then its calls"),
            Map.entry(
                    "lab.load.LoadRun$Block",
                    "a compare-and-set lets one caller note the end of the full load; the executor's end publishes it"),
            Map.entry("lab.load.LoadRun$Meter", "all under one lock"),
            Map.entry("lab.load.LoadSession", "a flag and a reference, written and read in opposite order"),
            Map.entry("lab.load.Pace$1", "a latch of the JDK"),
            Map.entry("lab.load.Tally", "all that callers add under one lock; read when their executor has ended"),
            Map.entry(
                    "lab.load.Timeline",
                    "one writer; the future that signals the end publishes it; a count of the JDK"),
            Map.entry("lab.experiment.BenchDrafters", "one reference to an immutable record"),
            Map.entry("lab.experiment.RepeatingModel", "one reference to an immutable record"),
            Map.entry("lab.experiment.VirtualTime", "one atomic number, the virtual clock"),
            Map.entry(
                    "lab.experiment.EngineContender$Recording",
                    "a latch of the JDK that publishes what was written before"),
            Map.entry(
                    "lab.offline.PolicySimulation$Listener",
                    "written by the engine's thread; the future that signals the end publishes it"),
            Map.entry("lab.offline.Crowd", "one atomic number, the virtual clock"),
            Map.entry("lab.offline.PolicySimulation$Machine", "one atomic number, the virtual clock"),
            Map.entry("lab.recording.RecordedModel", "an atomic array: each stream's answer is replaced as a whole")));

    /** Who may call native code, or what was handed in, under a lock, and why that cannot hurt. */
    private static final Map<String, String> ALLOWED = new TreeMap<>(Map.ofEntries(
            Map.entry("lab.load.LoadRun$Meter.close", "draws the bar, by the run's clock"),
            Map.entry("lab.load.LoadRun$Meter.tick", "draws the bar, by the run's clock"),
            Map.entry(
                    "llama.LlamaContext.decodeInTurn",
                    "lines whose passes take turns compute wrongly otherwise; nothing else is done under it"),
            Map.entry(
                    "llama.LlamaLibrary.open", "opens a library, once a process; nothing runs in it before it is open"),
            Map.entry("engine.TurnSlot.fill", "the callback puts a command into a queue"),
            Map.entry("serving.StreamState.turnEnded", "the callback puts a message into the outbox"),
            Map.entry("serving.Conversations.resume", "the callback calls off an alarm"),
            Map.entry("serving.Conversations.release", "the callback calls off an alarm"),
            Map.entry("serving.Serving.serve", "takes the old gauges down, which is telemetry's code"),
            Map.entry("serving.Serving.close", "takes the gauges down, which is telemetry's code"),
            Map.entry("serving.Serving.tell", "the callback sets a status that a façade shows"),
            Map.entry("serving.Serving.watch", "the callback sets a status that a façade shows"),
            Map.entry("store.Downloader.client", "reads certificates and makes an HTTP client"),
            Map.entry("store.FileLease.acquire", "the callback prints that it is waiting")));

    private static Bytecode ours;

    @BeforeAll
    static void read() {
        ours = Bytecode.read(classesOf(TargetModel.class));
    }

    private static Path classesOf(Class<?> any) {
        try {
            return Path.of(
                    any.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private static boolean isNative(Bytecode.Method method) {
        return method.owner().equals("java.lang.invoke.MethodHandle")
                        && method.name().startsWith("invoke")
                || method.owner().startsWith("de.kherud.")
                || method.owner().equals("java.lang.System") && method.name().startsWith("load");
    }

    private static String shortName(String name) {
        return name.replaceFirst("^io\\.aded\\.", "");
    }

    @Test
    void concurrentClasses_areAllKnown_withTestOrReason() {
        var found = new TreeSet<String>();
        ours.names().stream()
                .filter(ours::isConcurrent)
                .map(ConcurrencyTest::shortName)
                .forEach(found::add);
        assertThat(found)
                .as("classes with a lock, a volatile field or an atomic")
                .isEqualTo(REASONS.keySet());
        REASONS.forEach((type, reason) -> {
            if (reason.equals("Lincheck")) {
                try {
                    Class.forName("io.aded." + type + "Test$Spec");
                } catch (ClassNotFoundException missing) {
                    fail(type + " has no specification for Lincheck");
                }
            }
        });
    }

    @Test
    void nativeCode_isNotReachedUnderALock() {
        var ways = new TreeMap<String, String>();
        ours.lockedWaysTo(method -> isNative(method) || Bytecode.isCallback(method))
                .forEach((method, way) -> ways.put(shortName(method), way));
        assertThat(ways.keySet()).as("ways: %s", ways).isEqualTo(ALLOWED.keySet());
    }

    @Test
    void lockedWaysTo_lockAroundACallOfOurs_isFound(@TempDir Path directory) throws Exception {
        for (Class<?> type : new Class<?>[] {Offender.class, Middle.class, Deep.class}) {
            String file = type.getName().substring(type.getPackageName().length() + 1) + ".class";
            Files.copy(classesOf(ConcurrencyTest.class).resolve("io/aded").resolve(file), directory.resolve(file));
        }
        assertThat(Bytecode.read(directory)
                        .lockedWaysTo(method -> method.toString().equals("java.lang.System.gc"))
                        .keySet())
                .containsExactlyInAnyOrder(
                        Offender.class.getName() + ".monitor",
                        Offender.class.getName() + ".lock",
                        Offender.class.getName() + ".whole");
    }

    /** Calls it in three ways under a lock, and in three ways after it. */
    @SuppressWarnings("unused")
    private static final class Offender {
        private final ReentrantLock lock = new ReentrantLock();
        private Middle middle = new Deep();

        void monitor() {
            synchronized (lock) {
                middle.go();
            }
        }

        void lock() {
            lock.lock();
            try {
                middle.go();
            } finally {
                lock.unlock();
            }
        }

        synchronized void whole() {
            Runnable run = () -> middle.go();
            run.run();
        }

        void after() {
            synchronized (lock) {
                middle = new Deep();
            }
            middle.go();
        }

        void afterLock() {
            lock.lock();
            try {
                middle = new Deep();
            } finally {
                lock.unlock();
            }
            middle.go();
        }

        int early(boolean early) {
            synchronized (lock) {
                if (early) {
                    return 1;
                }
                middle = new Deep();
            }
            middle.go();
            return 0;
        }
    }

    private interface Middle {
        void go();
    }

    private static final class Deep implements Middle {
        @Override
        public void go() {
            System.gc();
        }
    }
}
