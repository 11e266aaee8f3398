package com.example;

import io.aded.client.AdedClient;
import io.aded.client.AdedClientException;
import io.aded.client.Answer;
import io.aded.client.AnswerEvent;
import io.aded.client.AnswerOptions;
import io.aded.client.AnswerStream;
import io.aded.client.Constraint;
import io.aded.client.Conversation;
import io.aded.client.Draft;
import io.aded.client.Prompt;
import io.aded.client.Sampling;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;

/**
 * Uses what the client has, on the Java that runs it, and says so; fails loudly where an answer is not as it should be.
 */
public final class Consumer {
    private Consumer() {}

    public static void main(String[] arguments) throws Exception {
        AnswerOptions brief = AnswerOptions.builder()
                .maxTokens(8)
                .ignoreEnd(true)
                .sampling(Sampling.builder().temperature(0).seed(3).build())
                .build();
        try (AdedClient client =
                AdedClient.builder(arguments[0]).clientId("consumer").build()) {
            client.awaitReady(Duration.ofSeconds(30));
            require(client.server().drafters().stream()
                    .anyMatch(drafter -> drafter.name().equals("aded")));
            require(client.listModels().get(0).name().equals(client.model().name()));

            Answer plain = client.generate(Prompt.user("Hello"), brief).await();
            require(plain.usage().completionTokens() == 8);

            try (Conversation conversation = client.converse()) {
                conversation.update(Draft.of("aded").withMaxNodes(4));
                for (int turn = 0; turn < 2; turn++) {
                    StringBuilder text = new StringBuilder();
                    try (AnswerStream answer = conversation.ask(Prompt.user("Hello"), brief)) {
                        for (AnswerEvent event : answer) {
                            if (event instanceof AnswerEvent.Delta delta) {
                                text.append(delta.text());
                            }
                        }
                    }
                    require(turn > 0 || text.toString().equals(plain.text()));
                }
                require(published(conversation.ask(Prompt.user("Hello"), brief)).size() >= 2);
            }
            try {
                client.generate(
                                Prompt.user("Hello"),
                                AnswerOptions.builder()
                                        .constraint(Constraint.grammar("root ::= ("))
                                        .build())
                        .await();
                throw new AssertionError("a broken grammar was taken");
            } catch (AdedClientException.InvalidRequest refused) {
                require(refused.violations().get(0).field().equals("options.constraint.grammar"));
            }
        }
        System.out.println("aded-client works on Java " + Runtime.version());
    }

    private static List<AnswerEvent> published(AnswerStream answer) throws Exception {
        List<AnswerEvent> events = new ArrayList<>();
        CompletableFuture<List<AnswerEvent>> all = new CompletableFuture<>();
        answer.publisher().subscribe(new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                subscription.request(Long.MAX_VALUE);
            }

            @Override
            public void onNext(AnswerEvent event) {
                events.add(event);
            }

            @Override
            public void onError(Throwable failure) {
                all.completeExceptionally(failure);
            }

            @Override
            public void onComplete() {
                all.complete(events);
            }
        });
        return all.get();
    }

    private static void require(boolean holds) {
        if (!holds) {
            throw new AssertionError("not as it should be; see the line");
        }
    }
}
