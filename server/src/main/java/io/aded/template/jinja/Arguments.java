package io.aded.template.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a call passes: values by place, then values by name. */
record Arguments(List<Value> positional, Map<String, Value> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    static Arguments of(Value... values) {
        return new Arguments(List.of(values), Map.of());
    }

    int count() {
        return positional.size();
    }

    /** The arguments without the first {@code n} by place. */
    Arguments from(int n) {
        return new Arguments(positional.subList(n, positional.size()), named);
    }

    /**
     * Sorts the arguments into a function's parameters.
     *
     * @param function its name, for messages
     * @param parameters their names; an entry of the result is null where nothing was passed
     */
    @Nullable
    Value[] bind(String function, String... parameters) {
        if (positional.size() > parameters.length) {
            throw TemplateException.failed(function + "() takes at most " + parameters.length + " arguments, but "
                    + positional.size() + " were given");
        }
        @Nullable Value[] bound = new Value[parameters.length];
        for (int i = 0; i < positional.size(); i++) {
            bound[i] = positional.get(i);
        }
        Map<String, Value> left = new LinkedHashMap<>(named);
        for (int i = 0; i < parameters.length; i++) {
            Value value = left.remove(parameters[i]);
            if (value != null) {
                if (bound[i] != null) {
                    throw TemplateException.failed(
                            function + "() got multiple values for argument '" + parameters[i] + "'");
                }
                bound[i] = value;
            }
        }
        if (!left.isEmpty()) {
            throw TemplateException.failed(function + "() got an unexpected keyword argument '"
                    + left.keySet().iterator().next() + "'");
        }
        return bound;
    }

    /** The first argument by place, which the function needs. */
    Value required(String function, int place) {
        if (place >= positional.size()) {
            throw TemplateException.failed(function + "() is missing an argument");
        }
        return positional.get(place);
    }
}
