/**
 * Chat templates: how a model's makers laid its conversations out in training. Pure Java.
 *
 * <p>{@link io.aded.template.ChatTemplates} gives a model's template the variables that transformers would give it and
 * renders it with the engine in {@link io.aded.template.jinja}. What a caller wrote is data: it is never evaluated, and
 * the result says where it stands.
 */
@NullMarked
package io.aded.template;

import org.jspecify.annotations.NullMarked;
