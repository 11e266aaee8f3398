import type { AdedError } from "./errors.js";

/**
 * How often and when a call is tried again. What is tried again: single answers, the opening of conversations, turns of a
 * conversation that can be had as it was, and calls with one answer, if they end before their first event with UNAVAILABLE, or
 * with RESOURCE_EXHAUSTED for a reason that passes (`QUEUE_FULL`, `QUEUE_WAIT`, `PREPARATION_QUEUE_FULL`, `MEMORY_BUSY`,
 * `INBOUND_BYTES`). Never after the first event, for another reason, or beyond the time limit.
 */
export interface RetryPolicy {
  /** The first attempt counts too; 1 tries nothing again. */
  readonly attempts: number;
  /**
   * The pause before the second attempt. It doubles each time, up to `maxMs`, and is up to a fifth more or less by chance; but
   * it is never shorter than what the server asks for.
   */
  readonly initialMs: number;
  /** The longest pause of the policy's own. */
  readonly maxMs: number;
}

/** Four attempts within about 0.7 s, or as the server asks. */
export const DEFAULT_RETRY: RetryPolicy = { attempts: 4, initialMs: 100, maxMs: 5000 };

/** Tries nothing again. */
export const NO_RETRY: RetryPolicy = { attempts: 1, initialMs: 0, maxMs: 0 };

const PASSING = new Set(["QUEUE_FULL", "QUEUE_WAIT", "PREPARATION_QUEUE_FULL", "MEMORY_BUSY", "INBOUND_BYTES"]);

/** How long to pause before the next attempt; undefined if there is none. @internal */
export function pauseBefore(
  policy: RetryPolicy,
  attempt: number,
  failure: AdedError,
  deadline: number | undefined,
  chance = Math.random(),
): number | undefined {
  const passes = failure.kind === "UNAVAILABLE" || (failure.kind === "RESOURCE_EXHAUSTED" && PASSING.has(failure.reason));
  if (attempt >= policy.attempts || !passes) {
    return undefined;
  }
  const own = Math.min(policy.maxMs, policy.initialMs * 2 ** (attempt - 1)) * (0.8 + 0.4 * chance);
  const pause = Math.max(own, failure.retryAfterMs ?? 0);
  // What is known now says more than that time is up.
  return deadline !== undefined && Date.now() + pause >= deadline ? undefined : pause;
}

/** Waits; rejects with what the signal was aborted for. @internal */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", aborted);
      resolve();
    }, ms);
    if (signal?.aborted === true) {
      aborted();
    } else {
      signal?.addEventListener("abort", aborted, { once: true });
    }
  });
}
