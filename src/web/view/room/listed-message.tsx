/** Messages listed in dialogs and panels. */

import type { ReactNode } from "react";
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
