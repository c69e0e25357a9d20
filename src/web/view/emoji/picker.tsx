/** Dialog that lists all emoji. */

import { type KeyboardEvent, memo, useMemo, useRef, useState } from "react";
import type { AllTexts } from "../../../ui/messages/en/parts.ts";
import type { EmojiGroup, NamedEmoji } from "../../../ui/text/emoji.ts";
import { Dialog } from "../shell/dialog.tsx";
import { usePartPage } from "../shell/full-page.ts";
import { type EmojiPart, type LazyProps, useLoaded } from "../shell/lazy.tsx";
import { keepRecentEmoji, recentEmoji } from "./recent.ts";

const TITLES: Readonly<Record<string, keyof AllTexts>> = {
  Recent: "emojiRecent",
  "Smileys & Emotion": "emojiSmileys",
  "People & Body": "emojiPeople",
  "Animals & Nature": "emojiAnimals",
  "Food & Drink": "emojiFood",
  "Travel & Places": "emojiTravel",
  Activities: "emojiActivities",
  Objects: "emojiObjects",
  Symbols: "emojiSymbols",
  Flags: "emojiFlags",
};

function useGroups(part: EmojiPart | undefined, words: string): readonly EmojiGroup[] {
  const { lang } = usePartPage().texts;
  const all = useMemo(() => part?.emojiGroups(lang) ?? [], [part, lang]);
  return useMemo(() => {
    if (part === undefined) return [];
    if (words.trim() !== "") return [{ category: "", emoji: part.emojiFound(words, lang) }];
    const known = new Map(all.flatMap(({ emoji }) => emoji.map((one) => [one.emoji, one])));
    const recent = recentEmoji().flatMap((sign) => known.get(sign) ?? []);
    return recent.length === 0 ? all : [{ category: "Recent", emoji: recent }, ...all];
  }, [part, all, words, lang]);
}

interface GroupProps {
  readonly group: EmojiGroup;
  readonly title: string | undefined;
  /** Whether Tab focuses its first emoji; arrow keys move from there. */
  readonly isFirst: boolean;
  readonly onChoose: (sign: string) => void;
}

const Group = memo(function Group({ group, title, isFirst, onChoose }: GroupProps) {
  const button = ({ emoji, name, description }: NamedEmoji, i: number) => (
    <button
      key={emoji}
      type="button"
      tabIndex={isFirst && i === 0 ? 0 : -1}
      aria-label={description}
      title={`:${name}:`}
      onClick={() => onChoose(emoji)}
    >
      {emoji}
    </button>
  );
  return (
    <section aria-label={title}>
      {title === undefined ? null : <h3>{title}</h3>}
      <div className="emoji-grid">{group.emoji.map(button)}</div>
    </section>
  );
});

/** Next element in focus; `undefined` if the key does not move it; `null` above the first row. */
function moved(key: string, all: readonly HTMLElement[], at: number) {
  if (key === "ArrowRight") return all[at + 1];
  if (key === "ArrowLeft") return all[at - 1];
  const here = all[at]?.getBoundingClientRect();
  if (here === undefined || (key !== "ArrowDown" && key !== "ArrowUp")) return undefined;
  const step = key === "ArrowDown" ? 1 : -1;
  let found: HTMLElement | undefined;
  let least = Number.POSITIVE_INFINITY;
  let rowTop: number | undefined;
  for (let i = at + step; i >= 0 && i < all.length; i += step) {
    const { top, left } = all[i]?.getBoundingClientRect() ?? here;
    if (Math.abs(top - here.top) < 1) continue;
    rowTop ??= top;
    if (Math.abs(top - rowTop) >= 1) break;
    if (Math.abs(left - here.left) >= least) continue;
    least = Math.abs(left - here.left);
    found = all[i];
  }
  return found ?? (step < 0 ? null : undefined);
}

/** All emoji, by group or search; arrow keys move among them. */
export function EmojiPicker({ title, onChoose, onClose }: LazyProps["EmojiPicker"]) {
  const { texts, emoji } = usePartPage();
  const [words, setWords] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const groups = useGroups(useLoaded(emoji, onClose), words);
  const isNone = words.trim() !== "" && groups.every((group) => group.emoji.length === 0);
  const choose = useRef((sign: string) => {
    keepRecentEmoji(sign);
    onClose();
    onChoose(sign);
  });
  const buttons = () => [...(list.current?.querySelectorAll<HTMLElement>("button") ?? [])];
  const onFieldKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const [first] = groups.flatMap((group) => group.emoji);
    if (event.key === "Enter" && words.trim() !== "" && first) choose.current(first.emoji);
    else if (event.key === "ArrowDown") buttons()[0]?.focus();
    else return;
    event.preventDefault();
  };
  const onListKey = (event: KeyboardEvent) => {
    const all = buttons();
    const next = moved(event.key, all, all.indexOf(document.activeElement as HTMLElement));
    if (next === undefined) return;
    event.preventDefault();
    (next ?? field.current)?.focus();
  };
  return (
    <Dialog title={title} onClose={onClose} className="emoji-picker">
      <input
        ref={field}
        type="text" // A search field would handle the first Esc itself.
        aria-label={texts.emojiFind}
        placeholder={texts.emojiFind}
        autoComplete="off"
        spellCheck="false"
        value={words}
        onChange={(event) => setWords(event.target.value)}
        onKeyDown={onFieldKey}
      />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: its buttons have the keys */}
      <div ref={list} className="emoji-list" onKeyDown={onListKey}>
        {groups.map((group, i) => {
          const key = TITLES[group.category];
          const name = key === undefined ? undefined : texts[key];
          return (
            <Group
              key={group.category}
              group={group}
              isFirst={i === 0}
              title={typeof name === "string" ? name : undefined}
              onChoose={choose.current}
            />
          );
        })}
      </div>
      <p className="hint" role="status">
        {isNone ? texts.foundNothing : ""}
      </p>
    </Dialog>
  );
}
