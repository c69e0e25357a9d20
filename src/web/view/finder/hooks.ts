/** Hooks of the finder: what it searches, and what it finds so far. */

import { useEffect, useMemo, useRef, useState } from "react";
import { isName } from "../../../base/names.ts";
import { Finder } from "../../../core/finder/finder.ts";
import { isSameName } from "../../../core/model/item.ts";
import { knownNames, knownPeople } from "../../../core/model/selectors.ts";
import type { SearchView } from "../../../core/model/state.ts";
import { useRoomList } from "../room/room-list.ts";
import { useModelValue, useOnline, usePage } from "../shell/context.tsx";
import { actionRows, commandRows, settingRows } from "./actions.ts";
import type { FoundRowProps } from "./finder-row.tsx";
import { useFinderTexts } from "./finder-texts.ts";
import { ROWS_PER_PAGE, withLate } from "./results.ts";
import { entryRows, type FoundRow, helpRows, modelRows, personRow } from "./rows.ts";
import {
  type Asked,
  type Entries,
  findLocally,
  messageFinder,
  type Sources,
  withFound,
} from "./search.ts";
import type { FinderProps, FoundKind } from "./store.ts";

const SEARCH_DELAY_MS = 200;
const WARM_MESSAGES = 500;

/** Reads the model when the finder opens, not for each key. */
export function useSources(props: FinderProps): Sources {
  const page = usePage();
  const own = useFinderTexts();
  const [sources] = useState(() => {
    const context = { ...page, own, ...props };
    const rows: readonly FoundRow[] = [
      ...modelRows(page.chat.model, page.texts),
      ...actionRows(context),
      ...settingRows(page),
      ...helpRows(page.texts),
    ];
    const commands = new Finder<FoundRow>(commandRows(context));
    return { rows, finder: new Finder(rows), commands };
  });
  return sources;
}

/** Rooms that the user may join, and people who came after the finder was opened. */
export function useEntries({ rows }: Sources) {
  const { chat } = usePage();
  const { rooms, task } = useRoomList();
  const people = useModelValue((model) => knownPeople(model).size);
  // biome-ignore lint/correctness/useExhaustiveDependencies: people may have come
  const entries = useMemo(() => {
    const known = new Set(rows.map(({ id }) => id.toLowerCase()));
    const late = knownNames(chat.model)
      .filter((name) => !known.has(`@${name}`.toLowerCase()))
      .map((name) => personRow(`@${name}`));
    const all = [...late, ...entryRows(rooms)];
    return all.length === 0 ? undefined : new Finder(all);
  }, [rows, rooms, people, chat]);
  return { entries, fault: task.fault };
}

/** Folds the loaded messages between the frames, so that the first letters do not wait. */
export function useWarmMessages(): void {
  const { chat } = usePage();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const warm = () => {
      if (messageFinder.warm(chat.model, WARM_MESSAGES)) timer = setTimeout(warm);
    };
    timer = setTimeout(warm);
    return () => clearTimeout(timer);
  }, [chat]);
}

/** Asks the server after the last key; the answer counts for as long as the query stays. */
function useServerSearch({ query }: Asked): SearchView | undefined {
  const { chat } = usePage();
  const search = useModelValue((model) => model.search);
  const isConnected = useOnline();
  useEffect(() => {
    if (query === undefined || !isConnected || chat.model.search?.query === query) return;
    const timer = setTimeout(() => chat.actions.search(query), SEARCH_DELAY_MS);
    return () => clearTimeout(timer);
  }, [chat, query, isConnected]);
  return query !== undefined && search?.query === query ? search : undefined;
}

/** Asks the server for a person by the exact account name, whom this page may not know. */
function useExactPerson({ group, text, hasFilters, target }: Asked): FoundRow | undefined {
  const { chat } = usePage();
  const [confirmed, setConfirmed] = useState<string>();
  const isConnected = useOnline();
  const name = text.replace(/^@/, "");
  const isAsked =
    (group === undefined || group === "people") &&
    isConnected &&
    !hasFilters &&
    target === undefined &&
    isName(name) &&
    !isSameName(name, chat.model.me) &&
    !knownPeople(chat.model).has(name.toLowerCase());
  useEffect(() => {
    if (!isAsked) return;
    const lookUp = () =>
      chat.actions.checkTarget(`@${name}`).then(
        () => setConfirmed(name),
        () => undefined,
      );
    const timer = setTimeout(lookUp, SEARCH_DELAY_MS);
    return () => clearTimeout(timer);
  }, [chat, name, isAsked]);
  return useMemo(
    () => (isAsked && confirmed === name ? personRow(`@${name}`) : undefined),
    [isAsked, confirmed, name],
  );
}

export function useLater(value: string, delayMs: number): string {
  const [later, setLater] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setLater(value), delayMs);
    return () => {
      clearTimeout(timer);
      setLater("");
    };
  }, [value, delayMs]);
  return later === value ? value : "";
}

export interface ListedGroup {
  readonly key: string;
  readonly title: string;
  readonly kind: FoundKind | undefined;
  readonly rows: readonly FoundRowProps[];
  readonly all: string | undefined;
}

/** The finder, from its view to what is drawn. */
export function useFound(asked: Asked, sources: Sources, entries: Entries, pages: number) {
  const { chat } = usePage();
  const own = useFinderTexts();
  const isConnected = useOnline();
  const latest = useRef({ entries, isConnected });
  latest.current = { entries, isConnected };
  const startsWith = useRef<Entries>(undefined);
  // Later rows are added below.
  const now = useMemo(() => {
    const { entries: known, isConnected: isSearched } = latest.current;
    startsWith.current = known;
    return findLocally(asked, sources, known, chat.model, isSearched);
  }, [asked, sources, chat]);
  const search = useServerSearch(asked);
  const person = useExactPerson(asked);
  const groups = useMemo(() => {
    let found = now.groups;
    const isEverywhere = asked.target === undefined && !asked.hasFilters;
    if (search !== undefined) found = withFound(found, asked, search);
    if (startsWith.current !== entries && entries !== undefined && isEverywhere) {
      const known = new Set(found.flatMap(({ rows }) => rows.map(({ id }) => id)));
      const late = entries
        .search(asked.text)
        .map(({ candidate }) => candidate)
        .filter(({ id }) => !known.has(id));
      for (const kind of ["people", "rooms"] as const) {
        if (asked.group !== undefined && asked.group !== kind) continue;
        found = withLate(
          found,
          kind,
          late.filter((row) => row.kind === kind),
        );
      }
    }
    if (person !== undefined) found = withLate(found, "people", [person]);
    return found;
  }, [now, search, entries, person, asked]);
  const listed = groups.map((group): ListedGroup => {
    const { kind, rows, shown, count, hasMore } = group;
    const isAlone = asked.group !== undefined;
    const drawn = isAlone ? rows.slice(0, pages * ROWS_PER_PAGE) : rows.slice(0, shown);
    const all =
      !isAlone && (count > drawn.length || hasMore)
        ? own.allOf(own.count(count, hasMore))
        : undefined;
    return { key: kind, title: own.groups[kind], kind, rows: drawn, all };
  });
  const isEmpty = groups.length === 0;
  const isPending =
    asked.query !== undefined && isConnected && (search === undefined || search.isLoading);
  return { ...now, groups, listed, isEmpty, isPending, search };
}

export type Found = ReturnType<typeof useFound>;
