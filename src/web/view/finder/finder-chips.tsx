/** Chips that narrow the finder: to one kind, to a room, and to what messages have. */

import { knownNames, roomList } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { searchCompletions } from "../../../ui/search-query.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { useNames } from "../room/person.tsx";
import { useNarrow, usePage } from "../shell/context.tsx";
import { Icon } from "../shell/icons.tsx";
import { MenuButton, menuItem } from "../shell/menu.tsx";
import { useFinderTexts } from "./finder-texts.ts";
import { GROUPS, type ResultGroup } from "./results.ts";
import type { FoundRow } from "./rows.ts";
import type { FinderView, FoundKind } from "./store.ts";

const SIGNS: Partial<Record<FoundKind, string>> = {
  people: "@",
  rooms: "#",
  actions: "/",
  help: "?",
};
const OFFERED_MAX = 50;
/** Chips that are drawn without results; settings are found by typing. */
const ALWAYS: ReadonlySet<FoundKind> = new Set(GROUPS.filter((group) => group !== "settings"));

const COMPLETIONS_MAX = 4;

/** Texts with their last word completed to a filter. */
export function completedTexts(text: string, model: Model): readonly string[] {
  const last = /(?<!\S)[a-z]+:\S*$/i.exec(text)?.[0];
  if (last === undefined) return [];
  const before = text.slice(0, text.length - last.length);
  return searchCompletions(last, model)
    .filter((word) => word.toLowerCase() !== last.toLowerCase())
    .slice(0, COMPLETIONS_MAX)
    .map((word) => before + word);
}

interface ChipsProps {
  readonly view: FinderView;
  /** Chosen by a chip or by the first letter. */
  readonly group: FoundKind | undefined;
  readonly groups: readonly ResultGroup<FoundRow>[];
  readonly isBlank: boolean;
  readonly titleOf: (target: string) => string;
  readonly onChange: (view: Partial<FinderView>) => void;
}

export function FinderChips(props: ChipsProps) {
  const { view, group, groups, isBlank, titleOf, onChange } = props;
  const { chat } = usePage();
  const own = useFinderTexts();
  const isNarrow = useNarrow();
  const { target, text } = view;
  const withoutSign = text.replace(/^\s*[@#/?]/, "");
  const counts = new Map(
    groups.map(({ kind, count, hasMore }) => [kind, own.count(count, hasMore)]),
  );
  const isShown = (kind: FoundKind) =>
    target === undefined
      ? ALWAYS.has(kind) || counts.has(kind) || kind === group
      : kind === "messages" || kind === "files";
  return (
    // biome-ignore lint/a11y/useSemanticElements: not a form
    <div className="finder-chips" role="group" aria-label={own.showOnly}>
      {target === undefined ? null : (
        <button
          type="button"
          className="filter"
          aria-pressed="true"
          aria-label={own.endFilter(own.inRoom(titleOf(target)))}
          onClick={() => onChange({ target: undefined })}
        >
          {own.inRoom(titleOf(target))}
          <Icon name="close" />
        </button>
      )}
      {completedTexts(text, chat.model).map((completed) => (
        <button
          key={completed}
          type="button"
          className="filter"
          onClick={() => onChange({ text: `${completed} ` })}
        >
          {completed.split(" ").at(-1)}
        </button>
      ))}
      <button
        type="button"
        className="filter"
        aria-pressed={group === undefined}
        onClick={() =>
          onChange({ group: undefined, text: group === view.group ? text : withoutSign })
        }
      >
        {own.all}
      </button>
      {GROUPS.filter(isShown).map((kind) => {
        const isOn = kind === group;
        const count = isBlank ? undefined : counts.get(kind);
        const sign = isNarrow || isOn ? undefined : SIGNS[kind];
        return (
          <button
            key={kind}
            type="button"
            className="filter"
            aria-pressed={isOn}
            onClick={() => onChange({ group: isOn ? undefined : kind, text: withoutSign })}
          >
            {own.groups[kind]}
            {count === undefined ? null : <span className="filter-count">{count}</span>}
            {isOn ? <Icon name="close" /> : null}
            {sign === undefined ? null : (
              <span className="finder-sign" aria-hidden="true">
                {sign}
              </span>
            )}
          </button>
        );
      })}
      {group === "messages" ? <MessageFilters {...props} /> : null}
    </div>
  );
}

function MessageFilters({ view, titleOf, onChange }: ChipsProps) {
  const { texts, chat } = usePage();
  const own = useFinderTexts();
  const names = useNames();
  const { text, target } = view;
  /** Replaces the filter of this kind. */
  const setFilter = (kind: "from" | "after" | "has", value: string) => {
    const others = text.split(" ").filter((word) => word !== "" && !word.startsWith(`${kind}:`));
    onChange({ text: [...others, `${kind}:${value}`, ""].join(" ") });
  };
  const people = knownNames(chat.model).slice(0, OFFERED_MAX);
  const { rooms, people: conversations } = roomList(chat.model);
  const places = [...rooms, ...conversations].slice(0, OFFERED_MAX);
  const isWithFile = /(?:^|\s)has:file/i.test(text);
  const menu = (label: string, items: () => ReturnType<typeof menuItem>[]) => (
    <MenuButton className="filter" label={label} items={items}>
      {label}
      <Icon name="chevron" />
    </MenuButton>
  );
  return (
    <>
      {menu(texts.searchFrom, () =>
        people.map((name) => menuItem(personText(names, name), () => setFilter("from", name))),
      )}
      {target === undefined
        ? menu(own.in, () =>
            places.map((place) =>
              menuItem(titleOf(place.target), () => onChange({ target: place.target })),
            ),
          )
        : null}
      {menu(texts.searchDate, () =>
        Object.entries(texts.searchSince).map(([since, label]) =>
          menuItem(label, () => setFilter("after", since)),
        ),
      )}
      <button
        type="button"
        className="filter"
        aria-pressed={isWithFile}
        onClick={() =>
          isWithFile
            ? onChange({ text: text.replace(/(?:^|\s)has:files?/i, "").trimStart() })
            : setFilter("has", "file")
        }
      >
        {own.hasFile}
      </button>
    </>
  );
}
