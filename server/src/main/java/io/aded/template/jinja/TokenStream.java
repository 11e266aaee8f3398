package io.aded.template.jinja;

import io.aded.template.jinja.Token.Kind;
import java.util.List;
import java.util.Locale;

/** The tokens of a template with a place in them, and how deep what is being read is nested. */
final class TokenStream {
    /** Deeper nesting is refused rather than left to the stack. */
    private static final int DEEPEST = 200;

    private final List<Token> tokens;
    private int at;
    private int depth;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(at);
    }

    Token look() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    Token next() {
        Token token = tokens.get(at);
        if (at + 1 < tokens.size()) {
            at++;
        }
        return token;
    }

    boolean skipName(String name) {
        if (current().isName(name)) {
            next();
            return true;
        }
        return false;
    }

    boolean skipOperator(String operator) {
        if (current().isOperator(operator)) {
            next();
            return true;
        }
        return false;
    }

    void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw syntax("expected token '" + operator + "', got " + current().description());
        }
    }

    Token expect(Kind kind) {
        if (current().kind() != kind) {
            throw syntax("expected " + new Token(kind, kind.name().toLowerCase(Locale.ROOT), 0).description() + ", got "
                    + current().description());
        }
        return next();
    }

    TemplateException syntax(String message) {
        return TemplateException.syntax(message, current().line());
    }

    TemplateException unexpected() {
        return syntax("unexpected " + current().description());
    }

    void enter() {
        if (++depth > DEEPEST) {
            throw syntax("the template nests deeper than " + DEEPEST + " levels");
        }
    }

    void leave() {
        depth--;
    }
}
