/** Quick switcher: opens a room or user by a few letters of the name. */

import { type KeyboardEvent, useEffect, useMemo, useState } from "react";
import { isName } from "../../../base/names.ts";
import { cleanText } from "../../../base/text.ts";
import { isSameName } from "../../../core/model/item.ts";
import { knownNames, roomList } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { matching } from "../../input/completion.ts";
import { rove } from "../../input/keys.ts";
import { Dialog } from "../shell/dialog.tsx";
import { useFullPage } from "../shell/full-page.ts";
import type { LazyProps } from "../shell/lazy.tsx";

function targetsOf(model: Model, isPeople: boolean): readonly string[] {
  const { rooms, people } = roomList(model);
  const conversations = people.map(({ target }) => target);
  const others = knownNames(model)
    .map((name) => `@${name}`)
    .filter((target) => !conversations.some((one) => isSameName(one, target)));
  const names = [...conversations, ...others];
  return isPeople ? names : [...rooms.map(({ target }) => `#${target}`), ...names];
}

interface OptionsProps {
  readonly found: readonly string[];
  readonly at: number;
  readonly onChoose: (target: string) => void;
}

function Options({ found, at, onChoose }: OptionsProps) {
  const { texts } = useFullPage();
  return (
    <div className="switcher-list" id="switcher-list" role="listbox" aria-label={texts.switcher}>
      {found.map((target, i) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: keys go to the field above
        <div
          key={target}
          id={`switcher-${i}`}
          role="option"
          tabIndex={-1}
          aria-selected={i === at}
          className={i === at ? "option is-at" : "option"}
          onClick={() => onChoose(target)}
        >
          {cleanText(target)}
        </div>
      ))}
    </div>
  );
}

/** Delay after the last key press before the server is asked whether the name exists. */
const LOOKUP_DELAY_MS = 200;

/** A user with exactly this name who is unknown to the page, after the server confirms the name. */
function useExactUser(name: string | undefined): string | undefined {
  const { chat } = useFullPage();
  const [known, setKnown] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (name === undefined) return;
    const target = `@${name}`;
    const ask = () =>
      chat.checkPerson(target).then(
        () => setKnown(target),
        () => undefined,
      );
    const timer = setTimeout(ask, LOOKUP_DELAY_MS);
    return () => clearTimeout(timer);
  }, [chat, name]);
  return name !== undefined && known === `@${name}` ? known : undefined;
}

export function Switcher({ onClose, onOpen, isPeople = false }: LazyProps["Switcher"]) {
  const { texts, chat } = useFullPage();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const all = useMemo(() => targetsOf(chat.model, isPeople), [chat, isPeople]);
  const bare = typed.trim().replace(/^[@#]/, "");
  const hits = useMemo(() => matching(all, typed.trim() === "" ? "" : bare), [all, typed, bare]);
  const isOther = isPeople && isName(bare) && !hits.some((hit) => isSameName(hit, `@${bare}`));
  const exactUser = useExactUser(isOther ? bare : undefined);
  const found = exactUser === undefined ? hits : [...hits, exactUser];
  const choose = (target: string | undefined) => {
    if (target === undefined) return;
    onClose();
    onOpen(target.replace(/^#/, ""));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault();
      if (found[at] !== undefined || !isOther) return choose(found[at]);
      // Enter was pressed before the lookup: request it now.
      const target = `@${bare}`;
      return void chat.checkPerson(target).then(
        () => choose(target),
        () => undefined,
      );
    }
    if (event.key === "Home" || event.key === "End") return; // These move the caret.
    const next = rove(event.key, at, found.length);
    if (next === undefined) return;
    event.preventDefault();
    setAt(next);
  };
  return (
    <Dialog
      title={isPeople ? texts.newDirect : texts.switcher}
      onClose={onClose}
      className="switcher"
    >
      <input
        type="text"
        role="combobox"
        className="switcher-input"
        aria-label={texts.name}
        aria-expanded={found.length > 0}
        aria-controls="switcher-list"
        aria-autocomplete="list"
        aria-activedescendant={found.length > 0 ? `switcher-${at}` : undefined}
        autoComplete="off"
        spellCheck="false"
        placeholder={texts.switcherHint}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <Options found={found} at={at} onChoose={choose} />
      {found.length === 0 && bare !== "" ? <p className="hint">{texts.noMatches}</p> : null}
    </Dialog>
  );
}
