/** Parts of the finder: its list, who is here, and the keys at its foot. */

import type { ReactNode, RefObject, UIEvent } from "react";
import { compareNames } from "../../../base/names.ts";
import { queryParts } from "../../../base/query-words.ts";
import { knownPeople, onlineNames } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { firstName } from "../../../ui/text/event-text.ts";
import { useShownName } from "../room/person.tsx";
import { isTouch, useModelValue, useOnline } from "../shell/context.tsx";
import { Face, type FoundRowProps, KeyHint, RowEnd, RowLine } from "./finder-row.tsx";
import { useFinderTexts } from "./finder-texts.ts";
import type { ListedGroup } from "./hooks.ts";
import { hasPreview, RowPreview } from "./preview.tsx";
import type { Asked, Whys } from "./search.ts";
import { type FoundKind, useFinder } from "./store.ts";

const FACES_SHOWN = 12;
/** Distance from the end at which more rows are drawn. */
const MORE_PX = 400;

export function isNearEnd({ scrollTop, clientHeight, scrollHeight }: Element): boolean {
  return scrollHeight - scrollTop - clientHeight < MORE_PX;
}

interface ResultsProps {
  readonly list: RefObject<HTMLDivElement | null>;
  readonly listed: readonly ListedGroup[];
  readonly position: number;
  /** Chosen way to do the chosen action. */
  readonly choice: number;
  /** Row whose preview is open. */
  readonly preview: string | undefined;
  readonly query: string;
  readonly whys: Whys;
  readonly onRun: (row: FoundRowProps, choice?: number) => void;
  readonly onAll: (group: FoundKind) => void;
  readonly onMore: () => void;
  readonly before: ReactNode;
  readonly children: ReactNode;
}

export function Results(props: ResultsProps) {
  const { list, listed, position, onAll, onMore, before, children } = props;
  const own = useFinderTexts();
  const onScroll = ({ currentTarget }: UIEvent<HTMLElement>) => {
    if (isNearEnd(currentTarget)) onMore();
  };
  let count = 0;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keeps the focus in the field
    <div
      ref={list}
      className="finder-list"
      onScroll={onScroll}
      // On a phone, touching the list puts the keyboard away.
      onMouseDown={(event) => {
        if (!isTouch()) event.preventDefault();
      }}
    >
      {before}
      {/* biome-ignore lint/a11y/useSemanticElements: a table cannot have this layout */}
      <div id="finder-results" role="grid" aria-label={own.results} tabIndex={-1}>
        {listed.map(({ key, title, kind, rows, all }) => (
          // biome-ignore lint/a11y/useSemanticElements: a table cannot have this layout
          <div key={key} role="rowgroup" aria-label={title === "" ? own.results : title}>
            {title === "" ? null : (
              // biome-ignore lint/a11y/useSemanticElements: a table cannot have this layout
              <div role="row" tabIndex={-1} className="finder-head">
                {/* biome-ignore lint/a11y/useSemanticElements: a table cannot have this layout */}
                <span role="rowheader" tabIndex={-1}>
                  {title}
                </span>
                {key === "last" ? <ClearRecent /> : null}
                {all === undefined || kind === undefined ? null : (
                  // biome-ignore lint/a11y/useSemanticElements: a table cannot have this layout
                  <span role="gridcell" tabIndex={-1}>
                    <button
                      type="button"
                      tabIndex={-1}
                      className="finder-all"
                      aria-label={`${all}: ${title}`}
                      onClick={() => onAll(kind)}
                    >
                      {all}
                    </button>
                  </span>
                )}
              </div>
            )}
            {rows.map((row) => {
              const at = count++;
              return <ListedRow key={row.id} {...props} row={row} at={at} isAt={at === position} />;
            })}
          </div>
        ))}
      </div>
      {children}
    </div>
  );
}

interface ListedRowProps extends Omit<ResultsProps, "list" | "listed" | "before" | "children"> {
  readonly row: FoundRowProps;
  readonly at: number;
  readonly isAt: boolean;
}

function ListedRow({ row, at, isAt, choice, preview, query, whys, onRun }: ListedRowProps) {
  const choices = row.kind === "actions" && row.choices.length > 1 && isAt ? row.choices : [];
  const isOpen = preview === row.id && hasPreview(row);
  return (
    <>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the field handles the keys */}
      {/* biome-ignore lint/a11y/useSemanticElements: a table cannot have this layout */}
      <div
        role="row"
        id={`finder-row-${at}`}
        tabIndex={-1}
        aria-selected={isAt}
        className={isAt ? "finder-row is-at" : "finder-row"}
        data-kind={row.kind}
        onClick={(event) => {
          if (event.target instanceof Element && event.target.closest("button") !== null) return;
          onRun(row);
        }}
      >
        <RowLine row={row} query={query} why={whys.get(row.id)?.()} isOpen={isOpen} />
        <RowEnd row={row} isAt={isAt} onRun={() => onRun(row)} />
      </div>
      {choices.length === 0 ? null : (
        // biome-ignore lint/a11y/useSemanticElements: a table cannot have this layout
        <div role="row" tabIndex={-1} className="finder-more">
          {choices.map(({ label }, i) => (
            // biome-ignore lint/a11y/useSemanticElements: a table cannot have this layout
            <span key={label} role="gridcell" tabIndex={-1}>
              <button
                type="button"
                tabIndex={-1}
                className="filter"
                aria-pressed={i === choice}
                onClick={() => onRun(row, i)}
              >
                {label}
              </button>
            </span>
          ))}
        </div>
      )}
      {isOpen ? (
        // biome-ignore lint/a11y/useSemanticElements: a table cannot have this layout
        <div role="row" tabIndex={-1} className="finder-more">
          {/* biome-ignore lint/a11y/useSemanticElements: a table cannot have this layout */}
          <span role="gridcell" tabIndex={-1}>
            <RowPreview row={row} />
          </span>
        </div>
      ) : null}
    </>
  );
}

function ClearRecent() {
  const own = useFinderTexts();
  const [store] = useFinder();
  if (store.recent.length === 0) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a table cannot have this layout
    <span role="gridcell" tabIndex={-1}>
      <button
        type="button"
        tabIndex={-1}
        className="finder-all"
        onClick={() => store.clearRecent()}
      >
        {own.clear}
      </button>
    </span>
  );
}

function namesOnline(model: Model): readonly string[] {
  const online = onlineNames(model);
  const here = [...knownPeople(model)].filter(([folded]) => online.has(folded));
  return here.map(([, name]) => name).sort(compareNames);
}

/** Faces of who is here; touching one opens the conversation. */
export function HereNow({ onOpen }: { readonly onOpen: (target: string) => void }) {
  const own = useFinderTexts();
  const isConnected = useOnline();
  const names = useModelValue((model) => namesOnline(model).join("\n"));
  if (!isConnected || names === "") return null;
  const here = names.split("\n");
  return (
    <section aria-label={own.hereNow}>
      <h2 className="finder-head">
        {own.hereNow} <span>{here.length}</span>
      </h2>
      <div className="face-tiles">
        {here.slice(0, FACES_SHOWN).map((user) => (
          <FaceTile key={user} user={user} onPress={() => onOpen(`@${user}`)} />
        ))}
      </div>
    </section>
  );
}

function FaceTile({ user, onPress }: { readonly user: string; readonly onPress: () => void }) {
  const own = useFinderTexts();
  const shown = useShownName(user);
  return (
    <button type="button" className="face-tile" aria-label={own.message(shown)} onClick={onPress}>
      <Face user={user} />
      <span dir="auto">{firstName(shown)}</span>
    </button>
  );
}

export function Words({ onChoose }: { readonly onChoose: (text: string) => void }) {
  const own = useFinderTexts();
  return (
    <section aria-label={own.words}>
      <h2 className="finder-head">{own.words}</h2>
      <div className="finder-words-to-try">
        {own.wordsToTry.map((word) => (
          <button key={word} type="button" className="filter" onClick={() => onChoose(word)}>
            {word}
          </button>
        ))}
      </div>
    </section>
  );
}

interface NoneHeadProps {
  readonly asked: Asked;
  readonly hasSuggestions: boolean;
}

export function NoneHead({ asked: { text, typed }, hasSuggestions }: NoneHeadProps) {
  const own = useFinderTexts();
  const words = queryParts(text).length;
  const number = own.numbers[words] ?? String(words);
  return (
    <div className="finder-none">
      <h2>{words > 1 ? own.none(number) : own.noneOf(text === "" ? typed : text)}</h2>
      {hasSuggestions ? <p>{own.wouldFind}</p> : null}
    </div>
  );
}

export function SkeletonRows() {
  return (
    <div className="skeleton" aria-hidden="true">
      {[0, 1, 2].map((row) => (
        <div key={row} className="skeleton-row">
          <span className="tile" />
          <span className="skeleton-words">
            <span />
            <span />
          </span>
        </div>
      ))}
    </div>
  );
}

interface FootProps {
  readonly row: FoundRowProps | undefined;
  readonly isFiltered: boolean;
  readonly hasText: boolean;
}

/** Keys that act now. */
export function Foot({ row, isFiltered, hasText }: FootProps) {
  const own = useFinderTexts();
  const { keys, groups } = own;
  const kind = row?.kind === "recent" || row?.kind === "suggestion" ? undefined : row?.kind;
  const second =
    kind === "people"
      ? keys.card
      : kind === "rooms" || kind === "settings"
        ? keys.settings
        : row !== undefined && hasPreview(row)
          ? keys.preview
          : undefined;
  return (
    <div className="finder-foot" aria-hidden="true">
      <KeyHint keys="↑ ↓" label={keys.choose} />
      <KeyHint keys="Enter" label={kind === "actions" ? keys.do : keys.open} />
      {second === undefined ? null : <KeyHint keys="Ctrl Enter" label={second} />}
      {isFiltered ? (
        <KeyHint keys="Shift Tab" label={keys.all} />
      ) : kind === undefined ? null : (
        <KeyHint keys="Tab" label={keys.only(groups[kind])} />
      )}
      <span className="finder-gap" />
      <KeyHint keys="Esc" label={isFiltered || hasText ? keys.back : keys.close} />
    </div>
  );
}
