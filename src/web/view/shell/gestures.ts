/** Gestures with one finger: long press and sideways swipe. */

import { type RefObject, useEffect, useRef } from "react";
import { combined, listen } from "./effects.ts";

/** Less than the browsers' own 500 ms, so that their menu does not open first. */
const LONG_PRESS_MS = 400;
/** Movement that neither cancels a long press nor begins a swipe. */
const SLACK_PX = 10;
/** Distance after which the end of a swipe takes effect. */
export const SWIPE_PX = 56;

/** Elements that handle presses or swipes themselves. */
const OWN_PRESS = "a, input, textarea, select, video, audio";
const OWN_SWIPE = "input, textarea, select, video, audio";

export interface SwipeStart {
  readonly target: Element;
  /** Whether the finger moves in the direction of the text, to the right in English. */
  readonly isForward: boolean;
  /** Distance between the first touch and the edge where lines start. */
  readonly edgePx: number;
  /** 1, or -1 in right-to-left text. */
  readonly direction: 1 | -1;
}

export interface Swipe {
  /** @param px distance, negative against the direction of the text */
  readonly move: (px: number) => void;
  /** @param isComplete whether the finger was lifted after `SWIPE_PX` */
  readonly end: (isComplete: boolean) => void;
}

export interface Gestures {
  /** Returns whether the press had an effect. */
  readonly longPress?: (target: Element) => boolean;
  readonly swipe?: (start: SwipeStart) => Swipe | undefined;
}

interface Touch {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  readonly target: Element;
  readonly timer: number;
  swipe?: Swipe | undefined;
  px: number;
}

/** The browser may still move the focus, fire a click or open its own menu. */
function ignoreRelease(): void {
  const ignore = (event: Event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  const kinds = "pointerup mousedown click contextmenu";
  const stop = listen(window, kinds, ignore, { capture: true });
  listen(window, "pointerdown keydown", stop, { capture: true, once: true });
}

function scrollsSideways(target: Element, end: Element): boolean {
  for (let element: Element | null = target; element !== null; element = element.parentElement) {
    if (element === end) break;
    const isScroller = /auto|scroll/.test(getComputedStyle(element).overflowX);
    if (isScroller && element.scrollWidth > element.clientWidth) return true;
  }
  return target.closest(OWN_SWIPE) !== null;
}

function begin(element: HTMLElement, { swipe }: Gestures, touch: Touch, sidewaysPx: number) {
  const isZoomed = (visualViewport?.scale ?? 1) > 1;
  if (isZoomed || scrollsSideways(touch.target, element)) return undefined;
  const direction = getComputedStyle(element).direction === "rtl" ? -1 : 1;
  const edgePx = direction === 1 ? touch.x : innerWidth - touch.x;
  const isForward = sidewaysPx * direction > 0;
  const begun = swipe?.({ target: touch.target, isForward, edgePx, direction });
  if (begun === undefined) return undefined;
  return { move: (px: number) => begun.move(px * direction), end: begun.end };
}

/** The style sheet must leave sideways movement on the element to the page (`touch-action`). */
export function useGestures(ref: RefObject<HTMLElement | null>, gestures: Gestures): void {
  const latest = useRef(gestures);
  latest.current = gestures;
  useEffect(() => {
    const element = ref.current;
    let touch: Touch | undefined;
    const end = (isComplete: boolean) => {
      clearTimeout(touch?.timer);
      touch?.swipe?.end(isComplete);
      touch = undefined;
    };
    const onDown = ({
      pointerType,
      pointerId: id,
      clientX: x,
      clientY: y,
      target,
    }: PointerEvent) => {
      const isSecondFinger = touch !== undefined && touch.id !== id;
      end(false);
      if (isSecondFinger || pointerType !== "touch" || !(target instanceof Element)) return;
      const press = () => {
        const hasEffect = latest.current.longPress?.(target) === true;
        if (hasEffect) ignoreRelease();
        touch = undefined;
      };
      const isOwn = latest.current.longPress === undefined || target.closest(OWN_PRESS) !== null;
      const timer = isOwn ? 0 : window.setTimeout(press, LONG_PRESS_MS);
      touch = { id, x, y, target, timer, px: 0 };
    };
    const onMove = ({ pointerId, clientX, clientY }: PointerEvent) => {
      if (element === null || touch === undefined || pointerId !== touch.id) return;
      touch.px = clientX - touch.x;
      const sideways = Math.abs(touch.px);
      const upright = Math.abs(clientY - touch.y);
      if (touch.swipe === undefined) {
        if (Math.max(sideways, upright) <= SLACK_PX) return;
        clearTimeout(touch.timer);
        const isSideways = sideways > 2 * upright;
        touch.swipe = isSideways ? begin(element, latest.current, touch, touch.px) : undefined;
        if (touch.swipe === undefined) return end(false);
      }
      touch.swipe.move(touch.px);
    };
    const onUp = ({ pointerId }: PointerEvent) => {
      if (touch?.id === pointerId) end(Math.abs(touch.px) >= SWIPE_PX);
    };
    return combined(
      listen(element, "pointerdown", onDown),
      listen(element, "pointermove", onMove),
      listen(window, "pointerup", onUp),
      listen(window, "pointercancel", () => end(false)),
      () => end(false),
    );
  }, [ref]);
}
