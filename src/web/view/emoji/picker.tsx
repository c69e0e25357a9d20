/** Dialog that lists all emoji. */

import {
  type KeyboardEvent,
  memo,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { Texts } from "../../../ui/messages/en/page.ts";
import type { EmojiGroup, NamedEmoji } from "../../../ui/text/emoji.ts";
import { Announced } from "../shell/announced.tsx";
import { type CloseProps, isTouch, usePage } from "../shell/context.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { whenSettled } from "../shell/effects.ts";
import { Icon, type IconName } from "../shell/icons.tsx";
import { readLocal, writeLocal } from "../shell/local.ts";
import { type EmojiModule, emojiModule } from "./loader.ts";

const TITLES: Readonly<Record<string, keyof Texts>> = {
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

const ICONS: Readonly<Record<string, IconName>> = {
  Recent: "clock",
  "Smileys & Emotion": "smile",
  "People & Body": "hand",
  "Animals & Nature": "leaf",
  "Food & Drink": "food",
  "Travel & Places": "travel",
  Activities: "ball",
  Objects: "bulb",
  Symbols: "heart",
  Flags: "flag",
};

function useGroups(
  module: EmojiModule | undefined,
  query: string,
  tone: string,
): readonly EmojiGroup[] {
  const { lang } = usePage().texts;
  const all = useMemo(() => module?.emojiGroups(lang) ?? [], [module, lang]);
  return useMemo(() => {
    if (module === undefined) return [];
    const { emojiKey, searchEmoji, withSkinTone } = module;
    const toned = (entries: readonly NamedEmoji[]) =>
      entries.map((entry) => ({ ...entry, emoji: withSkinTone(entry.emoji, tone) }));
    if (query.trim() !== "") return [{ category: "", emoji: toned(searchEmoji(query, lang)) }];
    const byKey = new Map(
      all.flatMap(({ emoji }) => emoji.map((entry) => [emojiKey(entry.emoji), entry])),
    );
    const recent = recentEmoji().flatMap((sign) => {
      const entry = byKey.get(emojiKey(sign));
      return entry === undefined ? [] : { ...entry, emoji: sign };
    });
    const groups = all.map(({ category, emoji }) => ({ category, emoji: toned(emoji) }));
    return recent.length === 0 ? groups : [{ category: "Recent", emoji: recent }, ...groups];
  }, [module, all, query, lang, tone]);
}

interface CategoriesProps {
  readonly groups: readonly EmojiGroup[];
  readonly titleOf: (group: EmojiGroup) => string | undefined;
  readonly onChoose: (at: number) => void;
}

function Categories({ groups, titleOf, onChoose }: CategoriesProps) {
  return (
    <div className="emoji-categories">
      {groups.map((group, at) => (
        <button
          key={group.category}
          type="button"
          aria-label={titleOf(group)}
          title={titleOf(group)}
          onClick={() => onChoose(at)}
        >
          <Icon name={ICONS[group.category] ?? "smile"} />
        </button>
      ))}
    </div>
  );
}

interface GroupProps {
  readonly group: EmojiGroup;
  readonly title: string | undefined;
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

/** `undefined` if the key does not move the focus; `null` above the first row. */
function nextFocus(key: string, all: readonly HTMLElement[], at: number) {
  if (key === "ArrowRight") return all[at + 1];
  if (key === "ArrowLeft") return all[at - 1];
  const current = all[at]?.getBoundingClientRect();
  if (current === undefined || (key !== "ArrowDown" && key !== "ArrowUp")) return undefined;
  const step = key === "ArrowDown" ? 1 : -1;
  let nearest: HTMLElement | undefined;
  let nearestPx = Number.POSITIVE_INFINITY;
  let rowTop: number | undefined;
  for (let i = at + step; i >= 0 && i < all.length; i += step) {
    const { top, left } = all[i]?.getBoundingClientRect() ?? current;
    if (Math.abs(top - current.top) < 1) continue;
    rowTop ??= top;
    if (Math.abs(top - rowTop) >= 1) break;
    if (Math.abs(left - current.left) >= nearestPx) continue;
    nearestPx = Math.abs(left - current.left);
    nearest = all[i];
  }
  return nearest ?? (step < 0 ? null : undefined);
}

export interface EmojiPickerProps extends CloseProps {
  readonly title: string;
  readonly onChoose: (sign: string) => void;
}

export function EmojiPicker({ title, onChoose, onClose }: EmojiPickerProps) {
  const { texts, fail } = usePage();
  const [module, setModule] = useState(emojiModule.loaded);
  // biome-ignore lint/correctness/useExhaustiveDependencies: loaded once, when opened
  useEffect(() => {
    if (module !== undefined) return;
    return whenSettled(emojiModule.fetch(), setModule, () => {
      onClose();
      fail(texts.loadFailed);
    });
  }, []);
  const [query, setQuery] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [tone, setTone] = useState(skinTone);
  const groups = useGroups(module, query, tone);
  const titleOf = ({ category }: EmojiGroup) => {
    const key = TITLES[category];
    const title = key === undefined ? undefined : texts[key];
    return typeof title === "string" ? title : undefined;
  };
  const showGroup = (at: number) => list.current?.children[at]?.scrollIntoView();
  const chooseTone = (chosen: string) => {
    storeSkinTone(chosen);
    setTone(chosen);
  };
  // A field with the focus would bring the keyboard over the list.
  useLayoutEffect(() => {
    if (isTouch()) list.current?.focus();
  }, []);
  const hasNoMatch = query.trim() !== "" && groups.every((group) => group.emoji.length === 0);
  const chosen = useRef<string>(undefined);
  const choose = useRef((sign: string) => {
    addRecentEmoji(sign);
    chosen.current = sign;
    onClose();
  });
  // A text field can take the emoji only once it can have the focus.
  const onClosed = () => {
    if (chosen.current !== undefined) onChoose(chosen.current);
  };
  const buttons = () => [...(list.current?.querySelectorAll<HTMLElement>("button") ?? [])];
  const onFieldKey = (event: KeyboardEvent) => {
    const [first] = groups.flatMap((group) => group.emoji);
    if (event.key === "Enter" && query.trim() !== "" && first) choose.current(first.emoji);
    else if (event.key === "ArrowDown") buttons()[0]?.focus();
    else return;
    event.preventDefault();
  };
  const onListKey = (event: KeyboardEvent) => {
    const all = buttons();
    const next = nextFocus(event.key, all, all.indexOf(document.activeElement as HTMLElement));
    if (next === undefined) return;
    event.preventDefault();
    (next ?? field.current)?.focus();
  };
  return (
    <Dialog title={title} onClose={onClose} onClosed={onClosed} className="emoji-picker">
      <div className="search-row">
        <input
          ref={field}
          type="text" // A search field would clear itself on Esc instead of closing the dialog.
          aria-label={texts.emojiFind}
          placeholder={texts.emojiFind}
          autoComplete="off"
          spellCheck="false"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={onFieldKey}
        />
        <select
          aria-label={texts.skinTone}
          title={texts.skinTone}
          value={tone}
          onChange={({ target }) => chooseTone(target.value)}
        >
          {module?.SKIN_TONES.map((one) => (
            <option key={one} value={one}>{`✋${one}`}</option>
          ))}
        </select>
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: handles the keys of its buttons */}
      <div ref={list} className="emoji-list" tabIndex={-1} onKeyDown={onListKey}>
        {groups.map((group, i) => (
          <Group
            key={group.category}
            group={group}
            isFirst={i === 0}
            title={titleOf(group)}
            onChoose={choose.current}
          />
        ))}
      </div>
      {query.trim() === "" ? (
        <Categories groups={groups} titleOf={titleOf} onChoose={showGroup} />
      ) : null}
      <Announced kind="result" className="hint">
        {hasNoMatch ? texts.foundNothing : ""}
      </Announced>
    </Dialog>
  );
}

const RECENT_MAX = 16;
const KEY = "chat.emoji";

function recentEmoji(): readonly string[] {
  const stored = readLocal(KEY);
  const all: readonly unknown[] = Array.isArray(stored) ? stored.slice(0, RECENT_MAX) : [];
  return all.filter((entry) => typeof entry === "string");
}

function addRecentEmoji(emoji: string): void {
  const all = [emoji, ...recentEmoji().filter((entry) => entry !== emoji)];
  writeLocal(KEY, all.slice(0, RECENT_MAX));
}

const TONE_KEY = "chat.skin-tone";

function skinTone(): string {
  const stored = readLocal(TONE_KEY);
  return typeof stored === "string" && /^\p{Emoji_Modifier}$/u.test(stored) ? stored : "";
}

function storeSkinTone(tone: string): void {
  writeLocal(TONE_KEY, tone);
}
