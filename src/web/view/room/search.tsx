/** Message search. */

import { type FormEvent, Fragment, type RefObject, useLayoutEffect, useRef, useState } from "react";
import { asFault, type Fault } from "../../../base/fault.ts";
import { TEXT_BYTES_MAX } from "../../../base/limits.ts";
import { matchSegments } from "../../../core/markup/match.ts";
import { shownSeq } from "../../../core/model/item.ts";
import { hasMoreResults } from "../../../core/model/page.ts";
import { knownNames } from "../../../core/model/selectors.ts";
import type { FoundItem, SearchQuery } from "../../../core/model/state.ts";
import { parseSearch, searchCompletions } from "../../../ui/search-query.ts";
import { briefText } from "../../../ui/text/event-text.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { timesNow } from "../../../ui/text/times.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import {
  type CloseProps,
  FaultLine,
  useModelValue,
  useOnline,
  usePage,
} from "../shell/context.tsx";
import { Check, focusOnMount } from "../shell/form.tsx";
import { Icon, IconButton } from "../shell/icons.tsx";
import { MenuButton, menuItem } from "../shell/menu.tsx";
import { ListedMessage } from "./listed-message.tsx";
import { useNames, useTitle } from "./person.tsx";
import { PlainLine } from "./rich-text.tsx";

const HIT_LENGTH = 300;
const PEOPLE_OFFERED_MAX = 50;

interface SearchProps extends CloseProps {
  readonly open: string | undefined;
  readonly positions: SearchPositions;
  readonly onJump: (target: string, seq: number) => void;
}

interface HitProps extends Pick<SearchProps, "onJump"> {
  readonly hit: FoundItem;
  readonly query: string;
}

function Hit({ hit: found, query, onJump }: HitProps) {
  const { texts, times } = usePage();
  const { item, target } = found;
  const title = useTitle(target);
  return (
    <li>
      <button type="button" className="list-button" onClick={() => onJump(target, shownSeq(item))}>
        <ListedMessage item={item} target={target} location={title}>
          {matchSegments(briefText(item, texts, times, TEXT_BYTES_MAX), query, HIT_LENGTH).map(
            ({ text, isMatch }, i) => {
              const Tag = isMatch ? "mark" : Fragment;
              return (
                // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes
                <Tag key={i}>
                  <PlainLine text={text} />
                </Tag>
              );
            },
          )}
        </ListedMessage>
      </button>
    </li>
  );
}

function SearchForm({ open }: Pick<SearchProps, "open">) {
  const { texts, chat } = usePage();
  const { search } = chat.model;
  const { input = "", target, files } = search?.query ?? {};
  const [text, setText] = useState(input);
  const [isRoomOnly, setRoomOnly] = useState(target !== undefined && target === open);
  const [isFilesOnly, setFilesOnly] = useState(files === true);
  const [fault, setFault] = useState<Fault>();
  const searchFor = (input: string) => {
    if (input.trim() === "" && !isFilesOnly) return;
    const filters = `${isRoomOnly ? "in:here " : ""}${isFilesOnly ? "has:file " : ""}`;
    try {
      const query = parseSearch(filters + input, { open, ...timesNow() });
      if (query !== undefined) chat.actions.search({ ...query, input });
      setFault(undefined);
    } catch (error) {
      setFault(asFault(error));
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    searchFor(text);
  };
  /** Replaces the filter of this kind, and searches again. */
  const setFilter = (kind: "from" | "after", value: string) => {
    const others = text.split(" ").filter((word) => word !== "" && !word.startsWith(`${kind}:`));
    const input = [...others, `${kind}:${value}`].join(" ");
    setText(input);
    if (others.length > 0) searchFor(input);
  };
  const names = useNames();
  const people = knownNames(chat.model).slice(0, PEOPLE_OFFERED_MAX);
  const fromItems = () =>
    people.map((name) => menuItem(personText(names, name), () => setFilter("from", name)));
  const dateItems = () =>
    Object.entries(texts.searchSince).map(([since, label]) =>
      menuItem(label, () => setFilter("after", since)),
    );
  const lastWord = /(?<!\S)\S*$/.exec(text)?.[0] ?? "";
  const before = text.slice(0, text.length - lastWord.length);
  return (
    <form className="search-form" onSubmit={submit}>
      <label htmlFor="search-text">{texts.searchFor}</label>
      <div className="search-row">
        <input
          id="search-text"
          type="search"
          value={text}
          autoComplete="off"
          list="search-filters"
          ref={focusOnMount}
          onChange={(event) => setText(event.target.value)}
        />
        <Button type="submit" variant="main">
          {texts.search}
        </Button>
      </div>
      <datalist id="search-filters">
        {searchCompletions(lastWord, chat.model).map((word) => (
          <option key={word} value={before + word} />
        ))}
      </datalist>
      <FaultLine fault={fault} />
      <div className="filters">
        {people.length === 0 ? null : (
          <MenuButton className="filter" label={texts.searchFrom} items={fromItems}>
            {texts.searchFrom}
            <Icon name="chevron" />
          </MenuButton>
        )}
        <MenuButton className="filter" label={texts.searchDate} items={dateItems}>
          {texts.searchDate}
          <Icon name="chevron" />
        </MenuButton>
        {open === undefined ? null : (
          <Check label={texts.searchHere} isOn={isRoomOnly} onChange={setRoomOnly} />
        )}
        <Check label={texts.searchFiles} isOn={isFilesOnly} onChange={setFilesOnly} />
      </div>
    </form>
  );
}

/** Scroll positions of the results. */
export type SearchPositions = WeakMap<SearchQuery, number>;

/** Keeps the position while the panel is closed, such as for the room of a result. */
function usePosition(
  list: RefObject<HTMLElement | null>,
  query: SearchQuery | undefined,
  positions: SearchPositions,
): void {
  useLayoutEffect(() => {
    const panel = list.current?.closest("aside");
    if (!panel || query === undefined) return;
    panel.scrollTop = positions.get(query) ?? 0;
    return () => void positions.set(query, panel.scrollTop);
  }, [list, query, positions]);
}

export function Search({ open, positions, onClose, onJump }: SearchProps) {
  const { texts } = usePage();
  const search = useModelValue((model) => model.search);
  const isOnline = useOnline();
  const hasSealed = useModelValue((model) =>
    [...model.rooms.values()].some(({ isSealed }) => isSealed),
  );
  const isOffline = !isOnline && search?.fault !== undefined;
  const hits = search?.found ?? [];
  const list = useRef<HTMLUListElement>(null);
  usePosition(list, search?.query, positions);
  const query = search?.query.text ?? "";
  const hasMore = search !== undefined && hasMoreResults(search);
  const isDone = search !== undefined && !search.isLoading && search.fault === undefined;
  return (
    <>
      <div className="side-head">
        <h2>{texts.search}</h2>
        <IconButton icon="close" label={texts.close} onPress={onClose} />
      </div>
      <SearchForm open={open} />
      <Announced kind="result" className="search-state">
        {search?.isLoading === true ? texts.searching : ""}
        {isDone
          ? hits.length === 0
            ? texts.foundNothing
            : texts.resultCount(hits.length, hasMore)
          : ""}
      </Announced>
      <FaultLine fault={isOffline ? texts.searchOffline : search?.fault} />
      <ul ref={list} className="plain-list search-list">
        {hits.map((hit) => (
          <Hit key={hit.item.seq} hit={hit} query={query} onJump={onJump} />
        ))}
      </ul>
      {hasSealed ? (
        <p className="panel-foot">
          <Icon name="lock" />
          {texts.searchSealed}
        </p>
      ) : null}
      <MoreResults />
    </>
  );
}

/** Asks for more of what is being searched for, a room's files included. */
export function MoreResults() {
  const { texts, chat } = usePage();
  const search = useModelValue((model) => model.search);
  if (search?.hasMore !== true) return null;
  return (
    <Button variant="wide" disabled={search.isLoading} onClick={() => chat.actions.searchMore()}>
      {texts.moreResults}
    </Button>
  );
}
