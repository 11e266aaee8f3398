package io.aded.grammar;

/** Turns a JSON schema that has been checked into a GBNF grammar: a library's function, handed in by whoever has it. */
@FunctionalInterface
public interface SchemaConverter {

    /** The grammar of a schema. */
    String convert(String schema);
}
