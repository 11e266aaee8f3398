/**
 * Chat templates: how a model's makers laid its conversations out in training. Pure Java.
 *
 * <p>{@link io.aded.template.ChatTemplates} picks who lays a conversation out: the library's own recogniser, if it is
 * seen to agree with the template; else a Jinja interpreter; else ChatML stands in. What a caller wrote is data, and is
 * never evaluated.
 */
@NullMarked
package io.aded.template;

import org.jspecify.annotations.NullMarked;
