/** Messages listed in dialogs, and the focus after a line is removed. */

import { type ReactNode, type RefObject, useEffect, useRef } from "react";
import type { Item } from "../../../core/model/state.ts";
import { authorText, briefText } from "../../../ui/text/event-text.ts";
import { usePage } from "../shell/context.tsx";
import { useNames } from "./person.tsx";
import { PlainLine } from "./rich-text.tsx";

interface ListedMessageProps {
  readonly item: Item;
  readonly location?: string;
  readonly children?: ReactNode;
}

export function ListedMessage({ item, location, children }: ListedMessageProps) {
  const { texts, times } = usePage();
  const names = useNames();
  const { timeUnixMs } = item;
  const isToday = timeUnixMs >= new Date().setHours(0, 0, 0, 0);
  const time = (isToday ? times.clock : times.full)(timeUnixMs);
  const about = [authorText(item, texts, names), location, time];
  return (
    <>
      <span className="list-note" dir="auto">
        {about.filter((text) => text !== undefined).join(" · ")}
      </span>
      <span className="list-main hit-text" dir="auto">
        {children ?? <PlainLine text={briefText(item, texts, times)} />}
      </span>
    </>
  );
}

/** Focuses the list after its focused line is removed, so that keys still work. */
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
