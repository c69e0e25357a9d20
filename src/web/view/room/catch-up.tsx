/** The card of many new messages, the walk through a part of them, the rail, and "All read". */

import {
  type CSSProperties,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { UNREAD_COUNTED_MAX, UNREAD_LISTED_MAX } from "../../../base/limits.ts";
import { queryCatchUp } from "../../../client/catch-up.ts";
import {
  type CatchUpPart,
  type RoomCatchUp,
  railPosition,
  railTicks,
  stepped,
  type Walk,
} from "../../../core/model/catch-up.ts";
import type { NewMessages } from "../../../core/model/new-messages.ts";
import { loadedItem } from "../../../core/model/room.ts";
import { isErased, openRoom, unreadBefore } from "../../../core/model/selectors.ts";
import type { Item, Model } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { type CatchUpTexts, ENGLISH_CATCH_UP } from "../../../ui/messages/en/catch-up.ts";
import { INDONESIAN_CATCH_UP } from "../../../ui/messages/id/catch-up.ts";
import { authorText, briefText, firstName } from "../../../ui/text/event-text.ts";
import type { PageClient } from "../../driver/page-client.ts";
import { useLayer, useModel, useModelValue, usePage } from "../shell/context.tsx";
import { combined, listen, whenSettled } from "../shell/effects.ts";
import { Icon, type IconName } from "../shell/icons.tsx";
import catchUpSheet from "./catch-up.css" with { type: "file" };
import type { CatchUpStore } from "./new-messages.tsx";
import { Avatar, Faces, useShownName } from "./person.tsx";
import { UndoToast } from "./undo-toast.tsx";
import { WalkButton, WalkPill, walkSheet } from "./walk-pill.tsx";

export const catchUpSheets = [catchUpSheet, walkSheet];

/** First message on the screen, and the distance of its upper edge from that of the list. */
interface TopMessage {
  readonly seq: number;
  readonly px: number;
}

export interface CatchUpState {
  readonly messages?: NewMessages | undefined;
  readonly catchUp?: RoomCatchUp | undefined;
  readonly walk?: Walk | undefined;
  /** Place to which the way back leads. */
  readonly from?: (TopMessage & { readonly target: string }) | undefined;
}

function useStore(store: CatchUpStore): CatchUpState {
  return useSyncExternalStore(store.subscribe, () => store.state);
}

function useCatchUpTexts(): CatchUpTexts {
  const { texts } = usePage();
  return texts.lang === "id" ? INDONESIAN_CATCH_UP : ENGLISH_CATCH_UP;
}

function useCatchUp(
  messages: NewMessages | undefined,
  store: CatchUpStore,
): RoomCatchUp | undefined {
  const { messages: known, catchUp } = useStore(store);
  return known === messages ? catchUp : undefined;
}

function useCatchUpRequest(messages: NewMessages | undefined, store: CatchUpStore): void {
  const { chat } = usePage();
  const isOnline = useModelValue(({ connection }) => connection.kind === "online");
  useEffect(() => {
    if (messages === undefined || !isOnline) return undefined;
    if (store.state.messages === messages && store.state.catchUp !== undefined) return undefined;
    store.set({ messages, catchUp: undefined });
    // Without it, as from an older server, the line of new messages stands alone.
    return whenSettled(
      queryCatchUp(chat, messages),
      (found) => store.set({ catchUp: found }),
      () => undefined,
    );
  }, [chat, store, messages, isOnline]);
}

const ICONS: Readonly<Record<Exclude<CatchUpPart["kind"], "moderator">, IconName>> = {
  calls: "at",
  photos: "picture",
  files: "file",
  polls: "poll",
};

const TIMELINE_LIST = "#messages .timeline > .list";

function topMessage(): TopMessage | undefined {
  const list = document.querySelector(TIMELINE_LIST);
  if (list === null) return undefined;
  const { top } = list.getBoundingClientRect();
  for (const article of list.querySelectorAll<HTMLElement>("[data-seq]")) {
    const edges = article.getBoundingClientRect();
    if (edges.bottom > top + 1) return { seq: Number(article.dataset["seq"]), px: edges.top - top };
  }
  return undefined;
}

const RESTORE_FRAMES_MAX = 120;

/** After a jump, which centres the message, puts it where it was. */
function restoreTop({ seq, px }: TopMessage): void {
  let frames = 0;
  let stable = 0;
  const step = () => {
    const list = document.querySelector(TIMELINE_LIST);
    const article = list?.querySelector(`[data-seq="${seq}"]`);
    if (list && article) {
      const offset = article.getBoundingClientRect().top - list.getBoundingClientRect().top - px;
      stable = Math.abs(offset) < 1 ? stable + 1 : 0;
      if (stable === 0) list.scrollTop += offset;
    }
    frames++;
    if (stable < 3 && frames < RESTORE_FRAMES_MAX) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

function listedCount(part: CatchUpPart): string {
  const { length } = part.messages;
  return length >= UNREAD_LISTED_MAX ? `${length}+` : `${length}`;
}

function usePartName(part: CatchUpPart): string {
  const texts = useCatchUpTexts();
  const name = useShownName(part.user ?? "");
  if (part.kind === "moderator") return firstName(name);
  return texts.parts[part.kind](part.messages.length);
}

interface PartProps {
  readonly part: CatchUpPart;
  readonly onWalk: (part: CatchUpPart) => void;
}

function Part({ part, onWalk }: PartProps) {
  const texts = useCatchUpTexts();
  const { kind, user } = part;
  const name = usePartName(part);
  const count = listedCount(part);
  const label = kind === "moderator" ? `${texts.from(name)} ${count}` : undefined;
  return (
    <button
      type="button"
      className={kind === "calls" ? "filter is-call" : "filter"}
      aria-label={label}
      onClick={() => onWalk(part)}
    >
      {kind === "moderator" ? (
        <Avatar name={name.slice(0, 1)} user={user ?? ""} tint={tintOf(user ?? "")} />
      ) : (
        <Icon name={ICONS[kind]} />
      )}
      <span dir="auto">{name}</span> <span className="filter-count">{count}</span>
    </button>
  );
}

/** Asks the foot of the conversation, which knows how to jump, for a walk. */
const WALK_EVENT = "catch-up-walk";

interface CardProps {
  readonly messages: NewMessages;
  readonly store: CatchUpStore;
}

export function CatchUpCard({ messages, store }: CardProps) {
  const { chat, times } = usePage();
  const texts = useCatchUpTexts();
  const catchUp = useCatchUp(messages, store);
  if (catchUp === undefined || catchUp.unread === 0) return null;
  const { unread, sinceUnixMs, authors, people, parts, isPartial } = catchUp;
  const walk = (part: CatchUpPart) =>
    window.dispatchEvent(new CustomEvent(WALK_EVENT, { detail: part }));
  const readAll = () => {
    const top = topMessage();
    store.set({ walk: undefined, from: top && { ...top, target: messages.target } });
    chat.actions.allRead([messages.target]);
  };
  return (
    <section className="catch-up board" aria-label={texts.label}>
      {sinceUnixMs === undefined ? null : (
        <p className="catch-up-when">
          {texts.since(`${inSentence(times.day(sinceUnixMs))} ${times.clock(sinceUnixMs)}`)}
        </p>
      )}
      <h3 className="catch-up-sum">{texts.sum(unread, unread >= UNREAD_COUNTED_MAX, authors)}</h3>
      {isPartial ? <p className="catch-up-when">{texts.partial}</p> : null}
      {parts.length === 0 ? null : (
        <div className="catch-up-parts">
          {parts.map((part) => (
            <Part key={`${part.kind} ${part.user}`} part={part} onWalk={walk} />
          ))}
        </div>
      )}
      <div className="catch-up-foot">
        <Faces names={people.map(({ user }) => user)} />
        <button type="button" className="catch-up-all" onClick={readAll}>
          <Icon name="check" />
          {texts.allRead}
        </button>
      </div>
    </section>
  );
}

/** "Yesterday" begins a line of the timeline, but not a sentence. */
function inSentence(day: string): string {
  return /^\p{Lu}\p{Ll}+$/u.test(day) ? day.toLowerCase() : day;
}

interface CatchUpFootProps {
  readonly messages: NewMessages | undefined;
  readonly store: CatchUpStore;
  readonly onJump: (target: string, seq: number) => void;
  readonly stepOf: (event: KeyboardEvent) => 1 | -1 | undefined;
  /** Step with which the user has called for the walk before it was loaded. */
  readonly startsAt: RefObject<1 | -1 | undefined>;
  readonly onIdle: () => void;
}

export function CatchUpFoot(props: CatchUpFootProps) {
  const { messages, store, onJump, stepOf, startsAt, onIdle } = props;
  const { chat } = usePage();
  const { walk, from } = useStore(store);
  useCatchUpRequest(messages, store);
  const catchUp = useCatchUp(messages, store);
  const model = useModel();
  const { open = "" } = model;
  const go = (next: Walk | undefined) => {
    const seq = next?.part.messages[next.at]?.seq;
    if (next === undefined || seq === undefined) return;
    const isStart = store.state.walk === undefined;
    const top = isStart ? topMessage() : undefined;
    store.set({ walk: next, ...(isStart ? { from: top && { ...top, target: open } } : {}) });
    onJump(open, seq);
  };
  const isGone = (seq: number) => isErased(chat.model, seq);
  const start = (part: CatchUpPart, step: 1 | -1 = 1) =>
    go(stepped({ part, at: step === 1 ? -1 : part.messages.length }, step, isGone));
  const step = (by: 1 | -1): boolean => {
    const part = walk?.part ?? callsOf(catchUp, chat.model);
    if (part === undefined) return false;
    if (walk === undefined) start(part, by);
    else go(stepped(walk, by, isGone));
    return true;
  };
  const back = () => {
    store.set({ walk: undefined, from: undefined });
    onIdle();
    if (from === undefined) return;
    onJump(from.target, from.seq);
    restoreTop(from);
  };
  const latest = useRef({ step, start });
  latest.current = { step, start };
  useEffect(() => {
    if (startsAt.current !== undefined) latest.current.step(startsAt.current);
    startsAt.current = undefined;
    const onKeyDown = (event: KeyboardEvent) => {
      const by = stepOf(event);
      if (by === undefined || !latest.current.step(by)) return;
      event.preventDefault();
      event.stopPropagation();
    };
    const onWalk = ({ detail }: CustomEvent<CatchUpPart>) => latest.current.start(detail);
    return combined(
      listen(window, "keydown", onKeyDown, { capture: true }),
      listen(window, WALK_EVENT, onWalk),
    );
  }, [stepOf, startsAt]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another room ends the walk
  useEffect(() => () => store.set({ walk: undefined }), [store, open]);
  useLayer(back, walk !== undefined);
  return (
    <div className="walk-end">
      {catchUp === undefined || messages === undefined ? null : (
        <Rail catchUp={catchUp} walk={walk} onTick={(part, at) => go({ part, at })} />
      )}
      {walk === undefined ? null : <PartWalk walk={walk} onStep={step} onBack={back} />}
      <AllReadUndo
        onUndone={() => {
          if (from === undefined) return;
          onJump(from.target, from.seq);
          restoreTop(from);
        }}
      />
    </div>
  );
}

/** After rooms were marked as read, for as long as that can be undone. */
export function AllReadUndo({ onUndone }: { readonly onUndone?: () => void }) {
  const { chat } = usePage();
  const texts = useCatchUpTexts();
  const allRead = useModelValue((model) => model.allRead);
  if (allRead === undefined) return null;
  return (
    <UndoToast
      text={texts.allReadDone(unreadBefore(allRead))}
      label={texts.undo}
      onEnd={() => chat.actions.endAllRead(false)}
      onUndo={() => {
        chat.actions.endAllRead(true);
        onUndone?.();
      }}
    />
  );
}

/** Calls of the room without a card, too. */
function callsOf(catchUp: RoomCatchUp | undefined, model: Model): CatchUpPart | undefined {
  const known = catchUp?.parts.find(({ kind }) => kind === "calls");
  const messages = openRoom(model)?.mentions ?? [];
  return known ?? (messages.length === 0 ? undefined : { kind: "calls", messages });
}

interface PartWalkProps {
  readonly walk: Walk;
  readonly onStep: (by: 1 | -1) => void;
  readonly onBack: () => void;
}

function PartWalk({ walk, onStep, onBack }: PartWalkProps) {
  const { chat, texts: all, times } = usePage();
  const texts = useCatchUpTexts();
  const name = usePartName(walk.part);
  const { part, at } = walk;
  const isGone = (seq: number) => isErased(chat.model, seq);
  const message = part.messages[at];
  const item = useModelValue((model) => walkedItem(model, message?.seq));
  const isOnline = useModelValue(({ connection }) => connection.kind === "online");
  const next = useRef<HTMLDivElement>(null);
  // The list focuses the message of a jump, but the next step needs the same key.
  useLayoutEffect(() => {
    const focusNext = () => {
      const buttons = [...(next.current?.querySelectorAll<HTMLElement>("button") ?? [])];
      buttons.findLast((button) => button.ariaDisabled !== "true")?.focus({ preventScroll: true });
    };
    if (document.activeElement?.closest(".walk, .composer") === null) focusNext();
    const onFocus = ({ target }: FocusEvent) => {
      if (target instanceof Element && target.matches(".row.is-shown")) focusNext();
    };
    return listen(document, "focusin", onFocus);
  }, []);
  const isOffline = !isOnline && item === undefined;
  const position = texts.position(at + 1, listedCount(part));
  const who = item && authorText(item, all, chat.model);
  const said = item && `${who}, ${times.clock(item.timeUnixMs)}: ${briefText(item, all, times)}`;
  return (
    <WalkPill
      label={texts.walk(name)}
      name={name}
      position={isOffline ? texts.offline : position}
      spoken={[position, said].filter((text) => text !== undefined).join(". ")}
      up={texts.previous(name)}
      down={texts.next(name)}
      isFirst={stepped(walk, -1, isGone) === undefined}
      isLast={stepped(walk, 1, isGone) === undefined}
      onStep={onStep}
      steps={next}
    >
      <WalkButton icon="reply" label={texts.back} onPress={onBack} />
    </WalkPill>
  );
}

function walkedItem(model: Model, seq: number | undefined): Item | undefined {
  const room = openRoom(model);
  return room === undefined || seq === undefined ? undefined : loadedItem(room, seq);
}

const TICK_GAP_PX = 6;

interface RailProps {
  readonly catchUp: RoomCatchUp;
  readonly walk: Walk | undefined;
  readonly onTick: (part: CatchUpPart, at: number) => void;
}

/** Filled as far as the room is read, with ticks where the user is called. */
function Rail({ catchUp, walk, onTick }: RailProps) {
  const texts = useCatchUpTexts();
  const { chat } = usePage();
  const rail = useRef<HTMLDivElement>(null);
  const [heightPx, setHeight] = useState(0);
  const read = useModelValue((model) => openRoom(model)?.read ?? 0);
  useLayoutEffect(() => setHeight(rail.current?.clientHeight ?? 0), []);
  const calls = catchUp.parts.find(({ kind }) => kind === "calls");
  const other = walk !== undefined && walk.part.kind !== "calls" ? walk.part : undefined;
  const shown = [other, calls].filter((part) => part !== undefined);
  const current = walk?.part.messages[walk.at]?.seq ?? 0;
  const gap = heightPx === 0 ? 0 : TICK_GAP_PX / heightPx;
  return (
    // biome-ignore lint/a11y/useSemanticElements: buttons are no form
    <div
      ref={rail}
      className="rail"
      style={partStyle(railPosition(catchUp, read))}
      role="group"
      aria-label={texts.rail(`${catchUp.unread}`, `${calls?.messages.length ?? 0}`)}
    >
      {shown.flatMap((part) =>
        railTicks(catchUp, part.messages, gap).map(({ position, end, seqs }) => {
          const [first = 0] = seqs;
          const at = part.messages.findIndex(({ seq }) => seq === first);
          const isAt = seqs.includes(current);
          const classes = ["rail-tick", part === calls ? "is-call" : "", isAt ? "is-at" : ""];
          const label = `${texts.position(at + 1, listedCount(part))}`;
          const style = { ...partStyle(position), "--length": end - position } as CSSProperties;
          return (
            <button
              key={`${part.kind} ${first}`}
              type="button"
              className={classes.join(" ")}
              style={style}
              aria-label={label}
              onClick={() => onTick(part, at)}
            >
              <TickTip chat={chat} seq={first} />
            </button>
          );
        }),
      )}
    </div>
  );
}

function partStyle(part: number): CSSProperties {
  return { "--part": part } as CSSProperties;
}

/** Author, time and first words of a message, on hover and focus. */
function TickTip({ chat, seq }: { readonly chat: PageClient; readonly seq: number }) {
  const { texts, times } = usePage();
  const item = useModelValue((model) => walkedItem(model, seq));
  if (item === undefined) return null;
  const text = briefText(item, texts, times);
  return (
    <span className="rail-tip" dir="auto">
      {`${authorText(item, texts, chat.model)}, ${times.brief(item.timeUnixMs)}: ${text}`}
    </span>
  );
}
