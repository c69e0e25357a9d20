/** Message search. */

import { type FormEvent, Fragment, useState } from "react";
import { TEXT_BYTES_MAX } from "../../../base/limits.ts";
import { SEARCH_RESULTS_MAX } from "../../../base/limits-page.ts";
import { cleanText } from "../../../base/text.ts";
import { matchSegments } from "../../../core/markup/match.ts";
import type { FoundItem, SearchQuery } from "../../../core/model/state.ts";
import { briefText } from "../../../ui/text/event-text.ts";
import { Button } from "../shell/button.tsx";
import { FaultLine, useFact } from "../shell/context.tsx";
import { Check, focusAtOnce } from "../shell/form.tsx";
import { usePartPage } from "../shell/full-page.ts";
import { IconButton } from "../shell/icons.tsx";
import type { LazyProps } from "../shell/lazy.tsx";
import { ListedMessage } from "./listed-message.tsx";
import { PlainLine } from "./rich-text.tsx";

/** UTF-16 units of a result: three lines, the limit of the style sheet. */
const HIT_LENGTH = 300;

interface HitProps extends Pick<LazyProps["Search"], "onJump"> {
  readonly found: FoundItem;
  /** The searched text, to be highlighted. */
  readonly query: string;
}

function Hit({ found, query, onJump }: HitProps) {
  const { texts, times } = usePartPage();
  const { item, target } = found;
  const seq = item.kind === "edit" && item.re !== undefined ? item.re : item.seq;
  return (
    <li>
      <button type="button" className="list-button" onClick={() => onJump(target, seq)}>
        <ListedMessage item={item} place={cleanText(target)}>
          {matchSegments(briefText(item, texts, times, TEXT_BYTES_MAX), query, HIT_LENGTH).map(
            ({ text, isMatch }, i) => {
              const Tag = isMatch ? "mark" : Fragment;
              return (
                // biome-ignore lint/suspicious/noArrayIndexKey: the parts never change
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

/** Form with the text and the room to search in. */
function SearchForm({ open }: Pick<LazyProps["Search"], "open">) {
  const { texts, chat } = usePartPage();
  const { search } = chat.model;
  const [text, setText] = useState(search?.query.text ?? "");
  const [isHere, setHere] = useState(search?.query.target !== undefined);
  const [isFiles, setFiles] = useState(search?.query.files === true);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() === "" && !isFiles) return;
    const query: SearchQuery = {
      text: text.trim(),
      ...(isHere && open !== undefined ? { target: open } : {}),
      ...(isFiles ? { files: true } : {}),
    };
    chat.search(query);
  };
  return (
    <form className="search-form" onSubmit={submit}>
      <label htmlFor="search-text">{texts.searchFor}</label>
      <div className="search-row">
        <input
          id="search-text"
          type="search"
          value={text}
          autoComplete="off"
          ref={focusAtOnce}
          onChange={(event) => setText(event.target.value)}
        />
        <Button type="submit" look="main">
          {texts.search}
        </Button>
      </div>
      {open === undefined ? null : (
        <Check label={texts.searchHere(cleanText(open))} isOn={isHere} onChange={setHere} />
      )}
      <Check label={texts.searchFiles} isOn={isFiles} onChange={setFiles} />
    </form>
  );
}

export function Search({ open, onClose, onJump }: LazyProps["Search"]) {
  const { texts, chat } = usePartPage();
  const search = useFact((model) => model.search);
  const found = search?.found ?? [];
  const query = search?.query.text ?? "";
  const isMore = search?.hasMore === true || found.length >= SEARCH_RESULTS_MAX;
  const isDone = search !== undefined && !search.isLoading && search.fault === undefined;
  return (
    <>
      <div className="side-head">
        <h2>{texts.search}</h2>
        <IconButton icon="close" label={texts.close} onPress={onClose} />
      </div>
      <SearchForm open={open} />
      <p className="search-state" role="status">
        {search?.isLoading === true ? texts.searching : ""}
        {isDone
          ? found.length === 0
            ? texts.foundNothing
            : texts.found(found.length, isMore)
          : ""}
      </p>
      <FaultLine fault={search?.fault} />
      <ul className="plain-list search-list">
        {found.map((hit) => (
          <Hit key={hit.item.seq} found={hit} query={query} onJump={onJump} />
        ))}
      </ul>
      {search?.hasMore === true ? (
        <Button look="wide" disabled={search.isLoading} onClick={() => chat.searchMore()}>
          {texts.moreResults}
        </Button>
      ) : null}
    </>
  );
}
