/** Touch gestures on messages: a long press opens the menu, and a swipe replies. */

import { flushSync } from "preact/compat";
import type { RefObject } from "react";
import type { Row } from "../../../core/model/rows.ts";
import type { Item } from "../../../core/model/state.ts";
import { type Gestures, SWIPE_PX, useGestures } from "../shell/gestures.ts";
import { EDGE_PX } from "./drawer-gestures.ts";

/** The message follows the finger this much more slowly after the threshold. */
const RESISTANCE = 4;

/** The buttons of a message exist only while it has the focus or the pointer. */
export function openMessageMenu(message: HTMLElement): boolean {
  flushSync(() => message.focus({ preventScroll: true }));
  const button = message.querySelector<HTMLElement>(".tools-more");
  button?.click();
  return button !== null;
}

/** @param mark element that shows whether the swipe replies */
export function useMessageGestures(
  section: RefObject<HTMLElement | null>,
  mark: RefObject<HTMLElement | null>,
  rows: readonly Row[],
  reply: ((item: Item) => void) | undefined,
): void {
  const messageAt = (target: Element) => target.closest<HTMLElement>("article[data-seq]");
  const longPress: Gestures["longPress"] = (target) => {
    const message = messageAt(target);
    if (message === null) return false;
    message.dataset["touched"] = "long";
    return openMessageMenu(message);
  };
  const swipe: Gestures["swipe"] = ({ target, isForward, edgePx, direction }) => {
    const message = messageAt(target);
    const [area, icon] = [section.current, mark.current];
    if (!isForward || edgePx <= EDGE_PX || message === null) return undefined;
    const items = rows.flatMap((row) => (row.kind === "item" ? [row.item] : []));
    const item = items.find(({ seq }) => `${seq}` === message.dataset["seq"]);
    if (reply === undefined || item?.state !== "whole") return undefined;
    if (area === null || icon === null) return undefined;
    const { top, height } = message.getBoundingClientRect();
    icon.style.top = `${top + height / 2 - area.getBoundingClientRect().top}px`;
    message.style.transition = "none";
    return {
      move: (px) => {
        const freePx = Math.min(Math.max(0, px), SWIPE_PX);
        const extraPx = Math.max(0, px - SWIPE_PX) / RESISTANCE;
        message.style.translate = `${direction * (freePx + extraPx)}px`;
        icon.style.opacity = `${freePx / SWIPE_PX}`;
        icon.dataset["armed"] = `${px >= SWIPE_PX}`;
      },
      end: (isComplete) => {
        message.style.transition = "";
        message.style.translate = "";
        icon.style.opacity = "";
        const isArmed = icon.dataset["armed"] === "true";
        delete icon.dataset["armed"];
        if (isComplete && isArmed) reply(item);
      },
    };
  };
  useGestures(section, { longPress, swipe });
}
