/** A message in a list: its author, place and time above its text. */

import type { ReactNode } from "react";
import type { Item } from "../../../core/model/state.ts";
import { authorText, briefText } from "../../../ui/text/event-text.ts";
import { usePage } from "../shell/context.tsx";
import { PlainLine } from "./rich-text.tsx";

interface ListedMessageProps {
  readonly item: Item;
  /** Cleaned; absent if the whole list is of one place. */
  readonly place?: string;
  /** Replaces the text of the message. */
  readonly children?: ReactNode;
}

export function ListedMessage({ item, place, children }: ListedMessageProps) {
  const { texts, times } = usePage();
  const about = [authorText(item, texts), place, times.full(item.timeUnixMs)];
  return (
    <>
      <span className="list-note" dir="auto">
        {about.filter((one) => one !== undefined).join(" · ")}
      </span>
      <span className="list-main hit-text" dir="auto">
        {children ?? <PlainLine text={briefText(item, texts, times)} />}
      </span>
    </>
  );
}
