package io.aded.template.jinja;

import io.aded.template.jinja.Node.Expression;
import io.aded.template.jinja.Node.Passed;
import io.aded.template.jinja.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads expressions, by recursive descent in jinja2's order of precedence: conditional, {@code or}, {@code and},
 * {@code not}, comparison, {@code + -}, {@code ~}, {@code * / // %}, {@code **}, sign, then subscripts, calls, filters
 * and tests.
 *
 * <p>A filter or a test that does not exist is found here, as in jinja2, unless it stands in a branch that may never be
 * taken; there it fails only when it is reached.
 */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

    private final TokenStream in;

    /** Whether the parser is directly inside an {@code if}; bodies of loops and macros begin anew, as in jinja2. */
    private boolean soft;

    /** Complaints about filters and tests that do not exist, where that is an error although nothing is rendered. */
    private final List<TemplateException> unknown = new ArrayList<>();

    /** The names that the bodies of the macros around this place have used, the innermost last. */
    private final List<Set<String>> macroNames = new ArrayList<>();

    ExpressionParser(TokenStream in) {
        this.in = in;
    }

    /** Says whether what follows may never be taken, and returns what was in force before. */
    boolean soften(boolean now) {
        boolean before = soft;
        soft = now;
        return before;
    }

    /** Fails if a filter or test was met that does not exist. */
    void requireKnown() {
        if (!unknown.isEmpty()) {
            throw unknown.getFirst();
        }
    }

    /** A macro's body begins. */
    void beginMacro() {
        macroNames.add(new HashSet<>());
    }

    /** A macro's body ends; returns the names that it used, which its surroundings use thereby too. */
    Set<String> endMacro() {
        Set<String> used = macroNames.removeLast();
        if (!macroNames.isEmpty()) {
            macroNames.getLast().addAll(used);
        }
        return used;
    }

    /** One expression. */
    Expression expression() {
        return expression(true);
    }

    private Expression expression(boolean conditional) {
        in.enter();
        Expression value = conditional ? conditional() : or();
        in.leave();
        return value;
    }

    private Expression conditional() {
        int before = unknown.size();
        Expression value = or();
        while (in.skipName("if")) {
            Expression test = or();
            Expression otherwise = null;
            if (in.skipName("else")) {
                in.enter();
                otherwise = conditional();
                in.leave();
            }
            // None of the three need ever be reached.
            unknown.subList(before, unknown.size()).clear();
            value = new Node.Conditional(test, value, otherwise);
        }
        return value;
    }

    private Expression or() {
        Expression left = and();
        while (in.skipName("or")) {
            left = new Node.Or(left, and());
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (in.skipName("and")) {
            left = new Node.And(left, not());
        }
        return left;
    }

    private Expression not() {
        if (in.skipName("not")) {
            in.enter();
            Expression operand = not();
            in.leave();
            return new Node.Not(operand);
        }
        return comparison();
    }

    private Expression comparison() {
        Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Expression> others = new ArrayList<>();
        while (true) {
            if (in.current().kind() == Kind.OPERATOR
                    && COMPARISONS.contains(in.current().text())) {
                operators.add(in.next().text());
            } else if (in.skipName("in")) {
                operators.add("in");
            } else if (in.current().isName("not") && in.look().isName("in")) {
                in.next();
                in.next();
                operators.add("not in");
            } else {
                break;
            }
            others.add(sum());
        }
        return operators.isEmpty() ? first : new Node.Comparison(first, operators, others);
    }

    private Expression sum() {
        Expression left = concatenation();
        while (in.current().isOperator("+") || in.current().isOperator("-")) {
            String operator = in.next().text();
            left = new Node.Binary(operator, left, concatenation());
        }
        return left;
    }

    private Expression concatenation() {
        Expression first = product();
        if (!in.current().isOperator("~")) {
            return first;
        }
        List<Expression> parts = new ArrayList<>(List.of(first));
        while (in.skipOperator("~")) {
            parts.add(product());
        }
        return new Node.Concatenation(parts);
    }

    private Expression product() {
        Expression left = power();
        while (in.current().isOperator("*")
                || in.current().isOperator("/")
                || in.current().isOperator("//")
                || in.current().isOperator("%")) {
            String operator = in.next().text();
            left = new Node.Binary(operator, left, power());
        }
        return left;
    }

    private Expression power() {
        Expression left = unary(true);
        while (in.skipOperator("**")) {
            left = new Node.Binary("**", left, unary(true));
        }
        return left;
    }

    private Expression unary(boolean withFilters) {
        in.enter();
        Expression value;
        if (in.skipOperator("-")) {
            value = new Node.Negative(unary(false));
        } else if (in.skipOperator("+")) {
            value = new Node.Positive(unary(false));
        } else {
            value = primary();
        }
        value = postfix(value);
        in.leave();
        return withFilters ? filters(value) : value;
    }

    private Expression primary() {
        Token token = in.current();
        switch (token.kind()) {
            case NAME -> {
                in.next();
                return switch (token.text()) {
                    case "true", "True" -> new Node.Constant(Value.Bool.TRUE);
                    case "false", "False" -> new Node.Constant(Value.Bool.FALSE);
                    case "none", "None" -> new Node.Constant(Value.None.NONE);
                    default -> {
                        if (!macroNames.isEmpty()) {
                            macroNames.getLast().add(token.text());
                        }
                        yield new Node.Name(token.text());
                    }
                };
            }
            case STRING -> {
                StringBuilder text = new StringBuilder();
                while (in.current().kind() == Kind.STRING) {
                    text.append(in.next().text());
                }
                return new Node.Constant(Text.of(text.toString()));
            }
            case INTEGER -> {
                in.next();
                return new Node.Constant(new Value.Int(integer(token)));
            }
            case FLOAT -> {
                in.next();
                return new Node.Constant(new Value.Float(Double.parseDouble(token.text())));
            }
            case OPERATOR -> {
                return switch (token.text()) {
                    case "(" -> parenthesised();
                    case "[" -> list();
                    case "{" -> dict();
                    default -> throw in.unexpected();
                };
            }
            default -> throw in.unexpected();
        }
    }

    private static long integer(Token token) {
        String text = token.text().toLowerCase(Locale.ROOT);
        int radix = text.startsWith("0x") ? 16 : text.startsWith("0o") ? 8 : text.startsWith("0b") ? 2 : 10;
        try {
            return new BigInteger(radix == 10 ? text : text.substring(2), radix).longValueExact();
        } catch (ArithmeticException e) {
            throw TemplateException.syntax("the integer " + text + " is beyond 64 bits", token.line());
        }
    }

    private Expression parenthesised() {
        in.next();
        if (in.skipOperator(")")) {
            return new Node.TupleOf(List.of());
        }
        Expression value = tuple(true, Set.of());
        in.expectOperator(")");
        return value;
    }

    /** One expression, or several with commas between them. */
    Expression tuple(boolean conditional, Set<String> ends) {
        List<Expression> items = new ArrayList<>();
        boolean several = false;
        while (true) {
            if (several && endsTuple(ends)) {
                break;
            }
            items.add(expression(conditional));
            if (!in.skipOperator(",")) {
                break;
            }
            several = true;
        }
        return several ? new Node.TupleOf(items) : items.getFirst();
    }

    private boolean endsTuple(Set<String> ends) {
        Token token = in.current();
        return token.kind() == Kind.VARIABLE_END
                || token.kind() == Kind.BLOCK_END
                || token.isOperator(")")
                || token.kind() == Kind.NAME && ends.contains(token.text());
    }

    private Expression list() {
        in.next();
        List<Expression> items = new ArrayList<>();
        while (!in.current().isOperator("]")) {
            if (!items.isEmpty()) {
                in.expectOperator(",");
                if (in.current().isOperator("]")) {
                    break;
                }
            }
            items.add(expression());
        }
        in.expectOperator("]");
        return new Node.ListOf(items);
    }

    private Expression dict() {
        in.next();
        List<Expression> keys = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!in.current().isOperator("}")) {
            if (!keys.isEmpty()) {
                in.expectOperator(",");
                if (in.current().isOperator("}")) {
                    break;
                }
            }
            keys.add(expression());
            in.expectOperator(":");
            values.add(expression());
        }
        in.expectOperator("}");
        return new Node.DictOf(keys, values);
    }

    private Expression postfix(Expression start) {
        Expression value = start;
        while (true) {
            if (in.current().isOperator(".") || in.current().isOperator("[")) {
                value = subscript(value);
            } else if (in.current().isOperator("(")) {
                value = new Node.Call(value, passed());
            } else {
                return value;
            }
        }
    }

    /** A value with the filters, tests and calls that follow it. */
    Expression filters(Expression start) {
        Expression value = start;
        while (true) {
            if (in.skipOperator("|")) {
                value = filter(value);
            } else if (in.skipName("is")) {
                value = test(value);
            } else if (in.current().isOperator("(")) {
                value = new Node.Call(value, passed());
            } else {
                return value;
            }
        }
    }

    private Expression subscript(Expression object) {
        if (in.skipOperator(".")) {
            Token name = in.next();
            return switch (name.kind()) {
                case NAME -> new Node.Attribute(object, name.text());
                case INTEGER -> new Node.Subscript(object, new Node.Constant(new Value.Int(integer(name))));
                default -> throw TemplateException.syntax("expected name or number", name.line());
            };
        }
        in.next();
        List<Expression> indices = new ArrayList<>();
        while (!in.current().isOperator("]")) {
            if (!indices.isEmpty()) {
                in.expectOperator(",");
            }
            Expression from = in.current().isOperator(":") ? null : expression();
            if (in.current().isOperator(":")) {
                Expression slice = slice(object, from);
                in.expectOperator("]");
                return slice;
            }
            if (from != null) {
                indices.add(from);
            }
        }
        in.expectOperator("]");
        Expression index = indices.size() == 1 ? indices.getFirst() : new Node.TupleOf(indices);
        return new Node.Subscript(object, index);
    }

    private Expression slice(Expression object, @Nullable Expression from) {
        in.expectOperator(":");
        Expression to = in.current().isOperator(":") || in.current().isOperator("]") ? null : expression();
        Expression step = in.skipOperator(":") && !in.current().isOperator("]") ? expression() : null;
        return new Node.Slice(object, from, to, step);
    }

    private Passed passed() {
        in.expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        Expression spread = null;
        Expression spreadNamed = null;
        boolean comma = false;
        while (!in.current().isOperator(")")) {
            if (comma) {
                in.expectOperator(",");
                if (in.current().isOperator(")")) {
                    break;
                }
            }
            comma = true;
            if (in.skipOperator("*")) {
                valid(spread == null && spreadNamed == null);
                spread = expression();
            } else if (in.skipOperator("**")) {
                valid(spreadNamed == null);
                spreadNamed = expression();
            } else if (in.current().kind() == Kind.NAME && in.look().isOperator("=")) {
                valid(spreadNamed == null);
                String name = in.next().text();
                in.next();
                valid(named.put(name, expression()) == null);
            } else {
                valid(spread == null && spreadNamed == null && named.isEmpty());
                positional.add(expression());
            }
        }
        in.expectOperator(")");
        return positional.isEmpty() && named.isEmpty() && spread == null && spreadNamed == null
                ? Passed.NONE
                : new Passed(positional, named, spread, spreadNamed);
    }

    private void valid(boolean holds) {
        if (!holds) {
            throw in.syntax("invalid syntax for function call expression");
        }
    }

    private String dottedName() {
        StringBuilder name = new StringBuilder(in.expect(Kind.NAME).text());
        while (in.skipOperator(".")) {
            name.append('.').append(in.expect(Kind.NAME).text());
        }
        return name.toString();
    }

    /** A filter by its name, which is next. */
    Node.Filter filter(@Nullable Expression object) {
        int line = in.current().line();
        String name = dottedName();
        if (!soft && !Filters.exists(name)) {
            unknown.add(TemplateException.syntax("No filter named '" + name + "'.", line));
        }
        return new Node.Filter(object, name, in.current().isOperator("(") ? passed() : Passed.NONE, line);
    }

    private Expression test(Expression object) {
        int line = in.current().line();
        boolean negated = in.skipName("not");
        String name = dottedName();
        if (!soft && !Tests.exists(name)) {
            unknown.add(TemplateException.syntax("No test named '" + name + "'.", line));
        }
        Passed passed = Passed.NONE;
        Token token = in.current();
        boolean startsArgument = switch (token.kind()) {
            case NAME -> !Set.of("else", "or", "and").contains(token.text());
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.text().equals("[") || token.text().equals("{");
            default -> false;
        };
        if (token.isOperator("(")) {
            passed = passed();
        } else if (startsArgument) {
            if (token.isName("is")) {
                throw in.syntax("You cannot chain multiple tests with is");
            }
            passed = new Passed(List.of(postfix(primary())), Map.of(), null, null);
        }
        Expression test = new Node.Test(object, name, passed, line);
        return negated ? new Node.Not(test) : test;
    }
}
