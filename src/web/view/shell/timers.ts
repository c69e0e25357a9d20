/** The browser's timers. */

import type { Clock } from "../../../io/clock.ts";

export const TIMERS: Pick<Clock, "now" | "after"> = {
  now: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
