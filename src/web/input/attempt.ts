/** Calls of the browser that it may refuse, and whose result the page can do without. */

/**
 * In a browser that blocks cookies, even reading a property such as `indexedDB` throws. Safari
 * refuses the hundredth change of the history within seconds, and extensions refuse anything.
 * @returns `undefined` if the call throws
 */
export function attempt<Value>(act: () => Value): Value | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
