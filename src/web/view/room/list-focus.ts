/** Keeps the keyboard focus in the list of a dialog. */

import { type RefObject, useEffect, useRef } from "react";

/** Focuses a list whose focused line was removed, so that keys still work. @param count of lines */
export function useListFocus(count: number): RefObject<HTMLUListElement | null> {
  const list = useRef<HTMLUListElement>(null);
  const before = useRef(count);
  useEffect(() => {
    const isLost = count < before.current && document.activeElement === document.body;
    before.current = count;
    if (isLost) list.current?.focus();
  }, [count]);
  return list;
}
