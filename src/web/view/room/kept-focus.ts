import { type RefObject, useCallback, useLayoutEffect, useRef } from "react";

/**
 * A row that had the focus may go: what was sent becomes what was said, or it is scrolled out. The
 * list has the focus then, so that keys go on from there.
 * @returns looks whether it is gone; so does each render
 */
export function useKeptFocus(section: RefObject<HTMLElement | null>): () => void {
  const row = useRef<Element | null>(null);
  const look = useCallback(() => {
    const { current } = section;
    const { activeElement: active, body } = document;
    const isLost = row.current?.isConnected === false && (active === null || active === body);
    if (isLost) current?.querySelector<HTMLElement>(".list")?.focus({ preventScroll: true });
    row.current = current?.contains(document.activeElement) ? document.activeElement : null;
  }, [section]);
  useLayoutEffect(look);
  useLayoutEffect(() => {
    const { current } = section;
    const note = (event: FocusEvent) => {
      row.current = event.target instanceof Element ? event.target : null;
    };
    current?.addEventListener("focusin", note);
    return () => current?.removeEventListener("focusin", note);
  }, [section]);
  return look;
}
