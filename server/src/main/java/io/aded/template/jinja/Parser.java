package io.aded.template.jinja;

import io.aded.template.jinja.Node.Expression;
import io.aded.template.jinja.Node.Passed;
import io.aded.template.jinja.Node.Statement;
import io.aded.template.jinja.Node.Target;
import io.aded.template.jinja.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Builds the tree of a template, by recursive descent in jinja2's order of precedence: conditional, {@code or},
 * {@code and}, {@code not}, comparison, {@code + -}, {@code ~}, {@code * / // %}, {@code **}, sign, then subscripts, calls,
 * filters and tests.
 *
 * <p>A filter or a test that does not exist is found here, as in jinja2, unless it stands in a branch that may never be
 * taken; there it fails only when it is reached.
 */
final class Parser {
    /** Deeper nesting is refused rather than left to the stack. */
    private static final int DEEPEST = 200;

    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

    private final List<Token> tokens;
    private int at;
    private int depth;

    /** Whether the parser is directly inside an {@code if}; bodies of loops and macros begin anew, as in jinja2. */
    private boolean soft;

    /** Complaints about filters and tests that do not exist, where that is an error although nothing is rendered. */
    private final List<TemplateException> unknown = new ArrayList<>();

    /** The special names that the innermost macro's body has used. */
    private final List<Set<String>> macroNames = new ArrayList<>();

    private Parser(List<Token> tokens) {
        this.tokens = tokens;
    }

    /**
     * The statements of a template.
     *
     * @throws TemplateException of kind {@code SYNTAX}
     */
    static List<Statement> parse(String template) {
        Parser parser = new Parser(Lexer.tokens(template));
        List<Statement> body = parser.statements(Set.of());
        if (parser.current().kind() != Kind.END) {
            throw parser.unexpected();
        }
        if (!parser.unknown.isEmpty()) {
            throw parser.unknown.getFirst();
        }
        return body;
    }

    // --- tokens

    private Token current() {
        return tokens.get(at);
    }

    private Token look() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    private Token next() {
        Token token = tokens.get(at);
        if (at + 1 < tokens.size()) {
            at++;
        }
        return token;
    }

    private boolean skipName(String name) {
        if (current().isName(name)) {
            next();
            return true;
        }
        return false;
    }

    private boolean skipOperator(String operator) {
        if (current().isOperator(operator)) {
            next();
            return true;
        }
        return false;
    }

    private void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw syntax("expected token '" + operator + "', got " + current().description());
        }
    }

    private Token expect(Kind kind) {
        if (current().kind() != kind) {
            throw syntax("expected " + new Token(kind, kind.name().toLowerCase(java.util.Locale.ROOT), 0).description()
                    + ", got " + current().description());
        }
        return next();
    }

    private TemplateException syntax(String message) {
        return TemplateException.syntax(message, current().line());
    }

    private TemplateException unexpected() {
        return syntax("unexpected " + current().description());
    }

    private void enter() {
        if (++depth > DEEPEST) {
            throw syntax("the template nests deeper than " + DEEPEST + " levels");
        }
    }

    // --- statements

    /** Statements up to a tag named in {@code ends}, whose name is then the current token, or up to the end. */
    private List<Statement> statements(Set<String> ends) {
        enter();
        List<Statement> body = new ArrayList<>();
        while (true) {
            Token token = current();
            switch (token.kind()) {
                case DATA -> body.add(new Node.Data(Text.of(next().text())));
                case VARIABLE_BEGIN -> {
                    next();
                    body.add(new Node.Print(List.of(tuple(true, Set.of()))));
                    expect(Kind.VARIABLE_END);
                }
                case BLOCK_BEGIN -> {
                    next();
                    if (current().kind() == Kind.NAME && ends.contains(current().text())) {
                        depth--;
                        return body;
                    }
                    body.add(statement());
                    expect(Kind.BLOCK_END);
                }
                default -> {
                    if (!ends.isEmpty()) {
                        throw syntax("unexpected end of template; expected one of the tags " + ends);
                    }
                    depth--;
                    return body;
                }
            }
        }
    }

    /** The body of a tag, up to one of its ends; the end's name is taken. */
    private List<Statement> body(Set<String> ends) {
        skipOperator(":");
        expect(Kind.BLOCK_END);
        return statements(ends);
    }

    private List<Statement> lastBody(String end) {
        List<Statement> body = body(Set.of(end));
        next();
        return body;
    }

    /** The body of a tag that is a frame of its own. */
    private List<Statement> hardBody(String end) {
        boolean outer = soft;
        soft = false;
        List<Statement> body = lastBody(end);
        soft = outer;
        return body;
    }

    private Statement statement() {
        if (current().kind() != Kind.NAME) {
            throw syntax("tag name expected");
        }
        Token tag = next();
        return switch (tag.text()) {
            case "for" -> parseFor();
            case "if" -> parseIf();
            case "set" -> parseSet();
            case "macro" -> parseMacro();
            case "call" -> parseCallBlock();
            case "filter" -> parseFilterBlock();
            case "with" -> parseWith();
            case "print" -> parsePrint();
            case "break" -> new Node.Break();
            case "continue" -> new Node.Continue();
            case "generation" -> new Node.Group(lastBody("endgeneration"));
            case "autoescape" -> {
                expression();
                yield new Node.Group(lastBody("endautoescape"));
            }
            case "block" -> parseBlock();
            case "include", "import", "from", "extends" ->
                throw TemplateException.syntax("a chat template cannot load another template", tag.line());
            default -> throw TemplateException.syntax("Encountered unknown tag '" + tag.text() + "'.", tag.line());
        };
    }

    private Statement parseFor() {
        Target target = target(Set.of("in"));
        if (!skipName("in")) {
            throw syntax("expected token 'in', got " + current().description());
        }
        Expression iterable = tuple(false, Set.of("recursive"));
        Expression filter = skipName("if") ? expression() : null;
        boolean recursive = skipName("recursive");
        boolean outer = soft;
        soft = false;
        List<Statement> body = body(Set.of("endfor", "else"));
        List<Statement> otherwise = next().text().equals("else") ? lastBody("endfor") : List.of();
        soft = outer;
        return new Node.For(target, iterable, filter, recursive, body, otherwise);
    }

    private Statement parseIf() {
        List<Expression> tests = new ArrayList<>();
        List<List<Statement>> bodies = new ArrayList<>();
        List<Statement> otherwise = List.of();
        boolean outer = soft;
        soft = true;
        while (true) {
            tests.add(tuple(false, Set.of()));
            bodies.add(body(Set.of("elif", "else", "endif")));
            String end = next().text();
            if (end.equals("else")) {
                otherwise = lastBody("endif");
            }
            if (!end.equals("elif")) {
                break;
            }
        }
        soft = outer;
        return new Node.If(tests, bodies, otherwise);
    }

    private Statement parseSet() {
        Target target = namespaceTarget();
        if (skipOperator("=")) {
            return new Node.Set(target, tuple(true, Set.of()));
        }
        Node.Filter filter = skipOperator("|") && filters(filter(null)) instanceof Node.Filter some ? some : null;
        return new Node.SetBlock(target, filter, hardBody("endset"));
    }

    private Statement parseMacro() {
        String name = expect(Kind.NAME).text();
        return macro(name, true, "endmacro", null);
    }

    private Node.Macro macro(String name, boolean needsSignature, String end, Node.@Nullable Macro signature) {
        macroNames.add(new java.util.HashSet<>());
        List<String> parameters = new ArrayList<>();
        List<@Nullable Expression> defaults = new ArrayList<>();
        if (signature != null) {
            parameters.addAll(signature.parameters());
            defaults.addAll(signature.defaults());
        } else if (needsSignature || current().isOperator("(")) {
            signature(parameters, defaults);
        }
        List<Statement> body = hardBody(end);
        Set<String> used = macroNames.removeLast();
        if (!macroNames.isEmpty()) {
            macroNames.getLast().addAll(used);
        }
        return new Node.Macro(
                name,
                parameters,
                defaults,
                body,
                new Node.Extras(used.contains("caller"), used.contains("varargs"), used.contains("kwargs")));
    }

    private void signature(List<String> parameters, List<@Nullable Expression> defaults) {
        expectOperator("(");
        boolean optional = false;
        while (!current().isOperator(")")) {
            if (!parameters.isEmpty()) {
                expectOperator(",");
            }
            parameters.add(expect(Kind.NAME).text());
            if (skipOperator("=")) {
                defaults.add(expression());
                optional = true;
            } else if (optional) {
                throw syntax("non-default argument follows default argument");
            } else {
                defaults.add(null);
            }
        }
        expectOperator(")");
    }

    private Statement parseCallBlock() {
        List<String> parameters = new ArrayList<>();
        List<@Nullable Expression> defaults = new ArrayList<>();
        if (current().isOperator("(")) {
            signature(parameters, defaults);
        }
        if (!(expression() instanceof Node.Call call)) {
            throw syntax("expected call");
        }
        Node.Macro signature =
                new Node.Macro("caller", parameters, defaults, List.of(), new Node.Extras(false, false, false));
        return new Node.CallBlock(call, macro("caller", false, "endcall", signature));
    }

    private Statement parseFilterBlock() {
        Expression filter = filter(null);
        while (current().isOperator("|")) {
            next();
            filter = filter(filter);
        }
        return new Node.FilterBlock((Node.Filter) filter, hardBody("endfilter"));
    }

    private Statement parseWith() {
        List<Target> targets = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (current().kind() != Kind.BLOCK_END) {
            if (!targets.isEmpty()) {
                expectOperator(",");
            }
            targets.add(target(Set.of()));
            expectOperator("=");
            values.add(expression());
        }
        return new Node.With(targets, values, hardBody("endwith"));
    }

    private Statement parsePrint() {
        List<Expression> expressions = new ArrayList<>();
        while (current().kind() != Kind.BLOCK_END) {
            if (!expressions.isEmpty()) {
                expectOperator(",");
            }
            expressions.add(expression());
        }
        return new Node.Print(expressions);
    }

    private Statement parseBlock() {
        String name = expect(Kind.NAME).text();
        skipName("scoped");
        skipName("required");
        List<Statement> body = lastBody("endblock");
        skipName(name);
        return new Node.Group(body);
    }

    // --- targets

    private Target namespaceTarget() {
        if (current().kind() == Kind.NAME && look().isOperator(".")) {
            String namespace = next().text();
            next();
            return new Node.NamespaceTarget(namespace, expect(Kind.NAME).text());
        }
        return target(Set.of());
    }

    private Target target(Set<String> ends) {
        List<Target> targets = new ArrayList<>();
        boolean several = false;
        while (true) {
            if (skipOperator("(")) {
                targets.add(target(Set.of()));
                expectOperator(")");
            } else {
                Token name = expect(Kind.NAME);
                if (Set.of("true", "false", "none", "True", "False", "None").contains(name.text())) {
                    throw TemplateException.syntax("can't assign to '" + name.text() + "'", name.line());
                }
                targets.add(new Node.NameTarget(name.text()));
            }
            if (!skipOperator(",")) {
                break;
            }
            several = true;
            if (current().kind() == Kind.NAME && ends.contains(current().text())
                    || current().isOperator(")")) {
                break;
            }
        }
        return several ? new Node.TupleTarget(targets) : targets.getFirst();
    }

    // --- expressions

    private Expression expression() {
        return expression(true);
    }

    private Expression expression(boolean conditional) {
        enter();
        Expression value = conditional ? conditional() : or();
        depth--;
        return value;
    }

    private Expression conditional() {
        int before = unknown.size();
        Expression value = or();
        while (skipName("if")) {
            Expression test = or();
            Expression otherwise = null;
            if (skipName("else")) {
                enter();
                otherwise = conditional();
                depth--;
            }
            // None of the three need ever be reached.
            unknown.subList(before, unknown.size()).clear();
            value = new Node.Conditional(test, value, otherwise);
        }
        return value;
    }

    private Expression or() {
        Expression left = and();
        while (skipName("or")) {
            left = new Node.Or(left, and());
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (skipName("and")) {
            left = new Node.And(left, not());
        }
        return left;
    }

    private Expression not() {
        if (skipName("not")) {
            enter();
            Expression operand = not();
            depth--;
            return new Node.Not(operand);
        }
        return comparison();
    }

    private Expression comparison() {
        Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Expression> others = new ArrayList<>();
        while (true) {
            if (current().kind() == Kind.OPERATOR
                    && COMPARISONS.contains(current().text())) {
                operators.add(next().text());
            } else if (skipName("in")) {
                operators.add("in");
            } else if (current().isName("not") && look().isName("in")) {
                next();
                next();
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
        while (current().isOperator("+") || current().isOperator("-")) {
            String operator = next().text();
            left = new Node.Binary(operator, left, concatenation());
        }
        return left;
    }

    private Expression concatenation() {
        Expression first = product();
        if (!current().isOperator("~")) {
            return first;
        }
        List<Expression> parts = new ArrayList<>(List.of(first));
        while (skipOperator("~")) {
            parts.add(product());
        }
        return new Node.Concatenation(parts);
    }

    private Expression product() {
        Expression left = power();
        while (current().isOperator("*")
                || current().isOperator("/")
                || current().isOperator("//")
                || current().isOperator("%")) {
            String operator = next().text();
            left = new Node.Binary(operator, left, power());
        }
        return left;
    }

    private Expression power() {
        Expression left = unary(true);
        while (skipOperator("**")) {
            left = new Node.Binary("**", left, unary(true));
        }
        return left;
    }

    private Expression unary(boolean withFilters) {
        enter();
        Expression value;
        if (skipOperator("-")) {
            value = new Node.Negative(unary(false));
        } else if (skipOperator("+")) {
            value = new Node.Positive(unary(false));
        } else {
            value = primary();
        }
        value = postfix(value);
        depth--;
        return withFilters ? filters(value) : value;
    }

    private Expression primary() {
        Token token = current();
        switch (token.kind()) {
            case NAME -> {
                next();
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
                while (current().kind() == Kind.STRING) {
                    text.append(next().text());
                }
                return new Node.Constant(Text.of(text.toString()));
            }
            case INTEGER -> {
                next();
                return new Node.Constant(new Value.Int(integer(token)));
            }
            case FLOAT -> {
                next();
                return new Node.Constant(new Value.Float(Double.parseDouble(token.text())));
            }
            case OPERATOR -> {
                return switch (token.text()) {
                    case "(" -> parenthesised();
                    case "[" -> list();
                    case "{" -> dict();
                    default -> throw unexpected();
                };
            }
            default -> throw unexpected();
        }
    }

    private static long integer(Token token) {
        String text = token.text().toLowerCase(java.util.Locale.ROOT);
        int radix = text.startsWith("0x") ? 16 : text.startsWith("0o") ? 8 : text.startsWith("0b") ? 2 : 10;
        try {
            return new BigInteger(radix == 10 ? text : text.substring(2), radix).longValueExact();
        } catch (ArithmeticException e) {
            throw TemplateException.syntax("the integer " + text + " is beyond 64 bits", token.line());
        }
    }

    private Expression parenthesised() {
        next();
        if (skipOperator(")")) {
            return new Node.TupleOf(List.of());
        }
        Expression value = tuple(true, Set.of());
        expectOperator(")");
        return value;
    }

    /** One expression, or several with commas between them. */
    private Expression tuple(boolean conditional, Set<String> ends) {
        List<Expression> items = new ArrayList<>();
        boolean several = false;
        while (true) {
            if (several && endsTuple(ends)) {
                break;
            }
            items.add(expression(conditional));
            if (!skipOperator(",")) {
                break;
            }
            several = true;
        }
        return several ? new Node.TupleOf(items) : items.getFirst();
    }

    private boolean endsTuple(Set<String> ends) {
        Token token = current();
        return token.kind() == Kind.VARIABLE_END
                || token.kind() == Kind.BLOCK_END
                || token.isOperator(")")
                || token.kind() == Kind.NAME && ends.contains(token.text());
    }

    private Expression list() {
        next();
        List<Expression> items = new ArrayList<>();
        while (!current().isOperator("]")) {
            if (!items.isEmpty()) {
                expectOperator(",");
                if (current().isOperator("]")) {
                    break;
                }
            }
            items.add(expression());
        }
        expectOperator("]");
        return new Node.ListOf(items);
    }

    private Expression dict() {
        next();
        List<Expression> keys = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!current().isOperator("}")) {
            if (!keys.isEmpty()) {
                expectOperator(",");
                if (current().isOperator("}")) {
                    break;
                }
            }
            keys.add(expression());
            expectOperator(":");
            values.add(expression());
        }
        expectOperator("}");
        return new Node.DictOf(keys, values);
    }

    private Expression postfix(Expression start) {
        Expression value = start;
        while (true) {
            if (current().isOperator(".") || current().isOperator("[")) {
                value = subscript(value);
            } else if (current().isOperator("(")) {
                value = new Node.Call(value, passed());
            } else {
                return value;
            }
        }
    }

    private Expression filters(Expression start) {
        Expression value = start;
        while (true) {
            if (skipOperator("|")) {
                value = filter(value);
            } else if (skipName("is")) {
                value = test(value);
            } else if (current().isOperator("(")) {
                value = new Node.Call(value, passed());
            } else {
                return value;
            }
        }
    }

    private Expression subscript(Expression object) {
        if (skipOperator(".")) {
            Token name = next();
            return switch (name.kind()) {
                case NAME -> new Node.Attribute(object, name.text());
                case INTEGER -> new Node.Subscript(object, new Node.Constant(new Value.Int(integer(name))));
                default -> throw TemplateException.syntax("expected name or number", name.line());
            };
        }
        next();
        List<Expression> indices = new ArrayList<>();
        while (!current().isOperator("]")) {
            if (!indices.isEmpty()) {
                expectOperator(",");
            }
            Expression from = current().isOperator(":") ? null : expression();
            if (current().isOperator(":")) {
                Expression slice = slice(object, from);
                expectOperator("]");
                return slice;
            }
            if (from != null) {
                indices.add(from);
            }
        }
        expectOperator("]");
        Expression index = indices.size() == 1 ? indices.getFirst() : new Node.TupleOf(indices);
        return new Node.Subscript(object, index);
    }

    private Expression slice(Expression object, @Nullable Expression from) {
        expectOperator(":");
        Expression to = current().isOperator(":") || current().isOperator("]") ? null : expression();
        Expression step = skipOperator(":") && !current().isOperator("]") ? expression() : null;
        return new Node.Slice(object, from, to, step);
    }

    private Passed passed() {
        expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        Expression spread = null;
        Expression spreadNamed = null;
        boolean comma = false;
        while (!current().isOperator(")")) {
            if (comma) {
                expectOperator(",");
                if (current().isOperator(")")) {
                    break;
                }
            }
            comma = true;
            if (skipOperator("*")) {
                valid(spread == null && spreadNamed == null);
                spread = expression();
            } else if (skipOperator("**")) {
                valid(spreadNamed == null);
                spreadNamed = expression();
            } else if (current().kind() == Kind.NAME && look().isOperator("=")) {
                valid(spreadNamed == null);
                String name = next().text();
                next();
                valid(named.put(name, expression()) == null);
            } else {
                valid(spread == null && spreadNamed == null && named.isEmpty());
                positional.add(expression());
            }
        }
        expectOperator(")");
        return positional.isEmpty() && named.isEmpty() && spread == null && spreadNamed == null
                ? Passed.NONE
                : new Passed(positional, named, spread, spreadNamed);
    }

    private void valid(boolean holds) {
        if (!holds) {
            throw syntax("invalid syntax for function call expression");
        }
    }

    private String dottedName() {
        StringBuilder name = new StringBuilder(expect(Kind.NAME).text());
        while (skipOperator(".")) {
            name.append('.').append(expect(Kind.NAME).text());
        }
        return name.toString();
    }

    private Node.Filter filter(@Nullable Expression object) {
        int line = current().line();
        String name = dottedName();
        if (!soft && !Filters.exists(name)) {
            unknown.add(TemplateException.syntax("No filter named '" + name + "'.", line));
        }
        return new Node.Filter(object, name, current().isOperator("(") ? passed() : Passed.NONE, line);
    }

    private Expression test(Expression object) {
        int line = current().line();
        boolean negated = skipName("not");
        String name = dottedName();
        if (!soft && !Tests.exists(name)) {
            unknown.add(TemplateException.syntax("No test named '" + name + "'.", line));
        }
        Passed passed = Passed.NONE;
        Token token = current();
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
                throw syntax("You cannot chain multiple tests with is");
            }
            passed = new Passed(List.of(postfix(primary())), Map.of(), null, null);
        }
        Expression test = new Node.Test(object, name, passed, line);
        return negated ? new Node.Not(test) : test;
    }
}
