/**
 * The template language in which models say how their conversations are laid out.
 *
 * <p>A chat template is a small program in Jinja, written for Python's jinja2 as Hugging Face's transformers sets it
 * up. This package runs such programs: {@link io.aded.template.jinja.JinjaTemplate} parses one and renders it, as often
 * as one likes and on any thread. The rest is what a language has: a lexer, a parser, a tree of nodes, values, and an
 * interpreter with the filters, tests and methods that Python would have lent. A program can compute text from what it
 * is given and nothing else: there is no reflection, no file, no network; the clock is passed in, and steps, output,
 * nesting and time are bounded ({@link io.aded.template.jinja.Bounds}).
 *
 * <p>Text carries its origin. What came from a caller stays marked as such through concatenation, slicing, replacing
 * and the rest ({@link io.aded.template.jinja.Text}), so that whoever splits the result into tokens knows which
 * characters may become control tokens and which may not.
 */
@NullMarked
package io.aded.template.jinja;

import org.jspecify.annotations.NullMarked;
