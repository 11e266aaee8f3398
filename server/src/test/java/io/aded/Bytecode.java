package io.aded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.FieldModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.MonitorInstruction;
import java.lang.constant.DirectMethodHandleDesc;
import java.lang.reflect.AccessFlag;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What compiled classes call, and what they call while they hold a lock.
 *
 * <p>An approximation from above: a call of an interface's or superclass's method may reach any implementation that is
 * among the classes; callbacks ({@link #isCallback}) are where a way ends. A lambda counts as called where it is made,
 * unless it is at once handed to another thread ({@link #HAND_OVERS}). Between {@code lock()} and the last
 * {@code unlock()} of a method, and between a monitor's enter and its last exit, all code counts as locked; the order
 * is that of the bytecode.
 */
final class Bytecode {
    /** Methods that take a task and return before, or without, running it. */
    private static final Set<String> HAND_OVERS =
            Set.of("execute", "schedule", "start", "submit", "after", "newThread", "thenRun", "whenComplete");

    /**
     * A method.
     *
     * @param owner its class, as in {@code io.aded.rpc.Outbox}
     */
    record Method(String owner, String name, String descriptor) {
        @Override
        public String toString() {
            return owner + "." + name;
        }
    }

    /** Interfaces whose implementations are handed in: what they do depends on who calls, and not on the types. */
    static boolean isCallback(Method method) {
        return method.owner().startsWith("java.util.function.")
                || Set.of("java.lang.Runnable", "java.util.concurrent.Callable", "java.lang.AutoCloseable")
                        .contains(method.owner());
    }

    /** A call, and whether it is made under a lock. */
    private record Call(Method target, boolean locked) {}

    private final Map<String, ClassModel> classes = new HashMap<>();
    private final Map<String, Set<String>> subtypes = new HashMap<>();
    private final Map<Method, List<Call>> calls = new LinkedHashMap<>();

    private Bytecode() {}

    /** Reads the classes below a directory. */
    static Bytecode read(Path directory) {
        var code = new Bytecode();
        try (Stream<Path> files = Files.walk(directory)) {
            files.filter(file -> file.toString().endsWith(".class")).forEach(code::add);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        code.classes.values().forEach(code::readCalls);
        return code;
    }

    private void add(Path file) {
        ClassModel type;
        try {
            type = ClassFile.of().parse(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String name = name(type.thisClass().asInternalName());
        classes.put(name, type);
        type.superclass()
                .ifPresent(parent -> subtypes.computeIfAbsent(name(parent.asInternalName()), _ -> new HashSet<>())
                        .add(name));
        type.interfaces()
                .forEach(parent -> subtypes.computeIfAbsent(name(parent.asInternalName()), _ -> new HashSet<>())
                        .add(name));
    }

    private static String name(String internal) {
        return internal.replace('/', '.');
    }

    private void readCalls(ClassModel type) {
        String owner = name(type.thisClass().asInternalName());
        for (MethodModel method : type.methods()) {
            var found = new ArrayList<Call>();
            method.code().ifPresent(code -> {
                List<CodeElement> elements = code.elementList();
                boolean all = method.flags().has(AccessFlag.SYNCHRONIZED);
                int last = lastUnlock(elements);
                boolean locked = all;
                for (int at = 0; at < elements.size(); at++) {
                    CodeElement element = elements.get(at);
                    if (locks(element)) {
                        locked = true;
                    } else if (!all && (at >= last || unlocks(element) && endsRegion(elements, at))) {
                        locked = false;
                    }
                    Method target = target(element, elements, at);
                    if (target != null) {
                        found.add(new Call(target, locked));
                    }
                }
            });
            calls.put(
                    new Method(
                            owner,
                            method.methodName().stringValue(),
                            method.methodType().stringValue()),
                    found);
        }
    }

    private static boolean locks(CodeElement element) {
        return element instanceof MonitorInstruction monitor && monitor.opcode() == Opcode.MONITORENTER
                || element instanceof InvokeInstruction call && isLock(call, Set.of("lock", "lockInterruptibly"));
    }

    private static boolean unlocks(CodeElement element) {
        return element instanceof MonitorInstruction monitor && monitor.opcode() == Opcode.MONITOREXIT
                || element instanceof InvokeInstruction call && isLock(call, Set.of("unlock"));
    }

    private static boolean isLock(InvokeInstruction call, Set<String> names) {
        return call.owner().asInternalName().startsWith("java/util/concurrent/locks/")
                && names.contains(call.name().stringValue());
    }

    /** Early returns leave a region in its middle; it ends where the next lock, or nothing more, is to be left. */
    private static boolean endsRegion(List<CodeElement> elements, int at) {
        for (int next = at + 1; next < elements.size(); next++) {
            if (locks(elements.get(next))) {
                return true;
            }
            if (unlocks(elements.get(next))) {
                return false;
            }
        }
        return true;
    }

    private static int lastUnlock(List<CodeElement> elements) {
        for (int at = elements.size() - 1; at >= 0; at--) {
            if (unlocks(elements.get(at))) {
                return at;
            }
        }
        return elements.size();
    }

    private static @Nullable Method target(CodeElement element, List<CodeElement> elements, int at) {
        if (element instanceof InvokeInstruction call) {
            return new Method(
                    name(call.owner().asInternalName()),
                    call.name().stringValue(),
                    call.type().stringValue());
        }
        if (element instanceof InvokeDynamicInstruction made && !handedOver(elements, at)) {
            for (var argument : made.bootstrapArgs()) {
                if (argument instanceof DirectMethodHandleDesc body) {
                    String owner = body.owner().descriptorString();
                    return new Method(
                            name(owner.substring(1, owner.length() - 1)), body.methodName(), body.lookupDescriptor());
                }
            }
        }
        return null;
    }

    private static boolean handedOver(List<CodeElement> elements, int at) {
        for (int next = at + 1; next < elements.size(); next++) {
            if (elements.get(next) instanceof InvokeInstruction call) {
                return HAND_OVERS.contains(call.name().stringValue());
            }
        }
        return false;
    }

    /** The classes by name. */
    Set<String> names() {
        return new TreeSet<>(classes.keySet());
    }

    /** Whether a class shares something between threads by its own means: a volatile field, a lock, an atomic, ... */
    boolean isConcurrent(String type) {
        ClassModel model = classes.get(type);
        for (FieldModel field : model.fields()) {
            String descriptor = field.fieldType().stringValue();
            if (field.flags().has(AccessFlag.VOLATILE)
                    || descriptor.startsWith("Ljava/util/concurrent/") && !descriptor.endsWith("/TimeUnit;")) {
                return true;
            }
        }
        return model.methods().stream()
                .anyMatch(method -> method.flags().has(AccessFlag.SYNCHRONIZED)
                        || method.code().isPresent()
                                && method.code().get().elementList().stream().anyMatch(Bytecode::locks));
    }

    /**
     * The methods that make a call under a lock from which a target can be reached, each with the way there.
     *
     * @param target what must not be reached
     */
    Map<String, String> lockedWaysTo(Predicate<Method> target) {
        Map<String, String> ways = new LinkedHashMap<>();
        Map<Method, @Nullable String> known = new HashMap<>();
        calls.forEach((method, made) -> {
            for (Call call : made) {
                if (call.locked()) {
                    String way = way(call.target(), target, known);
                    if (way != null) {
                        ways.putIfAbsent(method.toString(), way);
                    }
                }
            }
        });
        return ways;
    }

    /** Breadth first, so that the way that is shown is a short one; null if there is none. */
    private @Nullable String way(Method start, Predicate<Method> target, Map<Method, @Nullable String> known) {
        if (known.containsKey(start)) {
            return known.get(start);
        }
        Map<Method, Method> from = new HashMap<>();
        Deque<Method> queue = new ArrayDeque<>(List.of(start));
        String way = null;
        while (way == null && !queue.isEmpty()) {
            Method method = queue.remove();
            if (target.test(method)) {
                way = path(method, from);
                break;
            }
            for (Method implementation : implementations(method)) {
                for (Call call : calls.getOrDefault(implementation, List.of())) {
                    if (!call.target().equals(start) && from.putIfAbsent(call.target(), method) == null) {
                        queue.add(call.target());
                    }
                }
            }
        }
        known.put(start, way);
        return way;
    }

    private static String path(Method end, Map<Method, Method> from) {
        var path = new StringBuilder(end.toString());
        for (Method method = from.get(end); method != null; method = from.get(method)) {
            path.insert(0, method + " > ");
        }
        return path.toString();
    }

    private Set<Method> implementations(Method called) {
        if (isCallback(called)) {
            return Set.of();
        }
        Set<Method> found = new HashSet<>();
        Deque<String> owners = new ArrayDeque<>(List.of(called.owner()));
        Set<String> seen = new HashSet<>();
        while (!owners.isEmpty()) {
            String owner = owners.remove();
            if (seen.add(owner)) {
                Method here = new Method(owner, called.name(), called.descriptor());
                if (calls.containsKey(here)) {
                    found.add(here);
                }
                owners.addAll(subtypes.getOrDefault(owner, Set.of()));
            }
        }
        return found;
    }
}
