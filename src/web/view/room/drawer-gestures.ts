/** Swipes that open and close the drawer. */

import type { RefObject } from "react";
import { NARROW } from "../shell/context.tsx";
import { useGestures } from "../shell/gestures.ts";

/** Width of the edge where a swipe opens the drawer. */
export const EDGE_PX = 32;

export function useDrawerGestures(
  chat: RefObject<HTMLElement | null>,
  isOpen: boolean,
  setOpen: (isOpen: boolean) => void,
): void {
  useGestures(chat, {
    swipe: ({ isForward, edgePx, direction }) => {
      const element = chat.current;
      const isOther = isForward === isOpen || (!isOpen && edgePx > EDGE_PX);
      if (element === null || isOther || !matchMedia(NARROW).matches) return undefined;
      const widthPx = element.querySelector(".side-rooms")?.clientWidth ?? 0;
      let isFar = false;
      return {
        move: (px) => {
          const atPx = Math.min(0, isOpen ? px : px - widthPx);
          element.dataset["dragging"] = "";
          element.style.setProperty("--drawer", `${direction * atPx}px`);
          isFar = isOpen ? px < 0 : px > 0;
        },
        end: (isComplete) => {
          delete element.dataset["dragging"];
          element.style.removeProperty("--drawer");
          if (isComplete && isFar) setOpen(!isOpen);
        },
      };
    },
  });
}
