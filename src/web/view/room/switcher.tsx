/** Quick switcher: opens a room or user by a few letters in the name. */

import { type KeyboardEvent, useEffect, useMemo, useState } from "react";
import { isName } from "../../../base/names.ts";
import { bareTarget } from "../../../client/actions.ts";
import { isSameName } from "../../../core/model/item.ts";
import { roomList } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { otherPeople, targetFinder } from "../../../ui/matching.ts";
import { placeTitle } from "../../../ui/text/target-text.ts";
import { rove } from "../../input/keys.ts";
import { Button } from "../shell/button.tsx";
import { type CloseProps, useModelValue, usePage } from "../shell/context.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { Icon } from "../shell/icons.tsx";
import { DisplayName } from "./person.tsx";
import { GroupDialog } from "./room-dialogs.tsx";

function targetsOf(model: Model, isPeople: boolean): readonly string[] {
  const { rooms, people } = roomList(model);
  const conversations = people
    .filter(({ kind }) => !isPeople || kind === "person")
    .map(({ target, kind }) => (kind === "group" ? `#${target}` : target));
  const names = [...conversations, ...otherPeople(model, conversations)];
  return isPeople ? names : [...rooms.map(({ target }) => `#${target}`), ...names];
}

const OPTIONS_MAX = 12;

interface OptionsProps {
  readonly targets: readonly string[];
  readonly at: number;
  readonly onChoose: (target: string) => void;
}

function Options({ targets: found, at, onChoose }: OptionsProps) {
  const { texts, chat } = usePage();
  return (
    <div className="switcher-list" id="switcher-list" role="listbox" aria-label={texts.switcher}>
      {found.map((target, i) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the field above handles the keys
        <div
          key={target}
          id={`switcher-${i}`}
          role="option"
          tabIndex={-1}
          aria-selected={i === at}
          className={i === at ? "option is-at" : "option"}
          onClick={() => onChoose(target)}
        >
          {placeTitle(chat.model, bareTarget(target), texts)}{" "}
          {target.startsWith("@") ? <DisplayName user={target.slice(1)} /> : null}
        </div>
      ))}
    </div>
  );
}

const LOOKUP_DELAY_MS = 200;

function useExactUser(name: string | undefined): string | undefined {
  const { chat } = usePage();
  const [confirmedUser, setConfirmedUser] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (name === undefined) return;
    const target = `@${name}`;
    const lookUp = () =>
      chat.actions.checkTarget(target).then(
        () => setConfirmedUser(target),
        () => undefined,
      );
    const timer = setTimeout(lookUp, LOOKUP_DELAY_MS);
    return () => clearTimeout(timer);
  }, [chat, name]);
  return name !== undefined && confirmedUser === `@${name}` ? confirmedUser : undefined;
}

interface SwitcherProps extends CloseProps {
  readonly onOpen: (target: string) => void;
  readonly isPeople?: boolean;
}

export function Switcher({ onClose, onOpen, isPeople = false }: SwitcherProps) {
  const { texts, chat, openDialog } = usePage();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const rooms = useModelValue((model) => model.rooms);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rooms list the users
  const all = useMemo(() => targetsOf(chat.model, isPeople), [chat, isPeople, rooms]);
  const bareName = typed.trim().replace(/^[@#]/, "");
  const finder = useMemo(() => targetFinder(chat.model, all), [chat, all]);
  const hits = useMemo(
    () => finder.find(bareName, OPTIONS_MAX).map(({ id }) => id),
    [finder, bareName],
  );
  const isOther =
    isPeople && isName(bareName) && !hits.some((hit) => isSameName(hit, `@${bareName}`));
  const exactUser = useExactUser(isOther ? bareName : undefined);
  const targets = exactUser === undefined ? hits : [...hits, exactUser];
  const choose = (target: string | undefined) => {
    if (target === undefined) return;
    onClose();
    onOpen(bareTarget(target));
  };
  const startGroup = () => {
    onClose();
    openDialog(GroupDialog, { onOpen });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") {
      event.preventDefault();
      if (targets[at] !== undefined || !isOther) return choose(targets[at]);
      const target = `@${bareName}`;
      return void chat.actions.checkTarget(target).then(
        () => choose(target),
        () => undefined,
      );
    }
    if (event.key === "Home" || event.key === "End") return;
    const next = rove(event.key, at, targets.length);
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
        aria-expanded={targets.length > 0}
        aria-controls="switcher-list"
        aria-autocomplete="list"
        aria-activedescendant={targets.length > 0 ? `switcher-${at}` : undefined}
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
      {isPeople ? (
        <Button variant="quiet" onClick={startGroup}>
          <Icon name="people" /> {texts.newGroup}
        </Button>
      ) : null}
      <Options targets={targets} at={at} onChoose={choose} />
      {targets.length === 0 && bareName !== "" ? <p className="hint">{texts.noMatches}</p> : null}
    </Dialog>
  );
}
