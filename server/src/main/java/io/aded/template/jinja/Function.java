package io.aded.template.jinja;

/** A built-in function or a method that is bound to its object. */
record Function(String name, Body body) implements Value.Callable {

    /** What it does. */
    @FunctionalInterface
    interface Body {
        Value call(Arguments arguments, Meter meter);
    }

    @Override
    public Value call(Arguments arguments, Meter meter) {
        return body.call(arguments, meter);
    }
}
