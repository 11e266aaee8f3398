package io.aded.template.jinja;

import io.aded.template.jinja.Node.Expression;
import io.aded.template.jinja.Node.Statement;
import io.aded.template.jinja.Node.Target;
import io.aded.template.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Builds the tree of a template: text, prints, and the statements between them. */
final class Parser {
    private final TokenStream in;
    private final ExpressionParser expressions;

    private Parser(TokenStream in) {
        this.in = in;
        this.expressions = new ExpressionParser(in);
    }

    /**
     * The statements of a template.
     *
     * @throws TemplateException of kind {@code SYNTAX}
     */
    static List<Statement> parse(String template) {
        Parser parser = new Parser(new TokenStream(Lexer.tokens(template)));
        List<Statement> body = parser.statements(Set.of());
        if (parser.in.current().kind() != Kind.END) {
            throw parser.in.unexpected();
        }
        parser.expressions.requireKnown();
        return body;
    }

    // --- statements

    /** Statements up to a tag named in {@code ends}, whose name is then the current token, or up to the end. */
    private List<Statement> statements(Set<String> ends) {
        in.enter();
        List<Statement> body = new ArrayList<>();
        while (true) {
            Token token = in.current();
            switch (token.kind()) {
                case DATA -> body.add(new Node.Data(Text.of(in.next().text())));
                case VARIABLE_BEGIN -> {
                    in.next();
                    body.add(new Node.Print(List.of(expressions.tuple(true, Set.of()))));
                    in.expect(Kind.VARIABLE_END);
                }
                case BLOCK_BEGIN -> {
                    in.next();
                    if (in.current().kind() == Kind.NAME
                            && ends.contains(in.current().text())) {
                        in.leave();
                        return body;
                    }
                    body.add(statement());
                    in.expect(Kind.BLOCK_END);
                }
                default -> {
                    if (!ends.isEmpty()) {
                        throw in.syntax("unexpected end of template; expected one of the tags " + ends);
                    }
                    in.leave();
                    return body;
                }
            }
        }
    }

    /** The body of a tag, up to one of its ends; the end's name is taken. */
    private List<Statement> body(Set<String> ends) {
        in.skipOperator(":");
        in.expect(Kind.BLOCK_END);
        return statements(ends);
    }

    private List<Statement> lastBody(String end) {
        List<Statement> body = body(Set.of(end));
        in.next();
        return body;
    }

    /** The body of a tag that is a frame of its own. */
    private List<Statement> hardBody(String end) {
        boolean outer = expressions.soften(false);
        List<Statement> body = lastBody(end);
        expressions.soften(outer);
        return body;
    }

    private Statement statement() {
        if (in.current().kind() != Kind.NAME) {
            throw in.syntax("tag name expected");
        }
        Token tag = in.next();
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
                expressions.expression();
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
        if (!in.skipName("in")) {
            throw in.syntax("expected token 'in', got " + in.current().description());
        }
        Expression iterable = expressions.tuple(false, Set.of("recursive"));
        Expression filter = in.skipName("if") ? expressions.expression() : null;
        boolean recursive = in.skipName("recursive");
        boolean outer = expressions.soften(false);
        List<Statement> body = body(Set.of("endfor", "else"));
        List<Statement> otherwise = in.next().text().equals("else") ? lastBody("endfor") : List.of();
        expressions.soften(outer);
        return new Node.For(target, iterable, filter, recursive, body, otherwise);
    }

    private Statement parseIf() {
        List<Expression> tests = new ArrayList<>();
        List<List<Statement>> bodies = new ArrayList<>();
        List<Statement> otherwise = List.of();
        boolean outer = expressions.soften(true);
        while (true) {
            tests.add(expressions.tuple(false, Set.of()));
            bodies.add(body(Set.of("elif", "else", "endif")));
            String end = in.next().text();
            if (end.equals("else")) {
                otherwise = lastBody("endif");
            }
            if (!end.equals("elif")) {
                break;
            }
        }
        expressions.soften(outer);
        return new Node.If(tests, bodies, otherwise);
    }

    private Statement parseSet() {
        Target target = namespaceTarget();
        if (in.skipOperator("=")) {
            return new Node.Set(target, expressions.tuple(true, Set.of()));
        }
        Node.Filter filter =
                in.skipOperator("|") && expressions.filters(expressions.filter(null)) instanceof Node.Filter some
                        ? some
                        : null;
        return new Node.SetBlock(target, filter, hardBody("endset"));
    }

    private Statement parseMacro() {
        String name = in.expect(Kind.NAME).text();
        return macro(name, true, "endmacro", null);
    }

    private Node.Macro macro(String name, boolean needsSignature, String end, Node.@Nullable Macro signature) {
        expressions.beginMacro();
        List<String> parameters = new ArrayList<>();
        List<@Nullable Expression> defaults = new ArrayList<>();
        if (signature != null) {
            parameters.addAll(signature.parameters());
            defaults.addAll(signature.defaults());
        } else if (needsSignature || in.current().isOperator("(")) {
            signature(parameters, defaults);
        }
        List<Statement> body = hardBody(end);
        Set<String> used = expressions.endMacro();
        return new Node.Macro(
                name,
                parameters,
                defaults,
                body,
                new Node.Extras(used.contains("caller"), used.contains("varargs"), used.contains("kwargs")));
    }

    private void signature(List<String> parameters, List<@Nullable Expression> defaults) {
        in.expectOperator("(");
        boolean optional = false;
        while (!in.current().isOperator(")")) {
            if (!parameters.isEmpty()) {
                in.expectOperator(",");
            }
            parameters.add(in.expect(Kind.NAME).text());
            if (in.skipOperator("=")) {
                defaults.add(expressions.expression());
                optional = true;
            } else if (optional) {
                throw in.syntax("non-default argument follows default argument");
            } else {
                defaults.add(null);
            }
        }
        in.expectOperator(")");
    }

    private Statement parseCallBlock() {
        List<String> parameters = new ArrayList<>();
        List<@Nullable Expression> defaults = new ArrayList<>();
        if (in.current().isOperator("(")) {
            signature(parameters, defaults);
        }
        if (!(expressions.expression() instanceof Node.Call call)) {
            throw in.syntax("expected call");
        }
        Node.Macro signature =
                new Node.Macro("caller", parameters, defaults, List.of(), new Node.Extras(false, false, false));
        return new Node.CallBlock(call, macro("caller", false, "endcall", signature));
    }

    private Statement parseFilterBlock() {
        Expression filter = expressions.filter(null);
        while (in.current().isOperator("|")) {
            in.next();
            filter = expressions.filter(filter);
        }
        return new Node.FilterBlock((Node.Filter) filter, hardBody("endfilter"));
    }

    private Statement parseWith() {
        List<Target> targets = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (in.current().kind() != Kind.BLOCK_END) {
            if (!targets.isEmpty()) {
                in.expectOperator(",");
            }
            targets.add(target(Set.of()));
            in.expectOperator("=");
            values.add(expressions.expression());
        }
        return new Node.With(targets, values, hardBody("endwith"));
    }

    private Statement parsePrint() {
        List<Expression> printed = new ArrayList<>();
        while (in.current().kind() != Kind.BLOCK_END) {
            if (!printed.isEmpty()) {
                in.expectOperator(",");
            }
            printed.add(expressions.expression());
        }
        return new Node.Print(printed);
    }

    private Statement parseBlock() {
        String name = in.expect(Kind.NAME).text();
        in.skipName("scoped");
        in.skipName("required");
        List<Statement> body = lastBody("endblock");
        in.skipName(name);
        return new Node.Group(body);
    }

    // --- targets

    private Target namespaceTarget() {
        if (in.current().kind() == Kind.NAME && in.look().isOperator(".")) {
            String namespace = in.next().text();
            in.next();
            return new Node.NamespaceTarget(namespace, in.expect(Kind.NAME).text());
        }
        return target(Set.of());
    }

    private Target target(Set<String> ends) {
        List<Target> targets = new ArrayList<>();
        boolean several = false;
        while (true) {
            if (in.skipOperator("(")) {
                targets.add(target(Set.of()));
                in.expectOperator(")");
            } else {
                Token name = in.expect(Kind.NAME);
                if (Set.of("true", "false", "none", "True", "False", "None").contains(name.text())) {
                    throw TemplateException.syntax("can't assign to '" + name.text() + "'", name.line());
                }
                targets.add(new Node.NameTarget(name.text()));
            }
            if (!in.skipOperator(",")) {
                break;
            }
            several = true;
            if (in.current().kind() == Kind.NAME && ends.contains(in.current().text())
                    || in.current().isOperator(")")) {
                break;
            }
        }
        return several ? new Node.TupleTarget(targets) : targets.getFirst();
    }
}
