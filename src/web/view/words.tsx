import { memo, useMemo } from "react";
import { isSame } from "../../core/model-item.ts";
import { segmentsOf } from "../segments.ts";

export interface WordsProps {
  readonly text: string;
  readonly mentions: readonly string[];
  readonly me: string | undefined;
}

/** Somebody's words: cleaned, never markup; only addresses of the web can be followed. */
export const Words = memo(function Words({ text, mentions, me }: WordsProps) {
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
              <a key={key} href={segment.href} target="_blank" rel="noopener noreferrer">
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
    </div>
  );
});
