/** Keyboard focus in the timeline after the focused row is removed. */

import { type RefObject, useCallback, useLayoutEffect, useRef } from "react";
import { listen } from "../shell/effects.ts";

/**
 * Focuses the list when the focused row disappears, so that keys still work.
 * @returns a function that checks the focus; each render also checks it
 */
export function useRowFocus(section: RefObject<HTMLElement | null>): () => void {
  const row = useRef<Element | null>(null);
  const restoreFocus = useCallback(() => {
    const { current } = section;
    const { activeElement: active, body } = document;
    const isLost = row.current?.isConnected === false && (active === null || active === body);
    if (isLost) current?.querySelector<HTMLElement>(".list")?.focus({ preventScroll: true });
    row.current = current?.contains(document.activeElement) ? document.activeElement : null;
  }, [section]);
  useLayoutEffect(restoreFocus);
  useLayoutEffect(() => {
    const note = ({ target }: FocusEvent) => {
      row.current = target instanceof Element ? target : null;
    };
    return listen(section.current, "focusin", note);
  }, [section]);
  return restoreFocus;
}
