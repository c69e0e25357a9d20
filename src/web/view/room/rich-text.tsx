import { type MouseEvent, memo, type ReactNode, useMemo } from "react";
import { isSame } from "../../../core/model/item.ts";
import { readRoute } from "../../input/route.ts";
import { segmentsOf } from "../../input/segments.ts";

export interface RichTextProps {
  readonly text: string;
  readonly mentions: readonly string[];
  readonly me: string | undefined;
  /** What the page says of them, in the same line. */
  readonly children?: ReactNode;
}

/** The address of a room or a message of this very page needs no other window. */
function followHere(event: MouseEvent<HTMLAnchorElement>): void {
  const { origin, pathname, search, hash } = event.currentTarget;
  const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  const isOwn = origin === location.origin && pathname === location.pathname && search === "";
  if (!isPlain || !isOwn || readRoute(hash) === undefined) return;
  event.preventDefault();
  location.hash = hash;
}

/** Text of users: cleaned, never markup; only web addresses become links. */
export const RichText = memo(function Words({ text, mentions, me, children }: RichTextProps) {
  const segments = useMemo(
    () => segmentsOf(text, new Set(mentions.map((name) => name.toLowerCase()))),
    [text, mentions],
  );
  return (
    <div className="words" dir="auto">
      {segments.map((segment, i) => {
        const key = `${i}`;
        switch (segment.kind) {
          case "link":
            return (
              <a
                key={key}
                href={segment.href}
                target="_blank"
                rel="noopener noreferrer"
                onClick={followHere}
              >
                {segment.text}
              </a>
            );
          case "mention":
            return (
              <span
                key={key}
                className={isSame(segment.name, me) ? "mention mention-me" : "mention"}
              >
                {segment.text}
              </span>
            );
          default:
            return segment.text;
        }
      })}
      {children}
    </div>
  );
});
