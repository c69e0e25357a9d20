/** The strip of a lesson: raised hands in their order, the open poll and work that is due today. */

import { useState } from "react";
import { isSameName } from "../../../core/model/item.ts";
import { openPoll } from "../../../core/model/open-poll.ts";
import { isBoxOf, rightsIn } from "../../../core/model/selectors.ts";
import type { Item, Model, RoomState } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { shownCall, shownHands } from "../../../core/model/unignored.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { type PageValue, useModelValue, useOnline, usePage } from "../shell/context.tsx";
import { Icon } from "../shell/icons.tsx";
import { type MenuItem, menuItem } from "../shell/menu.tsx";
import { HandedItem } from "./assignment.tsx";
import { Avatar, useNames } from "./person.tsx";

/** Hands whose faces are visible. The others are a number, and in the panel of people. */
const FACES_MAX = 4;

export interface LessonProps {
  readonly room: RoomState;
  readonly moderates: boolean;
  readonly onJump: (target: string, seq: number) => void;
  readonly onPeople: () => void;
  readonly onHanded: (room: string) => void;
}

export function Lesson({ room, moderates, onJump, onPeople, onHanded }: LessonProps) {
  const isOnline = useOnline();
  const poll = openPoll(room);
  const { chat, texts, times } = usePage();
  const hands = shownHands(chat.model, room);
  const called = shownCall(chat.model, room);
  const { due } = room.rules;
  const isDueToday = due !== undefined && times.day(due) === texts.today;
  const isTalk = hands.length > 0 || called !== undefined || poll !== undefined;
  if (!isOnline || !(isTalk || isDueToday)) return null;
  return (
    <div className="lesson">
      {moderates && called !== undefined ? (
        <DoneButton room={room} name={called} />
      ) : moderates && hands[0] !== undefined ? (
        <CallButton room={room} name={hands[0]} />
      ) : isTalk ? (
        <RaiseButton room={room} hands={hands} called={called} />
      ) : null}
      {isDueToday ? (
        <span className="lesson-due">
          <Icon name="calendar" />
          {texts.dueToday(times.clock(due), due < Date.now())}
        </span>
      ) : null}
      <Hands room={room} hands={hands} called={called} moderates={moderates} onPeople={onPeople} />
      {poll === undefined ? null : (
        <PollButton item={poll} onPress={() => onJump(room.target, poll.seq)} />
      )}
      {poll !== undefined && (poll.isMine || moderates) ? <ClosePoll seq={poll.seq} /> : null}
      {isDueToday && moderates && room.rules.post === "private" ? (
        <HandedItem room={room} onHanded={onHanded} />
      ) : null}
    </div>
  );
}

function mayAct(model: Model, room: RoomState): boolean {
  return rightsIn(model, room, Date.now()).mayAct;
}

/** Menu entry that raises or lowers the user's hand; none if they may not raise it. */
export function handItem({ chat, texts, fail }: PageValue, room: RoomState): MenuItem[] {
  if (room.kind !== "room" || isBoxOf(room.target)) return [];
  const isRaised = room.hands.some((name) => isSameName(name, chat.model.me));
  if (!isRaised && !mayAct(chat.model, room)) return [];
  const toggle = () => void chat.actions.toggleHand(room.target).catch(fail);
  return [menuItem(isRaised ? texts.lowerOwnHand : texts.raiseHand, toggle, "hand")];
}

interface RaiseButtonProps extends Pick<LessonProps, "room"> {
  readonly hands: readonly string[];
  readonly called: string | undefined;
}

function RaiseButton({ room, hands, called }: RaiseButtonProps) {
  const { chat, texts, fail } = usePage();
  const may = useModelValue((model) => mayAct(model, room));
  const place = hands.findIndex((name) => isSameName(name, chat.model.me)) + 1;
  const isCalled = isSameName(called, chat.model.me);
  const isRaised = place > 0 || isCalled;
  const word = isCalled ? texts.ownTurn : isRaised ? texts.handPlace(place) : texts.raiseHand;
  if (!may || room.kind !== "room") return null;
  return (
    <button
      type="button"
      className={isCalled ? "lesson-button is-turn" : "lesson-button"}
      aria-pressed={isRaised}
      title={isRaised ? texts.lowerOwnHand : undefined}
      onClick={() => void chat.actions.toggleHand(room.target).catch(fail)}
    >
      <Icon name="hand" />
      <span className="lesson-word">{word}</span>
    </button>
  );
}

interface TurnProps extends Pick<LessonProps, "room"> {
  readonly name: string;
}

function CallButton({ room, name }: TurnProps) {
  const { chat, texts, fail } = usePage();
  const names = useNames();
  const call = () => void chat.actions.callOn(room.target, name).catch(fail);
  return (
    <button type="button" className="lesson-button lesson-turn" onClick={call}>
      <Icon name="hand" />
      <span className="lesson-word">{texts.callOn(personText(names, name))}</span>
    </button>
  );
}

/** Ends the call, so that the next hand can be called on. */
function DoneButton({ room, name }: TurnProps) {
  const { chat, texts, fail } = usePage();
  const names = useNames();
  const [isBusy, setBusy] = useState(false);
  const lower = () => {
    // A second click would lower the hand of the next person.
    if (isBusy) return;
    setBusy(true);
    const user = isSameName(name, chat.model.me) ? undefined : name;
    void chat.actions
      .toggleHand(room.target, user)
      .catch(fail)
      .finally(() => setBusy(false));
  };
  return (
    <button type="button" className="lesson-button" onClick={lower}>
      <Icon name="check" />
      <span className="lesson-word">{texts.doneWith(personText(names, name))}</span>
    </button>
  );
}

interface HandsProps extends Pick<LessonProps, "room" | "moderates" | "onPeople"> {
  readonly hands: readonly string[];
  readonly called: string | undefined;
}

/** The hands, and before them who is called on. People lower their own, and a moderator any. */
function Hands({ room, hands, called, moderates, onPeople }: HandsProps) {
  const { chat, texts, fail } = usePage();
  const names = useNames();
  const people = called === undefined ? hands : [called, ...hands];
  const others = people.length - FACES_MAX;
  if (people.length === 0) return null;
  const lowerAll = () => void chat.actions.lowerHands(room.target).catch(fail);
  return (
    <>
      <ul className="hands" aria-label={texts.handsRaised}>
        {people.slice(0, others === 1 ? FACES_MAX + 1 : FACES_MAX).map((name) => {
          const isMine = isSameName(name, chat.model.me);
          const shown = personText(names, name);
          const face = (
            <>
              <Avatar name={shown} user={name} tint={tintOf(name)} />
              <span className="sr-only">
                {name === called ? texts.turnOf(shown) : `✋ ${shown}`}
              </span>
            </>
          );
          const lower = () =>
            void chat.actions.toggleHand(room.target, isMine ? undefined : name).catch(fail);
          return (
            <li key={name} title={shown}>
              {isMine || moderates ? (
                <button type="button" title={texts.lowerHand(shown)} onClick={lower}>
                  {face}
                </button>
              ) : (
                face
              )}
            </li>
          );
        })}
      </ul>
      {others > 1 ? (
        <button
          type="button"
          className="lesson-more"
          aria-label={texts.others(others)}
          onClick={onPeople}
        >
          +{others}
        </button>
      ) : null}
      <span className="lesson-next" dir="auto">
        {turnText(hands, called, chat.model, texts, (name) => personText(names, name))}
      </span>
      {moderates && called === undefined && hands.length > 1 ? (
        <button type="button" className="lesson-all" onClick={lowerAll}>
          {texts.lowerAllHands}
        </button>
      ) : null}
    </>
  );
}

/** Says whose turn it is. */
function turnText(
  [first, ...others]: readonly string[],
  called: string | undefined,
  { me }: Model,
  texts: Texts,
  nameOf: (name: string) => string,
): string {
  if (called === undefined) return first === undefined ? "" : texts.nextHand(nameOf(first));
  const turn = isSameName(called, me) ? texts.calledMe : texts.turnOf(nameOf(called));
  if (first === undefined) return turn;
  const next = others.length === 0 ? nameOf(first) : `${nameOf(first)} +${others.length}`;
  return `${turn}, ${texts.thenHands(next)}`;
}

interface PollButtonProps {
  readonly item: Item;
  readonly onPress: () => void;
}

function PollButton({ item, onPress }: PollButtonProps) {
  const { texts } = usePage();
  const { voters = 0, hasVoted = false } = item.poll ?? {};
  return (
    <button type="button" className="lesson-item" onClick={onPress}>
      <Icon name="poll" />
      <span>{texts.openPoll}</span> <span className="lesson-count">{texts.pollVoters(voters)}</span>
      {!hasVoted ? <span className="lesson-call">{texts.vote}</span> : null}
    </button>
  );
}

function ClosePoll({ seq }: { readonly seq: number }) {
  const { chat, texts, fail } = usePage();
  const close = () => void chat.actions.endPoll(seq).catch(fail);
  return (
    <button type="button" className="lesson-button lesson-close" onClick={close}>
      {texts.closePoll}
    </button>
  );
}
