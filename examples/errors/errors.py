"""Tells failures apart, and says what is tried again."""

import sys

import aded

# What may pass is tried again by the client itself, here up to three times, no sooner than the server says.
patient = aded.RetryPolicy(attempts=3, initial=0.2)


def attempt(what, call):
    print(f"{what}:")
    try:
        print(f"  answered: {call()}")
    except aded.InvalidRequest as wrong:
        for violation in wrong.violations:  # all of them at once
            print(f"  {violation.field} {violation.description}")
    except (aded.Unavailable, aded.ResourceExhausted) as later:
        print(f"  {later.kind} {later.reason}: {later.message}; try again in {later.retry_after or 'a while'}")
    except aded.AdedError as failed:
        print(f"  {failed.kind} {failed.reason}: {failed.message}")


with aded.Client(sys.argv[1], retry=patient) as client:
    attempt("values out of range", lambda: client.chat("Hello", temperature=-1, max_tokens=-5))
    attempt("a model that is not there", lambda: client.model("no-such-model"))
    attempt("nothing to resume", lambda: client.converse("never-there", require_resume=True))
    attempt("an ordinary question", lambda: client.chat("Hello", max_tokens=8))
with aded.Client("localhost:1", retry=patient) as nobody:
    attempt("a server that is not there", lambda: nobody.chat("Hello"))
