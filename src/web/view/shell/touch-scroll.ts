import { combined, listen } from "./effects.ts";

/** A list whose position has not changed for this long is at rest. */
export const SCROLL_END_MS = 150;

/**
 * Reports when a finger begins to touch a list, and when the scrolling ends that it caused, which
 * coasts after the finger was lifted.
 *
 * @returns clean-up function
 */
export function watchTouchScroll(
  list: HTMLElement,
  onChange: (isTouched: boolean) => void,
): () => void {
  const passive = { passive: true };
  let ends: (() => void)[] = [];
  let state: "rest" | "touched" | "dragged" | "coasting" = "rest";
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** The finger may still be there after its touch was cancelled, and scroll without events. */
  let isCancelled = false;
  const rest = () => {
    state = "rest";
    onChange(false);
  };
  const restSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(rest, SCROLL_END_MS);
  };
  const stopFingers = () => {
    for (const end of ends) end();
    ends = [];
  };
  const onMove = () => {
    state = "dragged";
  };
  const onEnd = ({ type, touches }: TouchEvent) => {
    if ([...touches].some(({ target }) => list.contains(target as Node))) return;
    stopFingers();
    isCancelled = type === "touchcancel";
    // Some browsers cancel the touch when they begin to scroll.
    if (state === "dragged" || isCancelled) {
      state = "coasting";
      restSoon();
    } else rest();
  };
  const onStart = ({ target }: TouchEvent) => {
    clearTimeout(timer);
    isCancelled = false;
    if (state === "rest") onChange(true);
    if (state !== "dragged") state = "touched";
    // If the touched row is removed, its events do not reach the list.
    ends.push(
      listen(target, "touchmove", onMove, passive),
      listen(target, "touchend touchcancel", onEnd, passive),
    );
  };
  const onScroll = () => {
    if (state === "rest" && isCancelled) {
      state = "coasting";
      onChange(true);
    }
    if (state === "coasting") restSoon();
  };
  return combined(
    listen(list, "touchstart", onStart, passive),
    listen(list, "scroll", onScroll, passive),
    listen(list, "wheel pointerdown keydown", () => (isCancelled = false), passive),
    stopFingers,
    () => clearTimeout(timer),
  );
}
