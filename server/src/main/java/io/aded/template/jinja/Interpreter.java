package io.aded.template.jinja;

import io.aded.template.jinja.Node.Expression;
import io.aded.template.jinja.Node.Passed;
import io.aded.template.jinja.Node.Statement;
import io.aded.template.jinja.Node.Target;
import io.aded.template.jinja.Value.Callable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs the tree of a template once.
 *
 * <p>Names are looked up from the innermost scope outwards. Loops, macros, {@code with} and blocks that capture their
 * output have a scope of their own; {@code if} has none. What a loop's body sets is gone in the next iteration, which
 * is why templates use namespaces.
 */
final class Interpreter {
    private final Meter meter;
    private final Map<String, Value> globals;

    Interpreter(Meter meter, Map<String, Value> globals) {
        this.meter = meter;
        this.globals = globals;
    }

    /** Renders a template's statements over the variables given. */
    Text render(List<Statement> template, Map<String, Value> variables) {
        Scope scope = new Scope(null);
        scope.variables.putAll(variables);
        TextBuilder out = new TextBuilder();
        run(template, scope, out);
        return out.build();
    }

    /** Names and what they stand for. */
    private static final class Scope {
        private final @Nullable Scope outer;
        private final Map<String, Value> variables = new HashMap<>();

        Scope(@Nullable Scope outer) {
            this.outer = outer;
        }

        @Nullable
        Value find(String name) {
            for (Scope scope = this; scope != null; scope = scope.outer) {
                Value value = scope.variables.get(name);
                if (value != null) {
                    return value;
                }
            }
            return null;
        }
    }

    /** How a list of statements ended. */
    private enum Flow {
        ON,
        BREAK,
        CONTINUE
    }

    // --- statements

    private Flow run(List<Statement> statements, Scope scope, TextBuilder out) {
        for (Statement statement : statements) {
            Flow flow = run(statement, scope, out);
            if (flow != Flow.ON) {
                return flow;
            }
        }
        return Flow.ON;
    }

    private Flow run(Statement statement, Scope scope, TextBuilder out) {
        meter.step();
        switch (statement) {
            case Node.Data(Text text) -> print(text, out);
            case Node.Print(List<Expression> expressions) ->
                expressions.forEach(expression -> print(Python.str(evaluate(expression, scope), meter), out));
            case Node.If branch -> {
                for (int i = 0; i < branch.tests().size(); i++) {
                    if (Operators.isTrue(evaluate(branch.tests().get(i), scope))) {
                        return run(branch.bodies().get(i), scope, out);
                    }
                }
                return run(branch.otherwise(), scope, out);
            }
            case Node.For loop -> loop(loop, evaluate(loop.iterable(), scope), scope, out, 0);
            case Node.Set(Target target, Expression value) -> assign(target, evaluate(value, scope), scope);
            case Node.SetBlock block -> {
                Value captured = capture(block.body(), new Scope(scope));
                assign(
                        block.target(),
                        block.filter() == null ? captured : filtered(block.filter(), captured, scope),
                        scope);
            }
            case Node.Macro macro -> scope.variables.put(macro.name(), new MacroValue(macro, scope));
            case Node.CallBlock block -> {
                Arguments passed = arguments(block.call().passed(), scope);
                Map<String, Value> named = new LinkedHashMap<>(passed.named());
                named.put("caller", new MacroValue(block.body(), scope));
                Value function = evaluate(block.call().function(), scope);
                print(Python.str(call(function, new Arguments(passed.positional(), named)), meter), out);
            }
            case Node.FilterBlock(Node.Filter filter, List<Statement> body) -> {
                Value filtered = filtered(filter, capture(body, new Scope(scope)), scope);
                if (!(filtered instanceof Text text)) {
                    throw TemplateException.failed("expected str instance, " + Python.type(filtered) + " found");
                }
                print(text, out);
            }
            case Node.With with -> {
                Scope inner = new Scope(scope);
                for (int i = 0; i < with.targets().size(); i++) {
                    assign(with.targets().get(i), evaluate(with.values().get(i), scope), inner);
                }
                return run(with.body(), inner, out);
            }
            case Node.Group(List<Statement> body) -> {
                return run(body, scope, out);
            }
            case Node.Break() -> {
                return Flow.BREAK;
            }
            case Node.Continue() -> {
                return Flow.CONTINUE;
            }
        }
        return Flow.ON;
    }

    private void print(Text text, TextBuilder out) {
        out.append(text);
        meter.size(out.length());
    }

    private Text capture(List<Statement> body, Scope scope) {
        TextBuilder out = new TextBuilder();
        run(body, scope, out);
        return out.build();
    }

    private void assign(Target target, Value value, Scope scope) {
        switch (target) {
            case Node.NameTarget(String name) -> scope.variables.put(name, value);
            case Node.NamespaceTarget(String name, String attribute) -> {
                if (!(scope.find(name) instanceof Value.Namespace namespace)) {
                    throw TemplateException.failed("cannot assign attribute on non-namespace object");
                }
                namespace.attributes().put(attribute, value);
            }
            case Node.TupleTarget(List<Target> targets) -> {
                List<Value> items = Operators.items(value, meter);
                if (items.size() != targets.size()) {
                    throw TemplateException.failed(
                            items.size() < targets.size()
                                    ? "not enough values to unpack (expected " + targets.size() + ", got "
                                            + items.size() + ")"
                                    : "too many values to unpack (expected " + targets.size() + ")");
                }
                for (int i = 0; i < items.size(); i++) {
                    assign(targets.get(i), items.get(i), scope);
                }
            }
        }
    }

    // --- loops

    private void loop(Node.For loop, Value iterable, Scope scope, TextBuilder out, int depth) {
        meter.enter();
        Items items = Operators.iterate(iterable, meter);
        if (loop.filter() != null) {
            items = selected(loop, items, scope);
        }
        Integer known = loop.filter() == null ? Operators.length(iterable) : null;
        Loop state = new Loop(items, known, depth);
        if (loop.recursive()) {
            state.again = new Function("loop", (arguments, _) -> {
                TextBuilder inner = new TextBuilder();
                loop(loop, arguments.required("loop", 0), scope, inner, depth + 1);
                return inner.build();
            });
        }
        // As jinja2 has it: what counts is whether the end of the body was reached, so "continue" and "break" do not.
        boolean any = false;
        while (state.advance()) {
            meter.step();
            Scope body = new Scope(scope);
            body.variables.put("loop", state);
            assign(loop.target(), state.current(), body);
            Flow flow = run(loop.body(), body, out);
            if (flow == Flow.BREAK) {
                break;
            }
            any |= flow == Flow.ON;
        }
        if (!any) {
            run(loop.otherwise(), scope, out);
        }
        meter.leave();
    }

    /** The items for which a loop's condition holds, each asked only when it is its turn, as in Python. */
    private Items selected(Node.For loop, Items items, Scope scope) {
        Expression condition = loop.filter() == null ? new Node.Constant(Value.Bool.TRUE) : loop.filter();
        return () -> {
            for (Value item = items.next(); item != null; item = items.next()) {
                Scope inner = new Scope(scope);
                assign(loop.target(), item, inner);
                if (Operators.isTrue(evaluate(condition, inner))) {
                    return item;
                }
            }
            return null;
        };
    }

    /** The variable {@code loop}. It looks ahead only as far as it is asked to. */
    final class Loop implements Value.Instance {
        private Items items;
        private @Nullable Integer length;
        private final int depth;
        private int index = -1;
        private @Nullable Value previous;
        private @Nullable Value current;
        private @Nullable Value lookedAhead;
        private @Nullable Value lastChanged;

        @Nullable
        Callable again;

        Loop(Items items, @Nullable Integer length, int depth) {
            this.items = items;
            this.length = length;
            this.depth = depth;
        }

        private boolean advance() {
            Value next = peek();
            lookedAhead = null;
            if (next == null) {
                return false;
            }
            previous = current;
            current = next;
            index++;
            return true;
        }

        private @Nullable Value peek() {
            if (lookedAhead == null) {
                lookedAhead = items.next();
            }
            return lookedAhead;
        }

        private Value current() {
            return current == null ? Value.None.NONE : current;
        }

        /** All of the iterations; where that is not known yet, the rest is walked through first. */
        int length() {
            if (length == null) {
                List<Value> rest = new ArrayList<>();
                if (lookedAhead != null) {
                    rest.add(lookedAhead);
                    lookedAhead = null;
                }
                for (Value item = items.next(); item != null; item = items.next()) {
                    meter.step();
                    rest.add(item);
                }
                items = Items.of(rest);
                length = index + 1 + rest.size();
            }
            return length;
        }

        @Override
        public @Nullable Value attribute(String attribute) {
            return switch (attribute) {
                case "index" -> new Value.Int(index + 1L);
                case "index0" -> new Value.Int(index);
                case "revindex" -> new Value.Int((long) length() - index);
                case "revindex0" -> new Value.Int((long) length() - index - 1);
                case "first" -> Value.Bool.of(index == 0);
                case "last" -> Value.Bool.of(peek() == null);
                case "length" -> new Value.Int(length());
                case "depth" -> new Value.Int(depth + 1L);
                case "depth0" -> new Value.Int(depth);
                case "previtem" -> previous == null ? new Value.Undefined("there is no previous item") : previous;
                case "nextitem" -> {
                    Value next = peek();
                    yield next == null ? new Value.Undefined("there is no next item") : next;
                }
                case "cycle" ->
                    new Function(attribute, (arguments, _) -> {
                        if (arguments.count() == 0) {
                            throw TemplateException.failed("no items for cycling given");
                        }
                        return arguments.positional().get(index % arguments.count());
                    });
                case "changed" ->
                    new Function(attribute, (arguments, _) -> {
                        Value now = new Value.Tuple(arguments.positional());
                        boolean changed = lastChanged == null || !Operators.equal(now, lastChanged, meter);
                        lastChanged = now;
                        return Value.Bool.of(changed);
                    });
                default -> null;
            };
        }
    }

    // --- macros and calls

    /** A macro with the scope that it was written in. */
    private final class MacroValue implements Callable {
        private final Node.Macro macro;
        private final Scope scope;

        MacroValue(Node.Macro macro, Scope scope) {
            this.macro = macro;
            this.scope = scope;
        }

        @Override
        public String name() {
            return macro.name();
        }

        @Override
        public @Nullable Value attribute(String attribute) {
            return switch (attribute) {
                case "name" -> Text.of(macro.name());
                case "arguments" ->
                    new Value.Tuple(
                            macro.parameters().stream().<Value>map(Text::of).toList());
                case "caller" -> Value.Bool.of(macro.extras().caller());
                case "catch_varargs" -> Value.Bool.of(macro.extras().varargs());
                case "catch_kwargs" -> Value.Bool.of(macro.extras().kwargs());
                default -> null;
            };
        }

        @Override
        public Value call(Arguments arguments, Meter ignored) {
            meter.enter();
            Scope inner = new Scope(scope);
            Map<String, Value> named = new LinkedHashMap<>(arguments.named());
            int places = macro.parameters().size();
            for (int i = 0; i < places; i++) {
                String parameter = macro.parameters().get(i);
                Value passed = i < arguments.count() ? arguments.positional().get(i) : named.remove(parameter);
                if (i < arguments.count() && named.containsKey(parameter)) {
                    throw TemplateException.failed(
                            "macro '" + name() + "' got multiple values for '" + parameter + "'");
                }
                if (passed == null) {
                    Expression standard = macro.defaults().get(i);
                    passed = standard == null
                            ? new Value.Undefined("parameter '" + parameter + "' was not provided")
                            : evaluate(standard, inner);
                }
                inner.variables.put(parameter, passed);
            }
            extras(arguments, named, places, inner);
            Text text = capture(macro.body(), inner);
            meter.leave();
            return text;
        }

        private void extras(Arguments arguments, Map<String, Value> named, int places, Scope inner) {
            Value caller = named.remove("caller");
            if (macro.extras().caller() && !macro.parameters().contains("caller")) {
                inner.variables.put("caller", caller == null ? new Value.Undefined("No caller defined") : caller);
            } else if (caller != null && !macro.parameters().contains("caller")) {
                throw TemplateException.failed("macro '" + name()
                        + "' was invoked with two values for the special caller" + " argument, or takes none");
            }
            if (macro.extras().kwargs()) {
                inner.variables.put("kwargs", Filters.dict(named));
            } else if (!named.isEmpty()) {
                throw TemplateException.failed("macro '" + name() + "' takes no keyword argument '"
                        + named.keySet().iterator().next() + "'");
            }
            if (macro.extras().varargs()) {
                List<Value> surplus = arguments.count() > places
                        ? arguments.positional().subList(places, arguments.count())
                        : List.of();
                inner.variables.put("varargs", new Value.Tuple(surplus));
            } else if (arguments.count() > places) {
                throw TemplateException.failed("macro '" + name() + "' takes not more than " + places + " argument(s)");
            }
        }
    }

    private Value call(Value function, Arguments arguments) {
        meter.step();
        if (function instanceof Callable callable) {
            return callable.call(arguments, meter);
        }
        if (function instanceof Loop loop && loop.again != null) {
            return loop.again.call(arguments, meter);
        }
        Operators.requireDefined(function);
        throw TemplateException.failed("'" + Python.type(function) + "' object is not callable");
    }

    private Arguments arguments(Passed passed, Scope scope) {
        if (passed == Passed.NONE) {
            return Arguments.NONE;
        }
        List<Value> positional = new ArrayList<>();
        for (Expression expression : passed.positional()) {
            positional.add(evaluate(expression, scope));
        }
        if (passed.spread() != null) {
            positional.addAll(Operators.items(evaluate(passed.spread(), scope), meter));
        }
        Map<String, Value> named = new LinkedHashMap<>();
        passed.named().forEach((name, expression) -> named.put(name, evaluate(expression, scope)));
        if (passed.spreadNamed() != null) {
            named.putAll(Operators.named(evaluate(passed.spreadNamed(), scope)));
        }
        return new Arguments(positional, named);
    }

    /** Applies a block's filter, or a chain of them, to what the block printed. */
    private Value filtered(Node.Filter filter, Value captured, Scope scope) {
        Value value = filter.object() instanceof Node.Filter inner ? filtered(inner, captured, scope) : captured;
        return Filters.apply(filter.name(), value, arguments(filter.passed(), scope), meter);
    }

    // --- expressions

    private Value evaluate(Expression expression, Scope scope) {
        meter.step();
        return switch (expression) {
            case Node.Constant(Value value) -> value;
            case Node.Name(String name) -> {
                Value value = scope.find(name);
                Value known = value == null ? globals.get(name) : value;
                yield known == null ? Value.Undefined.variable(name) : known;
            }
            case Node.ListOf(List<Expression> items) -> new Value.ListValue(all(items, scope));
            case Node.TupleOf(List<Expression> items) -> new Value.Tuple(all(items, scope));
            case Node.DictOf(List<Expression> keys, List<Expression> values) -> {
                Value.Dict dict = Value.Dict.empty();
                for (int i = 0; i < keys.size(); i++) {
                    Value key = Operators.key(evaluate(keys.get(i), scope));
                    dict.entries().put(key, evaluate(values.get(i), scope));
                }
                yield dict;
            }
            case Node.Attribute(Expression object, String name) ->
                Operators.attribute(evaluate(object, scope), name, meter);
            case Node.Subscript(Expression object, Expression index) ->
                Operators.subscript(evaluate(object, scope), evaluate(index, scope), meter);
            case Node.Slice slice ->
                Operators.slice(
                        evaluate(slice.object(), scope),
                        optional(slice.from(), scope),
                        optional(slice.to(), scope),
                        optional(slice.step(), scope),
                        meter);
            case Node.Call(Expression function, Passed passed) ->
                call(evaluate(function, scope), arguments(passed, scope));
            case Node.Filter filter -> {
                Value object = filter.object() == null ? Text.EMPTY : evaluate(filter.object(), scope);
                yield Filters.apply(filter.name(), object, arguments(filter.passed(), scope), meter);
            }
            case Node.Test test ->
                Value.Bool.of(Tests.holds(
                        test.name(), evaluate(test.object(), scope), arguments(test.passed(), scope), meter));
            case Node.Not(Expression operand) -> Value.Bool.of(!Operators.isTrue(evaluate(operand, scope)));
            case Node.Negative(Expression operand) -> Operators.negative(evaluate(operand, scope));
            case Node.Positive(Expression operand) -> Operators.positive(evaluate(operand, scope));
            case Node.And(Expression left, Expression right) -> {
                Value first = evaluate(left, scope);
                yield Operators.isTrue(first) ? evaluate(right, scope) : first;
            }
            case Node.Or(Expression left, Expression right) -> {
                Value first = evaluate(left, scope);
                yield Operators.isTrue(first) ? first : evaluate(right, scope);
            }
            case Node.Binary(String operator, Expression left, Expression right) ->
                Operators.binary(operator, evaluate(left, scope), evaluate(right, scope), meter);
            case Node.Concatenation(List<Expression> parts) -> {
                TextBuilder out = new TextBuilder();
                parts.forEach(part -> print(Python.str(evaluate(part, scope), meter), out));
                yield out.build();
            }
            case Node.Comparison comparison -> compare(comparison, scope);
            case Node.Conditional conditional -> {
                if (Operators.isTrue(evaluate(conditional.test(), scope))) {
                    yield evaluate(conditional.then(), scope);
                }
                yield conditional.otherwise() == null
                        ? new Value.Undefined(
                                "the inline if-expression evaluated to false and no else section was defined.")
                        : evaluate(conditional.otherwise(), scope);
            }
        };
    }

    private Value compare(Node.Comparison comparison, Scope scope) {
        Value left = evaluate(comparison.first(), scope);
        for (int i = 0; i < comparison.operators().size(); i++) {
            Value right = evaluate(comparison.others().get(i), scope);
            if (!Operators.holds(comparison.operators().get(i), left, right, meter)) {
                return Value.Bool.FALSE;
            }
            left = right;
        }
        return Value.Bool.TRUE;
    }

    private List<Value> all(List<Expression> expressions, Scope scope) {
        List<Value> values = new ArrayList<>(expressions.size());
        for (Expression expression : expressions) {
            values.add(evaluate(expression, scope));
        }
        return values;
    }

    private Value optional(@Nullable Expression expression, Scope scope) {
        return expression == null ? Value.None.NONE : evaluate(expression, scope);
    }
}
