package aded

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Kind is what sort of failure an [Error] is. A Kind is itself an error, so that errors.Is(err, aded.Unavailable) asks
// for it.
type Kind string

// The kinds of failures. All SDKs have the same.
const (
	// InvalidRequest: the request itself is wrong; the same request will fail again. [Error.Violations] names the fields.
	InvalidRequest Kind = "INVALID_REQUEST"
	// FailedPrecondition: the request is fine, but not now: the state that it needs is not there.
	FailedPrecondition Kind = "FAILED_PRECONDITION"
	// NotFound: the model or conversation that was named is not there.
	NotFound Kind = "NOT_FOUND"
	// ResourceExhausted: a limit of the server is reached: its queue is full, this turn has waited in it for too long, the
	// answer was not read, or the request is larger than any may be.
	ResourceExhausted Kind = "RESOURCE_EXHAUSTED"
	// Unavailable: the server cannot be reached, is loading the model, is draining, or went away in the middle.
	Unavailable Kind = "UNAVAILABLE"
	// DeadlineExceeded: the caller's time limit passed. errors.Is(err, context.DeadlineExceeded) holds too.
	DeadlineExceeded Kind = "DEADLINE_EXCEEDED"
	// Cancelled: the caller cancelled, or closed what it was reading. errors.Is(err, context.Canceled) holds too.
	Cancelled Kind = "CANCELLED"
	// Denied: the server wants credentials, or other ones.
	Denied Kind = "DENIED"
	// Unsupported: the server does not serve this part of the API; see [ServerDetails.Capabilities].
	Unsupported Kind = "UNSUPPORTED"
	// Internal: a fault of the server, or an answer that the API does not allow.
	Internal Kind = "INTERNAL"
	// WrongCall: what the caller may not do, such as asking while an answer is running. No server was asked about it.
	WrongCall Kind = "WRONG_CALL"
	// BadAnswer: the answer is complete, but not of the type that was asked for, or it was cut short of it.
	BadAnswer Kind = "BAD_ANSWER"
)

// Error lets a kind be asked for by errors.Is.
func (k Kind) Error() string { return string(k) }

// Reasons of failures that this client itself finds. Those of the server stand in the API's documentation.
const (
	// ReasonClientTimeout: the time limit that the caller set has passed.
	ReasonClientTimeout = "CLIENT_TIMEOUT"
	// ReasonClientCancelled: the caller's context was cancelled, or it closed what it was reading.
	ReasonClientCancelled = "CLIENT_CANCELLED"
	// ReasonIncompleteAnswer: the server closed the stream before the answer was complete.
	ReasonIncompleteAnswer = "INCOMPLETE_ANSWER"
	// ReasonConversationEnded: the server ended the conversation, without an error.
	ReasonConversationEnded = "CONVERSATION_ENDED"
	// ReasonTurnRunning: the previous answer is still running; read it to its end or close it first.
	ReasonTurnRunning = "TURN_RUNNING"
	// ReasonClosed: the conversation was closed before.
	ReasonClosed = "CONVERSATION_CLOSED"
	// ReasonInvalidOption: an option cannot be sent, such as a template variable of a kind that JSON does not have.
	ReasonInvalidOption = "INVALID_OPTION"
	// ReasonCutShort: an answer of a given form ended before it was complete, such as at [MaxTokens].
	ReasonCutShort = "CUT_SHORT"
	// ReasonNotOfType: an answer is not a value of the type that was asked for.
	ReasonNotOfType = "NOT_OF_TYPE"
	// ReasonToolRounds: the model still called tools when [MaxToolRounds] were over.
	ReasonToolRounds = "TOOL_ROUNDS"
)

// Violation is one thing that is wrong with a request.
type Violation struct {
	// Field is its path in the request message, such as options.sampling.temperature.
	Field string
	// Description says what was wrong and what is allowed.
	Description string
}

// Error is everything that a call can fail with, decoded from the status that the server sent and its details.
//
// [InvalidRequest] and [NotFound] will fail again unless the request changes; [FailedPrecondition] unless something
// else happens first; [Unavailable] is worth another try later, and so is a [ResourceExhausted] that says when;
// [DeadlineExceeded] and [Cancelled] were the caller's own wish.
type Error struct {
	// Kind is what sort of failure it is.
	Kind Kind
	// Code is the gRPC status that the call ended with, such as RESOURCE_EXHAUSTED; empty if there was none.
	Code string
	// Reason is a stable name in UPPER_SNAKE_CASE that programs may compare; empty if neither server nor client has one.
	Reason string
	// Message says what happened, for people. It never contains the prompt.
	Message string
	// RetryAfter is after what time trying again makes sense; 0 if the server did not say.
	RetryAfter time.Duration
	// Violations are the wrong fields, of InvalidRequest and Unsupported; empty if the server named none.
	Violations []Violation
	// ViolationsLeftOut is how many more wrong fields there are that the server did not name.
	ViolationsLeftOut int
	// Partial is what had arrived of the answer that failed; nil for other calls.
	Partial *Answer

	cause error
}

// Error describes the failure: its kind, its reason and the message.
func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString("aded: ")
	text.WriteString(string(e.Kind))
	if e.Reason != "" && e.Reason != string(e.Kind) {
		text.WriteString(" (" + e.Reason + ")")
	}
	if e.Message != "" {
		text.WriteString(": " + e.Message)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&text, "; try again after %v", e.RetryAfter)
	}
	return text.String()
}

// Is reports whether target is this error's [Kind], or the error of package context that means the same.
func (e *Error) Is(target error) bool {
	switch target {
	case context.DeadlineExceeded:
		return e.Kind == DeadlineExceeded
	case context.Canceled:
		return e.Kind == Cancelled
	}
	kind, ok := target.(Kind)
	return ok && kind == e.Kind
}

// Unwrap gives what it was decoded from: an error of gRPC, for its status, or of this client's making.
func (e *Error) Unwrap() error { return e.cause }

func newError(kind Kind, reason, message string) *Error {
	return &Error{Kind: kind, Reason: reason, Message: message}
}

// errorDomain is the domain of the reasons that are ours.
const errorDomain = "aded.io"

// decode is the one place where a gRPC status becomes an error of ours.
func decode(err error) *Error {
	var already *Error
	if errors.As(err, &already) {
		return already
	}
	state, ok := status.FromError(err)
	if !ok {
		state = status.FromContextError(err)
	}
	failure := &Error{Kind: kindOf(state.Code()), Code: codeName(state.Code()), Message: state.Message(), cause: err}
	for _, detail := range state.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.GetDomain() == errorDomain {
				failure.Reason = detail.GetReason()
				failure.ViolationsLeftOut, _ = strconv.Atoi(detail.GetMetadata()["violations_left_out"])
			}
		case *errdetails.BadRequest:
			for _, wrong := range detail.GetFieldViolations() {
				failure.Violations = append(failure.Violations, Violation{wrong.GetField(), wrong.GetDescription()})
			}
		case *errdetails.RetryInfo:
			failure.RetryAfter = detail.GetRetryDelay().AsDuration()
		}
	}
	return failure
}

func kindOf(code codes.Code) Kind {
	switch code {
	case codes.InvalidArgument, codes.OutOfRange:
		return InvalidRequest
	case codes.FailedPrecondition, codes.Aborted, codes.AlreadyExists:
		return FailedPrecondition
	case codes.NotFound:
		return NotFound
	case codes.ResourceExhausted:
		return ResourceExhausted
	case codes.Unavailable:
		return Unavailable
	case codes.DeadlineExceeded:
		return DeadlineExceeded
	case codes.Canceled:
		return Cancelled
	case codes.Unauthenticated, codes.PermissionDenied:
		return Denied
	case codes.Unimplemented:
		return Unsupported
	default:
		return Internal
	}
}

// codeName is a status as the API's documentation spells it.
func codeName(code codes.Code) string {
	for name, known := range map[string]codes.Code{
		"OK": codes.OK, "CANCELLED": codes.Canceled, "UNKNOWN": codes.Unknown, "INVALID_ARGUMENT": codes.InvalidArgument,
		"DEADLINE_EXCEEDED": codes.DeadlineExceeded, "NOT_FOUND": codes.NotFound, "ALREADY_EXISTS": codes.AlreadyExists,
		"PERMISSION_DENIED": codes.PermissionDenied, "RESOURCE_EXHAUSTED": codes.ResourceExhausted,
		"FAILED_PRECONDITION": codes.FailedPrecondition, "ABORTED": codes.Aborted, "OUT_OF_RANGE": codes.OutOfRange,
		"UNIMPLEMENTED": codes.Unimplemented, "INTERNAL": codes.Internal, "UNAVAILABLE": codes.Unavailable,
		"DATA_LOSS": codes.DataLoss, "UNAUTHENTICATED": codes.Unauthenticated,
	} {
		if known == code {
			return name
		}
	}
	return ""
}

// ended is the failure of a call whose context is done, with the same reason wherever the end was noticed.
func ended(ctx context.Context) *Error {
	for _, own := range []error{errClosed, errEnded} {
		if errors.Is(context.Cause(ctx), own) {
			return &Error{Kind: Cancelled, Reason: ReasonClientCancelled, Message: own.Error(), cause: own}
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Error{
			Kind: DeadlineExceeded, Reason: ReasonClientTimeout, Message: "the answer was not complete in time", cause: ctx.Err(),
		}
	}
	return &Error{Kind: Cancelled, Reason: ReasonClientCancelled, Message: "the caller cancelled", cause: ctx.Err()}
}

// serverDeadline is the reason that a server gives that noticed the call's deadline first.
const serverDeadline = "DEADLINE"

// ofCall decodes what a call under ctx failed with. A deadline is the caller's, whether this side or the server noticed
// it first.
func ofCall(ctx context.Context, err error) *Error {
	failure := decode(err)
	end, limited := ctx.Deadline()
	switch {
	case failure.Kind == DeadlineExceeded && limited && (failure.Reason == "" || failure.Reason == serverDeadline):
		failure.Reason = ReasonClientTimeout
	case failure.Reason != "":
	case failure.Kind == Cancelled && ctx.Err() != nil:
		return ended(ctx)
	case failure.Kind == Cancelled && limited && !time.Now().Before(end): // a server that was quicker to notice
		failure.Kind, failure.Reason = DeadlineExceeded, ReasonClientTimeout
	}
	return failure
}

// errClosed is the cause of a context that ends because its reader closed what it was reading.
var errClosed = errors.New("the answer was closed by its reader")
