// Package aded talks to an aded sidecar: a server that answers prompts with a llama.cpp model, by draft and verify.
//
// A [Client] is one connection. [Client.Stream] and [Client.Chat] answer one prompt and forgets it; [Client.Converse] opens a
// [Conversation], which keeps its history, its KV cache and what the drafter learned with the server, turn by turn.
// Answers come as an [AnswerStream], to be read event by event or as a whole:
//
//	client, err := aded.Dial("localhost:50051")
//	…
//	defer client.Close()
//	for event, err := range client.Stream(ctx, "Why is the sky blue?").Events() {
//		if err != nil {
//			return err
//		}
//		if delta, ok := event.(aded.Delta); ok {
//			fmt.Print(delta.Text)
//		}
//	}
//
// # Options
//
// How an answer is made is said by [AnswerOption] values, to one answer, as a conversation's defaults
// ([WithDefaults]) or in between ([Conversation.Update]). What is not said is as the conversation has it, else as the
// server has it. The server checks all values at once.
//
// # Errors
//
// Every failure of a call is an [*Error], which tells its [Kind], the server's reason and when to try again:
//
//	var failure *aded.Error
//	if errors.As(err, &failure) && failure.RetryAfter > 0 { … }
//	if errors.Is(err, aded.ResourceExhausted) { … }
//
// An answer that fails half-way keeps what had arrived: [AnswerStream.Partial], and [Error.Partial]. An answer that
// fails by itself ends its conversation; a turn whose own time is up, or whose context is done, does not.
//
// What a server could not take up for the moment is tried again, unless an answer has begun; see [RetryPolicy].
//
// # Flow control
//
// Nothing is read ahead but one event and what HTTP/2's window holds (64 KiB a stream). The server does not compute
// ahead of a slow reader, and ends an answer that stays unread for 20 seconds with the reason NOT_READ.
//
// Everything but an [AnswerStream]'s reading is safe for concurrent use. Whoever does not read an answer to its end
// closes it; leaving a range loop does.
package aded
