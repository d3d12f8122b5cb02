// The embedded store answers at once, Redis by a promise. What comes after goes on at once too
// where it can: on the polled path a promise costs as much as the rule that it waits for.

/**
 * Goes on with a value that is there, or will be. Throws, or rejects, as `act` or the promise does.
 */
export function whenKnown<T, R>(value: T | Promise<T>, act: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(act) : act(value);
}
