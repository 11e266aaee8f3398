/**
 * A client of the {@code aded} sidecar, for applications that want answers and not gRPC.
 *
 * <p>{@link io.aded.client.AdedClient} is one connection; it answers single prompts and opens
 * {@link io.aded.client.Conversation}s, which remember what was said. Either way the result is an
 * {@link io.aded.client.AnswerStream}, to be read in one of three ways: a blocking loop, a
 * {@link java.util.concurrent.Flow.Publisher} with back-pressure that reaches the server, or a
 * {@link java.util.concurrent.CompletableFuture} of the whole {@link io.aded.client.Answer}. What goes wrong is an
 * {@link io.aded.client.AdedClientException}, sealed, so that nothing is forgotten by whoever tells its kinds apart.
 *
 * {@snippet :
 * try (AdedClient client = AdedClient.connect("localhost:50051");
 *         Conversation conversation = client.converse()) {
 *     try (AnswerStream answer = conversation.ask("Why is the sky blue?")) {
 *         for (AnswerEvent event : answer) {
 *             if (event instanceof AnswerEvent.Delta delta) {
 *                 System.out.print(delta.text());
 *             } else if (event instanceof AnswerEvent.Finished finished) {
 *                 System.out.println("\n" + finished.usage());
 *             }
 *         }
 *     }
 *     Answer again = conversation.ask("And at sunset?").await();
 *     System.out.println(again.text());
 * }
 * }
 *
 * <p>{@link io.aded.client.AdedClient#chat} is the short way to all of it, to values of a type
 * ({@link io.aded.client.JsonType}), and to functions that the model may call ({@link io.aded.client.ToolFunction}):
 *
 * {@snippet :
 * City rome = client.chat("Describe Rome.").as(City.class);
 * ToolAnswer ran = client.chat("How warm is it there?").tools(weather).run();
 * }
 *
 * <p>The layer is thin: records mirror the messages of {@code aded.v1} one to one (see the comments in the
 * {@code .proto} files for units, ranges and defaults), and nothing is cached behind the caller's back. Calls that fail
 * before anything came are tried again where that may help ({@link io.aded.client.RetryPolicy}). It runs on Java 17 and
 * later.
 */
@NullMarked
package io.aded.client;

import org.jspecify.annotations.NullMarked;
