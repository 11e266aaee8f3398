package io.aded.template.jinja;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A template as a tree. */
sealed interface Node {

    /** What has a value. */
    sealed interface Expression extends Node {}

    /** What prints, binds or repeats. */
    sealed interface Statement extends Node {}

    // --- expressions

    record Constant(Value value) implements Expression {}

    record Name(String name) implements Expression {}

    record ListOf(List<Expression> items) implements Expression {}

    record TupleOf(List<Expression> items) implements Expression {}

    record DictOf(List<Expression> keys, List<Expression> values) implements Expression {}

    record Attribute(Expression object, String name) implements Expression {}

    record Subscript(Expression object, Expression index) implements Expression {}

    record Slice(
            Expression object,
            @Nullable Expression from,
            @Nullable Expression to,
            @Nullable Expression step) implements Expression {}

    record Call(Expression function, Passed passed) implements Expression {}

    /** {@code object | name(…)}; the object is null where a block is filtered. */
    record Filter(@Nullable Expression object, String name, Passed passed, int line) implements Expression {}

    /** {@code object is name(…)}. */
    record Test(Expression object, String name, Passed passed, int line) implements Expression {}

    record Not(Expression operand) implements Expression {}

    record Negative(Expression operand) implements Expression {}

    record Positive(Expression operand) implements Expression {}

    record And(Expression left, Expression right) implements Expression {}

    record Or(Expression left, Expression right) implements Expression {}

    record Binary(String operator, Expression left, Expression right) implements Expression {}

    record Concatenation(List<Expression> parts) implements Expression {}

    /** {@code a < b <= c}: operators and what stands to the right of each. */
    record Comparison(Expression first, List<String> operators, List<Expression> others) implements Expression {}

    record Conditional(
            Expression test, Expression then, @Nullable Expression otherwise) implements Expression {}

    /** The arguments of a call, {@code *} and {@code **} included. */
    record Passed(
            List<Expression> positional,
            Map<String, Expression> named,
            @Nullable Expression spread,
            @Nullable Expression spreadNamed) {
        static final Passed NONE = new Passed(List.of(), Map.of(), null, null);
    }

    // --- what can be assigned to

    sealed interface Target {}

    record NameTarget(String name) implements Target {}

    record NamespaceTarget(String namespace, String attribute) implements Target {}

    record TupleTarget(List<Target> targets) implements Target {}

    // --- statements

    record Data(Text text) implements Statement {}

    record Print(List<Expression> expressions) implements Statement {}

    record If(List<Expression> tests, List<List<Statement>> bodies, List<Statement> otherwise) implements Statement {}

    record For(
            Target target,
            Expression iterable,
            @Nullable Expression filter,
            boolean recursive,
            List<Statement> body,
            List<Statement> otherwise)
            implements Statement {}

    record Set(Target target, Expression value) implements Statement {}

    record SetBlock(Target target, @Nullable Filter filter, List<Statement> body) implements Statement {}

    record Macro(
            String name,
            List<String> parameters,
            List<@Nullable Expression> defaults,
            List<Statement> body,
            Extras extras)
            implements Statement {}

    /** Which of the special names a macro's body uses, and so which surplus arguments it takes. */
    record Extras(boolean caller, boolean varargs, boolean kwargs) {}

    record CallBlock(Call call, Macro body) implements Statement {}

    record FilterBlock(Filter filter, List<Statement> body) implements Statement {}

    record With(List<Target> targets, List<Expression> values, List<Statement> body) implements Statement {}

    /** A body that prints as it stands: {@code block}, {@code generation}, {@code autoescape}. */
    record Group(List<Statement> body) implements Statement {}

    record Break() implements Statement {}

    record Continue() implements Statement {}
}
